// Lines drawn by a round pen, smooth at the edges.
#pragma once
#include <cstdint>
#include <vector>

namespace hourglass::examples {

struct Point {
  float x = 0, y = 0;  // in pixels; y points down, as rows do
};
/// Strokes of a pen; each is a chain of straight lines.
using Drawing = std::vector<std::vector<Point>>;

/// pixels[height, width] become as bright as the pen covers them, `brightness` at most. The edge is one pixel wide: a
/// drawing that moves changes smoothly.
void draw_strokes(const Drawing& drawing, float thickness, float brightness, std::int64_t height, std::int64_t width,
                  float* pixels);

}  // namespace hourglass::examples
