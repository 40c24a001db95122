// SPDX-License-Identifier: MIT
// A picture as the data of the page: JSON.
#include <cmath>
#include <optional>
#include <string_view>

#include "autograd/inspect/tape_html_parts.h"

namespace hourglass {
namespace {

// A JSON string. It has no character that would end a script element.
std::string json_quoted(std::string_view text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') (result += '\\') += c;
    else if (byte < 0x20 || c == '<' || c == '>' || c == '&')
      ((result += "\\u00") += kDigits[byte >> 4]) += kDigits[byte & 15];
    else result += c;
  }
  return result + '"';
}

template <class Range, class F>
std::string listed(const Range& range, F f) {
  std::string result = "[";
  for (const auto& each : range) result += (result.size() > 1 ? "," : "") + f(each);
  return result + "]";
}

std::string number(double x) { return std::isfinite(x) ? three_digits(x) : "null"; }

std::string json(const std::optional<Statistics>& s) {
  if (!s) return "null";
  return join("{\"n\":", s->count, ",\"min\":", number(s->min), ",\"max\":", number(s->max),
              ",\"mean\":", number(s->mean), ",\"std\":", number(s->std), ",\"norm\":", number(s->norm),
              ",\"zeros\":", number(s->count == 0 ? 0 : static_cast<double>(s->zeros) / static_cast<double>(s->count)),
              ",\"nan\":", s->nans, ",\"inf\":", s->infinities, "}");
}

std::string json(const PictureNode::Link& link) {
  return join("{\"to\":", link.to, ",\"words\":", json_quoted(link.words), ",\"share\":", json(link.share),
              ",\"ran\":", listed(link.ran, json_quoted), "}");
}

std::string json(const PictureNode& node) {
  return join("{\"op\":", json_quoted(node.op), ",\"name\":", json_quoted(node.name),
              ",\"type\":", json_quoted(node.value_type), ",\"order\":", node.order,
              ",\"formula\":", json_quoted(node.formula), ",\"path\":", json_quoted(node.path),
              ",\"line\":", json_quoted(node.line), ",\"rule\":", json_quoted(node.rule),
              ",\"value\":", json(node.value), ",\"g\":", json(node.gradient),
              ",\"constants\":", listed(node.constants, json_quoted),
              ",\"users\":", listed(node.users, [](std::size_t k) { return join(k); }),
              ",\"inputs\":", listed(node.inputs, [](const PictureNode::Link& link) { return json(link); }), "}");
}

}  // namespace

std::string json_of(const Picture& picture) {
  return listed(picture.nodes, [](const PictureNode& node) { return json(node); });
}

}  // namespace hourglass
