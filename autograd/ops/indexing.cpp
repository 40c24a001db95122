// SPDX-License-Identifier: MIT
// Setting, reducing and picking at the places of an index.
#include "autograd/indexing.h"

#include <algorithm>
#include <vector>

#include "autograd/node.h"
#include "autograd/ops.h"
#include "tensor/composed/indexing.h"

namespace hourglass {
namespace {

// Of the numbers that go to one place, the last one stays: 1 for those that stay.
Tensor winners(const Shape& shape, std::int64_t axis, const Tensor& index) {
  const Tensor order = reshape(arange(index.numel()), index.shape());
  return gather(scatter(zeros(shape, Dtype::i64), axis, index, order), axis, index) == order;
}

void check_source(std::string_view op, const Tensor& index, const Var& source) {
  check(source.shape() == index.shape(), op, "index is ", describe(index), ", source ", describe(source),
        "; to differentiate, they must have one shape");
}

// Products of the source's numbers with one target, in x's shape, and 1 elsewhere. As in prod, they are trees of
// pairwise products, so zeros need no special case. The numbers are sorted by target; each round halves the runs.
Var scattered_products(const Var& x, std::int64_t axis, const Tensor& index, const Var& source) {
  const Tensor targets = flatten(gather(reshape(arange(x.numel()), x.shape()), axis, index));
  const Sorted sorted = sort(targets);
  std::vector<std::int64_t> places = sorted.values.to_vector<std::int64_t>();
  Var products = index_select(flatten(source), 0, sorted.indices);
  for (bool paired = true; paired;) {
    std::vector<std::int64_t> left, right, ends;
    std::vector<std::uint8_t> alone;
    for (std::size_t i = 0; i < places.size(); ++i) {
      const bool pair = i + 1 < places.size() && places[i + 1] == places[i];
      left.push_back(static_cast<std::int64_t>(i));
      right.push_back(static_cast<std::int64_t>(i + pair));
      alone.push_back(!pair);
      ends.push_back(places[i]);
      i += pair;
    }
    paired = ends.size() < places.size();
    if (!paired) break;
    products = index_select(products, 0, Tensor::from(left)) *
               where(Tensor::from(alone), 1, index_select(products, 0, Tensor::from(right)));
    places = std::move(ends);
  }
  const Tensor hit = flatten(composed::scatter_hits(x.shape(), axis, index));
  return reshape(index_add(constant(1 - to(hit, x.dtype())), 0, Tensor::from(places), products), x.shape());
}

// Equal extremes share the gradient evenly: the number of x and those of the source.
Var scattered_extremes(const Var& x, std::int64_t axis, const Tensor& index, const Var& source, Tensor value,
                       const Tensor& left_out) {
  static constexpr Op op{"scatter_reduce",
                         "the extremes of x and of elements of s",
                         {"dy/dx = 1 where it is the extreme; equals share", "dy/ds = 1 where it is the extreme"}};
  const Dtype dtype = x.dtype();
  const Tensor mine = to(logical_and(x.value() == value, logical_not(left_out)), dtype),
               theirs = to(source.value() == gather(value, axis, index), dtype);
  const Tensor share = 1 / scatter_add(mine, axis, index, theirs);
  return record(op, std::move(value),
                wrt(x, [weight = mine * share](const Var& g) { return strong_mul(g, constant(weight)); }),
                wrt(source, [axis, index, weight = theirs * gather(share, axis, index)](const Var& g) {
                  return strong_mul(gather(g, axis, index), constant(weight));
                }));
}

}  // namespace

Var scatter(const Var& x, std::int64_t axis, const Tensor& index, const Var& source) {
  static constexpr Op op{
      "scatter", "x, with elements of s set", {"dy/dx = 0 where set, else 1", "dy/ds = 1 where it stays"}};
  check_source("scatter", index, source);
  return record(op, scatter(x.value(), axis, index, source.value()),
                wrt(x, [axis, index](const Var& g) { return scatter(g, axis, index, 0); }),
                wrt(source, [axis, index](const Var& g) {
                  return where(winners(g.shape(), axis, index), gather(g, axis, index), 0);
                }));
}
Var scatter(const Var& x, std::int64_t axis, const Tensor& index, Scalar value) {
  return scatter(x, axis, index, constant(full(index.shape(), value, x.dtype())));
}

Var scatter_reduce(const Var& x, std::int64_t axis, const Tensor& index, const Var& source, ScatterReduce how,
                   bool include_self) {
  check_source("scatter_reduce", index, source);
  Tensor value = scatter_reduce(x.value(), axis, index, source.value(), how, include_self);
  const Tensor left_out = include_self ? zeros(x.shape(), Dtype::u8) : composed::scatter_hits(x.shape(), axis, index);
  if (how == ScatterReduce::amax || how == ScatterReduce::amin)
    return scattered_extremes(x, axis, index, source, std::move(value), left_out);
  if (how == ScatterReduce::prod) return where(left_out, 1, x) * scattered_products(x, axis, index, source);
  const Var sum = scatter_add(where(left_out, 0, x), axis, index, source);
  return how == ScatterReduce::sum ? sum
                                   : sum / constant(composed::scatter_counts(x.value(), axis, index, include_self));
}

Var index_get(const Var& x, std::span<const Tensor> indices) { return composed::index_get(x, indices); }
Var index_get(const Var& x, std::initializer_list<Tensor> indices) {
  return index_get(x, std::span<const Tensor>(indices.begin(), indices.size()));
}
Var index_put(const Var& x, std::span<const Tensor> indices, const Var& values, bool accumulate) {
  return composed::index_put(x, indices, values, accumulate);
}
Var index_put(const Var& x, std::initializer_list<Tensor> indices, const Var& values, bool accumulate) {
  return index_put(x, std::span<const Tensor>(indices.begin(), indices.size()), values, accumulate);
}
Var masked_select(const Var& x, const Tensor& mask) { return composed::masked_select(x, mask); }
Var bincount(const Tensor& numbers, const Var& weights, std::int64_t min_length) {
  return composed::bincount(numbers, weights, min_length);
}

}  // namespace hourglass
