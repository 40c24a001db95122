// SPDX-License-Identifier: MIT
// The tape as a table.
#include "autograd/inspect/tape_picture.h"
#include "tensor/text.h"

namespace hourglass {
namespace {

std::string in_columns(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows)
    for (std::size_t k = 0; k < row.size(); ++k) {
      if (k == widths.size()) widths.push_back(0);
      widths[k] = std::max(widths[k], display_width(row[k]));
    }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t k = 0; k < row.size(); ++k)
      if (widths[k] > 0) line += row[k] + std::string(widths[k] - display_width(row[k]) + 2, ' ');
    text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  }
  return text;
}

}  // namespace

std::string tape_text(const Var& y, const PictureOptions& options) {
  const Picture picture = picture_of(y, options, 200);
  bool any_order = false, any_path = false;
  for (const PictureNode& node : picture.nodes) {
    any_order |= node.order > 0;
    any_path |= !node.path.empty();
  }
  const bool traced = options.trace != nullptr;
  // A column without any text is not shown.
  std::vector<std::vector<std::string>> rows{{"node", "op", "from", "gives", traced ? "values" : "",
                                              options.gradients ? "|gradient|" : "", any_order ? "order" : "",
                                              any_path ? "module" : "", traced ? "called at" : ""}};
  const auto number_of = [&](std::size_t place) { return join(picture.left_out + place + 1); };
  for (std::size_t k = 0; k < picture.nodes.size(); ++k) {
    const PictureNode& node = picture.nodes[k];
    std::string from;
    for (const PictureNode::Link& link : node.inputs) from += (from.empty() ? "" : ", ") + number_of(link.to);
    rows.push_back({number_of(k), node.title(), from, node.value_type, node.value ? range_of(*node.value) : "",
                    node.gradient ? three_digits(node.gradient->norm) : "", node.order > 0 ? join(node.order) : "",
                    node.path, node.line});
  }
  std::string text;
  if (picture.left_out > 0) text += join(picture.left_out, " older nodes are not shown\n");
  text += in_columns(rows);
  if (!picture.why_no_gradients.empty()) text += "no gradients: " + picture.why_no_gradients + '\n';
  return text;
}

}  // namespace hourglass
