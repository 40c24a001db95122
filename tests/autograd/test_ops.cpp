// SPDX-License-Identifier: MIT
// Every check that every row of op_table gets.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include <doctest/doctest.h>

#include "autograd/check.h"
#include "autograd/derivatives.h"
#include "autograd/grad.h"
#include "autograd/ops.h"
#include "autograd/share.h"
#include "tensor/kernels/kernels.h"
#include "tensor/storage.h"
#include "tests/paths.h"
#include "tests/reference_data.h"
#include "tests/tables/op_checks.h"

using namespace hourglass;
using namespace hourglass::test;

namespace {

// The values of the row's reference, in f64. Inputs broadcast.
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

// Shapes for the operands of an elementwise op: a column and a row, 0-d, more axes, no elements.
std::vector<std::vector<Shape>> broadcast_cases(const Row& row) {
  if (!row.reference || row.inputs.size() < 2) return {};
  return {
      {{3, 1}, {4}, {2, 1, 1}}, {{}, {3, 4}, {4}}, {{3, 4}, {}, {1, 1}}, {{2, 1, 4}, {3, 1}, {}}, {{1}, {0}, {3, 1}}};
}
std::vector<std::vector<Shape>> other_shapes(const Row& row) {
  std::vector<std::vector<Shape>> cases;
  for (const Shape& shape : row.reference ? kAnyShape : row.options.shapes) cases.push_back({shape});
  for (const std::vector<Shape>& shapes : row.options.shapes_of_each) cases.push_back(shapes);
  return cases;
}
// All shapes in which a row is checked: its own comes first.
std::vector<std::vector<Tensor>> all_inputs(const Row& row) {
  std::vector<std::vector<Tensor>> inputs{draw_inputs(row)};
  for (const std::vector<Shape>& shapes : broadcast_cases(row)) inputs.push_back(draw_inputs(row, shapes));
  for (const std::vector<Shape>& shapes : other_shapes(row)) inputs.push_back(draw_inputs(row, shapes));
  return inputs;
}
std::string shapes_of(const Row& row, const std::vector<Tensor>& inputs) {
  std::string text = row.name;
  for (std::size_t i = 0; i < inputs.size(); ++i) text += join(i == 0 ? " of " : ", ", describe(inputs[i]));
  return text;
}

// The row as a function of its real inputs, those that can be differentiated by.
struct RealFunction {
  FunctionOfMany f;
  std::vector<Tensor> inputs;
};
RealFunction real_function(const Row& row, const std::vector<Tensor>& inputs) {
  RealFunction real;
  for (const Tensor& x : inputs)
    if (is_floating(x.dtype())) real.inputs.push_back(x);
  real.f = [&row, inputs](const Vars& xs) {
    Vars all;
    auto next = xs.begin();
    for (const Tensor& x : inputs) all.push_back(is_floating(x.dtype()) ? *next++ : constant(x));
    return row.f(all);
  };
  return real;
}

Vars variables(const std::vector<Tensor>& values) {
  Vars xs;
  for (const Tensor& value : values) xs.push_back(variable(value));
  return xs;
}
Vars normal_like(const std::vector<Tensor>& values, Rng& rng) {
  Vars draws;
  for (const Tensor& value : values) draws.push_back(constant(rng.normal(value.shape(), 0, 1, value.dtype())));
  return draws;
}
double dot(const Vars& a, const Vars& b) {
  double total = 0;
  for (std::size_t i = 0; i < a.size(); ++i) total += sum(a[i].value() * b[i].value()).item();
  return total;
}
void check_equal(const std::string& where, double a, double b, double tolerance) {
  check(std::abs(a - b) <= tolerance * std::max({std::abs(a), std::abs(b), 1.0}), where, a, " is not ", b);
}

// Inputs that are large enough to be divided among threads.
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

// ---- what is promised of a row

void check_values(const Row& row) {
  for (const std::vector<Tensor>& drawn : all_inputs(row))
    for (const Dtype dtype : {Dtype::f32, Dtype::f64}) {
      const std::vector<Tensor> inputs = with_dtype(drawn, dtype);
      const Tensor value = value_of(row, inputs);
      check(value.dtype() == dtype, shapes_of(row, inputs), "gives ", describe(value));
      // The floor is needed where terms of size 1 cancel: the rest still has their rounding errors.
      check_close(shapes_of(row, inputs), value, reference_value(row, inputs), 16 * epsilon_of(dtype), 0.25);
    }
}

bool takes_any_number(const Row& row) {
  static const std::set<std::string> pairs{"add",       "sub",        "mul",        "div",
                                           "pow",       "maximum",    "minimum",    "atan2",
                                           "logaddexp", "strong_mul", "strong_div", "strong_product"};
  return row.reference && (row.inputs.size() == 1 || pairs.contains(row.name));
}
void check_special_values(const Row& row) {
  for (const Dtype dtype : {Dtype::f32, Dtype::f64})
    dispatch_floating(row.name, dtype, [&]<class T>() {
      const std::vector<T> numbers = special_numbers<T>();
      for (const T a : numbers)
        for (const T b : numbers) {
          std::vector<Tensor> inputs{Tensor::from({a}), Tensor::from({b})};
          inputs.resize(row.inputs.size());
          // The reference computes in f64: its result may become infinite or 0 as f32.
          const Tensor wanted = to(reference_value(row, inputs), dtype);
          const std::string operands = inputs.size() == 1 ? join(a) : join(a, " and ", b);
          check_close(join(row.name, ", ", dtype, ", of ", operands), value_of(row, inputs), wanted,
                      16 * epsilon_of(dtype), double{std::numeric_limits<T>::min()});
          if (inputs.size() == 1) break;
        }
    });
}

void check_derivatives(const Row& row, const std::vector<Tensor>& inputs, int order) {
  const RealFunction real = real_function(row, inputs);
  check_gradients(real.f, real.inputs, {.order = order, .name = shapes_of(row, inputs)});
}

// vjp is linear in the cotangent; jvp is its adjoint, ⟨u, J v⟩ = ⟨Jᵀu, v⟩, and the function's slope along v.
void check_adjoint(const Row& row) {
  for (const std::vector<Tensor>& inputs : all_inputs(row)) {
    const std::string where = shapes_of(row, inputs);
    const RealFunction real = real_function(row, inputs);
    const Vars xs = variables(real.inputs);
    Rng rng(7);
    const Tensor y = row.f(Vars(inputs.begin(), inputs.end())).value();
    const Vars vs = normal_like(real.inputs, rng), u = normal_like({y, y}, rng);
    const Vars first = vjp(real.f, xs, u[0]).products, second = vjp(real.f, xs, u[1]).products,
               both = vjp(real.f, xs, u[0] * 0.5 - u[1] * 3).products;
    for (std::size_t i = 0; i < xs.size(); ++i)
      check_close(join(where, ": linearity, input ", i), both[i].value(), (first[i] * 0.5 - second[i] * 3).value(),
                  1e-11, 1);
    const Tensor pushed = jvp(real.f, xs, vs).product.value();
    check_equal(join(where, ": adjointness"), sum(u[0].value() * pushed).item(), dot(first, vs), 1e-11);
    const auto at = [&](double h) {
      Vars moved;
      for (std::size_t i = 0; i < xs.size(); ++i) moved.push_back(constant((xs[i] + vs[i] * h).value()));
      return real.f(moved).value();
    };
    constexpr double h = 1e-3;
    const Tensor wide = (at(h) - at(-h)) / (2 * h), narrow = (at(h / 2) - at(-h / 2)) / h;
    check_close(join(where, ": slope along v"), pushed, (narrow * 4 - wide) / 3, 1e-6, 1);
  }
}

// Second derivatives are symmetric: ⟨w, H v⟩ = ⟨v, H w⟩ for a function s that weights each output
// differently.
void check_symmetry(const Row& row) {
  const RealFunction real = real_function(row, draw_inputs(row));
  const Vars xs = variables(real.inputs);
  const Var y = real.f(xs);
  if (!y.needs_gradient()) return;
  Rng rng(8);
  const Vars weights = normal_like({y.value(), y.value()}, rng), v = normal_like(real.inputs, rng),
             w = normal_like(real.inputs, rng);
  const Var s = sum(weights[0] * y + weights[1] * square(y));
  check_equal(join(row.name, ": ⟨w, H v⟩ against ⟨v, H w⟩"), dot(w, hvp(s, xs, v)), dot(v, hvp(s, xs, w)), 1e-11);
}

// First and second derivatives for a batch of cotangents equal those for one at a time.
void check_batches(const Row& row) {
  for (const std::vector<Tensor>& inputs : all_inputs(row)) {
    const RealFunction real = real_function(row, inputs);
    const Vars xs = variables(real.inputs);
    const Var y = real.f(xs);
    for (const std::int64_t count : {3, 1}) {
      Rng rng(9);
      const Var us = constant(rng.normal(in_front(count, y.shape()), 0, 1, y.dtype()));
      const auto both_orders = [&](const Var& u, bool batched) {
        Vars gs = grad({&y, 1}, {&u, 1}, xs, {.create_graph = true, .allow_unused = true, .batched = batched});
        Vars cs;
        for (const Var& x : xs)
          cs.push_back(
              constant(broadcast_to(ramp(x.shape(), 5, x.dtype()), batched ? in_front(count, x.shape()) : x.shape())));
        for (const Var& h : grad(gs, cs, xs, {.retain_graph = true, .allow_unused = true})) gs.push_back(h);
        return gs;
      };
      const Vars batch = both_orders(us, true);
      Vars sums(xs.size());
      for (std::int64_t k = 0; k < count; ++k) {
        const Vars one = both_orders(select(us, 0, k), false);
        for (std::size_t i = 0; i < xs.size(); ++i) {
          const std::string where = join(shapes_of(row, inputs), ", cotangent ", k, " of ", count, ", input ", i);
          check_close(where, select(batch[i].value(), 0, k), one[i].value(), 1e-11, 1);
          const Var& second = one[xs.size() + i];
          sums[i] = k == 0 ? second : sums[i] + second;
        }
      }
      for (std::size_t i = 0; i < xs.size(); ++i)
        check_close(join(shapes_of(row, inputs), ", order 2, input ", i), batch[xs.size() + i].value(), sums[i].value(),
                    1e-11, 1);
    }
  }
}

void check_f32(const Row& row) {
  for (const std::vector<Tensor>& drawn : all_inputs(row)) {
    const std::vector<Tensor> f32 = with_dtype(drawn, Dtype::f32);
    check_close(shapes_of(row, f32) + " against f64", derivatives(row, f32),
                derivatives(row, with_dtype(f32, Dtype::f64)), 1e-5);
  }
}

void check_views(const Row& row) {
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
}

void check_threads(const Row& row) {
  const std::vector<Tensor> inputs = with_dtype(large_inputs(row), Dtype::f32);
  const auto with_threads = [&](int count) {
    const Threads threads(count);
    return derivatives(row, inputs);
  };
  const std::vector<Part> wanted = with_threads(1);
  for (const int count : {2, 4}) check_same_bits(join(row.name, ", ", count, " threads"), with_threads(count), wanted);
}

void check_instruction_sets(const Row& row) {
  static const std::vector<std::string> sets = instruction_sets();
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
}

void check_nothing_left(const Row& row) {
  const std::int64_t before = memory::bytes_in_use();
  for (const std::vector<Tensor>& inputs : all_inputs(row)) derivatives(row, inputs);
  check(memory::bytes_in_use() == before, row.name, memory::bytes_in_use() - before, " bytes are left in use");
}

// What a branch that is not taken passes on is 0, at orders 1 and 2, whatever its inputs are.
void check_strong_zeros(const Row& row) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const std::vector<Tensor> drawn = draw_inputs(row);
  for (std::size_t k = 0; k <= drawn.size(); ++k)  // one of the inputs, and in the end all of them
    for (const double number : {0.0, -0.0, -1.0, 1.0, 3e200, infinity, -infinity, std::nan("")}) {
      std::vector<Tensor> inputs = drawn;
      for (std::size_t i = 0; i < inputs.size(); ++i)
        if ((i == k || k == drawn.size()) && is_floating(inputs[i].dtype())) inputs[i] = full_like(inputs[i], number);
      const RealFunction real = real_function(row, inputs);
      const Vars xs = variables(real.inputs);
      Var y;
      try {
        y = real.f(xs);
      } catch (const Error&) {
        continue;  // the op refuses such an input
      }
      if (!y.needs_gradient()) continue;
      const Var left_out = sum(where(ones(y.shape(), Dtype::u8), 0, y));
      const auto check_zero = [&](int order, const Vars& gradients) {
        for (std::size_t i = 0; i < gradients.size(); ++i)
          check(any(gradients[i].value()).item() == 0, row.name, "not taken, order ", order, ", input ", i, ": ",
                gradients[i].value(), " where ",
                k == drawn.size() ? std::string("all inputs are ") : join("input ", k, " is "), number);
      };
      const Vars first = grad(left_out, xs, {.create_graph = true, .allow_unused = true});
      check_zero(1, first);
      Var along = constant(scalar(0, Dtype::f64));
      for (std::size_t i = 0; i < first.size(); ++i)
        along = along + sum(first[i] * constant(ramp(xs[i].shape(), static_cast<int>(i), Dtype::f64)));
      if (along.needs_gradient()) check_zero(2, grad(along, xs, {.allow_unused = true}));
    }
}

bool has_pytorch_case(const Row& row) {
  static const std::set<std::string> names = [] {
    std::set<std::string> found;
    for (const Json& one : reference_data("pytorch_ops.json").items())
      if (one.contains("row")) found.insert(one["row"].text());
    return found;
  }();
  return names.contains(row.name);
}

// A column of autograd/COVERAGE.md: check_row throws an Error if a row that it concerns breaks the
// promise.
struct Promise {
  std::string column, meaning;
  std::function<void(const Row&)> check_row;
  std::function<bool(const Row&)> concerns = [](const Row&) { return true; };
};
const std::vector<Promise>& promises() {
  const auto own_shape = [](int order) {
    return [order](const Row& row) { check_derivatives(row, draw_inputs(row), order); };
  };
  const auto each = [](auto cases) {
    return [cases](const Row& row) {
      for (const std::vector<Shape>& shapes : cases(row)) check_derivatives(row, draw_inputs(row, shapes), 2);
    };
  };
  static const std::vector<Promise> all{
      {"value", "values agree with a scalar function in f32 and f64", check_values,
       [](const Row& row) { return static_cast<bool>(row.reference); }},
      {"special", "of NaN, infinities, zeros and the ends of the range, too", check_special_values, takes_any_number},
      {"PyTorch", "values, first and second derivatives agree with PyTorch's (compared by test_pytorch)",
       [](const Row&) {}, has_pytorch_case},
      {"order 1", "in f64, the gradient agrees with finite differences, by every input", own_shape(1)},
      {"order 2", "so does the gradient's gradient", own_shape(2)},
      {"order 3", "and the third derivative", own_shape(3), [](const Row& row) { return row.options.order >= 3; }},
      {"adjoint", "vjp is linear, jvp its adjoint and the slope along v", check_adjoint},
      {"symmetric", "second derivatives do not depend on their order", check_symmetry},
      {"batches", "many cotangents in one walk give what they give one by one, at orders 1 and 2", check_batches},
      {"broadcast", "all this for operands that broadcast", each(broadcast_cases),
       [](const Row& row) { return !broadcast_cases(row).empty(); }},
      {"shapes", "and for 0-d, empty and size-1 ones", each(other_shapes),
       [](const Row& row) { return !other_shapes(row).empty(); }},
      {"views", "transposed, flipped, expanded and interleaved inputs give what contiguous ones give, to order 2",
       check_views},
      {"f32", "f32 gives what f64 gives, to order 2", check_f32},
      {"threads", "1, 2 and 4 threads give the same bits, to order 2", check_threads},
      {"SIMD", "every instruction set of the CPU gives the same, to order 2", check_instruction_sets},
      {"strong zero", "a branch that is not taken passes on 0 at orders 1 and 2, for inputs of 0, ±∞ and NaN, too",
       check_strong_zeros},
      {"leaks", "nothing stays in use", check_nothing_left},
  };
  return all;
}

enum class Kept { not_concerned, yes, no };
std::map<std::string, std::map<std::string, Kept>> results;  // by column and function

// Checks all rows, also after one has failed.
void keep(const std::string& column) {
  const auto promise = std::ranges::find(promises(), column, &Promise::column);
  REQUIRE(promise != promises().end());
  for (const Row& row : op_table()) {
    Kept& kept = results[column][row.function()];
    if (!promise->concerns(row)) continue;
    try {
      promise->check_row(row);
      if (kept == Kept::not_concerned) kept = Kept::yes;
    } catch (const Error& error) {
      kept = Kept::no;
      FAIL_CHECK(std::string(error.what()));
    }
  }
}

// autograd/COVERAGE.md, as it should be.
std::string coverage_page() {
  std::ostringstream page;
  page << "# What is checked of every op\n\n"
          "Written by `HOURGLASS_WRITE_COVERAGE=1 hourglass_tests --source-file='*/test_ops.cpp'` from the rows of "
          "tests/tables/op_table.cpp and\n"
          "what their checks gave; the same test fails where this page says anything else. ✓ holds for all rows of the "
          "function\n"
          "that it concerns, · concerns none of them, ✗ fails.\n\n";
  for (const Promise& promise : promises()) page << "- **" << promise.column << "**: " << promise.meaning << "\n";
  page << "\n| op | rows |";
  for (const Promise& promise : promises()) page << " " << promise.column << " |";
  page << "\n|---|---|";
  for (std::size_t i = 0; i < promises().size(); ++i) page << "---|";
  std::map<std::string, int> rows;
  for (const Row& row : op_table()) ++rows[row.function()];
  for (const auto& [function, count] : rows) {
    page << "\n| `" << function << "` | " << count << " |";
    for (const Promise& promise : promises()) {
      const Kept kept = results[promise.column][function];
      page << (kept == Kept::yes ? " ✓ |" : kept == Kept::no ? " ✗ |" : " · |");
    }
  }
  page << "\n";
  return page.str();
}

}  // namespace

TEST_CASE("every function of autograd/ops.h and of the headers that it includes last has a row for each overload") {
  const std::regex declaration(R"(^(?:inline )?(?:Var|\w+Var|LstmState|std::vector<Var>) (operator.|\w+)\()");
  std::map<std::string, int> missing;
  int declared = 0;
  for (const char* name :
       {"ops.h", "arranging.h", "indexing.h", "order.h", "arithmetic.h", "linalg.h", "fft.h", "volumes.h"}) {
    std::ifstream header(source_path(std::string("autograd/") + name));
    for (std::string line; std::getline(header, line);) {
      std::smatch match;
      if (!std::regex_search(line, match, declaration)) continue;
      ++missing[match[1]];
      ++declared;
    }
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

TEST_CASE("values agree with the scalar reference") { keep("value"); }
TEST_CASE("NaN, infinities, zeros and the ends of the range agree with the C library") { keep("special"); }
TEST_CASE("first derivatives agree with finite differences") { keep("order 1"); }
TEST_CASE("second derivatives agree with finite differences") { keep("order 2"); }
TEST_CASE("third derivatives of some ops agree with finite differences") { keep("order 3"); }
TEST_CASE("derivatives of operands that broadcast agree with finite differences") { keep("broadcast"); }
TEST_CASE("derivatives of 0-d, empty and single-element operands agree with finite differences") { keep("shapes"); }
TEST_CASE("vjp is linear, and jvp is its adjoint and the slope along a tangent") { keep("adjoint"); }
TEST_CASE("Hessians are symmetric") { keep("symmetric"); }
TEST_CASE("a batch of cotangents gives the same as one cotangent at a time") { keep("batches"); }
TEST_CASE("f32 agrees with f64 in value, first and second derivative") { keep("f32"); }
TEST_CASE("views give the same as contiguous copies") { keep("views"); }
TEST_CASE("one thread, two and four give the same bits") { keep("threads"); }
TEST_CASE("every instruction set of this CPU gives the same values and derivatives, up to rounding") { keep("SIMD"); }
TEST_CASE("a branch that is not taken passes on 0, whatever its inputs are") { keep("strong zero"); }
TEST_CASE("no memory is left in use") { keep("leaks"); }

TEST_CASE("a product differentiates through its zeros") {
  for (const Tensor& x :
       {Tensor::from({2.0, 0.0, -3.0}), Tensor::from({2.0, 0.0, 0.0, -3.0, 0.5}), Tensor::from({0.0, 0.0, 0.0})})
    CHECK_NOTHROW(check_gradients([](const Vars& v) { return prod(v[0]); }, {x}, {.order = 3}));
}

TEST_CASE("autograd/COVERAGE.md has the results of these checks, and no gap") {
  for (const Promise& promise : promises())
    if (!results.contains(promise.column)) keep(promise.column);  // when this case runs alone
  const std::string path = source_path("autograd/COVERAGE.md"), page = coverage_page();
  if (std::getenv("HOURGLASS_WRITE_COVERAGE")) std::ofstream(path) << page;
  std::ifstream file(path);
  const std::string written{std::istreambuf_iterator<char>(file), {}};
  CHECK_MESSAGE(written == page,
                "autograd/COVERAGE.md is out of date: run "
                "HOURGLASS_WRITE_COVERAGE=1 hourglass_tests --source-file='*/test_ops.cpp'");
  CHECK(page.find("✗ |") == std::string::npos);
  // One of two references checks the value of every op.
  for (const Row& row : op_table())
    CHECK_MESSAGE((results["value"][row.function()] == Kept::yes || results["PyTorch"][row.function()] == Kept::yes),
                  row.name);
}
