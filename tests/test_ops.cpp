// Every check that every row of op_table gets.
#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <regex>
#include <set>

#include <doctest/doctest.h>

#include "autograd/check.h"
#include "autograd/grad.h"
#include "autograd/ops.h"
#include "op_checks.h"
#include "tensor/kernels/kernels.h"
#include "tensor/storage.h"

using namespace hourglass;
using namespace hourglass::test;

namespace {

// A row that fails does not keep the others from being checked.
template <class Check>
void for_each_row(Check&& check_row) {
  for (const Row& row : op_table()) {
    try {
      check_row(row);
    } catch (const Error& error) {
      FAIL_CHECK(std::string(error.what()));
    }
  }
}

constexpr double epsilon_of(Dtype dtype) {
  return dtype == Dtype::f32 ? std::numeric_limits<float>::epsilon() : std::numeric_limits<double>::epsilon();
}

// What the row's reference gives, in f64. Inputs broadcast.
Tensor reference_value(const Row& row, const std::vector<Tensor>& inputs) {
  Shape shape;
  for (const Tensor& x : inputs) shape = broadcast_shapes(row.name, shape, x.shape());
  std::vector<std::vector<double>> columns;
  for (const Tensor& x : inputs) columns.push_back(to(expand(x, shape), Dtype::f64).to_vector<double>());
  std::vector<double> values, one(inputs.size());
  for (std::size_t i = 0; i < static_cast<std::size_t>(numel(shape)); ++i) {
    for (std::size_t k = 0; k < columns.size(); ++k) one[k] = columns[k][i];
    values.push_back(row.reference(one));
  }
  return Tensor::from(values, shape);
}

Tensor value_of(const Row& row, const std::vector<Tensor>& inputs) {
  return row.f(Vars(inputs.begin(), inputs.end())).value();
}

// NaN, and both signs of 0, subnormal, small, ordinary and huge numbers and infinity.
template <class T>
std::vector<T> special_numbers() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> numbers{Limits::quiet_NaN()};
  for (const T x : {T(0), Limits::denorm_min(), Limits::min() / 3, Limits::min(), T(1e-20), T(0.5), T(1), T(2), T(20),
                    T(1000), T(1e10), Limits::max() / 4, Limits::max(), Limits::infinity()}) {
    numbers.push_back(x);
    numbers.push_back(-x);
  }
  return numbers;
}

// Shapes for the operands of an elementwise op: a column and a row, numbers, more axes, nothing.
std::vector<std::vector<Shape>> broadcast_cases(const Row& row) {
  if (!row.reference || row.inputs.size() < 2) return {};
  return {
      {{3, 1}, {4}, {2, 1, 1}}, {{}, {3, 4}, {4}}, {{3, 4}, {}, {1, 1}}, {{2, 1, 4}, {3, 1}, {}}, {{1}, {0}, {3, 1}}};
}
// All shapes in which a row is checked: its own comes first.
std::vector<std::vector<Tensor>> all_inputs(const Row& row) {
  std::vector<std::vector<Tensor>> inputs{draw_inputs(row)};
  for (const std::vector<Shape>& shapes : broadcast_cases(row)) inputs.push_back(draw_inputs(row, shapes));
  for (const Shape& shape : row.reference ? kAnyShape : row.options.shapes)
    inputs.push_back(draw_inputs(row, std::vector<Shape>{shape}));
  return inputs;
}
std::string shapes_of(const Row& row, const std::vector<Tensor>& inputs) {
  std::string text = row.name;
  for (std::size_t i = 0; i < inputs.size(); ++i) text += join(i == 0 ? " of " : ", ", describe(inputs[i]));
  return text;
}

// Inputs that are worth dividing among threads.
std::vector<Tensor> large_inputs(const Row& row) {
  constexpr std::int64_t large = 100'000;
  for (std::int64_t scale = 1;; ++scale) {
    std::int64_t numbers = 0;
    for (const Input& input : row.inputs) {
      std::int64_t count = 1;
      for (const std::int64_t extent : input.shape) count *= extent == 1 ? 1 : scale * extent;
      numbers = std::max(numbers, count);
    }
    if (numbers >= large || scale == large) return draw_inputs(row, scale);
  }
}

std::vector<std::string> instruction_sets() {
  std::vector<std::string> names;
  for (const char* name : {"sse2", "avx2", "avx512bw", "neon64"})
    if (kernels_named(name)) names.emplace_back(name);
  return names;
}
// While one lives, ops use the kernels of this instruction set.
class InstructionSet {
 public:
  explicit InstructionSet(const std::string& name) : before_(&kernels()) { use_kernels(kernels_named(name)); }
  ~InstructionSet() { use_kernels(before_); }
  InstructionSet(const InstructionSet&) = delete;
  InstructionSet& operator=(const InstructionSet&) = delete;

 private:
  const Kernels* before_;
};

}  // namespace

TEST_CASE("every function of autograd/ops.h has a row for each of its overloads") {
  std::ifstream header(HOURGLASS_SOURCE_DIR "/autograd/ops.h");
  const std::regex declaration(R"(^(?:inline )?(?:Var|SortedVar|std::vector<Var>) (operator.|\w+)\()");
  std::map<std::string, int> missing;
  int declared = 0;
  for (std::string line; std::getline(header, line);) {
    std::smatch match;
    if (!std::regex_search(line, match, declaration)) continue;
    ++missing[match[1]];
    ++declared;
  }
  CHECK(declared > 100);
  for (const Row& row : op_table()) {
    INFO("row: ", row.name);
    CHECK(missing.contains(row.function()));
    --missing[row.function()];
  }
  for (const auto& [function, count] : missing)
    if (count > 0) FAIL_CHECK(function, ": ", count, " of its overloads have no row in op_table.cpp");
}

TEST_CASE("no two rows have one name") {
  std::set<std::string> names;
  for (const Row& row : op_table()) CHECK_MESSAGE(names.insert(row.name).second, row.name);
}

TEST_CASE("values agree with the scalar reference") {
  for_each_row([](const Row& row) {
    if (!row.reference) return;
    for (const std::vector<Tensor>& drawn : all_inputs(row))
      for (const Dtype dtype : {Dtype::f32, Dtype::f64}) {
        const std::vector<Tensor> inputs = with_dtype(drawn, dtype);
        const Tensor value = value_of(row, inputs);
        check(value.dtype() == dtype, shapes_of(row, inputs), "gives ", describe(value));
        // The floor, because where terms of size 1 cancel, what is left has their rounding.
        check_close(shapes_of(row, inputs), value, reference_value(row, inputs), 16 * epsilon_of(dtype), 0.25);
      }
  });
}

TEST_CASE("NaN, infinities, zeros and the ends of the range go the C library's way") {
  const std::set<std::string> of_pairs{"add", "sub", "mul", "div", "pow", "maximum", "minimum", "atan2", "logaddexp"};
  for_each_row([&](const Row& row) {
    if (!row.reference || (row.inputs.size() > 1 && !of_pairs.contains(row.name))) return;
    for (const Dtype dtype : {Dtype::f32, Dtype::f64})
      dispatch_floating(row.name, dtype, [&]<class T>() {
        const std::vector<T> numbers = special_numbers<T>();
        for (const T a : numbers)
          for (const T b : numbers) {
            std::vector<Tensor> inputs{Tensor::from({a}), Tensor::from({b})};
            inputs.resize(row.inputs.size());
            // The reference computes in f64: what it gives may be infinite or 0 as f32.
            const Tensor wanted = to(reference_value(row, inputs), dtype);
            const std::string operands = inputs.size() == 1 ? join(a) : join(a, " and ", b);
            check_close(join(row.name, ", ", dtype, ", of ", operands), value_of(row, inputs), wanted,
                        16 * epsilon_of(dtype), double{std::numeric_limits<T>::min()});
            if (inputs.size() == 1) break;
          }
      });
  });
}

TEST_CASE("derivatives agree with finite differences") {
  for_each_row([](const Row& row) {
    for (const std::vector<Tensor>& inputs : all_inputs(row)) {
      std::vector<Tensor> reals;
      for (const Tensor& x : inputs)
        if (is_floating(x.dtype())) reals.push_back(x);
      const auto f = [&](const Vars& xs) {
        Vars all;
        auto next = xs.begin();
        for (const Tensor& x : inputs) all.push_back(is_floating(x.dtype()) ? *next++ : constant(x));
        return row.f(all);
      };
      check_gradients(f, reals, {.order = row.options.order, .name = shapes_of(row, inputs)});
    }
  });
}

TEST_CASE("a product differentiates through its zeros") {
  for (const Tensor& x :
       {Tensor::from({2.0, 0.0, -3.0}), Tensor::from({2.0, 0.0, 0.0, -3.0, 0.5}), Tensor::from({0.0, 0.0, 0.0})})
    CHECK_NOTHROW(check_gradients([](const Vars& v) { return prod(v[0]); }, {x}, {.order = 3}));
}

TEST_CASE("f32 agrees with f64 in value, first and second derivative") {
  for_each_row([](const Row& row) {
    for (const std::vector<Tensor>& drawn : all_inputs(row)) {
      const std::vector<Tensor> f32 = with_dtype(drawn, Dtype::f32);
      check_close(shapes_of(row, f32) + " against f64", derivatives(row, f32),
                  derivatives(row, with_dtype(f32, Dtype::f64)), 1e-5);
    }
  });
}

TEST_CASE("views give what contiguous copies give") {
  for_each_row([](const Row& row) {
    const std::vector<Tensor> inputs = draw_inputs(row);
    const std::vector<Part> wanted = derivatives(row, inputs);
    for (std::size_t i = 0; i < inputs.size(); ++i)
      for (const View& view : views(inputs[i])) {
        std::vector<Tensor> viewed = inputs;
        viewed[i] = view.tensor;
        check_close(join(row.name, ", input ", i, " ", view.name), derivatives(row, viewed), wanted, 1e-13);
      }
    // All rows of the input are one row, expanded.
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i].dim() == 0) continue;
      std::vector<Tensor> expanded = inputs, copied = inputs;
      expanded[i] = expand(slice(inputs[i], 0, 0, 1), inputs[i].shape());
      copied[i] = contiguous(expanded[i]);
      check_close(join(row.name, ", input ", i, " expanded"), derivatives(row, expanded), derivatives(row, copied),
                  1e-13);
    }
  });
}

TEST_CASE("one thread, two and four give the same bits") {
  for_each_row([](const Row& row) {
    const std::vector<Tensor> inputs = with_dtype(large_inputs(row), Dtype::f32);
    const auto with_threads = [&](int count) {
      const Threads threads(count);
      return derivatives(row, inputs);
    };
    const std::vector<Part> wanted = with_threads(1);
    for (const int count : {2, 4})
      check_same_bits(join(row.name, ", ", count, " threads"), with_threads(count), wanted);
  });
}

TEST_CASE("every instruction set of this CPU gives the same values and derivatives, up to rounding") {
  const std::vector<std::string> sets = instruction_sets();
  for_each_row([&](const Row& row) {
    for (const Dtype dtype : {Dtype::f32, Dtype::f64}) {
      const std::vector<Tensor> inputs = with_dtype(draw_inputs(row, 3), dtype);
      const auto with_set = [&](const std::string& name) {
        const InstructionSet set(name);
        return derivatives(row, inputs);
      };
      const std::vector<Part> wanted = with_set(sets[0]);
      for (std::size_t k = 1; k < sets.size(); ++k)
        check_close(join(row.name, ", ", dtype, ", ", sets[k], " against ", sets[0]), with_set(sets[k]), wanted,
                    dtype == Dtype::f32 ? 2e-6 : 4e-15);
    }
  });
}

TEST_CASE("nothing is left in use") {
  for_each_row([](const Row& row) {
    const std::int64_t before = memory::bytes_in_use();
    for (const std::vector<Tensor>& inputs : all_inputs(row)) derivatives(row, inputs);
    check(memory::bytes_in_use() == before, row.name, memory::bytes_in_use() - before, " bytes are left in use");
  });
}
