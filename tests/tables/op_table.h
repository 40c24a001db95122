// SPDX-License-Identifier: MIT
// The table of differentiable ops that test_ops.cpp and test_pytorch.cpp check: one row or more for
// each function in autograd/ops.h. README.md says how to add one.
#pragma once
#include <concepts>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "autograd/var.h"
#include "tensor/random.h"

namespace hourglass::test {

using Vars = std::vector<Var>;

/// The range of an input's numbers. They are spread evenly over [low, high) and shuffled. No two
/// are close to each other, and none is close to the middle or the ends of the range: this avoids
/// ties, and kinks and poles at these points.
struct Input {
  Shape shape;
  double low, high;
  Dtype dtype = Dtype::f64;  // f32 is checked, too; there are no derivatives by integers

  Tensor draw(const Shape& as, Rng rng) const;
};
Input uniform(const Shape& shape, double low, double high);
/// low, low + 1, ..., high - 1
Input integers(const Shape& shape, int low, int high);
/// 0 or 1
Input mask(const Shape& shape);

/// The expected result of an elementwise op: a function of one double for each input. Other ops
/// have none here; PyTorch's values are their reference.
class Reference {
 public:
  Reference() = default;
  template <std::invocable<double> F>
  Reference(F f) : one_(f) {}
  template <std::invocable<double, double> F>
  Reference(F f) : two_(f) {}
  template <std::invocable<double, double, double> F>
  Reference(F f) : three_(f) {}

  explicit operator bool() const { return one_ || two_ || three_; }
  double operator()(const std::vector<double>& x) const {
    return one_ ? one_(x[0]) : two_ ? two_(x[0], x[1]) : three_(x[0], x[1], x[2]);
  }

 private:
  double (*one_)(double) = nullptr;
  double (*two_)(double, double) = nullptr;
  double (*three_)(double, double, double) = nullptr;
};

struct RowOptions {
  /// The highest order of derivatives that is checked.
  int order = 2;
  /// Further shapes for the inputs (all of them). Elementwise ops are always checked with kAnyShape.
  std::vector<Shape> shapes{};
  /// The same with a shape for each input.
  std::vector<std::vector<Shape>> shapes_of_each{};
};
inline const std::vector<Shape> kAnyShape{{}, {1}, {1, 1}, {0}, {2, 0}};
/// For ops that need at least one element along the last axis.
inline const std::vector<Shape> kAnyRows{{1}, {1, 1}, {0, 3}};

struct Row {
  /// The function's name, then words that distinguish this row from the function's others: "sum
  /// over axis 0".
  std::string name;
  std::function<Var(const Vars&)> f;
  std::vector<Input> inputs;
  Reference reference{};
  RowOptions options{};

  /// The first word of the name.
  std::string function() const { return name.substr(0, name.find(' ')); }
};

const std::vector<Row>& op_table();
/// An error if there is no row of that name.
const Row& row_named(const std::string& name);

}  // namespace hourglass::test
