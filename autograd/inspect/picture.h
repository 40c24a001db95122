// SPDX-License-Identifier: MIT
// Picture: a tape as data, with everything that is drawn of it. tape_picture.h draws it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "autograd/inspect/statistics.h"
#include "autograd/inspect/trace.h"
#include "autograd/parameter.h"

namespace hourglass {

struct PictureOptions {
  /// Gives nodes the names of these parameters. All leaves have gradients in the picture, named or not.
  std::vector<Parameter> parameters{};
  /// The Trace that lived when the nodes were made. Without one, pictures show only ops, shapes and gradients.
  const Trace* trace = nullptr;
  /// Walk back and show the gradients. The graph is kept; hooks and checkpointed functions run.
  bool gradients = true;
  /// The largest number of nodes shown: the youngest ones. 0 is a default that suits each kind of picture.
  std::size_t limit = 0;
  /// The title of the page.
  std::string title = "The tape";
};

struct PictureNode {
  struct Link {
    std::size_t to;  // place among the nodes
    std::string words;
    std::optional<Statistics> share;  // of the gradient
    std::vector<std::string> ran;     // the ops of the rule that made it
  };

  std::uint64_t id;
  std::string op, name, value_type;
  int order;
  bool is_leaf;
  std::string formula, path{}, line{}, rule{};
  std::optional<Statistics> value{}, gradient{};
  std::vector<std::string> constants{};
  std::vector<Link> inputs{};
  std::vector<std::size_t> users{};

  /// The name if there is one, or else the op.
  const std::string& title() const { return name.empty() ? op : name; }
};

struct Picture {
  std::vector<PictureNode> nodes;  // oldest first: the last one is y
  std::size_t left_out = 0;        // older nodes, beyond the limit
  std::string why_no_gradients;    // the error, if the walk back failed
};

/// The graph that y was computed by. An error if y is a constant. `default_limit` is used where the options have none.
Picture picture_of(const Var& y, const PictureOptions& options = {}, std::size_t default_limit = SIZE_MAX);

}  // namespace hourglass
