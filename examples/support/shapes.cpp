// SPDX-License-Identifier: MIT
#include "examples/support/shapes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "examples/support/pen.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tensor/random.h"

namespace hourglass::examples {
namespace {

constexpr std::int64_t kSide = 28;

/// `count` + 1 points of a curve, whose parameter runs from 0 to 1.
template <class Curve>
std::vector<Point> trace(int count, Curve&& curve) {
  std::vector<Point> points;
  for (int i = 0; i <= count; ++i) {
    const auto [x, y] = curve(static_cast<double>(i) / count);
    points.push_back({static_cast<float>(x), static_cast<float>(y)});
  }
  return points;
}

/// Corners on the unit circle, starting at the top; each is `step` corners after the one before. Step 2 of 5 is a star.
std::vector<Point> polygon(int corners, int step = 1) {
  return trace(corners, [&](double t) {
    const double angle = 2 * std::numbers::pi * t * step;
    return std::pair{std::sin(angle), -std::cos(angle)};
  });
}

struct Class {
  const char* name;
  Drawing drawing;
};

const std::vector<Class>& classes() {
  using std::numbers::pi;
  const auto spiral = [](double t) {
    return std::pair{t * std::sin(4 * std::numbers::pi * t), -t * std::cos(4 * std::numbers::pi * t)};
  };
  static const std::vector<Class> all{
      {"circle", {polygon(24)}},
      {"triangle", {polygon(3)}},
      {"square", {{{-.7f, -.7f}, {.7f, -.7f}, {.7f, .7f}, {-.7f, .7f}, {-.7f, -.7f}}}},
      {"star", {polygon(5, 2)}},
      {"cross", {{{-1, 0}, {1, 0}}, {{0, -1}, {0, 1}}}},
      {"line", {{{-1, 0}, {1, 0}}}},
      {"arc",
       {trace(12,
              [](double t) {
                return std::pair{std::cos(pi * t), .4 - std::sin(pi * t)};
              })}},
      {"wave",
       {trace(20,
              [](double t) {
                return std::pair{2 * t - 1, -.45 * std::sin(3 * pi * t)};
              })}},
      {"spiral", {trace(28, spiral)}},
      {"arrow", {{{-1, 0}, {1, 0}}, {{.4f, -.6f}, {1, 0}, {.4f, .6f}}}},
  };
  return all;
}

/// The causes of an image, with their ranges. The rotation is less than a square or a cross needs to look the same
/// again.
struct Factor {
  const char* name;
  double low, high;
};
constexpr std::array<Factor, 6> kFactors{{
    {"x", -3, 3},             // of the centre, in pixels to the right of the middle
    {"y", -3, 3},             // and below it
    {"size", 5.5, 9},         // radius of the circle around the shape, in pixels
    {"rotation", -0.7, 0.7},  // clockwise, in radians
    {"thickness", 1.6, 3.2},  // of the pen, in pixels
    {"brightness", 0.6, 1},   // of a pixel that the pen covers
}};
constexpr int kFactorCount = static_cast<int>(kFactors.size());

void draw(const Drawing& drawing, const float* factors, float* pixels) {
  const float x = factors[0], y = factors[1], size = factors[2], rotation = factors[3], thickness = factors[4];
  const float cosine = size * std::cos(rotation), sine = size * std::sin(rotation);
  constexpr float kMiddle = (kSide - 1) / 2.0f;
  Drawing placed = drawing;  // moved from the unit circle into the image
  for (std::vector<Point>& stroke : placed)
    for (Point& p : stroke) p = {kMiddle + x + cosine * p.x - sine * p.y, kMiddle + y + sine * p.x + cosine * p.y};
  draw_strokes(placed, thickness, factors[5], kSide, kSide, pixels);
}

struct Part {
  Tensor images, labels, factors;
};

Part draw_part(std::int64_t count, Rng rng) {
  Part part{Tensor({count, kSide * kSide}), rng.randint({count}, 0, static_cast<std::int64_t>(classes().size())),
            rng.uniform({count, kFactorCount})};
  float* images = part.images.mutable_data<float>();
  float* factors = part.factors.mutable_data<float>();
  const std::int64_t* labels = part.labels.data<std::int64_t>();
  parallel_for(count, 64, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      float* own = factors + i * kFactorCount;
      for (std::size_t k = 0; k < kFactors.size(); ++k)
        own[k] = static_cast<float>(kFactors[k].low + (kFactors[k].high - kFactors[k].low) * double{own[k]});
      draw(classes()[static_cast<std::size_t>(labels[i])].drawing, own, images + i * kSide * kSide);
    }
  });
  return part;
}

}  // namespace

ImageData generate_shapes(std::int64_t train_count, std::int64_t test_count, std::uint64_t seed) {
  const Rng rng = Rng(seed).split("shapes");
  Part train = draw_part(train_count, rng.split("train")), test = draw_part(test_count, rng.split("test"));
  ImageData data;
  data.train_images = std::move(train.images);
  data.train_labels = std::move(train.labels);
  data.train_factors = std::move(train.factors);
  data.test_images = std::move(test.images);
  data.test_labels = std::move(test.labels);
  data.test_factors = std::move(test.factors);
  data.name = "generated";
  data.origin = join("shapes generated from seed ", seed);
  for (const Class& one : classes()) data.classes.emplace_back(one.name);
  for (const Factor& factor : kFactors) data.factors.emplace_back(factor.name);
  return data;
}

}  // namespace hourglass::examples
