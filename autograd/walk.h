// BackwardWalk: reverse mode, one node at a time. grad() runs it to its end; step_through() stops at every node to
// look.
#pragma once
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "autograd/grad.h"
#include "autograd/node.h"
#include "autograd/tape.h"

namespace hourglass {

/// An op that a rule ran.
struct RuleOp {
  std::string_view op;
  std::vector<Operand> operands;
  Tensor value;
};

/// What happened at one node on the way back.
struct BackwardStep {
  /// A user of the node passed this share on to it. No user: that is where the walk began.
  struct Arrival {
    NodePtr from;
    Tensor share;
  };
  /// What a rule made of `received` for one input.
  struct Passed {
    int input;
    NodePtr to;
    Var share;
    std::vector<RuleOp> ran;  ///< how; nothing where the gradient is passed on as it came
  };

  NodePtr node;
  std::vector<Arrival> arrivals;
  Var received;  ///< the sum of what arrived: the gradient by the node's value
  std::vector<Passed> passed;
};

/// The arguments are grad()'s. They are checked here, and must outlive the walk; `parameters`, if there are any, are
/// the xs under the names that errors tell.
class BackwardWalk {
 public:
  BackwardWalk(std::span<const Var> ys, std::span<const Var> cotangents, std::span<const Var> xs, GradOptions options,
               std::span<const Parameter> parameters = {});

  /// Visits the next node that has a gradient and leads to some x, youngest first; false if none is left. `seen`, if
  /// given at every visit, is told all about it.
  bool next(BackwardStep* seen = nullptr);
  /// Visits all that are left.
  void run();
  /// For each x, what has arrived there.
  std::vector<Var> gradients() const;

 private:
  // What has come back from a slice of some x.
  struct Piece {
    SliceRule rule;
    Var g;
  };
  bool visit(BackwardStep* seen);
  static Var put_together(std::vector<Piece> pieces);
  void check_arguments(std::span<const Var> cotangents);
  void add(std::size_t n, Var contribution);
  Shape shaped(const Shape& shape) const;
  std::string name(std::size_t i) const;

  std::span<const Var> ys_, xs_;
  GradOptions options_;
  std::span<const Parameter> parameters_;
  std::int64_t count_ = 0;  // how many gradients a batch has
  std::optional<Tape> tape_;
  std::vector<std::optional<Var>> gradients_;
  std::map<std::size_t, std::vector<Piece>> pieces_;
  std::vector<std::vector<BackwardStep::Arrival>> arrivals_;  // kept while steps are looked at
  int order_ = 0;
  std::size_t at_ = 0;
};

}  // namespace hourglass
