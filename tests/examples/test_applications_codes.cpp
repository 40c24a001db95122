// SPDX-License-Identifier: MIT
// Applications of codes: search, hashing, groups and maps, few labels. A few steps on generated data, and a property of
// each that is missing without its idea.
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "examples/support/fields.h"
#include "examples/support/found.h"
#include "examples/support/png.h"
#include "examples/support/transforms.h"
#include "nn/safetensors.h"
#include "tensor/ops.h"
#include "tensor/random.h"
#include "tests/examples/example_runs.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

using Flags = std::vector<std::string>;

// Pictures of 12 x 12 pixels in two folders: bright on the left, or on the right, each with a little noise.
void write_collection(const TemporaryFolder& folder) {
  Rng rng(4);
  for (int i = 0; i < 60; ++i) {
    const Tensor left = unsqueeze(arange(12) < 6, 0), side = i % 2 == 0 ? left : 1 - left;
    const Tensor picture = to(side, Dtype::f32) * 0.5 + rng.uniform({12, 12}, 0, 0.5);
    write(folder / ("all/" + std::string(i % 2 == 0 ? "left" : "right") + "/" + std::to_string(10 + i) + ".png"),
          encode_png(image_grid(reshape(picture, {1, 1, 12, 12}), {.columns = 1, .scale = 1, .gap = 0})));
  }
}

// The lines of a table that a run wrote, as fields.
std::vector<Flags> lines_of(const std::filesystem::path& file) {
  const std::string text = nn::read_file(file);
  Lines lines(text, file.string());
  std::vector<Flags> all;
  while (const auto line = lines.next()) all.push_back(fields_of(*line, ',', lines.place()));
  return all;
}

}  // namespace

TEST_CASE("image_search: a picture of the index is its own nearest neighbour, whatever part of the set it was in") {
  const TemporaryFolder folder;
  write_collection(folder);
  const auto run = summary_of("image_search",
                              {"--data", folder / "all", "--epochs", "8", "--batch-size", "8", "--hidden", "32",
                               "--code", "6", "--neighbours", "3"},
                              folder);
  CHECK(figure(run, "pictures_in_index") == 60);
  const TemporaryFolder log;
  const int code =
      Process("image_search",
              {"--apply", folder / "all", "--model", folder / "out", "--out", folder / "applied", "--quiet"},
              log / "log")
          .wait();
  REQUIRE_MESSAGE(code == 0, nn::read_file(log / "log"));
  const std::vector<Flags> found = lines_of(folder / "applied/neighbours.csv");
  REQUIRE(found.size() == 1 + 60 * 3);
  int of_the_class = 0;
  for (std::size_t i = 1; i < found.size(); i += 3) {
    CHECK(found[i][0] == found[i][2]);
    CHECK(std::stod(found[i][4]) < 1e-3);
    for (std::size_t rank = 1; rank < 3; ++rank) of_the_class += found[i + rank][3] == found[i][3];
  }
  CHECK(of_the_class > 100);  // of 120; 60 by chance
  CHECK(nn::read_file(folder / "applied/neighbours.png").size() > 100);
}

TEST_CASE("image_search: codes are compared by angle, and search without an index is an error") {
  const TemporaryFolder out;
  const Flags flags{"--limit", "1500", "--epochs", "5", "--hidden", "64"};
  const auto run = summary_of("image_search", flags, out);
  CHECK(figure(run, "test_precision") > 0.25);  // 0.1 by chance
  CHECK(column_in(out, "precision", "30 numbers").size() == 10);
  std::filesystem::remove(out / "out/index.safetensors");
  write(out / "x.png", encode_png(image_grid(zeros({1, 1, 28, 28}), {.columns = 1, .scale = 1, .gap = 0})));
  CHECK(
      Process("image_search", {"--apply", out / "x.png", "--model", out / "out", "--out", out / "applied"}, out / "log")
          .wait() == 2);
  CHECK(contains(nn::read_file(out / "log"), "index.safetensors"));
}

TEST_CASE("semantic_hashing: bits are even, and noise before them makes rounding cheap") {
  const TemporaryFolder out;
  const Flags flags{"--limit", "2000", "--epochs", "6", "--hidden", "64", "--bits", "16"};
  const auto run = summary_of("semantic_hashing", flags, out);
  CHECK(figure(run, "test_precision") > 0.2);
  CHECK(column_in(out, "bits", "entropy of a bit")[0] > 0.9);
  const std::vector<double> candidates = column_in(out, "lookup", "candidates"),
                            none = column_in(out, "lookup", "found none");
  for (std::size_t radius = 1; radius < 3; ++radius) {
    CHECK(candidates[radius] > candidates[radius - 1]);
    CHECK(none[radius] <= none[radius - 1]);
  }
}

TEST_CASE("visualize_codes: the map tells more about the classes than chance, and every group is described") {
  const TemporaryFolder out;
  const auto run = summary_of("visualize_codes", {"--limit", "1500", "--epochs", "6", "--hidden", "64"}, out);
  CHECK(figure(run, "map_accuracy") > 0.2);
  const std::vector<double> sizes = column_in(out, "groups", "test images");
  REQUIRE(sizes.size() == 10);
  double all = 0;
  for (const double size : sizes) all += size;
  CHECK(all == 1500);
  const auto five = summary_of("visualize_codes", {"--limit", "300", "--epochs", "1", "--groups", "5"}, out);
  CHECK(column_in(out, "groups", "test images").size() == 5);
}

TEST_CASE("few_labels: weights travel through a file, and frozen ones do not move") {
  const TemporaryFolder out;
  const Flags flags{"--limit", "3000", "--epochs", "2", "--labels", "20", "--repetitions", "2", "--channels", "8"};
  const auto run = summary_of("few_labels", flags + Flags{"--fit-steps", "60"}, out);
  const nn::Safetensors file = nn::load_safetensors(out / "out/encoder.safetensors");
  REQUIRE(file.tensors.size() == 6);
  CHECK(file.tensors[0].first == "down1.weight");
  CHECK(figure(run, "fine_tuned_accuracy") > 0.3);  // 0.2 by chance
  // After a step of 0 the frozen and the fine-tuned classifier are the same, and differ from the one from scratch.
  const TemporaryFolder still;
  summary_of("few_labels", flags + Flags{"--fit-steps", "1", "--lr", "0"}, still);
  CHECK(column_in(still, "accuracy", "frozen") == column_in(still, "accuracy", "fine-tuned"));
}

TEST_CASE("sheets of what was found: red frames mark what is wrong") {
  const Tensor frames = framed(full({2, 4}, 0.5), {1, 2, 2}, Tensor::from<std::uint8_t>({0, 1}));
  REQUIRE(frames.shape() == Shape{2, 3, 6, 6});
  CHECK(select(select(select(select(frames, 0, 0), 0, 0), 0, 0), 0, 0).item() == 0);
  CHECK(select(select(select(select(frames, 0, 1), 0, 0), 0, 0), 0, 0).item() == 1);
  CHECK(select(select(select(select(frames, 0, 1), 0, 2), 0, 3), 0, 3).item() == 0.5);
  CHECK(first_of_each_class(Tensor::from<std::int64_t>({2, 0, 0, 2, 4}), 5).to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{1, 0, 4});
}

TEST_CASE("random_relight: black and white stay, and each picture has a power of its own") {
  Rng rng(1);
  const Tensor x = Tensor::from<float>({0, 0.25F, 0.5F, 1, 0, 0.25F, 0.5F, 1}, {2, 4});
  const std::vector<double> y = to(random_relight(3)(x, rng), Dtype::f64).to_vector<double>();
  CHECK(y[0] == 0);
  CHECK(y[3] == 1);
  CHECK(std::log(y[1]) == doctest::Approx(2 * std::log(y[2])));
  CHECK(std::log(y[2]) / std::log(0.5) <= 3);
  CHECK(std::log(y[2]) / std::log(0.5) >= 1.0 / 3);
  CHECK(y[6] != y[2]);
  CHECK(equal(random_relight(1)(x, rng), x));
  CHECK(contains(error_of([] { (void)random_relight(0.5); }), "1 or more"));
}
