// SPDX-License-Identifier: MIT
// Lines drawn by a round pen, with smooth edges.
#pragma once
#include <cstdint>
#include <vector>

namespace hourglass::examples {

struct Point {
  float x = 0, y = 0;  // in pixels; y points down, as rows do
};
/// Strokes of a pen. Each is a chain of straight lines.
using Drawing = std::vector<std::vector<Point>>;

/// Brightens pixels[height, width] by how much the pen covers them, up to `brightness`. The edge is one pixel wide, so
/// that the picture changes smoothly when the drawing moves.
void draw_strokes(const Drawing& drawing, float thickness, float brightness, std::int64_t height, std::int64_t width,
                  float* pixels);

}  // namespace hourglass::examples
