// SPDX-License-Identifier: MIT
// Pictures of the tape: as text, for Graphviz, and as a page to click through.
//
//   Trace trace;                                            // notes values and call sites from here on
//   const Var loss = ...;
//   std::cout << tape_text(loss, {.parameters = model.parameters(), .trace = &trace});
//   std::ofstream("step.html") << tape_html(loss, {.parameters = model.parameters(), .trace = &trace});
#pragma once
#include <string>

#include "autograd/inspect/picture.h"

namespace hourglass {

/// One line per node: number, op, inputs, shape, values, gradient, module and call site. An error if y is a constant.
std::string tape_text(const Var& y, const PictureOptions& options = {});
/// For Graphviz: `dot -Tsvg`.
std::string tape_dot(const Var& y, const PictureOptions& options = {});
/// One HTML file that needs no network. It shows the graph. A click on a node shows its values, its derivative, the
/// gradient that it received and passed on, and the way from the end of the graph to it.
std::string tape_html(const Var& y, const PictureOptions& options = {});

}  // namespace hourglass
