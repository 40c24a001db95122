// SPDX-License-Identifier: MIT
#include "autograd/derivatives/scope.h"

#include "autograd/ops/flow.h"
#include "autograd/tape.h"

namespace hourglass {

Var DerivativeScope::argument(const Var& x) const { return differentiable_ ? alias(x) : variable(x.value()); }

std::vector<Var> DerivativeScope::arguments(std::span<const Var> xs) const {
  std::vector<Var> ts;
  for (const Var& x : xs) ts.push_back(argument(x));
  return ts;
}

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
void check_batches(std::string_view op, const Var& h, const Var& x) {
  check(h.dim() > 0 && x.dim() > 0 && h.size(0) == x.size(0), op,
        "needs a function from [batch, ...] to [batch, ...]; x is ", describe(x), ", f(x) ", describe(h));
}

std::int64_t largest_value(const Var& y, std::span<const Var> xs) {
  std::int64_t largest = 1;
  Tape tape({&y, 1}, xs);
  for (std::size_t n = 0; n < tape.size(); ++n)
    if (tape.leads_to_x(n)) largest = std::max(largest, numel(tape[n]->shape()));
  return largest;
}

// 2 MB at a time instead of all 50 MB save a tenth of the time in bench/derivatives.cpp.
std::int64_t chunk_of(std::string_view op, std::int64_t wanted, std::int64_t count, std::int64_t largest) {
  check(wanted >= 0, op, "chunk is ", wanted, "; it must be positive, or 0 to have it chosen");
  constexpr std::int64_t kNumbersAtOnce = 1 << 18;
  return std::clamp<std::int64_t>(wanted > 0 ? wanted : kNumbersAtOnce / largest, 1, std::max<std::int64_t>(1, count));
}

Tensor unit_rows(std::int64_t start, std::int64_t stop, std::int64_t count, Dtype dtype) {
  return one_hot(arange(start, stop), count, dtype);
}
Var sample_units(std::int64_t start, std::int64_t stop, const Var& h) {
  Shape unit = h.shape();
  unit[0] = 1;
  const Tensor rows = unit_rows(start, stop, numel(unit), h.dtype());
  return constant(broadcast_to(reshape(rows, in_front(stop - start, unit)), in_front(stop - start, h.shape())));
}
std::int64_t units_of(const Var& h) { return h.size(0) == 0 ? 0 : h.numel() / h.size(0); }

}  // namespace hourglass
