// SPDX-License-Identifier: MIT
#include "autograd/walk.h"

#include <string>
#include <utility>

#include "autograd/ops.h"

namespace hourglass {

// ---- the walk

// Youngest first: when a node's turn comes, all its users have had theirs, and its gradient is complete.
bool BackwardWalk::next() {
  const Recording gradients_too(options_.create_graph);
  const OrderScope deeper(order_);
  while (at_ < tape_.size()) {
    const std::size_t n = at_++;
    const NodePtr node = std::move(tape_[n]);
    if (slots_[n].empty() || !tape_.leads_to_x(n)) continue;
    const Var g = tape_.is_x(n) ? slots_[n].sum() : slots_[n].take();  // x's gradient is a result
    if (tape_.is_x(n) && options_.partial) continue;
    Observing::visit(*node, g);
    bool passed_on = false;
    for (int i = 0; i < node->input_count(); ++i)
      if (const std::size_t to = tape_.find(node->input(i), n); tape_.leads_to_x(to)) {
        slots_[to].add(options_.batched ? shares_of(*node, i, g) : share_of(*node, i, g));
        passed_on = true;
      }
    node->finish();
    if (passed_on && !options_.retain_graph && !options_.create_graph) node->release();
    return true;
  }
  return false;
}

// ---- where it begins and ends

namespace {

std::string name_of(std::size_t i, std::span<const Parameter> parameters) {
  return parameters.empty() ? join("input ", i) : "parameter " + parameters[i].name();
}

// Returns how many gradients a batch has.
std::int64_t check_arguments(std::span<const Var> ys, std::span<const Var> cotangents, std::span<const Var> xs,
                             bool batched, std::span<const Parameter> parameters) {
  check(ys.size() == cotangents.size(), "grad", ys.size(), " values, but ", cotangents.size(), " cotangents");
  const std::int64_t count = batched && !cotangents.empty() && cotangents[0].dim() > 0 ? cotangents[0].size(0) : 0;
  for (std::size_t k = 0; k < ys.size(); ++k) {
    const Shape wanted = batched ? in_front(count, ys[k].shape()) : ys[k].shape();
    check(cotangents[k].shape() == wanted && cotangents[k].dtype() == ys[k].dtype(), "grad", "value ", k, " is ",
          describe(ys[k]), ", its cotangent ", describe(cotangents[k]),
          batched ? "; a batch of them is one axis more, in front, as long for every value" : "");
  }
  for (std::size_t i = 0; i < xs.size(); ++i)
    if (!xs[i].needs_gradient())
      fail("grad", name_of(i, parameters), ", ", describe(xs[i]),
           ", is a constant; make it a variable() before computing with it");
  return count;
}

}  // namespace

BackwardWalk::BackwardWalk(std::span<const Var> ys, std::span<const Var> cotangents, std::span<const Var> xs,
                           GradOptions options, std::span<const Parameter> parameters)
    : xs_(xs),
      parameters_(parameters),
      options_(options),
      count_(check_arguments(ys, cotangents, xs, options.batched, parameters)),
      tape_(ys, xs, options.partial),
      slots_(tape_.size()) {
  for (std::size_t k = 0; k < ys.size(); ++k)
    if (const std::size_t n = tape_.find(ys[k].node()); n < tape_.size()) slots_[n].add(cotangents[k]);
  if (options.create_graph)  // only then does the walk make nodes, and they need an order
    for (std::size_t n = 0; n < tape_.size(); ++n) order_ = std::max(order_, tape_[n]->order());
}

std::vector<Var> BackwardWalk::gradients() {
  std::vector<Var> result;
  result.reserve(xs_.size());
  for (std::size_t i = 0; i < xs_.size(); ++i) {
    const Var& x = xs_[i];
    const std::size_t n = tape_.find(x.node());
    const bool found = n < tape_.size() && !slots_[n].empty();
    if (!found && !options_.allow_unused)
      fail("grad", "the value does not depend on ", name_of(i, parameters_), ", ", describe(x),
           "; pass {.allow_unused = true} to get zeros for it");
    const auto none = [&] { return zeros(options_.batched ? in_front(count_, x.shape()) : x.shape(), x.dtype()); };
    result.push_back(found ? slots_[n].sum() : constant(none()));
  }
  return result;
}

// ---- grad

namespace {

std::vector<Var> grad_of(std::span<const Var> ys, std::span<const Var> cotangents, std::span<const Var> xs,
                         GradOptions options, std::span<const Parameter> parameters = {}) {
  BackwardWalk walk(ys, cotangents, xs, options, parameters);
  while (walk.next()) {
  }
  return walk.gradients();
}

Var cotangent_of_scalar(const Var& y) {
  check(y.numel() == 1, "grad", "needs a value of one element to differentiate, got ", describe(y),
        "; reduce it with sum or mean, or give a cotangent");
  return constant(ones_like(y.value()));
}

}  // namespace

std::vector<Var> grad(std::span<const Var> ys, std::span<const Var> cotangents, std::span<const Var> xs,
                      GradOptions options) {
  return grad_of(ys, cotangents, xs, options);
}

std::vector<Var> grad(const Var& y, std::span<const Var> xs, GradOptions options) {
  const Var one = cotangent_of_scalar(y);
  return grad_of({&y, 1}, {&one, 1}, xs, options);
}
std::vector<Var> grad(const Var& y, std::initializer_list<Var> xs, GradOptions options) {
  return grad(y, std::span<const Var>(xs.begin(), xs.size()), options);
}
Var grad(const Var& y, const Var& x, GradOptions options) { return grad(y, std::span<const Var>(&x, 1), options)[0]; }

std::vector<Var> grad(const Var& y, const std::vector<Parameter>& parameters, GradOptions options) {
  const Var one = cotangent_of_scalar(y);
  const std::vector<Var> xs(parameters.begin(), parameters.end());
  return grad_of({&y, 1}, {&one, 1}, xs, options, parameters);
}

}  // namespace hourglass
