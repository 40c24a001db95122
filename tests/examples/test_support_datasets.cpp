// SPDX-License-Identifier: MIT
#include <algorithm>
#include <set>
#include <string>

#include <doctest/doctest.h>

#include "examples/support/datasets.h"
#include "examples/support/shapes.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tests/examples/support_common.h"

using namespace hourglass;
using namespace hourglass::examples;
using namespace std::string_literals;

namespace {

std::string images(int count, char pixel) {
  return "\0\0\x08\3\0\0\0"s + static_cast<char>(count) + "\0\0\0\x1c\0\0\0\x1c"s +
         std::string(static_cast<std::size_t>(count) * 784, pixel);
}
std::string labels(const std::string& values) {
  return "\0\0\x08\1\0\0\0"s + static_cast<char>(values.size()) + values;
}
void write_set(const std::filesystem::path& folder) {
  write(folder / "train-images-idx3-ubyte", images(3, '\xff'));
  write(folder / "train-labels-idx1-ubyte", labels("\0\1\2"s));
  write(folder / "t10k-images-idx3-ubyte", images(2, '\x33'));
  write(folder / "t10k-labels-idx1-ubyte", labels("\x09\3"s));
}

}  // namespace

TEST_CASE("a set is read from the given folder, scaled to [0, 1]") {
  const TemporaryFolder folder;
  write_set(folder.path());
  const ImageData data = load_images({.folder = folder.path()});
  CHECK(data.train_images.shape() == Shape{2, 784});
  CHECK(data.validation_images.shape() == Shape{1, 784});
  CHECK(data.train_images.to_vector<float>()[5] == 1.0f);
  CHECK(data.test_images.to_vector<float>()[5] == 0.2f);
  CHECK(data.test_labels.to_vector<std::int64_t>() == std::vector<std::int64_t>{9, 3});
  CHECK(data.classes.size() == 10);
  CHECK(data.name == "fashion-mnist");
  CHECK(contains(data.origin, folder.path().string()));
}

TEST_CASE("a limit is for each part, and then there are no published figures") {
  const TemporaryFolder folder;
  write_set(folder.path());
  const ImageData all = load_images({.folder = folder.path()});
  const ImageData data = load_images({.folder = folder.path(), .limit = 1});
  CHECK(equal(data.train_labels, slice(all.train_labels, 0, 0, 1)));
  CHECK(data.test_labels.to_vector<std::int64_t>() == std::vector<std::int64_t>{9});
  CHECK(data.name == "fashion-mnist, 1 images");
  CHECK(all.reference_on("fashion-mnist", 0.5) == 0.5);
  CHECK_FALSE(data.reference_on("fashion-mnist", 0.5).has_value());
}

TEST_CASE("validation images are training images that are set aside: always the same, at most a seventh") {
  const TemporaryFolder folder;
  std::string numbers;
  for (int i = 0; i < 30; ++i) numbers += static_cast<char>(i % 10);
  write_set(folder.path());
  write(folder / "train-images-idx3-ubyte", images(30, '\1'));
  write(folder / "train-labels-idx1-ubyte", labels(numbers));
  const auto load = [&](std::int64_t validation, std::uint64_t seed = 0) {
    return load_images({.folder = folder.path(), .validation = validation, .seed = seed});
  };
  for (const auto& [asked, given] : {std::pair{1, 1}, {3, 3}, {5000, 4}}) {
    const ImageData data = load(asked);
    CHECK(data.validation_images.shape() == Shape{given, 784});
    CHECK(data.train_images.shape() == Shape{30 - given, 784});
    CHECK(equal(sort(concat({data.train_labels, data.validation_labels}, 0)).values, floor_divide(arange(30), 3)));
  }
  CHECK(equal(load(4).validation_labels, load(4, 9).validation_labels));
  CHECK(equal(load(4).test_labels, load(1).test_labels));
  CHECK(contains(error_of([&] { load(0); }), "at least one validation image"));
  write(folder / "train-images-idx3-ubyte", images(1, '\1'));
  write(folder / "train-labels-idx1-ubyte", labels("\1"s));
  CHECK(contains(error_of([&] { load(1); }), "need at least 2 images"));
}

TEST_CASE("pixels become 0 or 1 by a threshold, by chance, or by chance at each step") {
  const auto load = [](Binarize how) { return load_images({.name = "generated", .limit = 200, .binarize = how}); };
  const auto is_binary = [](const Tensor& x) { return all(x * (1 - x) == 0).item() != 0; };
  const ImageData grey = load(Binarize::none), hard = load(Binarize::threshold), once = load(Binarize::by_chance),
                  redrawn = load(Binarize::at_each_step);
  CHECK_FALSE(is_binary(grey.train_images));
  CHECK_FALSE(grey.transform);
  CHECK(equal(hard.train_images, to(grey.train_images > 0.5, Dtype::f32)));
  for (const ImageData* data : {&hard, &once, &redrawn}) {
    CHECK(is_binary(data->test_images));
    CHECK(is_binary(data->validation_images));
    CHECK_FALSE(data->reference_on("generated", 1).has_value());
  }
  CHECK(is_binary(once.train_images));
  CHECK(equal(once.train_images, load(Binarize::by_chance).train_images));
  CHECK(mean(once.test_images).item() == doctest::Approx(mean(grey.test_images).item()).epsilon(0.02));
  CHECK(equal(redrawn.train_images, grey.train_images));
  Rng rng(1);
  const Tensor first = redrawn.transform(redrawn.train_images, rng),
               second = redrawn.transform(redrawn.train_images, rng);
  CHECK(is_binary(first));
  CHECK_FALSE(equal(first, second));
  CHECK(mean(first).item() == doctest::Approx(mean(grey.train_images).item()).epsilon(0.02));
}

TEST_CASE("only a given folder is searched, and it must hold the whole set") {
  const TemporaryFolder folder;
  CHECK(contains(error_of([&] { load_images({.folder = folder.path()}); }),
                 "fashion-mnist is not in " + folder.path().string()));
  write_set(folder / "fashion-mnist");
  CHECK(load_images({.folder = folder.path()}).train_images.size(0) == 2);
  std::filesystem::remove(folder / "fashion-mnist" / "t10k-labels-idx1-ubyte");
  CHECK(contains(error_of([&] { load_images({.folder = folder.path()}); }), "neither t10k-labels-idx1-ubyte.gz"));
}

TEST_CASE("files that do not belong together give an error with the file and the reason") {
  const TemporaryFolder folder;
  const auto error_with = [&](const std::string& name, const std::string& bytes) {
    write_set(folder.path());
    write(folder / name, bytes);
    const std::string error = error_of([&] { load_images({.folder = folder.path()}); });
    CHECK(contains(error, name));
    return error;
  };
  CHECK(contains(error_with("train-labels-idx1-ubyte", labels("\0\1"s)),
                 "expected u8[3], a label for each image, got u8[2]"));
  CHECK(contains(error_with("train-labels-idx1-ubyte", labels("\0\1\x0a"s)), "labels from 0 to 9, but label 2 is 10"));
  CHECK(contains(error_with("t10k-images-idx3-ubyte", labels("\0\1"s)), "expected u8[n, 28, 28], got u8[2]"));
  CHECK(contains(error_with("t10k-images-idx3-ubyte", images(0, 0)), "holds no images"));
}

TEST_CASE("HOURGLASS_DATA is searched first; without Fashion-MNIST, there are generated shapes") {
  const TemporaryFolder folder;
  const Environment data_folder("HOURGLASS_DATA", folder.path().c_str());
  const Environment cache("XDG_CACHE_HOME", folder.path().c_str());
  write_set(folder / "fashion-mnist");
  CHECK(load_images().train_images.size(0) == 2);
  CHECK(contains(error_of([] { load_images({.name = "mnist"}); }), "mnist is not in"));
  CHECK(contains(error_of([] { load_images({.name = "cifar"}); }), "there is no set and no file 'cifar'"));

  std::filesystem::remove_all(folder / "fashion-mnist");
  if (std::filesystem::exists("/usr/share/datasets/fashion-mnist")) return;
  const Captured errors(std::cerr);
  CHECK(load_images({.limit = 4}).name == "generated, 4 images");
  CHECK(contains(errors.text(), "using generated shapes instead"));
}

TEST_CASE("generated images depend on seed and position alone") {
  const int threads = num_threads();
  set_num_threads(1);
  const ImageData few = generate_shapes(100, 10, 7);
  set_num_threads(4);
  const ImageData many = generate_shapes(300, 20, 7);
  set_num_threads(threads);
  CHECK(equal(few.train_images, slice(many.train_images, 0, 0, 100)));
  CHECK(equal(few.train_labels, slice(many.train_labels, 0, 0, 100)));
  CHECK(equal(few.test_factors, slice(many.test_factors, 0, 0, 10)));
  CHECK_FALSE(equal(few.train_images, generate_shapes(100, 10, 8).train_images));
  CHECK_FALSE(equal(slice(few.train_images, 0, 0, 10), few.test_images));
}

TEST_CASE("generated images are grey shapes of all ten classes, whole inside the picture") {
  const ImageData data = load_images({.name = "generated", .limit = 500});
  CHECK(data.train_images.shape() == Shape{500, 784});
  CHECK(data.train_factors.shape() == Shape{500, static_cast<std::int64_t>(data.factors.size())});
  CHECK(data.classes.size() == 10);
  const auto labels_seen = data.train_labels.to_vector<std::int64_t>();
  CHECK(std::set<std::int64_t>(labels_seen.begin(), labels_seen.end()).size() == 10);

  const auto pixels = data.train_images.to_vector<float>();
  const auto factors = data.train_factors.to_vector<float>();
  for (std::size_t i = 0; i < 500; ++i) {
    CAPTURE(i);
    float darkest = 0, brightest = 0, border = 0;
    for (std::size_t k = 0; k < 784; ++k) {
      const float pixel = pixels[i * 784 + k];
      darkest = std::min(darkest, pixel);
      brightest = std::max(brightest, pixel);
      const bool at_border = k < 28 || k >= 756 || k % 28 == 0 || k % 28 == 27;
      if (at_border) border = std::max(border, pixel);
    }
    CHECK(darkest == 0);
    CHECK(brightest == doctest::Approx(factors[i * data.factors.size() + 5]));  // the last factor is the brightness
    CHECK(border < 0.5f * brightest);
  }
}
