// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string>

#include "examples/support/font.h"
#include "examples/support/generate.h"
#include "examples/support/pen.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tensor/random.h"

namespace hourglass::examples {
namespace {

float in_range(Rng& rng, double low, double high) { return static_cast<float>(low + (high - low) * rng.uniform()); }

// Calls body(i, random numbers of item i) for all items.
template <class Body>
void each_item(std::int64_t count, const Rng& rng, const Body& body) {
  check(count >= 0, "generate", "cannot make ", count, " items");
  parallel_for(count, 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      Rng own = rng.split(static_cast<std::uint64_t>(i));
      body(i, own);
    }
  });
}

// How far (x, y) lies outside of a shape of radius 1 around 0; negative inside.
float distance_to(int shape, float x, float y) {
  if (shape == 0) return std::hypot(x, y) - 1;
  if (shape == 1) return std::max(std::abs(x), std::abs(y)) - 0.8f;
  // A triangle is the intersection of three half planes.
  constexpr float kHalf = 0.5f, kRoot = 0.8660254f;
  return std::max({y - kHalf, -kHalf * y - kRoot * std::abs(x) - kHalf, kRoot * std::abs(x) - kHalf * y - kHalf});
}

// Red, green and blue of a saturated colour with this hue.
std::array<float, 3> colour_of(float hue) {
  std::array<float, 3> rgb{};
  for (std::size_t c = 0; c < 3; ++c) {
    const float turn = hue * 6 + std::array{0.0f, 4.0f, 2.0f}[c];
    rgb[c] = std::clamp(std::abs(turn - 6 * std::floor(turn / 6) - 3) - 1, 0.0f, 1.0f);
  }
  return rgb;
}

}  // namespace

Scenes generate_scenes(std::int64_t count, std::uint64_t seed, std::int64_t side) {
  check(side >= 8, "generate_scenes", "the side must be at least 8 pixels, got ", side);
  Scenes scenes{Tensor({count, 3, side, side}),
                Tensor({count, 1, side, side}),
                Tensor({count, 6}),
                {"shape", "scale", "rotation", "x", "y", "hue"}};
  float *const images = scenes.images.mutable_data<float>(), *const masks = scenes.masks.mutable_data<float>(),
               *const factors = scenes.factors.mutable_data<float>();
  const std::int64_t area = side * side;
  each_item(count, Rng(seed).split("scenes"), [&](std::int64_t i, Rng& rng) {
    float* const f = factors + i * 6;
    f[0] = static_cast<float>(rng.below(3));
    f[1] = in_range(rng, 0.12, 0.24);
    f[2] = in_range(rng, 0, std::numbers::pi / 2);
    f[3] = in_range(rng, 0.3, 0.7);
    f[4] = in_range(rng, 0.3, 0.7);
    f[5] = in_range(rng, 0, 1);
    const auto extent = static_cast<float>(side);
    const float radius = f[1] * extent, cosine = std::cos(f[2]) / radius, sine = std::sin(f[2]) / radius;
    const std::array<float, 3> colour = colour_of(f[5]);
    for (std::int64_t k = 0; k < area; ++k) {
      const float x = static_cast<float>(k % side) + 0.5f - f[3] * extent;
      const float y = static_cast<float>(k / side) + 0.5f - f[4] * extent;
      const float outside = radius * distance_to(static_cast<int>(f[0]), cosine * x + sine * y, cosine * y - sine * x);
      const float covered = std::clamp(0.5f - outside, 0.0f, 1.0f);
      masks[i * area + k] = covered;
      for (std::int64_t c = 0; c < 3; ++c)
        images[(i * 3 + c) * area + k] = 0.1f + covered * (colour[static_cast<std::size_t>(c)] - 0.1f);
    }
  });
  return scenes;
}

Cells generate_cells(std::int64_t count, std::uint64_t seed, std::int64_t side) {
  check(side >= 16, "generate_cells", "the side must be at least 16 pixels, got ", side);
  Cells cells{
      Tensor({count, 1, side, side}), Tensor({count, side, side}, Dtype::i64), {"background", "cell", "nucleus"}};
  float* const images = cells.images.mutable_data<float>();
  std::int64_t* const classes = cells.classes.mutable_data<std::int64_t>();
  const std::int64_t area = side * side;
  const auto extent = static_cast<double>(side);
  each_item(count, Rng(seed).split("cells"), [&](std::int64_t i, Rng& rng) {
    float* const image = images + i * area;
    std::int64_t* const shown = classes + i * area;
    std::fill_n(image, area, 0.15f);
    std::fill_n(shown, area, 0);
    const auto paint = [&](float x, float y, float a, float b, float angle, float brightness, std::int64_t what) {
      const float cosine = std::cos(angle), sine = std::sin(angle);
      for (std::int64_t k = 0; k < area; ++k) {
        const float dx = static_cast<float>(k % side) + 0.5f - x, dy = static_cast<float>(k / side) + 0.5f - y;
        const float u = (cosine * dx + sine * dy) / a, v = (cosine * dy - sine * dx) / b;
        const float covered = std::clamp(0.5f - std::sqrt(a * b) * (std::hypot(u, v) - 1), 0.0f, 1.0f);
        image[k] += covered * (brightness - image[k]);
        if (covered > 0.5f) shown[k] = what;
      }
    };
    for (std::int64_t specks = 2 + rng.below(5); specks > 0; --specks) {
      const float size = in_range(rng, 1, 2.2);
      paint(in_range(rng, 0, extent), in_range(rng, 0, extent), size, size, 0, in_range(rng, 0.4, 0.75), 0);
    }
    for (std::int64_t left = 4 + rng.below(5); left > 0; --left) {
      const float x = in_range(rng, 0.05 * extent, 0.95 * extent), y = in_range(rng, 0.05 * extent, 0.95 * extent);
      const float a = in_range(rng, 6, 10), b = a * in_range(rng, 0.65, 1), angle = in_range(rng, 0, std::numbers::pi);
      paint(x, y, a, b, angle, in_range(rng, 0.45, 0.7), 1);
      paint(x + 0.2f * a * in_range(rng, -1, 1), y + 0.2f * b * in_range(rng, -1, 1), 0.5f * a, 0.5f * b, angle,
            in_range(rng, 0.8, 1), 2);
    }
    const float falloff = in_range(rng, 0, 0.3), towards = in_range(rng, 0, 2 * std::numbers::pi);
    const Tensor grain = rng.normal({area}, 0, 0.03);
    for (std::int64_t k = 0; k < area; ++k) {
      const auto x = static_cast<float>(k % side), y = static_cast<float>(k / side);
      const float light = 1 - falloff * (std::cos(towards) * x + std::sin(towards) * y) / static_cast<float>(side);
      image[k] = std::clamp(image[k] * light + grain.data<float>()[k], 0.0f, 1.0f);
    }
  });
  return cells;
}

Curves generate_curves(std::int64_t count, std::uint64_t seed) {
  constexpr std::int64_t kSide = 28;
  Curves curves{Tensor({count, kSide * kSide}), Tensor({count, 6})};
  float *const images = curves.images.mutable_data<float>(), *const points = curves.points.mutable_data<float>();
  each_item(count, Rng(seed).split("curves"), [&](std::int64_t i, Rng& rng) {
    float* const p = points + i * 6;
    for (int k = 0; k < 6; ++k) p[k] = in_range(rng, 4, kSide - 5);
    // The parabola that passes through the three points at t = 0, 1/2 and 1.
    std::vector<Point> stroke;
    constexpr int kPieces = 24;
    for (int k = 0; k <= kPieces; ++k) {
      const float t = static_cast<float>(k) / kPieces;
      const float first = (1 - t) * (1 - 2 * t), second = 4 * t * (1 - t), third = t * (2 * t - 1);
      stroke.push_back({first * p[0] + second * p[2] + third * p[4], first * p[1] + second * p[3] + third * p[5]});
    }
    draw_strokes({stroke}, 1.6f, 1, kSide, kSide, images + i * kSide * kSide);
  });
  return curves;
}

Pages generate_pages(std::int64_t count, std::uint64_t seed, std::int64_t height, std::int64_t width) {
  check(height >= 16 && width >= 16, "generate_pages", "pages must be at least 16 x 16, got ", height, " x ", width);
  Pages pages{Tensor({count, 1, height, width}), Tensor({count, 1, height, width})};
  float *const clean = pages.clean.mutable_data<float>(), *const stained = pages.stained.mutable_data<float>();
  const std::int64_t area = height * width;
  each_item(count, Rng(seed).split("pages"), [&](std::int64_t i, Rng& rng) {
    Image image{static_cast<int>(width), static_cast<int>(height), 1,
                std::vector<std::uint8_t>(static_cast<std::size_t>(area), 0)};
    const int line = text_height(1) + 2;
    for (int top = 3; top + line <= height; top += line) {
      std::string text;
      while (text_width(text, 1) < width) {
        for (std::int64_t letters = 2 + rng.below(7); letters > 0; --letters)
          text += static_cast<char>('a' + rng.below(26));
        text += ' ';
      }
      while (text_width(text, 1) > width - 6) text.pop_back();
      draw_text(image, 3, top, text, 255, 1);
    }
    float *const page = clean + i * area, *const found = stained + i * area;
    for (std::int64_t k = 0; k < area; ++k)
      page[k] = 1 - static_cast<float>(image.pixels[static_cast<std::size_t>(k)]) / 255;

    // First the ink fades towards one side, then stains and folds darken the page, and grain comes last.
    const float fading = in_range(rng, 0.1, 0.6), angle = in_range(rng, 0, 2 * std::numbers::pi);
    struct Stain {
      float x, y, radius, depth;
    };
    std::vector<Stain> stains;
    const auto w = static_cast<double>(width), h = static_cast<double>(height);
    for (std::int64_t k = 1 + rng.below(3); k > 0; --k)
      stains.push_back({in_range(rng, 0, w), in_range(rng, 0, h), in_range(rng, 6, 0.3 * w), in_range(rng, 0.15, 0.5)});
    const float fold = in_range(rng, 0.2 * w, 0.8 * w), lean = in_range(rng, -0.3, 0.3),
                crease = in_range(rng, 0.1, 0.4);
    const Tensor grain = rng.normal({area}, 0, 0.03);
    for (std::int64_t k = 0; k < area; ++k) {
      const auto x = static_cast<float>(k % width), y = static_cast<float>(k / width);
      const float across = 0.5f + 0.5f *
                                      (std::cos(angle) * (2 * x / static_cast<float>(w) - 1) +
                                       std::sin(angle) * (2 * y / static_cast<float>(h) - 1)) /
                                      1.5f;
      float seen = 1 - (1 - page[k]) * (1 - fading * std::clamp(across, 0.0f, 1.0f));
      for (const Stain& s : stains) {  // darkest at the rim, like coffee
        const float r = std::hypot(x - s.x, y - s.y) / s.radius;
        seen *= 1 - s.depth * (r < 1 ? 0.5f + 0.5f * std::pow(r, 6.0f) : std::max(0.0f, 1 - 4 * (r - 1)));
      }
      seen *= 1 - crease * std::exp(-0.5f * std::pow(x - fold - lean * y, 2.0f));
      found[k] = std::clamp(seen + grain.data<float>()[k], 0.0f, 1.0f);
    }
  });
  return pages;
}

}  // namespace hourglass::examples
