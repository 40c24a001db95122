// SPDX-License-Identifier: MIT
// BackwardWalk: reverse-mode differentiation, one node at a time. grad() runs it to its end; step_through() stops at
// every node.
#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "autograd/grad.h"
#include "autograd/share.h"
#include "autograd/tape.h"

namespace hourglass {

class BackwardWalk {
 public:
  /// The arguments are grad()'s. They are checked here, and must outlive the walk. If `parameters` are given, they are
  /// the xs, and errors show their names.
  BackwardWalk(std::span<const Var> ys, std::span<const Var> cotangents, std::span<const Var> xs, GradOptions options,
               std::span<const Parameter> parameters = {});

  /// Visits the next node that has a gradient and leads to some x, youngest first; false if none is left.
  bool next();
  /// For each x, the gradient that has arrived there.
  std::vector<Var> gradients();

 private:
  std::span<const Var> xs_;
  std::span<const Parameter> parameters_;
  GradOptions options_;
  std::int64_t count_;  // how many gradients a batch has
  Tape tape_;
  std::vector<Slot> slots_;  // one for each node of the tape
  std::size_t at_ = 0;
  int order_ = 0;
};

}  // namespace hourglass
