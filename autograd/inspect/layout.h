// SPDX-License-Identifier: MIT
// Positions for the boxes and lines of a graph without cycles: in layers, with few crossings and mostly straight lines
// (after Sugiyama, Tagawa & Toda 1981, "Methods for visual understanding of hierarchical system structures").
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
  std::vector<std::vector<std::vector<Point>>> routes;  // [node][input]: the points on the line from that input
};

struct LayoutOptions {
  double box_height = 46, layer_gap = 34, node_gap = 18;
};

/// Inputs are above their users. The last layer has the nodes without users.
Layout layered(const std::vector<LayoutNode>& nodes, const LayoutOptions& options = {});

}  // namespace hourglass
