// The walk back, one node at a time:
//
//   StepThrough steps = step_through(loss, model.parameters());
//   for (const BackwardStep& step : steps) std::cout << describe_step(step) << "\n";
//   adam.step(steps.gradients());
//
// It is grad()'s own walk, held at every node, so that the gradients are grad()'s to the bit.
#pragma once
#include <cstddef>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "autograd/walk.h"
#include "tensor/parallel.h"

namespace hourglass {

class StepThrough {
 public:
  StepThrough(const Var& y, std::vector<Var> xs, GradOptions options, std::vector<Parameter> parameters = {});

  /// Goes on from node to node; can be gone through once.
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
      if (!steps_->walk_->next(&steps_->step_)) steps_ = nullptr;
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& a, std::default_sentinel_t) { return a.steps_ == nullptr; }

   private:
    StepThrough* steps_ = nullptr;
  };
  Iterator begin() { return Iterator(this); }
  std::default_sentinel_t end() const { return {}; }

  /// What grad() gives, for each x; walks what has not been stepped through yet.
  std::vector<Var> gradients();

 private:
  std::vector<Var> ys_, xs_;
  std::vector<Parameter> parameters_;
  std::unique_ptr<BackwardWalk> walk_;
  BackwardStep step_;
};

/// What grad() with these arguments does. While the range is stepped through, every step's ops are kept until the next.
StepThrough step_through(const Var& y, std::vector<Var> xs, GradOptions options = {});
StepThrough step_through(const Var& y, const std::vector<Parameter>& parameters, GradOptions options = {});

/// Some lines about a step: the node, what it received and from whom, what each rule made of it. `name` tells what
/// nodes are called; without one, they go by op and number.
std::string describe_step(const BackwardStep& step);
std::string describe_step(const BackwardStep& step, FunctionRef<std::string(const Node&)> name);

}  // namespace hourglass
