// SPDX-License-Identifier: MIT
#include "examples/support/pen.h"

#include <algorithm>
#include <cmath>

namespace hourglass::examples {
namespace {

/// Lowers the squared distance of each pixel to that from the line from a to b, where this is less.
void approach(std::vector<float>& nearest, std::int64_t height, std::int64_t width, Point a, Point b) {
  const float dx = b.x - a.x, dy = b.y - a.y;
  const float scale = 1 / std::max(dx * dx + dy * dy, 1e-12f);
  float* distance = nearest.data();
  for (std::int64_t row = 0; row < height; ++row) {
    for (std::int64_t column = 0; column < width; ++column, ++distance) {
      const float px = static_cast<float>(column) - a.x, py = static_cast<float>(row) - a.y;
      const float along = std::clamp((px * dx + py * dy) * scale, 0.0f, 1.0f);
      const float ex = px - along * dx, ey = py - along * dy;
      *distance = std::min(*distance, ex * ex + ey * ey);
    }
  }
}

}  // namespace

void draw_strokes(const Drawing& drawing, float thickness, float brightness, std::int64_t height, std::int64_t width,
                  float* pixels) {
  std::vector<float> nearest(static_cast<std::size_t>(height * width), 1e9f);
  for (const std::vector<Point>& stroke : drawing)
    for (std::size_t i = 1; i < stroke.size(); ++i) approach(nearest, height, width, stroke[i - 1], stroke[i]);
  for (const float distance : nearest)
    *pixels++ = brightness * std::clamp(thickness / 2 + 0.5f - std::sqrt(distance), 0.0f, 1.0f);
}

}  // namespace hourglass::examples
