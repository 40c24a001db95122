// SPDX-License-Identifier: MIT
// Semantic hashing (Salakhutdinov & Hinton 2009, "Semantic hashing"): pictures get codes of 32 bits, so that pictures
// that are alike have codes that are nearly equal.
//
// A code fits into one machine word. Comparing two is an exclusive or and a count of bits, a collection of a million
// pictures takes 4 MB, and pictures like a given one can be found without any search: take the code as an address, and
// look what lies there and at the addresses that differ in one or two bits.
//
// An autoencoder with logistic units in the middle learns the bits:
//
//     b  =  σ( 4 (norm(encode(x~)) + s n) ),     n from N(0, 1)
//     loss  =  mean over pictures and pixels of  BCE( decode(b), √x )
//
// Noise in front of the logistic function is the paper's idea: a unit in the middle of its range tells little, as the
// noise drowns it. Only a unit that is far on one side or the other gets through, so the units become bits by
// themselves, and rounding loses little. norm gives the input of each unit mean 0 (batch normalisation): a bit that is 1
// for half of the pictures tells most. x~ and √x are those of image_search.cpp. The paper trains its layers one by one
// and lets bits be rare, as its data are word counts.
//
// The opponents make their bits of 32 principal components: by the signs of random projections (sign-LSH, Charikar 2002),
// and by iterative quantization (ITQ, Gong & Lazebnik 2011), the best rotation. All are ranked by the number of bits
// that differ. No labels are used, except to measure.
//
// To try next: --bits 16 and --bits 64; --noise 0, and see what rounding costs.
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "autograd/ops.h"
#include "examples/support/baselines/hashing.h"
#include "examples/support/codes.h"
#include "examples/support/found.h"
#include "examples/support/loader.h"
#include "examples/support/metrics/pca.h"
#include "examples/support/models/search_coder.h"
#include "examples/support/run.h"
#include "examples/support/text.h"
#include "examples/support/trained.h"
#include "examples/support/transforms.h"
#include "nn/dropout.h"
#include "nn/losses.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

// A way to make bits, and what it makes of the training and the test pictures.
struct Way {
  std::string name;
  Tensor train_bits, test_bits;  // u8[n, bits]
  Tensor index = pack_bits(train_bits), asked = pack_bits(test_bits);
};

// For each number k up to `most`, the part of the k nearest that has the query's class: f64[most].
Tensor precision_curve(const Way& way, const Tensor& row_classes, const Tensor& query_classes, std::int64_t most) {
  Tensor right = zeros({most}, Dtype::f64);
  for (std::int64_t begin = 0; begin < way.asked.size(0); begin += 500) {
    const Tensor rows = nearest_bits(way.index, slice(way.asked, 0, begin, begin + 500), most).rows;
    const Tensor classes = reshape(index_select(row_classes, 0, flatten(rows)), rows.shape());
    right = right + sum(classes == unsqueeze(slice(query_classes, 0, begin, begin + 500), 1), {0}, false, Dtype::f64);
  }
  return cumsum(right, 0) / (to(arange(1, most + 1), Dtype::f64) * static_cast<double>(way.asked.size(0)));
}

// How evenly the bits are used: the entropy of a bit, the correlation of two (both averages), and the codes in use.
struct BitUse {
  double entropy, correlation;
  std::int64_t codes;
};
BitUse use_of_bits(const Way& way) {
  const Tensor x = to(way.train_bits, Dtype::f64), ones = mean(x, {0});
  const Tensor p = clamp(ones, 1e-12, 1 - 1e-12);
  const Tensor entropy = -(p * log(p) + (1 - p) * log(1 - p)) / std::log(2.0);
  const Tensor centred = (x - ones) / sqrt(clamp(ones * (1 - ones), 1e-12, 1));
  const auto n = static_cast<double>(x.size(0)), bits = static_cast<double>(x.size(1));
  const Tensor correlations = abs(matmul(transpose(centred), centred)) / n * (1 - eye(x.size(1), -1, Dtype::f64));
  return {mean(entropy).item(), sum(correlations).item() / std::max(1.0, bits * (bits - 1)),
          unique(way.index).values.size(0)};
}

// What a table of addresses gives for the first 1000 test pictures: candidates whose codes differ in at most `radius` bits.
struct Ball {
  double candidates = 0, empty = 0, right = 0, microseconds = 0;
};
Ball look_up(const Way& way, std::int64_t bits, int radius, const Tensor& row_classes, const Tensor& query_classes) {
  const HashTable table(way.index, bits);
  const std::vector<std::int64_t> queries = slice(way.asked, 0, 0, 1000).to_vector<std::int64_t>();
  const auto n = static_cast<double>(queries.size());
  Ball ball;
  std::vector<Tensor> found;
  const Stopwatch clock;
  for (const std::int64_t query : queries) found.push_back(table.within(query, radius));
  ball.microseconds = 1e6 * clock.seconds() / n;
  for (std::size_t i = 0; i < found.size(); ++i) {
    ball.candidates += static_cast<double>(found[i].size(0)) / n;
    ball.empty += found[i].size(0) == 0 ? 1 / n : 0;
    const double own = select(query_classes, 0, static_cast<std::int64_t>(i)).item();
    ball.right += sum(index_select(row_classes, 0, found[i]) == own).item() / n;
  }
  ball.right /= ball.candidates;
  return ball;
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t bits = 32, hidden = 512;
  double relight = 2, noise = 0.5;
  Program program({.name = "semantic_hashing",
                   .title = "Semantic hashing",
                   .summary = "Gives pictures codes of bits that are nearly equal for pictures that are alike.",
                   .objective = "BCE(decode(σ(4 (norm(encode(x~)) + s n))), √x), averaged over pixels",
                   .steps = 3000});
  program.flag("--bits", bits, "bits of a code", {.min = 1, .max = 64});
  program.flag("--hidden", hidden, "units of each hidden layer");
  program.flag("--relight", relight, "inputs are taken to a power from 1/X to X; 1: never", {.min = 1, .max = 10});
  program.flag("--noise", noise, "standard deviation of the noise before the bits", {.min = 0, .max = 10});
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    check(data.height > 1, "semantic_hashing", "is for pictures; these are rows of numbers: ", data.origin);
    Run run(args, data);
    const Rng rng(args.seed);
    const Loader loader = loader_of(data, args, 2);  // a batch of one image has no variance to divide by
    const Transform relit = random_relight(relight);

    Rng init = rng.split("init");
    Trained<SearchCoder> net(run, "model", args.lr, data.train_images.size(1), hidden, bits, init);
    Rng lights = rng.split("relight"), noises = rng.split("noise");
    nn::GaussianNoise noisy(noises, noise);
    run.keep("lights", lights, "noises", noisy);
    run.keep_best("validation_precision", Better::higher);
    Uses uses;
    uses.codes = [&](const Tensor& x) { return to(net.model.encode(constant(x)).value() > 0, Dtype::f32); };
    const Uses::OfRows codes = uses.codes;
    uses.reconstructions = [&net, codes](const Tensor& x) {  // the decoder gives √x
      return square(sigmoid(net.model.decode_logits(constant(codes(x))))).value();
    };
    run.use(data.test_images, std::move(uses));
    const auto bits_of = [&](const Tensor& rows) { return of_rows(codes, rows) > 0; };

    const Tensor some = slice(data.train_images, 0, 0, 20000), asked = slice(data.validation_images, 0, 0, 1000);
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      for (const Batch& batch : run.batches(loader, epoch)) {
        const Var sides = net.model.encode(constant(relit(batch.images, lights)));
        const Var logits = net.model.decode_logits(sigmoid(noisy(sides) * 4));
        const Var loss = nn::binary_cross_entropy_with_logits(logits, constant(sqrt(batch.images)));
        run.step({{"loss", net.step(loss)}}, batch.size());
      }
      net.model.eval();
      const std::int64_t k = std::min<std::int64_t>(100, some.size(0));
      run.log_epoch({{"validation_precision",
                      precision(nearest_bits(pack_bits(bits_of(some)), pack_bits(bits_of(asked)), k),
                                slice(data.train_labels, 0, 0, 20000), slice(data.validation_labels, 0, 0, 1000))}});
      net.model.train();
    }
    net.model.eval();

    const std::int64_t parts = std::min(bits, data.train_images.size(1));
    const Pca pca = fit_pca(data.train_images, parts);
    const Tensor train_parts = pca.encode(data.train_images), test_parts = pca.encode(data.test_images);
    Rng planes = rng.split("lsh"), rotation = rng.split("itq");
    const SignHash lsh = fit_sign_lsh(train_parts, bits, planes), itq = fit_itq(train_parts, parts, rotation);
    const std::array<Way, 3> ways{Way{"semantic hashing", bits_of(data.train_images), bits_of(data.test_images)},
                                  Way{join("sign-LSH of PCA-", parts), lsh(train_parts), lsh(test_parts)},
                                  Way{join("ITQ of PCA-", parts), itq(train_parts), itq(test_parts)}};

    const std::int64_t most = std::min<std::int64_t>(1000, data.train_images.size(0)),
                       at = std::min<std::int64_t>(100, most);
    std::vector<Series> curves, balance;
    Rows table{{"bits by", join("precision at ", std::min<std::int64_t>(10, most)), join("precision at ", at),
                "entropy of a bit", "correlation of two", "different codes"}};
    std::array<double, 3> precisions{};
    for (std::size_t i = 0; i < ways.size(); ++i) {
      const Way& way = ways[i];
      const Tensor curve_values = precision_curve(way, data.train_labels, data.test_labels, most);
      const std::vector<double> values = curve_values.to_vector<double>();
      precisions[i] = values[static_cast<std::size_t>(at - 1)];
      Series line{.name = way.name, .x = {}, .y = values};
      for (std::size_t k = 1; k <= values.size(); ++k) line.x.push_back(static_cast<double>(k));
      curves.push_back(std::move(line));
      balance.push_back(curve(way.name, sort(mean(way.test_bits, {0}, false, Dtype::f64)).values));
      const BitUse use = use_of_bits(way);
      table.push_back({way.name, number(values[std::min<std::size_t>(10, values.size()) - 1], 4),
                       number(precisions[i], 4), number(use.entropy, 3), number(use.correlation, 3),
                       std::to_string(use.codes)});
    }
    run.table("bits", table,
              join("Codes of ", bits, " bits, ranked by the bits that differ: the part of the nearest of ",
                   data.train_images.size(0),
                   " training pictures that have the test picture's class; and how evenly the "
                   "bits are used. The entropy of a bit is 1 if half of the pictures have it."));
    run.plot("precision", line_plot(curves, {.title = "precision", .x_label = "pictures found", .log_x = true}),
             "The part of the nearest pictures that are of the query's class, by how many are taken.");
    run.plot("balance", line_plot(balance, {.title = "balance", .x_label = "bit", .y_label = "part of the pictures"}),
             "The part of the test pictures for which each bit is 1; the bits are sorted by it. 1/2 is best.");

    Rows balls{{"bits that may differ", "addresses", "candidates", "found none", "right class", "ITQ: candidates",
                "ITQ: found none", "ITQ: right class"}};
    for (int radius = 0; radius <= 2; ++radius) {
      const std::int64_t addresses = radius == 0 ? 1 : radius == 1 ? 1 + bits : 1 + bits + bits * (bits - 1) / 2;
      balls.push_back({std::to_string(radius), std::to_string(addresses)});
      for (const std::size_t i : {0, 2}) {
        const Ball ball = look_up(ways[i], bits, radius, data.train_labels, data.test_labels);
        balls.back().insert(balls.back().end(),
                            {number(ball.candidates, 3), number(ball.empty, 3), number(ball.right, 3)});
        if (i == 0) run.fact(join("microseconds_radius_", radius), ball.microseconds);
      }
    }
    run.table("lookup", balls,
              "Look-up without a search: the codes are addresses of a table, and all addresses near the query's are "
              "visited. Candidates are the pictures found (on average), and the part of them with the query's class.");

    const Tensor chosen = first_of_each_class(data.test_labels, std::ssize(data.classes));
    const Nearest near = nearest_bits(ways[0].index, index_select(ways[0].asked, 0, chosen),
                                      std::min<std::int64_t>(10, data.train_images.size(0)));
    draw_neighbours(
        run, data, chosen, near.rows,
        join("Test pictures in the first column, and the training pictures whose ", bits, " bits differ least."));
    run.result("itq_precision", precisions[2]);
    run.result("test_precision", precisions[0],
               {.reference = precisions[1] + 0.05,
                .reference_name = "sign-LSH of as many principal components, and 5 points more",
                .better = Better::higher});
    run.finish();
  });
}
