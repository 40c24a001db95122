#include "autograd/derivatives/derivatives.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>

#include "autograd/checkpoint.h"
#include "autograd/grad.h"
#include "autograd/ops.h"
#include "autograd/pull.h"
#include "autograd/tape.h"

namespace hourglass {
namespace {

// What all of them do: record f whether or not the caller records, of an argument that is a value of its own.
class Scope {
 public:
  // f's other uses of x, or of what x was computed from, are not its argument and count as constants.
  Var argument(const Var& x) const {
    if (!differentiable_ || !x.needs_gradient()) return variable(x.value());
    return record("argument", x.value(), wrt(x, [](const Var& g) { return g; }));
  }
  std::vector<Var> arguments(std::span<const Var> xs) const {
    std::vector<Var> ts;
    for (const Var& x : xs) ts.push_back(argument(x));
    return ts;
  }
  bool differentiable() const { return differentiable_; }
  Var result(Var y) const { return differentiable_ ? std::move(y) : y.detach(); }
  GradOptions options(bool retain = false) const {
    return {.create_graph = differentiable_, .retain_graph = retain, .allow_unused = true};
  }

 private:
  bool differentiable_ = recording();
  Recording on_{true};
};

FunctionOfMany of_many(const Function& f) {
  return [f](const std::vector<Var>& xs) { return f(xs[0]); };
}

void check_like(std::string_view op, std::string_view what, const Var& got, std::string_view whose, const Var& wanted) {
  check(got.shape() == wanted.shape() && got.dtype() == wanted.dtype(), op, what, " is ", describe(got), ", ", whose,
        " ", describe(wanted));
}
void check_number(std::string_view op, const Var& y) {
  check(y.numel() == 1, op, "needs a function that gives one number, got ", describe(y));
}

Shape joined(const Shape& a, const Shape& b) {
  Shape shape = a;
  for (const std::int64_t extent : b) shape.push_back(extent);
  return shape;
}

// Rows start, ..., stop - 1 of the identity matrix.
Tensor unit_rows(std::int64_t start, std::int64_t stop, std::int64_t count, Dtype dtype) {
  return one_hot(arange(start, stop), count, dtype);
}

// The most numbers that any value between y and the xs has.
std::int64_t largest_value(const Var& y, std::span<const Var> xs) {
  std::int64_t largest = 1;
  Tape tape({&y, 1}, xs);
  for (std::size_t n = 0; n < tape.size(); ++n)
    if (tape.leads_to_x(n)) largest = std::max(largest, numel(tape[n]->shape()));
  return largest;
}

// How many of `count` products to do at once; see JacobianOptions::chunk. In bench/derivatives, two megabytes at a time
// instead of all 50 gain a tenth.
std::int64_t chunk_of(std::string_view op, std::int64_t wanted, std::int64_t count, std::int64_t largest) {
  check(wanted >= 0, op, "chunk is ", wanted, "; it must be positive, or 0 to have it chosen");
  constexpr std::int64_t kNumbersAtOnce = 1 << 18;
  return std::clamp<std::int64_t>(wanted > 0 ? wanted : kNumbersAtOnce / largest, 1, std::max<std::int64_t>(1, count));
}

// Calls compute(start, stop) for one chunk after another and joins what they give along the first axis.
template <class Compute>
Var in_chunks(std::int64_t count, std::int64_t chunk, Compute compute) {
  std::vector<Var> parts;
  for (std::int64_t start = 0; start < count; start += chunk)
    parts.push_back(compute(start, std::min(start + chunk, count)));
  return parts.size() == 1 ? parts[0] : concat(parts, 0);
}

// dy/dx for each x, where y is recorded. The graph is kept.
std::vector<Var> jacobian_of(const Var& y, std::span<const Var> xs, std::int64_t chunk, const Scope& scope) {
  GradOptions options = scope.options(true);
  options.batched = true;
  std::vector<std::vector<Var>> parts(xs.size());
  for (std::int64_t start = 0; start < y.numel(); start += chunk) {
    const std::int64_t stop = std::min(start + chunk, y.numel());
    const Tensor units = unit_rows(start, stop, y.numel(), y.dtype());
    const Var u = constant(reshape(units, in_front(stop - start, y.shape())));
    const std::vector<Var> rows = grad({&y, 1}, {&u, 1}, xs, options);
    for (std::size_t i = 0; i < xs.size(); ++i) parts[i].push_back(rows[i]);
  }
  std::vector<Var> result;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    const Shape shape = joined(y.shape(), xs[i].shape());
    result.push_back(parts[i].empty() ? constant(zeros(shape, y.dtype()))
                                      : scope.result(reshape(concat(parts[i], 0), shape)));
  }
  return result;
}

// The tangent of y when the xs have these, oldest node first. Tangents may have a leading axis that y and xs have not.
Var tangent_of(const Var& y, std::span<const Var> xs, std::span<const Var> ts, bool many) {
  Tape tape({&y, 1}, xs);
  const Walking walking(y.node() ? y.node()->order() : 0);
  std::vector<std::optional<Var>> tangents(tape.size() + 1);
  const auto add = [&](std::size_t n, const Var& t) { tangents[n] = tangents[n] ? *tangents[n] + t : t; };
  for (std::size_t i = 0; i < xs.size(); ++i)
    if (const std::size_t n = tape.find(xs[i].node()); n < tape.size()) add(n, ts[i]);
  for (std::size_t n = tape.size(); n-- > 0;) {
    Node& node = *tape[n];
    if (tape.is_x(n)) continue;
    for (int i = 0; i < node.input_count(); ++i)
      if (const auto& t = tangents[tape.find(node.input(i), n)])
        add(n, many ? push_many(node, i, *t) : push(node, i, *t));
  }
  const std::size_t last = tape.find(y.node());
  if (last < tape.size() && tangents[last]) return *tangents[last];
  return constant(zeros(many ? in_front(ts[0].size(0), y.shape()) : y.shape(), y.dtype()));
}

}  // namespace

// ---- products

Products vjp(const FunctionOfMany& f, std::span<const Var> xs, const Var& u) {
  const Scope scope;
  const std::vector<Var> ts = scope.arguments(xs);
  const Var y = f(ts);
  check_like("vjp", "u", u, "the function's value", y);
  Products result{scope.result(y), grad({&y, 1}, {&u, 1}, ts, scope.options())};
  return result;
}
Product vjp(const Function& f, const Var& x, const Var& u) {
  const Products result = vjp(of_many(f), std::span(&x, 1), u);
  return {result.value, result.products[0]};
}

Product jvp(const FunctionOfMany& f, std::span<const Var> xs, std::span<const Var> vs) {
  check(xs.size() == vs.size(), "jvp", xs.size(), " arguments, but ", vs.size(), " tangents");
  for (std::size_t i = 0; i < xs.size(); ++i) check_like("jvp", join("tangent ", i), vs[i], "its argument", xs[i]);
  const Scope scope;
  const std::vector<Var> ts = scope.arguments(xs);
  const Var y = f(ts);
  const Recording as_the_caller(scope.differentiable());
  return {scope.result(y), scope.result(tangent_of(y, ts, vs, false))};
}
Product jvp(const Function& f, const Var& x, const Var& v) { return jvp(of_many(f), {&x, 1}, {&v, 1}); }

std::vector<Var> hvp(const Var& y, std::span<const Var> xs, std::span<const Var> vs) {
  check_number("hvp", y);
  check(xs.size() == vs.size(), "hvp", xs.size(), " arguments, but ", vs.size(), " directions");
  for (std::size_t i = 0; i < xs.size(); ++i) check_like("hvp", join("direction ", i), vs[i], "its argument", xs[i]);
  const bool differentiable = recording();
  const std::vector<Var> gs = grad(y, xs, {.create_graph = true, .allow_unused = true});
  return grad(gs, vs, xs, {.create_graph = differentiable, .retain_graph = true, .allow_unused = true});
}
Product hvp(const Function& f, const Var& x, const Var& v) {
  const Scope scope;
  const Var t = scope.argument(x), y = f(t);
  return {scope.result(y), scope.result(hvp(y, {&t, 1}, {&v, 1})[0])};
}

// ---- matrices

std::vector<Var> jacobian(const FunctionOfMany& f, std::span<const Var> xs, JacobianOptions options) {
  const Scope scope;
  const std::vector<Var> ts = scope.arguments(xs);
  const Var y = f(ts);
  return jacobian_of(y, ts, chunk_of("jacobian", options.chunk, y.numel(), largest_value(y, ts)), scope);
}
Var jacobian(const Function& f, const Var& x, JacobianOptions options) {
  return jacobian(of_many(f), std::span(&x, 1), options)[0];
}

std::vector<std::vector<Var>> hessian(const FunctionOfMany& f, std::span<const Var> xs, JacobianOptions options) {
  const Scope scope;
  const std::vector<Var> ts = scope.arguments(xs);
  const Var y = f(ts);
  check_number("hessian", y);
  const std::vector<Var> gradients = grad(y, ts, {.create_graph = true, .allow_unused = true});
  std::vector<std::vector<Var>> rows;
  for (const Var& g : gradients)
    rows.push_back(jacobian_of(g, ts, chunk_of("hessian", options.chunk, g.numel(), largest_value(g, ts)), scope));
  return rows;
}
Var hessian(const Function& f, const Var& x, JacobianOptions options) {
  return hessian(of_many(f), std::span(&x, 1), options)[0][0];
}

namespace {

void check_batches(std::string_view op, const Var& h, const Var& x) {
  check(h.dim() > 0 && x.dim() > 0 && h.size(0) == x.size(0), op,
        "needs a function from [batch, ...] to [batch, ...]; x is ", describe(x), ", f(x) ", describe(h));
}

// Units start, ..., stop - 1 of every sample of h, one after another: [stop - start, shape of h].
Var sample_units(std::int64_t start, std::int64_t stop, const Var& h) {
  Shape unit = h.shape();
  unit[0] = 1;
  const Tensor rows = unit_rows(start, stop, numel(unit), h.dtype());
  return constant(broadcast_to(reshape(rows, in_front(stop - start, unit)), in_front(stop - start, h.shape())));
}
std::int64_t units_of(const Var& h) { return h.size(0) == 0 ? 0 : h.numel() / h.size(0); }

// Rows first, ..., last - 1 of W, of an op x Wᵀ that may not say what W is; but its rule, given rows of 1, gives W.
Var matrix_rows(Node& node, std::int64_t first, std::int64_t last) {
  const std::int64_t units = node.shape()[1];
  if (const ProductRule* rule = node.product_rule())
    return last - first == units ? rule->matrix : slice(rule->matrix, 0, first, last);
  return node.pull(0, constant(unit_rows(first, last, units, node.dtype())));
}

}  // namespace

Var batch_jacobian(const Function& f, const Var& x, JacobianOptions options) {
  const Scope scope;
  const Var t = scope.argument(x), y = f(t);
  check_batches("batch_jacobian", y, x);
  GradOptions with = scope.options(true);
  with.batched = true;
  Shape shape = y.shape();
  for (int axis = 1; axis < x.dim(); ++axis) shape.push_back(x.size(axis));
  const std::int64_t units = units_of(y);
  if (units == 0) return constant(zeros(shape, y.dtype()));
  const Var rows = in_chunks(units, chunk_of("batch_jacobian", options.chunk, units, largest_value(y, {&t, 1})),
                             [&](std::int64_t start, std::int64_t stop) {
                               const Var u = sample_units(start, stop, y);
                               return grad({&y, 1}, {&u, 1}, {&t, 1}, with)[0];
                             });
  return scope.result(reshape(transpose(rows, 0, 1), shape));
}

// ---- the size of a Jacobian

namespace {

constexpr std::string_view kNorm = "squared_jacobian_norm";

// Σ x² over all axes from the third on: two passes here and one in the rule, where sum(square(x)) has two and three.
Var sum_of_squares(const Var& x) {
  const Shape kept = [&] {
    Shape shape = x.shape();
    for (int axis = 2; axis < x.dim(); ++axis) shape[axis] = 1;
    return shape;
  }();
  const Shape reduced{x.size(0), x.size(1)};
  return record("sum_of_squares", reshape(sum_to(square(x.value()), kept), reduced),
                wrt(x, [x, kept](const Var& g) { return x * reshape(g * 2, kept); }));
}

// Σ a M aᵀ for each row a, the last axis of A, and symmetric M. The rule by A is 2 g A M, and A M is known.
Var quadratic_form(const Var& a, const Var& m) {
  const Var am = matmul(a, m);
  return record("quadratic_form", sum(a.value() * am.value(), {-1}),
                wrt(a, [am](const Var& g) { return am * unsqueeze(g * 2, -1); }), wrt(m, [a](const Var& g) {
                  const std::int64_t n = a.size(-1);
                  return matmul(transpose(reshape(a * unsqueeze(g, -1), {-1, n})), reshape(a, {-1, n}));
                }));
}

// The Jacobians of a batch of samples, from the recorded way from x to h. The end of that way is often known in closed
// form: h = s(u), and u = v Wᵀ + b. Then the walk starts at v, with rows of W in place of rows of the identity.
class SampleJacobians {
 public:
  SampleJacobians(const Var& h, const Var& x)
      : tape_({&h, 1}, {&x, 1}), x_(x.node()), start_(h.node()), units_(units_of(h)), order_(h.node()->order()) {
    const Walking walking(order_);
    for (int i; start_ != x_ && is_elementwise(*start_) && (i = only_input(*start_)) >= 0 &&
                start_->input(i)->shape() == start_->shape();
         start_ = start_->input(i))
      slope_ = start_->pull(i, slope_ ? *slope_ : constant(ones(start_->shape(), start_->dtype())));
    if (start_ != x_ && is_affine(*start_)) matrix_ = start_;
    if (matrix_) start_ = matrix_->input(0);
  }

  std::int64_t units() const { return units_; }
  bool ends_at_x() const { return start_ == x_; }
  bool has_matrix() const { return static_cast<bool>(matrix_); }

  // Rows of du/d(stop): [how many, batch, ...], or with a batch of 1 where they are the same for all samples.
  Var rows(std::int64_t first, std::int64_t last, const NodePtr& stop, const GradOptions& options) const {
    if (matrix_ && stop == matrix_) return unsqueeze(constant(unit_rows(first, last, units_, stop->dtype())), 1);
    const Walking walking(order_);
    const Var begin = handle(start_);
    Var u;
    if (matrix_) {
      u = unsqueeze(matrix_rows(*matrix_, first, last), 1);
      if (start_ == stop) return u;
      u = expand(u, in_front(last - first, start_->shape()));
    } else {
      u = sample_units(first, last, begin);
    }
    const Var end = handle(stop);
    return grad({&begin, 1}, {&u, 1}, {&end, 1}, options)[0];
  }

  // ‖row of dh‖² from ‖row of du‖²: [units, batch] to [batch].
  Var total(const Var& squares) const {
    if (!slope_) return sum(squares, {0});
    return sum(square(reshape(*slope_, {-1, units_})) * transpose(squares), {1});
  }

  // The affine layer that x, and nothing else, goes into before anything else is done to it.
  NodePtr first_layer() {
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
      if (is_affine(*user)) return user;
      check(user->op() == "reshape" && user->shape()[0] == x_->shape()[0], kNorm,
            "gram needs an f that begins with an affine layer, linear or a product with a matrix; this begins with ",
            user->op());
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
  bool is_affine(const Node& node) const {
    return (node.op() == "linear" || node.op() == "matmul") && only_input(node) == 0 && node.shape().size() == 2 &&
           node.input(0)->shape().size() == 2;
  }

  Tape tape_;
  NodePtr x_, start_, matrix_;
  std::optional<Var> slope_;
  std::int64_t units_;
  int order_;
};

Var random_cotangent(const Var& h, const JacobianNormOptions& options) {
  if (options.distribution == Probe::normal) return constant(options.rng->normal(h.shape(), 0, 1, h.dtype()));
  return constant(options.rng->bernoulli(h.shape(), 0.5, h.dtype()) * 2 - 1);
}

}  // namespace

Var squared_jacobian_norm(const Function& f, const Var& x, const JacobianNormOptions& options) {
  const Scope scope;
  const Var t = scope.argument(x), h = f(t);
  check_batches(kNorm, h, x);
  if (!h.needs_gradient() || h.numel() == 0 || x.numel() == 0) return constant(zeros({x.size(0)}, h.dtype()));
  const std::int64_t largest = largest_value(h, {&t, 1});
  bool recompute = false;
  const auto chunked = [&](std::int64_t count, auto compute) {
    constexpr std::int64_t kNumbersKept = 1 << 26;
    recompute = scope.differentiable() && options.recompute.value_or(count > kNumbersKept / largest);
    return in_chunks(count, chunk_of(kNorm, options.chunk, count, largest), compute);
  };
  // What each chunk calls, now, and if it is to be recomputed once more when it is differentiated.
  const auto now = [&](auto compute) {
    return recompute ? checkpoint([compute](const std::vector<Var>&) { return compute(); }, {}) : compute();
  };
  GradOptions with = scope.options(true);
  with.batched = true;

  switch (options.method) {
    case JacobianNorm::hutchinson: {
      check(options.rng != nullptr, kNorm, "hutchinson draws random numbers; pass {.rng = &rng}");
      check(options.samples > 0, kNorm, "samples is ", options.samples, "; it must be positive");
      const Var squares = chunked(options.samples, [&](std::int64_t start, std::int64_t stop) {
        std::vector<Var> draws;
        for (std::int64_t k = start; k < stop; ++k) draws.push_back(random_cotangent(h, options));
        return now([h, t, u = stack(draws), with] { return sum_of_squares(grad({&h, 1}, {&u, 1}, {&t, 1}, with)[0]); });
      });
      return scope.result(mean(squares, {0}));
    }
    case JacobianNorm::forward: {
      const Recording as_the_caller(scope.differentiable());
      const Var squares = chunked(units_of(t), [&](std::int64_t start, std::int64_t stop) {
        return now([h, t, v = sample_units(start, stop, t)] {
          return sum_of_squares(tangent_of(h, {&t, 1}, {&v, 1}, true));
        });
      });
      return scope.result(sum(squares, {0}));
    }
    case JacobianNorm::exact:
    case JacobianNorm::closed_form:
    case JacobianNorm::gram: break;
  }

  const Recording as_the_caller(scope.differentiable());
  const auto j = std::make_shared<SampleJacobians>(h, t);
  check(options.method != JacobianNorm::closed_form || (j->has_matrix() && j->ends_at_x()), kNorm,
        "closed_form needs an f of one affine layer and elementwise ops behind it; use exact or gram");
  Var squares;
  if (options.method == JacobianNorm::gram) {
    const NodePtr first = j->first_layer();
    const Var w = matrix_rows(*first, 0, first->shape()[1]);
    const Var m = matmul(w, transpose(w));
    squares = chunked(j->units(), [&](std::int64_t start, std::int64_t stop) {
      return now([=] { return quadratic_form(j->rows(start, stop, first, with), m); });
    });
  } else if (j->has_matrix() && j->ends_at_x()) {  // the rows are W's own, the same for all samples: no need to chunk
    squares = sum_of_squares(j->rows(0, j->units(), t.node(), with));
  } else {
    squares = chunked(j->units(), [&](std::int64_t start, std::int64_t stop) {
      return now([=] { return sum_of_squares(j->rows(start, stop, t.node(), with)); });
    });
  }
  return scope.result(broadcast_to(j->total(squares), {x.size(0)}));
}

}  // namespace hourglass
