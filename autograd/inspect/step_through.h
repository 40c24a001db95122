// SPDX-License-Identifier: MIT
// step_through: the walk back, one node at a time.
//
//   StepThrough steps = step_through(loss, model.parameters());
//   for (const BackwardStep& step : steps) std::cout << describe_step(step) << "\n";
//   adam.step(steps.gradients());
//
// It is grad()'s own walk, stopped at every node. The gradients are those of grad(), bit for bit.
#pragma once
#include <cstddef>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "autograd/observe.h"
#include "autograd/walk.h"
#include "tensor/parallel.h"

namespace hourglass {

/// An op that a rule ran.
struct RuleOp {
  std::string_view op;
  std::vector<Operand> operands;
  Tensor value;
};

/// What happened at one node on the way back.
struct BackwardStep {
  /// A user of the node passed this share on to it. No user: the walk began here.
  struct Arrival {
    NodePtr from;
    Tensor share;
  };
  /// What a rule made of `received` for one input.
  struct Passed {
    int input;
    NodePtr to;
    Var share;
    std::vector<RuleOp> ran;  ///< How; empty if the gradient is passed on as it came.
  };

  NodePtr node;
  std::vector<Arrival> arrivals;
  Var received;  ///< The sum of what arrived: the gradient by the node's value.
  std::vector<Passed> passed;
};

class StepThrough {
 public:
  /// Of the sum of y's elements. The options are grad()'s, without `batched`.
  StepThrough(const Var& y, std::vector<Var> xs, GradOptions options, std::vector<Parameter> parameters = {});

  /// Moves from node to node. An input iterator: it can go through the walk once.
  class Iterator {
   public:
    using value_type = BackwardStep;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;
    Iterator() = default;
    explicit Iterator(StepThrough* steps) : steps_(steps) { ++*this; }
    const BackwardStep& operator*() const { return steps_->step_; }
    const BackwardStep* operator->() const { return &steps_->step_; }
    Iterator& operator++() {
      if (!steps_->next()) steps_ = nullptr;
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& a, std::default_sentinel_t) { return a.steps_ == nullptr; }

   private:
    StepThrough* steps_ = nullptr;
  };
  Iterator begin() { return Iterator(this); }
  std::default_sentinel_t end() const { return {}; }

  /// The gradient for each x, as grad() gives it. Walks to the end first if some steps are left.
  std::vector<Var> gradients();

 private:
  using Arrivals = std::unordered_map<const Node*, std::vector<BackwardStep::Arrival>>;
  class Recorder;
  bool next();

  std::vector<Var> ys_, xs_;
  std::vector<Parameter> parameters_;
  std::unique_ptr<BackwardWalk> walk_;
  BackwardStep step_;
  Arrivals arrivals_;  // at nodes that the walk has not come to
};

/// The steps of grad() with these arguments. A step keeps its ops' tensors until the next step.
StepThrough step_through(const Var& y, std::vector<Var> xs, GradOptions options = {});
StepThrough step_through(const Var& y, const std::vector<Parameter>& parameters, GradOptions options = {});

/// Some lines about a step: the node, the gradient that it received and from which nodes, and the result of each rule.
/// `name` gives the nodes' names. Without it, a node is called by its op and number.
std::string describe_step(const BackwardStep& step);
std::string describe_step(const BackwardStep& step, FunctionRef<std::string(const Node&)> name);

}  // namespace hourglass
