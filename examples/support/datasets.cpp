// SPDX-License-Identifier: MIT
#include "examples/support/datasets.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <utility>

#include "examples/support/idx.h"
#include "examples/support/rows.h"
#include "examples/support/shapes.h"
#include "tensor/ops.h"

namespace hourglass::examples {
namespace fs = std::filesystem;
namespace {

constexpr std::array kFiles{"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
                            "t10k-labels-idx1-ubyte"};

/// The path of the file, gzipped or not, if one of the two exists.
std::optional<fs::path> find_file(const fs::path& folder, const std::string& name) {
  for (const char* suffix : {".gz", ""}) {
    const fs::path file = folder / (name + suffix);
    std::error_code unreadable;
    if (fs::exists(file, unreadable)) return file;
  }
  return std::nullopt;
}

bool has_any_file(const fs::path& folder) {
  return std::any_of(kFiles.begin(), kFiles.end(),
                     [&](const char* name) { return find_file(folder, name).has_value(); });
}

std::optional<fs::path> environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

std::vector<fs::path> usual_places() {
  std::vector<fs::path> places;
  if (const auto data = environment("HOURGLASS_DATA")) places.push_back(*data);
  places.emplace_back("/usr/share/datasets");
  if (const auto cache = environment("XDG_CACHE_HOME")) places.push_back(*cache / "hourglass");
  else if (const auto home = environment("HOME")) places.push_back(*home / ".cache/hourglass");
  return places;
}

/// The folder that holds the set: each place is tried with a folder of the set's name, then by itself.
std::optional<fs::path> find_set(const std::vector<fs::path>& places, const std::string& name) {
  for (const fs::path& place : places)
    for (const fs::path& folder : {place / name, place})
      if (has_any_file(folder)) return folder;
  return std::nullopt;
}

std::string list(const std::vector<fs::path>& places) {
  std::string text;
  for (const fs::path& place : places) text += (text.empty() ? "" : ", ") + place.string();
  return text;
}

struct Labelled {
  Tensor images, labels;
};

Labelled read_pair(const fs::path& folder, const std::string& images_name, const std::string& labels_name,
                   const ImageData& data) {
  const auto path_of = [&](const std::string& name) {
    const auto path = find_file(folder, name);
    check(path.has_value(), folder.string(), "holds a part of a data set, but neither ", name, ".gz nor ", name);
    return *path;
  };
  const fs::path images_path = path_of(images_name), labels_path = path_of(labels_name);
  Tensor images = read_idx(images_path), labels = read_idx(labels_path);
  check(
      images.dtype() == Dtype::u8 && images.dim() == 3 && images.size(1) == data.height && images.size(2) == data.width,
      images_path.string(), "expected u8[n, ", data.height, ", ", data.width, "], got ", describe(images));
  const std::int64_t n = images.size(0);
  check(n > 0, images_path.string(), "holds no images");
  check(labels.dtype() == Dtype::u8 && labels.shape() == Shape{n}, labels_path.string(), "expected u8[", n,
        "], a label for each image, got ", describe(labels));
  const auto classes = static_cast<std::uint8_t>(data.classes.size());
  const std::span<const std::uint8_t> all = labels.span<std::uint8_t>();
  const auto stray = std::find_if(all.begin(), all.end(), [classes](std::uint8_t label) { return label >= classes; });
  check(stray == all.end(), labels_path.string(), "expected labels from 0 to ", classes - 1, ", but label ",
        stray - all.begin(), " is ", stray == all.end() ? 0 : int{*stray});

  return {to(flatten(images, 1), Dtype::f32) / 255, to(labels, Dtype::i64)};
}

ImageData read_idx_files(const std::string& name, const fs::path& folder) {
  ImageData data;
  data.name = name;
  data.classes = name == "mnist" ? std::vector<std::string>{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}
                                 : std::vector<std::string>{"T-shirt", "trouser", "pullover", "dress", "coat",
                                                            "sandal",  "shirt",   "sneaker",  "bag",   "ankle boot"};
  data.origin = (name == "mnist" ? "MNIST from " : "Fashion-MNIST from ") + folder.string();
  auto [train_images, train_labels] = read_pair(folder, kFiles[0], kFiles[1], data);
  auto [test_images, test_labels] = read_pair(folder, kFiles[2], kFiles[3], data);
  data.train_images = std::move(train_images);
  data.train_labels = std::move(train_labels);
  data.test_images = std::move(test_images);
  data.test_labels = std::move(test_labels);
  return data;
}

ImageData generate(const DataOptions& options) {
  constexpr std::int64_t kTrain = 14'000, kTest = 2'000;  // 12,000 and 2,000 validation images
  const auto limited = [&](std::int64_t most, std::int64_t count) {
    return options.limit > 0 ? std::min(most, count) : count;
  };
  return generate_shapes(limited(2 * options.limit, kTrain), limited(options.limit, kTest), options.seed);
}

// From 0 to 1: each column of a table by its own range, pixels and series by one for all. None if they are so already.
std::optional<Scaling> scaling_for(const Tensor& images, bool series) {
  if (min(images).item() >= 0 && max(images).item() <= 1) return std::nullopt;
  const bool is_table = images.size(1) == 1 && images.size(2) == 1 && !series;
  return Scaling::to_unit_interval(is_table ? flatten(images, 1) : reshape(images, {-1, 1}));
}

ImageData described(const FileRows& rows, const fs::path& path) {
  ImageData data;
  data.name = path.filename().string();
  data.channels = static_cast<int>(rows.values.size(1));
  data.height = static_cast<int>(rows.values.size(2));
  data.width = static_cast<int>(rows.values.size(3));
  data.classes = rows.classes.empty() ? std::vector<std::string>{"all"} : rows.classes;
  data.columns = rows.columns;
  data.origin = path.string();
  return data;
}

Tensor labels_of(const FileRows& rows) {
  return rows.classes.empty() ? zeros({rows.values.size(0)}, Dtype::i64) : rows.labels;
}

ImageData read_files(const DataOptions& options, const fs::path& path) {
  const bool is_series = !options.series.empty();
  const FileSet set = read_set(
      path, {.channels = options.grey ? 1 : 0, .resize = options.resize, .series = is_series, .label = options.label},
      options.seed);
  ImageData data = described(set.train, path);
  data.scaling = scaling_for(set.train.values, is_series);
  const auto prepared = [&](const FileRows& rows) {
    const Tensor x = flatten(rows.values, 1);
    return data.scaling ? clamp(data.scaling->apply(x), 0, 1) : clamp(x, 0, 1);
  };
  data.train_images = prepared(set.train);
  data.train_labels = labels_of(set.train);
  data.test_images = prepared(set.test);
  data.test_labels = labels_of(set.test);
  data.train_names = set.train.names;
  data.test_names = set.test.names;
  return data;
}

}  // namespace

std::string other_size(const Shape& known, const Shape& got) {
  const bool pictures = known.size() == 3 && known[1] > 1;
  return join("the model was trained on rows of ", known, pictures ? " (channels, height, width)" : "", ", these are ",
              got, pictures ? join("; --resize ", known[1], 'x', known[2], " stretches pictures") : "");
}

namespace {

// What a trained model is applied to.
ImageData read_new(const DataOptions& options) {
  const Shape& known = options.trained_on;
  const FileRows rows =
      read_rows(options.apply, {.channels = options.grey || known.empty() ? 1 : static_cast<int>(known[0]),
                                .resize = options.resize,
                                .series = !options.series.empty(),
                                .label = options.label,
                                .row = known,
                                .label_optional = true});
  ImageData data = described(rows, options.apply.front());
  check(known.empty() || data.image_shape() == known, data.origin, other_size(known, data.image_shape()));
  if (!options.classes.empty()) data.classes = options.classes;
  data.scaling = options.scaling;
  const Tensor x = flatten(rows.values, 1);
  data.test_images = data.scaling ? data.scaling->apply(x) : x;
  // Labels count only if they are of the classes that the model knows.
  data.test_labels = data.classes == rows.classes ? rows.labels : zeros({x.size(0)}, Dtype::i64);
  data.test_names = rows.names;
  data.train_images = data.validation_images = data.test_images;
  data.train_labels = data.validation_labels = data.test_labels;
  return data;
}

ImageData load_all(const DataOptions& options) {
  const std::string& name = options.name;
  const fs::path& given = options.folder;
  if (!options.series.empty()) return read_files(options, options.series);
  if (name == "generated") return generate(options);
  check(name != "folder" || !given.empty(), "data", "folder: --data-dir must say where the pictures are");
  if (name == "folder") return read_files(options, given);
  if (name != "fashion-mnist" && name != "mnist") {
    check(fs::exists(name), "data", "there is no set and no file '", name,
          "'; choose fashion-mnist, mnist, generated, folder, or the path of a file");
    return read_files(options, name);
  }

  const std::vector<fs::path> places = given.empty() ? usual_places() : std::vector{given};
  if (const auto folder = find_set(places, name)) return read_idx_files(name, *folder);
  // Only Fashion-MNIST, the default, is replaced. A set that the user asked for by name must be there.
  if (!given.empty() || name == "mnist")
    fail("data", name, " is not in ", list(places), ": expected ", kFiles[0], ".gz and three more files");
  std::cerr << "data: Fashion-MNIST is in none of " << list(places)
            << ": using generated shapes instead (to have it: apt-get install dataset-fashion-mnist, or --data-dir)\n";
  return generate(options);
}

std::vector<std::string> picked(const std::vector<std::string>& names, const Tensor& indices) {
  std::vector<std::string> some;
  if (names.empty()) return some;
  for (const std::int64_t i : indices.to_vector<std::int64_t>()) some.push_back(names[static_cast<std::size_t>(i)]);
  return some;
}

// Moves some of the training images, drawn by chance but always the same ones, to the validation set.
void hold_out(ImageData& data, std::int64_t most) {
  const std::int64_t n = data.train_images.size(0), count = std::max<std::int64_t>(1, std::min(most, n / 7));
  check(n >= 2, "data", "a training and a validation set need at least 2 images, and ", data.origin, " has ", n);
  const Tensor order = Rng(0).split("validation").permutation(n);
  data.validation_names = picked(data.train_names, slice(order, 0, 0, count));
  data.train_names = picked(data.train_names, slice(order, 0, count, n));
  for (auto [from, to] : {std::pair{&data.train_images, &data.validation_images},
                          {&data.train_labels, &data.validation_labels},
                          {&data.train_factors, &data.validation_factors}}) {
    if (from->numel() == 0) continue;
    *to = index_select(*from, 0, slice(order, 0, 0, count));
    *from = index_select(*from, 0, slice(order, 0, count, n));
  }
}

Tensor drawn(const Tensor& brightness, Rng& rng) { return rng.bernoulli(brightness); }

void binarize(ImageData& data, Binarize how) {
  if (how == Binarize::none) return;
  Rng rng = Rng(0).split("binarize");
  for (Tensor* images : {&data.test_images, &data.validation_images, &data.train_images}) {
    if (how == Binarize::threshold) *images = to(*images > 0.5, Dtype::f32);
    else if (how == Binarize::by_chance || images != &data.train_images) *images = drawn(*images, rng);
  }
  if (how == Binarize::at_each_step) data.transform = drawn;
  data.name += how == Binarize::threshold ? ", binarized" : ", binarized by chance";
}

}  // namespace

std::optional<double> ImageData::reference_on(std::string_view dataset, double value) const {
  if (name != dataset) return std::nullopt;
  return value;
}

ImageData load_images(const DataOptions& options) {
  check(options.limit >= 0, "data", "the limit is ", options.limit, ", but must not be negative");
  check(options.validation >= 1, "data", "needs at least one validation image, got ", options.validation);
  const bool is_set = options.name == "fashion-mnist" || options.name == "mnist" || options.name == "generated";
  check(options.series.empty() || (options.label.empty() && options.resize.height == 0), "--series",
        "goes without --label and --resize");
  check(options.resize.height == 0 || !is_set || !options.apply.empty(), "--resize",
        "is for pictures of your own, not for ", options.name);
  if (!options.apply.empty()) return read_new(options);
  ImageData data = load_all(options);
  hold_out(data, options.validation);
  binarize(data, options.binarize);
  if (options.limit == 0) return data;
  for (Tensor* part :
       {&data.train_images, &data.train_labels, &data.train_factors, &data.validation_images, &data.validation_labels,
        &data.validation_factors, &data.test_images, &data.test_labels, &data.test_factors})
    if (part->numel() > 0) *part = slice(*part, 0, 0, std::min(options.limit, part->size(0)));
  for (auto [names, images] : {std::pair{&data.train_names, &data.train_images},
                               {&data.validation_names, &data.validation_images},
                               {&data.test_names, &data.test_images}})
    if (!names->empty()) names->resize(static_cast<std::size_t>(images->size(0)));
  data.name += ", " + std::to_string(options.limit) + " images";
  return data;
}

}  // namespace hourglass::examples
