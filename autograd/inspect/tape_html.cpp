// SPDX-License-Identifier: MIT
// The tape as a page.
#include <sstream>

#include "autograd/inspect/tape_html_parts.h"
#include "autograd/inspect/tape_page.h"
#include "autograd/inspect/tape_picture.h"

namespace hourglass {

std::string html_escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&': result += "&amp;"; break;
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '"': result += "&quot;"; break;
      case '\'': result += "&#39;"; break;
      default: result += c;
    }
  }
  return result;
}

std::string tape_html(const Var& y, const PictureOptions& options) {
  const Picture picture = picture_of(y, options, 400);
  bool derivatives = false, second = false;
  for (const PictureNode& node : picture.nodes) {
    derivatives |= node.order == 1;
    second |= node.order > 1;
  }
  std::ostringstream out;
  out << "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" << html_escaped(options.title)
      << "</title><style>" << kPageStyle << "</style></head>\n<body><header><h1>" << html_escaped(options.title)
      << "</h1><div class=\"legend\"><span><i class=\"leaf\"></i>parameters, variables</span><span><i "
         "class=\"order0\"></i>what the program computes</span>";
  if (derivatives) out << "<span><i class=\"order1\"></i>its derivatives, recorded to be differentiated</span>";
  if (second) out << "<span><i class=\"order2\"></i>second derivatives</span>";
  out << "</div><div class=\"soft\">" << picture.nodes.size() << " nodes";
  if (picture.left_out > 0) out << ", " << picture.left_out << " older ones not shown";
  out << "</div>";
  if (!picture.why_no_gradients.empty())
    out << "<div class=\"bad\">no gradients: " << html_escaped(picture.why_no_gradients) << "</div>";
  out << "<div class=\"tools\"><button id=\"in\">+</button> <button id=\"out\">−</button> <button "
         "id=\"fit\">whole</button></div></header>\n<div id=\"view\">"
      << svg_of(picture) << "</div><aside id=\"panel\"></aside>\n<script type=\"application/json\" id=\"data\">"
      << json_of(picture) << "</script>\n<script>" << kPageScript << "</script></body></html>\n";
  return out.str();
}

}  // namespace hourglass
