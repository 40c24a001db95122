// Pictures of the tape: as text, for Graphviz, and as a page to click through.
//
//   Trace trace;                                            // notes values and call sites from here on
//   const Var loss = ...;
//   std::cout << tape_text(loss, {.parameters = model.parameters(), .trace = &trace});
//   std::ofstream("step.html") << tape_html(loss, {.parameters = model.parameters(), .trace = &trace});
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "autograd/inspect/call_site.h"
#include "autograd/inspect/statistics.h"
#include "autograd/observe.h"
#include "autograd/parameter.h"

namespace hourglass {

/// While one lives, it notes of every op that this thread records what its values were like, where it was called, and
/// in which module. Notes are small (the tensors are not kept), and stay until the Trace goes.
class Trace : public Observer {
 public:
  struct Input {
    std::uint64_t node;  // 0 for a constant
    std::string description;
    Statistics statistics;
  };
  struct Note {
    Statistics value;
    std::vector<Input> inputs;
    CallStack stack;
    std::string path;  // of modules
    std::string rule;  // what it is part of the derivative of: "tanh"
  };

  /// Null where a node was made while this did not live.
  const Note* note(std::uint64_t node) const;
  std::size_t size() const { return notes_.size(); }
  /// Where it was called: see CallSites.
  std::string line_of(const Note& note) const { return sites_.line_of(note.stack); }
  void look_up_all() const;

  void on_op(const OpEvent& event) override;

 private:
  std::unordered_map<std::uint64_t, Note> notes_;
  mutable CallSites sites_;
};

struct PictureOptions {
  /// Their names; gradients are found whatever is listed here.
  std::vector<Parameter> parameters{};
  /// What a Trace noted when the nodes were made. Without one, pictures show ops, shapes and gradients alone.
  const Trace* trace = nullptr;
  /// Walk back (the graph is kept) and show the gradients. Hooks and checkpointed functions run for it.
  bool gradients = true;
  /// No more than so many nodes are shown, the youngest ones. 0: as many as suit the picture.
  std::size_t limit = 0;
  /// Of the page.
  std::string title = "The tape";
};

/// All that pictures say about a node.
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
};
struct Picture {
  std::vector<PictureNode> nodes;  // oldest first, so that the last one is what all was computed for
  std::size_t left_out = 0;        // older ones, beyond the limit
  std::string why_no_gradients;    // the error, if walking back was one
};
Picture picture_of(const Var& y, const PictureOptions& options = {});

/// A line for each node: number, op, shape, inputs, values, gradient, where. An error if y is a constant.
std::string tape_text(const Var& y, const PictureOptions& options = {});
/// For Graphviz: `dot -Tsvg`.
std::string tape_dot(const Var& y, const PictureOptions& options = {});
/// One HTML file, which needs no network: the graph, and for the node that is clicked its values, its derivative, what
/// it received and passed on, and the way from the end of the graph to it.
std::string tape_html(const Var& y, const PictureOptions& options = {});

}  // namespace hourglass
