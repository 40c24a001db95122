// SPDX-License-Identifier: MIT
// The parts of the page that are made of a picture: its graph as SVG, its data as JSON.
#pragma once
#include <string>
#include <string_view>

#include "autograd/inspect/picture.h"

namespace hourglass {

/// The boxes have the ids n0, n1, ... by place among the nodes; input i's line to node k is e<k>_<i>.
std::string svg_of(const Picture& picture);
/// An array of the nodes, which the page's script reads. It can go into a script element as it is.
std::string json_of(const Picture& picture);
/// With &, <, > and quotes as entities.
std::string html_escaped(std::string_view text);

}  // namespace hourglass
