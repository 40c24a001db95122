// SPDX-License-Identifier: MIT
#include "tests/tables/op_checks.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <sstream>

#include "autograd/grad.h"
#include "autograd/ops.h"

namespace hourglass::test {

std::vector<Tensor> draw_inputs(const Row& row, const std::vector<Shape>& shapes) {
  std::vector<Tensor> inputs;
  for (std::size_t i = 0; i < row.inputs.size(); ++i)
    inputs.push_back(row.inputs[i].draw(shapes[i % shapes.size()], Rng(1).split(row.name).split(i)));
  return inputs;
}
std::vector<Tensor> draw_inputs(const Row& row, std::int64_t scale) {
  std::vector<Shape> shapes;
  for (const Input& input : row.inputs) {
    Shape shape = input.shape;
    for (int axis = 0; axis < shape.size(); ++axis)
      if (shape[axis] != 1) shape[axis] *= scale;
    shapes.push_back(shape);
  }
  return draw_inputs(row, shapes);
}

std::vector<Tensor> with_dtype(const std::vector<Tensor>& inputs, Dtype dtype) {
  std::vector<Tensor> converted;
  for (const Tensor& x : inputs) converted.push_back(is_floating(x.dtype()) ? to(x, dtype) : x);
  return converted;
}

Tensor ramp(const Shape& shape, int seed, Dtype dtype) {
  std::vector<double> values(static_cast<std::size_t>(numel(shape)));
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = (static_cast<double>((37 * i + static_cast<std::size_t>(seed)) % 19) - 9.5) / 8;
  return to(Tensor::from(values, shape), dtype);
}

Tensor normal(const Shape& shape, int seed) {
  return Rng(static_cast<std::uint64_t>(seed)).normal(shape, 0, 1, Dtype::f64);
}

std::vector<Part> derivatives(const Row& row, const std::vector<Tensor>& inputs, int order) {
  Vars all, xs;
  std::vector<std::size_t> numbers;  // the input's number for each x
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const bool real = is_floating(inputs[i].dtype());
    all.push_back(real ? variable(inputs[i]) : constant(inputs[i]));
    if (!real) continue;
    xs.push_back(all.back());
    numbers.push_back(i);
  }
  const Var y = row.f(all);
  std::vector<Part> parts{{"value", y.value()}};

  const Var cotangent = constant(ramp(y.shape(), 11, y.dtype()));
  const Vars gradients = grad({&y, 1}, {&cotangent, 1}, xs, {.create_graph = order > 1, .allow_unused = true});
  for (std::size_t k = 0; k < xs.size(); ++k) parts.push_back({join("gradient ", numbers[k]), gradients[k].value()});
  if (order == 1) return parts;

  Vars directions;
  for (std::size_t k = 0; k < xs.size(); ++k)
    directions.push_back(constant(ramp(xs[k].shape(), 3 + static_cast<int>(numbers[k]), xs[k].dtype())));
  const Vars second = grad(gradients, directions, xs, {.allow_unused = true});
  for (std::size_t k = 0; k < xs.size(); ++k)
    parts.push_back({join("second derivative ", numbers[k]), second[k].value()});
  return parts;
}

std::vector<View> views(const Tensor& x) {
  Axes reversed, axes;
  for (int axis = 0; axis < x.dim(); ++axis) {
    axes.push_back(axis);
    reversed.push_back(x.dim() - 1 - axis);
  }
  const Tensor other =
      is_floating(x.dtype()) ? full_like(x, std::numeric_limits<double>::quiet_NaN()) : full_like(x, 99);
  const auto between_others = [&](int axis) { return select(stack({other, x}, axis), axis, 1); };
  return {{"transposed", permute(contiguous(permute(x, reversed)), reversed)},
          {"with gaps", between_others(x.dim())},
          {"with gaps between rows", between_others(std::min(1, x.dim()))},
          {"flipped", flip(contiguous(flip(x, axes)), axes)}};
}

namespace {

std::string place_of(std::int64_t i, const Shape& shape) {
  Axes index = shape;
  for (int axis = shape.size() - 1; axis >= 0; --axis) {
    index[axis] = i % shape[axis];
    i /= shape[axis];
  }
  return join(index);
}

void check_alike(const std::string& where, const Tensor& got, const Tensor& wanted) {
  check(got.shape() == wanted.shape(), where, "got ", describe(got), ", wanted ", describe(wanted));
}

}  // namespace

void check_same_bits(const std::string& where, const std::vector<Part>& got, const std::vector<Part>& wanted) {
  check(got.size() == wanted.size(), where, "got ", got.size(), " results, wanted ", wanted.size());
  for (std::size_t k = 0; k < got.size(); ++k) {
    const std::string what = where + ", " + wanted[k].what;
    const Tensor a = contiguous(got[k].tensor), b = contiguous(wanted[k].tensor);
    check_alike(what, a, b);
    check(a.dtype() == b.dtype(), what, "got ", describe(a), ", wanted ", describe(b));
    dispatch(a.dtype(), [&]<class T>() {
      const std::size_t size = static_cast<std::size_t>(a.numel()) * sizeof(T);
      if (size == 0 || std::memcmp(a.data<T>(), b.data<T>(), size) == 0) return;
      std::int64_t i = 0;
      while (std::memcmp(a.data<T>() + i, b.data<T>() + i, sizeof(T)) == 0) ++i;
      std::ostringstream numbers;
      numbers.precision(17);
      numbers << +a.data<T>()[i] << ", not " << +b.data<T>()[i];
      fail(what, "element ", place_of(i, a.shape()), " is ", numbers.str());
    });
  }
}

void check_close(const std::string& where, const Tensor& got, const Tensor& wanted, double tolerance, double floor) {
  check_alike(where, got, wanted);
  const std::vector<double> a = to(got, Dtype::f64).to_vector<double>(), b = to(wanted, Dtype::f64).to_vector<double>();
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]))) continue;
    const double error = std::abs(a[i] - b[i]) / std::max(std::abs(b[i]), floor);
    if (error <= tolerance) continue;  // false if one is NaN or infinite
    std::ostringstream numbers;
    numbers.precision(got.dtype() == Dtype::f32 ? 9 : 17);
    numbers << a[i] << ", not " << b[i];
    fail(where, "element ", place_of(static_cast<std::int64_t>(i), got.shape()), " is ", numbers.str(), " (relative ",
         error, ")");
  }
}
void check_close(const std::string& where, const std::vector<Part>& got, const std::vector<Part>& wanted,
                 double tolerance) {
  check(got.size() == wanted.size(), where, "got ", got.size(), " results, wanted ", wanted.size());
  for (std::size_t k = 0; k < got.size(); ++k) {
    double largest = 1;
    for (const double value : to(wanted[k].tensor, Dtype::f64).to_vector<double>())
      if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
    check_close(where + ", " + wanted[k].what, got[k].tensor, wanted[k].tensor, tolerance, largest);
  }
}

}  // namespace hourglass::test
