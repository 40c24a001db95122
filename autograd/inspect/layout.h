// Places for the boxes and lines of a graph without cycles: in layers, with few crossings, and lines that run straight
// where they can (after Sugiyama, Tagawa & Toda 1981, "Methods for visual understanding of hierarchical system
// structures").
#pragma once
#include <cstddef>
#include <utility>
#include <vector>

namespace hourglass {

struct LayoutNode {
  double width;
  std::vector<std::size_t> inputs;  // places of older nodes
};

struct Point {
  double x, y;
};
struct Layout {
  double width = 0, height = 0;
  std::vector<Point> centers;                           // of each node's box
  std::vector<std::vector<std::vector<Point>>> routes;  // [node][input]: where the line from that input passes
};

struct LayoutOptions {
  double box_height = 46, layer_gap = 34, node_gap = 18;
};

/// Inputs stand above their users; the last layer holds what nothing uses.
Layout layered(const std::vector<LayoutNode>& nodes, const LayoutOptions& options = {});

}  // namespace hourglass
