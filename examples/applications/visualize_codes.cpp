// SPDX-License-Identifier: MIT
// Seeing a collection: which groups does it have, and what lies next to what?
//
// A person with ten thousand pictures, or rows of a table, and no labels wants groups and a map. k-means on pixels and
// the first two principal components are the usual first look. Both are linear: they see the pictures as points whose
// straight distances count. Here the points are codes of two autoencoders, trained side by side:
//
//     groups    k-means on codes of --code numbers
//     map       a code of two numbers, which are the coordinates
//
//     loss  =  mean over pictures and pixels of  BCE( decode(norm(encode(x)) + s n), √x ),      n from N(0, 1)
//
// norm gives each number mean 0 and variance 1 (batch normalisation). The noise makes room: codes that are to be told
// apart must lie more than s apart, so different pictures spread over the map, and similar ones share a place.
//
// Labels only measure. Groups are compared with the classes by normalised mutual information (NMI); a map is good if the
// five nearest points of a new picture tell its class.
//
// (Hinton & Salakhutdinov 2006, "Reducing the dimensionality of data with neural networks", figure 3, draws digits with a
// deep autoencoder's two numbers, next to two principal components.)
//
// To try next: --noise 0; --groups 20; --data of your own, with `--apply` to place new files on the same map.
#include <algorithm>
#include <string>
#include <vector>

#include "autograd/ops.h"
#include "examples/support/baselines/kmeans.h"
#include "examples/support/baselines/search.h"
#include "examples/support/codes.h"
#include "examples/support/loader.h"
#include "examples/support/metrics/clusters.h"
#include "examples/support/metrics/neighbours.h"
#include "examples/support/metrics/pca.h"
#include "examples/support/metrics/probe.h"
#include "examples/support/run.h"
#include "examples/support/text.h"
#include "examples/support/trained.h"
#include "nn/losses.h"
#include "nn/norm.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

class Coder : public nn::Module {
 public:
  Coder(std::int64_t pixels, std::int64_t hidden, std::int64_t code, Rng& rng)
      : encoder_(child<Mlp>("encoder", std::vector{pixels, hidden, hidden / 2, code}, rng)),
        norm_(child("norm", nn::BatchNorm1d(code, {.affine = false}))),
        decoder_(child<Mlp>("decoder", std::vector{code, hidden / 2, hidden, pixels}, rng)) {}
  Var encode(const Var& x) const { return norm_(encoder_(sqrt(x))); }
  Var decode_logits(const Var& z) const { return decoder_(z); }
  /// The decoder gives √x.
  Var decode(const Var& z) const { return square(sigmoid(decode_logits(z))); }
  Var loss(const Tensor& x, double noise, Rng& rng) const {
    const Var z = encode(constant(x));
    const Var logits = decode_logits(z + constant(rng.normal(z.shape(), 0, noise)));
    return nn::binary_cross_entropy_with_logits(logits, constant(sqrt(x)));
  }

 private:
  Mlp& encoder_;
  nn::BatchNorm1d& norm_;
  Mlp& decoder_;
};

// k-means on some training rows, and the groups that it gives to the test rows.
struct Groups {
  Clusters clusters;
  Tensor test;
  Groups(const Tensor& train, const Tensor& test_rows, std::int64_t k, const Rng& rng)
      : clusters(k_means(slice(train, 0, 0, 10000), k, rng)), test(nearest_centre(test_rows, clusters.centres)) {}
};

// Where each point lies in the order of both coordinates, from 0 to 1: the map fills its square evenly.
Tensor spread(const Tensor& points) {
  const auto most = static_cast<double>(std::max<std::int64_t>(1, points.size(0) - 1));
  return to(argsort(argsort(points, 0), 0), Dtype::f64) / most;
}

// A square of side x side cells. Each has the picture that lies nearest to its middle, if any lies inside.
Tensor pictures_on_map(const Tensor& points, const Tensor& pictures, std::int64_t side) {
  const std::vector<double> place = spread(points).to_vector<double>();
  const auto cells = static_cast<std::size_t>(side * side);
  std::vector<std::int64_t> chosen(cells, -1);
  std::vector<double> nearest(cells, 1);
  for (std::size_t i = 0; i < place.size() / 2; ++i) {
    const double x = place[2 * i] * static_cast<double>(side), y = (1 - place[2 * i + 1]) * static_cast<double>(side);
    const auto column = std::min(static_cast<std::int64_t>(x), side - 1),
               row = std::min(static_cast<std::int64_t>(y), side - 1);
    const double dx = x - static_cast<double>(column) - 0.5, dy = y - static_cast<double>(row) - 0.5;
    const auto cell = static_cast<std::size_t>(row * side + column);
    if (dx * dx + dy * dy >= nearest[cell]) continue;
    nearest[cell] = dx * dx + dy * dy;
    chosen[cell] = static_cast<std::int64_t>(i);
  }
  const Tensor index = Tensor::from(chosen, {side * side});
  const Tensor shown = index_select(pictures, 0, maximum(index, 0));
  return where(unsqueeze(index, 1) >= 0, shown, 0.0);
}

// For each group its size, its most frequent class, and the part of the group that has it.
Rows table_of(const Tensor& groups, const ImageData& data, std::int64_t k) {
  Rows table{{"group", "test images", "most frequent class", "its part"}};
  for (std::int64_t group = 0; group < k; ++group) {
    const Tensor own = masked_select(data.test_labels, groups == group);
    const Tensor counts = bincount(own, std::ssize(data.classes));
    const auto best = static_cast<std::size_t>(argmax(counts, 0).item());
    table.push_back({std::to_string(group + 1), std::to_string(own.size(0)), own.size(0) == 0 ? "" : data.classes[best],
                     own.size(0) == 0 ? "" : number(max(counts).item() / static_cast<double>(own.size(0)), 3)});
  }
  return table;
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t code = 10, hidden = 512, groups = 0;
  double noise = 0.1;
  Program program({.name = "visualize_codes",
                   .title = "Groups and maps",
                   .summary = "Finds groups in a collection and draws a map of it, by codes of two autoencoders.",
                   .objective = "BCE(decode(norm(encode(x)) + s n), √x), averaged over pixels",
                   .steps = 4000});
  program.flag("--code", code, "numbers in the code that is grouped");
  program.flag("--hidden", hidden, "units of the first layer; the second has half as many", {.min = 2});
  program.flag("--groups", groups, "groups to find; 0: as many as there are classes", {.min = 0});
  program.flag("--noise", noise, "standard deviation of the noise on the codes", {.min = 0, .max = 10});
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    Run run(args, data);
    const Rng rng(args.seed);
    const Loader loader = loader_of(data, args, 2);  // a batch of one image has no variance to divide by

    Rng init = rng.split("init"), map_init = rng.split("map"), noises = rng.split("noise");
    Trained<Coder> grouping(run, "grouping", args.lr, data.train_images.size(1), hidden, code, init);
    Trained<Coder> map(run, "map", args.lr, data.train_images.size(1), hidden, 2, map_init);
    run.keep("noises", noises);
    run.keep_best("validation_map_loss");
    run.use(data.test_images, uses_of(map.model));
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      for (const Batch& batch : run.batches(loader, epoch)) {
        const double loss = grouping.step(grouping.model.loss(batch.images, noise, noises));
        const double map_loss = map.step(map.model.loss(batch.images, noise, noises));
        run.step({{"loss", loss}, {"map_loss", map_loss}}, batch.size());
      }
      grouping.model.eval();
      map.model.eval();
      Rng none(0);
      run.log_epoch(average_over(data.validation_images, [&](const Tensor& x) {
        return Metrics{{"validation_loss", grouping.model.loss(x, 0, none).item()},
                       {"validation_map_loss", map.model.loss(x, 0, none).item()}};
      }));
      grouping.model.train();
      map.model.train();
    }
    grouping.model.eval();
    map.model.eval();

    const auto codes_of = [](const Coder& model, const Tensor& rows) { return of_rows(uses_of(model).codes, rows); };
    const Tensor train = codes_of(grouping.model, data.train_images), test = codes_of(grouping.model, data.test_images);
    const Tensor train_map = codes_of(map.model, data.train_images), test_map = codes_of(map.model, data.test_images);
    const Pca pca = fit_pca(data.train_images, std::min<std::int64_t>(2, data.train_images.size(1)));
    const Tensor train_pca = pca.encode(data.train_images), test_pca = pca.encode(data.test_images);

    const std::int64_t k = groups > 0 ? groups : std::ssize(data.classes);
    const Rng starts = rng.split("k-means");
    const Groups by_code(train, test, k, starts), by_pixels(data.train_images, data.test_images, k, starts);
    run.table("groups", table_of(by_code.test, data, k),
              join("The groups that k-means finds among codes of ", code, " numbers."));
    const std::int64_t shown = std::min<std::int64_t>(10, data.test_images.size(0));
    const Nearest typical = RowSearch(test).nearest(to(by_code.clusters.centres, test.dtype()), shown);
    std::vector<std::string> names;
    for (std::int64_t group = 1; group <= k; ++group) names.push_back(join("group ", group));
    run.images("groups", index_select(data.test_images, 0, flatten(typical.rows)),
               {.columns = static_cast<int>(shown), .scale = 2, .row_labels = names},
               "The test images that are nearest to the middle of each group.");

    const auto scatter = [&](const Tensor& points, const std::string& title) {
      return scatter_plot(slice(points, 0, 0, 2000), slice(data.test_labels, 0, 0, 2000), data.classes,
                          {.title = title, .width = 640, .height = 560});
    };
    run.plot("map", scatter(spread(test_map), "map"),
             "The map: test images at their codes of two numbers (by rank, so that it fills the square). Colours are "
             "classes, of which the model knows nothing.");
    if (test_pca.size(1) == 2)
      run.plot("pca", scatter(spread(test_pca), "two principal components"),
               "The same images along the first two principal components.");
    if (data.height > 1)
      run.images("picture_map", pictures_on_map(test_map, data.test_images, 30), {.columns = 30, .scale = 1, .gap = 1},
                 "Test images at their places on the map.");

    const auto accuracy = [&](const Tensor& train_points, const Tensor& test_points) {
      return knn_probe({train_points, data.train_labels}, {test_points, data.test_labels},
                       std::min<std::int64_t>(5, train_points.size(0)));
    };
    const Tensor rows = slice(data.test_images, 0, 0, 2000);
    if (rows.size(0) > 10) {
      run.result("trustworthiness", trustworthiness(rows, slice(test_map, 0, 0, 2000)),
                 {.reference = trustworthiness(rows, slice(test_pca, 0, 0, 2000)),
                  .reference_name = "the map of principal components",
                  .better = Better::higher});
    }
    run.result("map_accuracy", accuracy(train_map, test_map),
               {.reference = accuracy(train_pca, test_pca) + 0.15,
                .reference_name = "five neighbours on the map of principal components, and 15 points more",
                .better = Better::higher});
    run.result("nmi", normalized_mutual_information(by_code.test, data.test_labels),
               {.reference = normalized_mutual_information(by_pixels.test, data.test_labels) + 0.02,
                .reference_name = "k-means on pixels, and 0.02 more",
                .better = Better::higher});
    run.finish();
  });
}
