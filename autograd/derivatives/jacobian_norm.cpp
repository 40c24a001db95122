// SPDX-License-Identifier: MIT
#include "autograd/derivatives/jacobian_norm.h"

#include <memory>
#include <optional>

#include "autograd/checkpoint.h"
#include "autograd/derivatives/scope.h"
#include "autograd/derivatives/tangent.h"
#include "autograd/ops/quadratic.h"
#include "autograd/ops/rules.h"
#include "autograd/tape.h"

namespace hourglass {
namespace {

constexpr std::string_view kNorm = "squared_jacobian_norm";

// What is known about the recorded path from x to h. The Jacobian of its end is often known: h = s(u) with an
// elementwise s, and u = v Wᵀ + b. Then the walk for rows of dh/dx starts at v instead of h, with rows of W in place of
// rows of the identity.
class KnownEnds {
 public:
  KnownEnds(const Var& h, const Var& x)
      : tape_({&h, 1}, {&x, 1}), x_(x.node()), start_(h.node()), units_(units_of(h)), order_(h.node()->order()) {
    const OrderScope deeper(order_);
    while (start_ != x_ && start_->op().is_elementwise) {
      const int i = only_input(*start_);
      if (i < 0 || start_->input(i)->shape() != start_->shape()) break;
      slope_ = start_->vjp(i, slope_ ? *slope_ : constant(ones(start_->shape(), start_->dtype()))).whole();
      start_ = start_->input(i);
    }
    if (start_ != x_) matrix_ = weight_of(*start_);
    if (matrix_) {
      affine_ = start_;
      start_ = start_->input(0);
    }
  }

  std::int64_t units() const { return units_; }
  /// Whether h = s(x Wᵀ + b).
  bool is_one_layer() const { return matrix_ && start_ == x_; }

  /// Rows first, ..., last - 1 of du/d(stop): [rows, batch, ...], with a batch of 1 if they are the same for all
  /// samples.
  Var rows(std::int64_t first, std::int64_t last, const NodePtr& stop, const GradOptions& options) const {
    if (affine_ && stop == affine_) return unsqueeze(constant(unit_rows(first, last, units_, stop->dtype())), 1);
    const OrderScope deeper(order_);
    const Var begin = handle(start_);
    Var u;
    if (matrix_) {
      u = unsqueeze(last - first == units_ ? *matrix_ : slice(*matrix_, 0, first, last), 1);
      if (start_ == stop) return u;
      u = expand(u, in_front(last - first, start_->shape()));
    } else {
      u = sample_units(first, last, begin);
    }
    const Var end = handle(stop);
    return grad({&begin, 1}, {&u, 1}, {&end, 1}, options)[0];
  }

  /// ‖row of dh‖² from ‖row of du‖²: [units, batch] to [batch].
  Var total(const Var& squares) const {
    if (!slope_) return sum(squares, {0});
    return sum(square(reshape(*slope_, {-1, units_})) * transpose(squares), {1});
  }

  struct Layer {
    NodePtr node;
    Var weight;
  };
  /// The affine layer that x goes into first. It must be the only use of x.
  Layer first_layer() {
    NodePtr from = x_;
    while (true) {
      NodePtr user;
      int uses = 0;
      for (std::size_t n = 0; n < tape_.size(); ++n)
        for (int i = 0; i < tape_[n]->input_count(); ++i)
          if (tape_[n]->input(i) == from) {
            user = tape_[n];
            ++uses;
          }
      check(uses == 1, kNorm, "gram needs an f that passes x to one affine layer and nowhere else; here x has ", uses,
            " uses");
      if (const std::optional<Var> weight = weight_of(*user)) return {user, *weight};
      check(user->rule<ReshapeRule>(0) != nullptr && user->shape()[0] == x_->shape()[0], kNorm,
            "gram needs an f that begins with an affine layer, linear or a product with a matrix; this begins with ",
            user->op().name);
      from = user;
    }
  }

 private:
  int only_input(const Node& node) const {
    int found = -1;
    for (int i = 0; i < node.input_count(); ++i)
      if (tape_.leads_to_x(tape_.find(node.input(i)))) found = found == -1 ? i : -2;
    return found;
  }
  // W, if the node is a product of its first input with a matrix.
  std::optional<Var> weight_of(const Node& node) const {
    const ProductRule* const product = node.rule<ProductRule>(0);
    if (product == nullptr || only_input(node) != 0 || node.shape().size() != 2 || node.input(0)->shape().size() != 2)
      return std::nullopt;
    return product->weight();
  }

  Tape tape_;
  NodePtr x_, start_, affine_;
  std::optional<Var> matrix_, slope_;
  std::int64_t units_;
  int order_;
};

// One call of squared_jacobian_norm: f is recorded, h = f(t) for the argument t.
class NormOfJacobian {
 public:
  NormOfJacobian(const Var& h, const Var& t, const JacobianNormOptions& options, const DerivativeScope& scope)
      : h_(h), t_(t), options_(options), largest_(largest_value(h, {&t, 1})), differentiable_(scope.differentiable()) {
    batched_ = scope.options(true);
    batched_.batched = true;
  }

  // The mean of ‖vᵀJ‖² over random v.
  Var by_random_rows() {
    check(options_.rng != nullptr, kNorm, "hutchinson draws random numbers; pass {.rng = &rng}");
    check(options_.samples > 0, kNorm, "samples is ", options_.samples, "; it must be positive");
    return mean(in_chunks_of(options_.samples,
                             [&](std::int64_t start, std::int64_t stop) {
                               std::vector<Var> draws;
                               for (std::int64_t k = start; k < stop; ++k) draws.push_back(random_cotangent());
                               return maybe_again([h = h_, t = t_, u = stack(draws), with = batched_] {
                                 return sum_of_squares(grad({&h, 1}, {&u, 1}, {&t, 1}, with)[0]);
                               });
                             }),
                {0});
  }

  // All columns of J, by forward mode.
  Var by_columns() {
    const Recording as_the_caller(differentiable_);
    return sum(in_chunks_of(units_of(t_),
                            [&](std::int64_t start, std::int64_t stop) {
                              return maybe_again([h = h_, t = t_, v = sample_units(start, stop, t_)] {
                                return sum_of_squares(tangent_of(h, {&t, 1}, {&v, 1}, true));
                              });
                            }),
               {0});
  }

  // All rows of J, or only of its middle part if the ends of the path are known.
  Var by_rows() {
    const Recording as_the_caller(differentiable_);
    const auto known = std::make_shared<KnownEnds>(h_, t_);
    check(options_.method != JacobianNorm::closed_form || known->is_one_layer(), kNorm,
          "closed_form needs an f of one affine layer and elementwise ops behind it; use exact or gram");
    const GradOptions with = batched_;
    if (options_.method == JacobianNorm::gram) {
      const KnownEnds::Layer first = known->first_layer();
      const Var gram = matmul(first.weight, transpose(first.weight));
      return known->total(in_chunks_of(known->units(), [&](std::int64_t start, std::int64_t stop) {
        return maybe_again(
            [=, node = first.node] { return quadratic_form(known->rows(start, stop, node, with), gram); });
      }));
    }
    if (known->is_one_layer())  // the rows are W's own, the same for all samples: no need to chunk
      return known->total(sum_of_squares(known->rows(0, known->units(), t_.node(), with)));
    return known->total(in_chunks_of(known->units(), [&](std::int64_t start, std::int64_t stop) {
      return maybe_again([=, x = t_.node()] { return sum_of_squares(known->rows(start, stop, x, with)); });
    }));
  }

 private:
  template <class Compute>
  Var in_chunks_of(std::int64_t count, Compute compute) {
    constexpr std::int64_t kNumbersKept = 1 << 26;
    recompute_ = differentiable_ && options_.recompute.value_or(count > kNumbersKept / largest_);
    return in_chunks(count, chunk_of(kNorm, options_.chunk, count, largest_), compute);
  }
  // Calls compute. If steps are not kept, calls it once more when its result is differentiated.
  template <class Compute>
  Var maybe_again(Compute compute) const {
    return recompute_ ? checkpoint([compute](const std::vector<Var>&) { return compute(); }, {}) : compute();
  }
  Var random_cotangent() const {
    if (options_.distribution == Probe::normal) return constant(options_.rng->normal(h_.shape(), 0, 1, h_.dtype()));
    return constant(options_.rng->bernoulli(h_.shape(), 0.5, h_.dtype()) * 2 - 1);
  }

  const Var &h_, &t_;
  const JacobianNormOptions& options_;
  std::int64_t largest_;
  bool differentiable_, recompute_ = false;
  GradOptions batched_;
};

}  // namespace

Var squared_jacobian_norm(const Function& f, const Var& x, const JacobianNormOptions& options) {
  const DerivativeScope scope;
  const Var t = scope.argument(x), h = f(t);
  check_batches(kNorm, h, x);
  if (!h.needs_gradient() || h.numel() == 0 || x.numel() == 0) return constant(zeros({x.size(0)}, h.dtype()));
  NormOfJacobian norm(h, t, options, scope);
  const auto squares = [&] {
    switch (options.method) {
      case JacobianNorm::hutchinson: return norm.by_random_rows();
      case JacobianNorm::forward: return norm.by_columns();
      case JacobianNorm::exact:
      case JacobianNorm::closed_form:
      case JacobianNorm::gram: break;
    }
    return norm.by_rows();
  }();
  return scope.result(broadcast_to(squares, {x.size(0)}));
}

}  // namespace hourglass
