// SPDX-License-Identifier: MIT
// Image search: pictures that look like a given one, found by codes of 30 numbers.
//
// Comparing pixels is slow, and it finds pictures that are equally bright at the same places, which is not what a person
// means by alike. Here an encoder turns each picture of a collection into 30 numbers, once. A search compares 30 numbers
// with 30 numbers: 26 times less work and memory than with the 784 pixels of Fashion-MNIST.
//
// What counts as alike is what the autoencoder must give back, although its input was changed:
//
//     loss  =  mean over pictures and pixels of  BCE( decode(z + s n), √x ),      z = norm(encode(x^γ)),   n from N(0, 1)
//
//     x^γ     the input is darker or brighter, log γ uniform in ±log(--relight): brightness should not decide
//     √x      compresses bright tones: a shape counts for more than how white it is
//     norm    each number of the code gets mean 0 and variance 1 (batch normalisation), so none outweighs the others
//     s n     noise on the code: what is to survive must differ by more than s, so distances become meaningful
//
// The encoder is a linear map and a network side by side, encode(x) = W √x + network(√x): the code begins as a
// projection, which keeps neighbours, and bends from there.
//
// No labels are used. They only measure: of the ten nearest neighbours of a test picture among the training pictures, how
// many are of its class (precision at 10)? The opponents search in the same way with 30 principal components and with
// all pixels. All are compared by the angle between codes (cosine), which is better than Euclidean distance for principal
// components; --metric euclidean compares by that.
//
// The index is kept in the run's folder. `image_search --data FOLDER` makes one of your own pictures, and
// `image_search --apply FILES` finds, for each file, the nearest pictures of that index.
//
// (Krizhevsky & Hinton 2011, "Using very deep autoencoders for content-based image retrieval", search by codes.)
//
// To try next: --relight 1 --noise 0, without both kinds of chance; --code 8; semantic_hashing.cpp, for codes of bits.
#include <string>
#include <vector>

#include "autograd/ops.h"
#include "examples/support/baselines/search.h"
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
#include "nn/limits.h"
#include "nn/losses.h"
#include "nn/safetensors.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

// How rows are compared: rows of length 1 have their Euclidean order by angle.
struct Metric {
  bool by_angle = true;
  Tensor operator()(const Tensor& codes) const { return by_angle ? normalize(codes, 1) : codes; }
};

// ---- the collection

struct Collection {
  Tensor codes, pictures, labels;  // pictures u8[n, pixels]
  std::vector<std::string> names;
};

Tensor to_bytes(const Tensor& pictures) { return to(clamp(pictures, 0, 1) * 255 + 0.5, Dtype::u8); }
Tensor to_unit(const Tensor& bytes) { return to(bytes, Dtype::f32) / 255; }

// All pictures: training, validation and test.
Collection collect(const ImageData& data, const Uses::OfRows& codes) {
  Collection all;
  all.labels = concat({data.train_labels, data.validation_labels, data.test_labels}, 0);
  std::vector<Tensor> code_parts, picture_parts;
  for (const auto& [images, names, part] : {std::tuple{&data.train_images, &data.train_names, "training"},
                                            {&data.validation_images, &data.validation_names, "validation"},
                                            {&data.test_images, &data.test_names, "test"}}) {
    code_parts.push_back(of_rows(codes, *images));
    picture_parts.push_back(to_bytes(*images));
    for (std::int64_t i = 0; i < images->size(0); ++i)
      all.names.push_back(names->empty() ? join(part, " picture ", i + 1) : (*names)[static_cast<std::size_t>(i)]);
  }
  all.codes = concat(code_parts, 0);
  all.pictures = concat(picture_parts, 0);
  return all;
}

void save_collection(const std::filesystem::path& file, const Collection& all) {
  std::string names;
  for (const std::string& name : all.names) names += join(nn::one_line(name, 4096), '\n');
  nn::save_safetensors(file, {{"codes", all.codes}, {"pictures", all.pictures}, {"labels", all.labels}},
                       {{"names", names}});
}

Collection load_collection(const std::filesystem::path& file) {
  const nn::Safetensors saved = nn::load_safetensors(file);
  const auto part = [&](const std::string& name) {
    for (const auto& [entry, value] : saved.tensors)
      if (entry == name) return value;
    fail(file.string(), "has no '", name, "'; is it the index of a run of image_search?");
  };
  Collection all{part("codes"), part("pictures"), part("labels"), {}};
  check(saved.metadata.contains("names"), file.string(), "has no names");
  std::string name;
  for (const char letter : saved.metadata.at("names"))
    if (letter == '\n') all.names.push_back(std::exchange(name, {}));
    else name += letter;
  check(all.codes.dim() == 2 && all.pictures.dim() == 2 && all.pictures.size(0) == all.codes.size(0) &&
            all.labels.shape() == Shape{all.codes.size(0)} && std::ssize(all.names) == all.codes.size(0),
        file.string(), "codes, pictures, labels and names do not belong together");
  return all;
}

// The second mode: the nearest pictures of a collection to each row, as a table and a contact sheet.
void search_files(Run& run, const Collection& all, const Metric& metric, const Uses::OfRows& codes,
                  const OutputRows& rows, std::int64_t most, const std::vector<std::string>& classes) {
  const std::int64_t k = std::min(most, all.codes.size(0)), n = rows.values.size(0);
  const Nearest found = RowSearch(metric(all.codes)).nearest(metric(of_rows(codes, rows.values)), k);
  const std::vector<std::int64_t> places = found.rows.to_vector<std::int64_t>(),
                                  labels = all.labels.to_vector<std::int64_t>();
  const std::vector<double> distances = found.distances.to_vector<double>();
  Rows table{{"file", "rank", "neighbour", "class", "distance"}};
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto place = static_cast<std::size_t>(places[i]);
    table.push_back({name_of(rows, static_cast<std::int64_t>(i) / k),
                     std::to_string(static_cast<std::int64_t>(i) % k + 1), all.names[place],
                     classes.at(static_cast<std::size_t>(labels[place])), number(distances[i], 4)});
  }
  run.table(
      "neighbours", table,
      join("For each file the ", k, " nearest of ", all.codes.size(0), " pictures. Distances are between codes."));
  const std::int64_t shown = std::min<std::int64_t>(n, 20);
  const Tensor near = to_unit(index_select(all.pictures, 0, flatten(slice(found.rows, 0, 0, shown))));
  draw_found(run, "neighbours", {slice(rows.values, 0, 0, shown), near, zeros({shown, k}, Dtype::u8), rows.image},
             "The files in the first column, and their nearest neighbours, nearest first.");
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t code = 30, hidden = 512, queries = 10000, neighbours = 10;
  double relight = 2, noise = 0.2;
  std::string metric_name = "cosine";
  Program program({.name = "image_search",
                   .title = "Image search",
                   .summary = "Finds pictures that look alike by codes of a few numbers.",
                   .objective = "BCE(decode(norm(encode(x^γ)) + s n), √x), averaged over pixels",
                   .steps = 3000});
  program.flag("--code", code, "numbers in the code");
  program.flag("--hidden", hidden, "units of each hidden layer");
  program.flag("--relight", relight, "inputs are taken to a power from 1/X to X; 1: never", {.min = 1, .max = 10});
  program.flag("--noise", noise, "standard deviation of the noise on the code", {.min = 0, .max = 10});
  program.flag("--metric", metric_name, "how codes are compared", {"cosine", "euclidean"});
  program.flag("--queries", queries, "number of test pictures that are searched, at most");
  program.flag("--neighbours", neighbours, "pictures that --apply finds for each file");
  program.free_for_use("--neighbours");
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    check(data.height > 1, "image_search", "searches pictures; these are rows of numbers: ", data.origin);
    Run run(args, data);
    const Rng rng(args.seed);
    const Loader loader = loader_of(data, args, 2);  // a batch of one image has no variance to divide by
    const Transform relit = random_relight(relight);
    const Metric metric{metric_name == "cosine"};

    Rng init = rng.split("init");
    Trained<SearchCoder> net(run, "model", args.lr, data.train_images.size(1), hidden, code, init);
    Rng lights = rng.split("relight"), noises = rng.split("noise");
    nn::GaussianNoise noisy(noises, noise);
    run.keep("lights", lights, "noises", noisy);
    run.keep_best("validation_precision", Better::higher);
    Uses uses = uses_of(net.model);
    uses.applied = [&](const OutputRows& rows) {
      const std::filesystem::path file = args.model.parent_path() / "index.safetensors";
      search_files(run, load_collection(file), metric, uses_of(net.model).codes, rows, neighbours, data.classes);
    };
    const Uses::OfRows codes = uses.codes;
    run.use(data.test_images, std::move(uses));

    // Of the k neighbours among training rows; k is smaller only where there are fewer rows.
    const auto search = [&](const Tensor& rows, const Tensor& asked) {
      return RowSearch(metric(rows)).nearest(metric(asked), std::min<std::int64_t>(10, rows.size(0)));
    };
    const Tensor some = slice(data.train_images, 0, 0, 20000), asked = slice(data.validation_images, 0, 0, 1000);
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      for (const Batch& batch : run.batches(loader, epoch)) {
        const Var input = constant(relit(batch.images, lights));
        const Var logits = net.model.decode_logits(noisy(net.model.encode(input)));
        const Var loss = nn::binary_cross_entropy_with_logits(logits, constant(sqrt(batch.images)));
        run.step({{"loss", net.step(loss)}}, batch.size());
      }
      net.model.eval();
      run.log_epoch({{"validation_precision",
                      precision(search(of_rows(codes, some), of_rows(codes, asked)),
                                slice(data.train_labels, 0, 0, 20000), slice(data.validation_labels, 0, 0, 1000))}});
      net.model.train();
    }
    net.model.eval();

    const Tensor test = slice(data.test_images, 0, 0, queries), labels = slice(data.test_labels, 0, 0, queries);
    const Pca pca = fit_pca(data.train_images, std::min(code, data.train_images.size(1)));
    struct Way {
      std::string name;
      Nearest found;
    };
    const Tensor index = of_rows(codes, data.train_images), test_codes = of_rows(codes, test);
    const std::vector<Way> ways{{join(code, " numbers"), search(index, test_codes)},
                                {join("PCA-", code), search(pca.encode(data.train_images), pca.encode(test))},
                                {"pixels", search(data.train_images, test)}};

    Rows table{{"class"}};
    const auto classes = std::ssize(data.classes);
    for (const std::string& name : data.classes) table.push_back({name});
    for (const Way& way : ways) {
      table[0].push_back(way.name);
      const std::vector<double> each =
          precision_by_class(way.found, data.train_labels, labels, classes).to_vector<double>();
      for (std::size_t c = 0; c < each.size(); ++c) table[c + 1].push_back(number(each[c], 3));
    }
    run.table("precision", table,
              join("Precision at 10 by class, ", metric_name, " metric: the part of the ten nearest of ", index.size(0),
                   " training pictures that are of the test picture's class."));

    const Tensor chosen = first_of_each_class(labels, classes);
    draw_neighbours(run, data, chosen, index_select(ways[0].found.rows, 0, chosen),
                    "Test pictures in the first column, and the nearest training pictures, nearest first.");

    const RowSearch one_by_one(metric(index));
    const Tensor single = metric(slice(test_codes, 0, 0, 200));
    const Stopwatch clock;
    for (std::int64_t i = 0; i < single.size(0); ++i) (void)one_by_one.nearest(slice(single, 0, i, i + 1), 10);
    run.result("milliseconds", 1000 * clock.seconds() / static_cast<double>(single.size(0)),
               {.reference = 5, .reference_name = join("a query on ", index.size(0), " pictures, one at a time")});

    const Collection all = collect(data, codes);
    save_collection(run.path("index.safetensors"), all);
    run.fact("pictures_in_index", all.codes.size(0));
    const auto measured = [&](const Way& way) { return precision(way.found, data.train_labels, labels); };
    run.result("pixels_precision", measured(ways[2]));
    run.result("test_precision", measured(ways[0]),
               {.reference = measured(ways[1]),
                .reference_name = join("PCA-", code, ", the same metric"),
                .better = Better::higher});
    run.finish();
  });
}
