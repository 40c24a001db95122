// SPDX-License-Identifier: MIT
// Sums of products by label, for Tensor and for Var: two operands at a time, each pair a matmul.
#pragma once
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "tensor/arranging.h"
#include "tensor/composed/value_of.h"
#include "tensor/ops.h"

namespace hourglass::composed {

/// An equation of einsum: labels for the axes of each operand and of the result. A letter is its character code; the
/// axes of ... are -1 (the last), -2, ...
struct Equation {
  std::vector<Axes> operands;
  Axes result;
};
/// Reads the equation, and checks it against the operands' shapes.
Equation read_equation(std::string_view equation, std::span<const Shape> shapes);

/// Labels for tensordot: summed axes have equal ones.
Equation equation_of_tensordot(const Tensor& a, const Tensor& b, const Axes& axes_a, const Axes& axes_b);

template <class X>
struct Labelled {
  X x;
  Axes labels;

  int axis_of(std::int64_t label) const {
    int axis = 0;
    while (labels[axis] != label) ++axis;
    return axis;
  }
};

/// Removes axes that come twice, by the diagonal.
template <class X>
Labelled<X> with_diagonals(Labelled<X> a) {
  for (int j = 1; j < a.labels.size(); ++j)
    for (int i = 0; i < j; ++i) {
      const std::int64_t label = a.labels[j];
      if (a.labels[i] != label) continue;
      a.x = diagonal(a.x, 0, i, j);
      a.labels.erase(j);
      a.labels.erase(i);
      a.labels.push_back(label);
      return with_diagonals(std::move(a));
    }
  return a;
}

/// Sums over the labels that neither list has.
template <class X>
Labelled<X> summed(const Labelled<X>& a, const Axes& keep, const Axes& others) {
  Labelled<X> kept{a.x, {}};
  Axes over;
  for (int axis = 0; axis < a.labels.size(); ++axis)
    if (keep.contains(a.labels[axis]) || others.contains(a.labels[axis])) kept.labels.push_back(a.labels[axis]);
    else over.push_back(axis);
  if (!over.empty()) kept.x = sum(a.x, over);
  return kept;
}

/// The axes in the order of these labels.
template <class X>
X ordered(const Labelled<X>& a, const Axes& labels) {
  if (labels == a.labels) return a.x;
  Axes order;
  for (const std::int64_t label : labels) order.push_back(a.axis_of(label));
  return permute(a.x, order);
}

template <class X>
X shaped(const X& x, const Shape& shape) {
  return x.shape() == shape ? x : reshape(x, shape);
}

inline Axes operator+(const Axes& a, const Axes& b) {
  Axes both = a;
  for (const std::int64_t label : b) both.push_back(label);
  return both;
}

/// The product of two operands, summed over the labels of both that are not in `keep`.
template <class X>
Labelled<X> product(const Labelled<X>& all_a, const Labelled<X>& all_b, const Axes& keep) {
  const Labelled<X> a = summed(all_a, keep, all_b.labels), b = summed(all_b, keep, all_a.labels);
  Axes batch, rows, inner, columns;
  for (const std::int64_t label : a.labels)
    (!b.labels.contains(label) ? rows : keep.contains(label) ? batch : inner).push_back(label);
  for (const std::int64_t label : b.labels)
    if (!a.labels.contains(label)) columns.push_back(label);
  const auto count = [](const Labelled<X>& of, const Axes& labels) {
    std::int64_t n = 1;
    for (const std::int64_t label : labels) n *= of.x.size(of.axis_of(label));
    return n;
  };
  Shape batches, shape;
  for (const std::int64_t label : batch) batches.push_back(a.x.size(a.axis_of(label)));
  shape = batches;
  for (const std::int64_t label : rows) shape.push_back(a.x.size(a.axis_of(label)));
  for (const std::int64_t label : columns) shape.push_back(b.x.size(b.axis_of(label)));
  const Axes labels = batch + rows + columns;

  if (inner.empty()) {  // nothing to sum: element by element
    Shape left = shape;
    for (int k = 0; k < columns.size(); ++k) left[labels.size() - 1 - k] = 1;
    Shape right = shape;
    for (int k = 0; k < rows.size(); ++k) right[batch.size() + k] = 1;
    return {shaped(ordered(a, batch + rows), left) * shaped(ordered(b, batch + columns), right), labels};
  }
  if (!batch.empty() && rows.empty() && columns.empty())  // many short dot products
    return summed(Labelled<X>{ordered(a, batch + inner) * ordered(b, batch + inner), batch + inner}, keep, {});

  if (batch.size() > kMaxAxes - 2) batches = {count(a, batch)};
  const std::int64_t depth = count(a, inner);
  const X left = shaped(ordered(a, batch + rows + inner), batches + Shape{count(a, rows), depth});
  const X right = shaped(ordered(b, batch + inner + columns), batches + Shape{depth, count(b, columns)});
  return {shaped(matmul(left, right), shape), labels};
}

template <class X>
X contract(const Equation& equation, std::span<const X> operands) {
  // An extent of 1 broadcasts if another operand's axis is longer: then the axis is as good as missing.
  const auto is_longer = [&](std::int64_t label) {
    for (std::size_t k = 0; k < operands.size(); ++k)
      for (int axis = 0; axis < operands[k].dim(); ++axis)
        if (equation.operands[k][axis] == label && operands[k].size(axis) != 1) return true;
    return false;
  };
  const auto prepared = [&](std::size_t k) {
    Labelled<X> a = with_diagonals(Labelled<X>{operands[k], equation.operands[k]});
    for (int axis = a.labels.size() - 1; axis >= 0; --axis)
      if (a.x.size(axis) == 1 && is_longer(a.labels[axis])) {
        a.x = squeeze(a.x, axis);
        a.labels.erase(axis);
      }
    return a;
  };
  Labelled<X> y = prepared(0);
  for (std::size_t k = 1; k < operands.size(); ++k) {
    Axes keep = equation.result;
    for (std::size_t later = k + 1; later < operands.size(); ++later)
      for (const std::int64_t label : equation.operands[later])
        if (!keep.contains(label) && (y.labels.contains(label) || equation.operands[k].contains(label)))
          keep.push_back(label);
    y = product(y, prepared(k), keep);
  }
  return ordered(summed(y, equation.result, {}), equation.result);
}

template <class X>
X einsum(std::string_view equation, std::span<const X> operands) {
  check(!operands.empty(), "einsum", "needs at least one operand");
  std::vector<Shape> shapes;
  for (const X& x : operands) shapes.push_back(x.shape());
  return contract(read_equation(equation, shapes), operands);
}

template <class X>
X tensordot(const X& a, const X& b, const Axes& axes_a, const Axes& axes_b) {
  const std::vector<X> operands{a, b};
  return contract(equation_of_tensordot(value_of(a), value_of(b), axes_a, axes_b), std::span<const X>(operands));
}
template <class X>
X tensordot(const X& a, const X& b, std::int64_t count) {
  check(count >= 0 && count <= a.dim() && count <= b.dim(), "tensordot", "cannot sum over ", count, " axes of ",
        describe(a), " and ", describe(b));
  Axes last, first;
  for (std::int64_t k = 0; k < count; ++k) {
    last.push_back(k - count);
    first.push_back(k);
  }
  return tensordot(a, b, last, first);
}

}  // namespace hourglass::composed
