// SPDX-License-Identifier: MIT
// The tape in Graphviz's language.
#include <algorithm>
#include <sstream>

#include "autograd/inspect/tape_picture.h"

namespace hourglass {
namespace {

std::string dot_quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    if (c == '\n') result += "\\n";
    else result += c;
  }
  return result + '"';
}

}  // namespace

std::string tape_dot(const Var& y, const PictureOptions& options) {
  const Picture picture = picture_of(y, options, 500);
  std::ostringstream out;
  out << "digraph tape {\n"
         "  node [shape=box, style=\"rounded,filled\", fontname=\"sans-serif\", fontsize=10];\n"
         "  edge [fontname=\"sans-serif\", fontsize=8];\n";
  constexpr const char* kColours[] = {"#e8eef7", "#fde6cc", "#eadcf4"};  // by order
  for (std::size_t k = 0; k < picture.nodes.size(); ++k) {
    const PictureNode& node = picture.nodes[k];
    std::string label = node.title() + '\n' + node.value_type;
    if (node.value) label += '\n' + range_of(*node.value);
    if (node.gradient) label += "\n|g| " + three_digits(node.gradient->norm);
    if (!node.path.empty()) label += '\n' + node.path;
    if (!node.line.empty()) label += '\n' + node.line;
    out << "  n" << k << " [label=" << dot_quoted(label) << ", fillcolor=\""
        << (node.is_leaf ? "#d9efd9" : kColours[std::min(node.order, 2)]) << "\"];\n";
    for (const PictureNode::Link& link : node.inputs)
      out << "  n" << link.to << " -> n" << k << " [label=" << dot_quoted(link.words) << "];\n";
  }
  if (picture.left_out > 0)
    out << "  rest [shape=plaintext, style=\"\", label=\"" << picture.left_out << " older nodes\"];\n";
  out << "}\n";
  return out.str();
}

}  // namespace hourglass
