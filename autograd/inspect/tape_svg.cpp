// SPDX-License-Identifier: MIT
// A picture as a drawing: boxes for nodes, curves for the values that go from one to the next.
#include <algorithm>
#include <sstream>

#include "autograd/inspect/layout.h"
#include "autograd/inspect/tape_html_parts.h"
#include "tensor/text.h"

namespace hourglass {
namespace {

constexpr double kBoxHeight = 50;

// The last line of a box: the module, or the file and line of the call.
std::string where(const PictureNode& node) {
  if (!node.path.empty()) return node.path;
  const std::size_t end = node.line.find(" (");
  const std::string place = node.line.substr(0, end);
  const std::size_t slash = place.rfind('/');
  return slash == std::string::npos ? place : place.substr(slash + 1);
}

double box_width(const PictureNode& node) {
  const double letters = std::max({8.3 * static_cast<double>(display_width(node.title())),
                                   6.0 * static_cast<double>(display_width(node.value_type)),
                                   5.6 * static_cast<double>(display_width(where(node)))});
  return std::max(74.0, letters + 22);
}

std::string kind_of(const PictureNode& node) {
  if (node.is_leaf) return "leaf";
  return join("order", std::min(node.order, 2));
}

std::vector<LayoutNode> boxes_of(const Picture& picture) {
  std::vector<LayoutNode> boxes;
  for (const PictureNode& node : picture.nodes) {
    boxes.push_back({box_width(node), {}});
    for (const PictureNode::Link& link : node.inputs) boxes.back().inputs.push_back(link.to);
  }
  return boxes;
}

// From the bottom of input i's box, past its bends, to the top of box k.
void draw_line(std::ostream& out, const std::vector<LayoutNode>& boxes, const Layout& layout, std::size_t k,
               std::size_t i) {
  const LayoutNode& box = boxes[k];
  const Point from = layout.centers[box.inputs[i]], to = layout.centers[k];
  // Several lines that end at one box arrive side by side, in the order of its inputs.
  const auto count = static_cast<double>(box.inputs.size());
  const double spread = std::min(14.0, (box.width - 20) / count);
  const double aside = spread * (static_cast<double>(i) - (count - 1) / 2);
  double x = from.x, y = from.y + kBoxHeight / 2;
  out << "<path class=\"edge\" id=\"e" << k << '_' << i << "\" d=\"M" << x << ' ' << y;
  const auto curve = [&](double to_x, double to_y) {
    const double middle = (y + to_y) / 2;
    out << " C" << x << ' ' << middle << ' ' << to_x << ' ' << middle << ' ' << to_x << ' ' << to_y;
    x = to_x;
    y = to_y;
  };
  for (const Point& bend : layout.routes[k][i]) {
    curve(bend.x, bend.y - kBoxHeight / 2);
    out << " L" << bend.x << ' ' << bend.y + kBoxHeight / 2;
    y = bend.y + kBoxHeight / 2;
  }
  curve(to.x + aside, to.y - kBoxHeight / 2 - 1);
  out << "\"/>\n";
}

void draw_box(std::ostream& out, const PictureNode& node, std::size_t k, bool is_end, double width, Point center) {
  const double x = center.x, top = center.y - kBoxHeight / 2;
  out << "<g class=\"node " << kind_of(node) << (is_end ? " end" : "") << "\" id=\"n" << k
      << "\" tabindex=\"0\"><title>" << html_escaped(node.formula.empty() ? node.op : node.op + ": " + node.formula)
      << "</title><rect x=\"" << x - width / 2 << "\" y=\"" << top << "\" width=\"" << width << "\" height=\""
      << kBoxHeight << "\" rx=\"7\"/><text class=\"op\" x=\"" << x << "\" y=\"" << top + 18 << "\">"
      << html_escaped(node.title()) << "</text><text class=\"type\" x=\"" << x << "\" y=\"" << top + 31 << "\">"
      << html_escaped(node.value_type) << "</text><text class=\"where\" x=\"" << x << "\" y=\"" << top + 43 << "\">"
      << html_escaped(where(node)) << "</text>";
  if (node.users.size() > 1)  // the number of shares that add up to its gradient
    out << "<g class=\"sum\"><circle cx=\"" << x + width / 2 - 3 << "\" cy=\"" << top + kBoxHeight - 3
        << "\" r=\"10\"/><text x=\"" << x + width / 2 - 3 << "\" y=\"" << top + kBoxHeight + 0.5 << "\">Σ"
        << node.users.size() << "</text></g>";
  out << "</g>\n";
}

}  // namespace

std::string svg_of(const Picture& picture) {
  const std::vector<LayoutNode> boxes = boxes_of(picture);
  const Layout layout = layered(boxes, {.box_height = kBoxHeight});
  const std::size_t count = boxes.size();
  std::ostringstream out;
  out.precision(6);
  out << "<svg id=\"graph\" xmlns=\"http://www.w3.org/2000/svg\" width=\"" << layout.width << "\" height=\""
      << layout.height << "\" viewBox=\"0 0 " << layout.width << ' ' << layout.height << "\">\n";
  for (std::size_t k = 0; k < count; ++k)
    for (std::size_t i = 0; i < boxes[k].inputs.size(); ++i) draw_line(out, boxes, layout, k, i);
  for (std::size_t k = 0; k < count; ++k)
    draw_box(out, picture.nodes[k], k, k + 1 == count, boxes[k].width, layout.centers[k]);
  out << "</svg>\n";
  return out.str();
}

}  // namespace hourglass
