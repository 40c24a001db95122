// SPDX-License-Identifier: MIT
// Functions that the tests of op_table's rows share: inputs, derivatives, views, comparisons. A
// comparison that fails throws an Error with all details.
#pragma once
#include <string>
#include <vector>

#include "tensor/parallel.h"
#include "tests/tables/op_table.h"

namespace hourglass::test {

/// The row's inputs in its own shapes, with every extent but 1 multiplied by `scale`; or in the
/// given shapes (input i gets shape i, and the shapes repeat after the last).
std::vector<Tensor> draw_inputs(const Row& row, std::int64_t scale = 1);
std::vector<Tensor> draw_inputs(const Row& row, const std::vector<Shape>& shapes);

/// f32 and f64 inputs as `dtype`; integers stay.
std::vector<Tensor> with_dtype(const std::vector<Tensor>& inputs, Dtype dtype);

/// Short numbers without an obvious pattern: element i is ((37 i + seed) mod 19 - 9.5) / 8.
Tensor ramp(const Shape& shape, int seed, Dtype dtype);

/// Normal draws in f64; the same for the same seed.
Tensor normal(const Shape& shape, int seed);

/// One of several results, with its name: "value", "gradient 0", "second derivative 1".
struct Part {
  std::string what;
  Tensor tensor;
};
/// The value y of the row's function; the gradient g_i = cᵀ dy/dx_i for the cotangent c = ramp(y's shape, 11); and if
/// order is 2 the derivative of Σ_i ⟨g_i, ramp(x_i's shape, 3 + i)⟩ by each input. i counts all inputs, integers too.
std::vector<Part> derivatives(const Row& row, const std::vector<Tensor>& inputs, int order = 2);

/// The elements and shape of x in another layout of memory: reversed axes, NaN between the
/// elements, negative strides.
struct View {
  std::string name;
  Tensor tensor;
};
std::vector<View> views(const Tensor& x);

/// An error if the two differ in any bit.
void check_same_bits(const std::string& where, const std::vector<Part>& got, const std::vector<Part>& wanted);
/// An error if they differ by more than tolerance * max(|wanted|, floor) in any element. NaN equals
/// NaN.
void check_close(const std::string& where, const Tensor& got, const Tensor& wanted, double tolerance, double floor);
/// The same with the floor max(1, largest |wanted|) for each tensor.
void check_close(const std::string& where, const std::vector<Part>& got, const std::vector<Part>& wanted,
                 double tolerance);

/// While one lives, ops use this number of threads.
class Threads {
 public:
  explicit Threads(int count) : before_(num_threads()) { set_num_threads(count); }
  ~Threads() { set_num_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_;
};

}  // namespace hourglass::test
