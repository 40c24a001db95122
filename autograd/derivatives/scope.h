// SPDX-License-Identifier: MIT
// What the derivatives of functions have in common: a scope that records, arguments, and products in chunks.
#pragma once
#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "autograd/derivatives/products.h"
#include "autograd/grad.h"
#include "autograd/ops.h"
#include "autograd/share.h"

namespace hourglass {

/// While one lives, ops record, whether or not the caller records. Results are differentiable only if the caller does.
class DerivativeScope {
 public:
  /// x as the argument of f. Other uses of x in f, or of what x was computed from, count as constants.
  Var argument(const Var& x) const;
  std::vector<Var> arguments(std::span<const Var> xs) const;
  bool differentiable() const { return differentiable_; }
  Var result(Var y) const { return differentiable_ ? std::move(y) : y.detach(); }
  GradOptions options(bool retain = false) const {
    return {.create_graph = differentiable_, .retain_graph = retain, .allow_unused = true};
  }

 private:
  bool differentiable_ = recording();
  Recording on_{true};
};

FunctionOfMany of_many(const Function& f);

void check_like(std::string_view op, std::string_view what, const Var& got, std::string_view whose, const Var& wanted);
void check_number(std::string_view op, const Var& y);
/// h = f(x) must have x's batch.
void check_batches(std::string_view op, const Var& h, const Var& x);

/// The most elements that any value between y and the xs has.
std::int64_t largest_value(const Var& y, std::span<const Var> xs);
/// How many of `count` products to do at once; see JacobianOptions::chunk.
std::int64_t chunk_of(std::string_view op, std::int64_t wanted, std::int64_t count, std::int64_t largest);
/// Calls compute(start, stop) for one chunk after another and joins the results along the first axis.
template <class Compute>
Var in_chunks(std::int64_t count, std::int64_t chunk, Compute compute) {
  std::vector<Var> parts;
  for (std::int64_t start = 0; start < count; start += chunk)
    parts.push_back(compute(start, std::min(start + chunk, count)));
  return parts.size() == 1 ? parts[0] : concat(parts, 0);
}

/// Rows start, ..., stop - 1 of the identity matrix.
Tensor unit_rows(std::int64_t start, std::int64_t stop, std::int64_t count, Dtype dtype);
/// The same for every sample of h: [stop - start, shape of h].
Var sample_units(std::int64_t start, std::int64_t stop, const Var& h);
/// The number of elements of each sample.
std::int64_t units_of(const Var& h);

}  // namespace hourglass
