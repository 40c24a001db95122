// SPDX-License-Identifier: MIT
// How exact the transcendental functions are: within 2 units in the last place (ulp) over the whole range of numbers,
// on every instruction set of this CPU.
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <random>
#include <vector>

#include <doctest/doctest.h>

#include "tensor/kernels/kernels.h"
#include "tensor/ops.h"
#include "tensor/random.h"
#include "tests/tables/op_checks.h"

using namespace hourglass;
using namespace hourglass::test;

namespace {

// f is compared with the C library's function in a wider type. f64_ulp is the tolerance of
// functions that are more than 2 ulp off in f64: they are xsimd's, unchanged.
struct Function {
  const char* name;
  Tensor (*f)(const Tensor&);
  long double (*wide)(long double);
  double (*exact)(double);
  double f64_ulp = 2;
};

template <class T>
T sigmoid_of(T x) {
  return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
}
template <class T>
T softplus_of(T x) {
  return std::fmax(x, T(0)) + std::log1p(std::exp(-std::abs(x)));
}

#define FUNCTION(name, reference, ...)                                                                                 \
  Function {                                                                                                           \
#name,                                                                                                             \
        [](const Tensor&                                                                                               \
               x) { return name(x); },                                                                                 \
                                    [](long double                                                                     \
                                           x) { return reference(x); },                                                \
                                                                     [](double x) { return reference(x); } __VA_OPT__( \
                                                                         , ) __VA_ARGS__                               \
  }
const Function kFunctions[] = {
    FUNCTION(exp, std::exp),
    FUNCTION(expm1, std::expm1),
    FUNCTION(log, std::log),
    FUNCTION(log1p, std::log1p),
    FUNCTION(log2, std::log2),
    FUNCTION(log10, std::log10),
    FUNCTION(tanh, std::tanh),
    FUNCTION(sinh, std::sinh),
    FUNCTION(cosh, std::cosh),
    FUNCTION(sigmoid, sigmoid_of),
    FUNCTION(softplus, softplus_of),
    FUNCTION(erf, std::erf),
    FUNCTION(sin, std::sin),
    FUNCTION(cos, std::cos),
    FUNCTION(tan, std::tan, 2.5),
    FUNCTION(asin, std::asin),
    FUNCTION(acos, std::acos),
    FUNCTION(atan, std::atan, 2.5),
    {"log_sigmoid", [](const Tensor& x) { return log_sigmoid(x); }, [](long double x) { return -softplus_of(-x); },
     [](double x) { return -softplus_of(-x); }},
    {"pow 2.5", [](const Tensor& x) { return pow(x, 2.5); }, [](long double x) { return std::pow(x, 2.5L); },
     [](double x) { return std::pow(x, 2.5); }},
    {"pow -3", [](const Tensor& x) { return pow(x, -3); }, [](long double x) { return std::pow(x, -3.0L); },
     [](double x) { return std::pow(x, -3.0); }},
};

// |got - wanted| in units of the last place that a T of wanted's size has. It is 0 if both are
// alike, and more than any tolerance if only one of them is NaN or infinite.
template <class T, class Wide>
double ulps(T got, Wide wanted) {
  using Limits = std::numeric_limits<T>;
  const T rounded = static_cast<T>(wanted);
  if (got == rounded || (std::isnan(got) && std::isnan(rounded))) {
    if (std::isnan(got) || std::isinf(got) || got == 0) return 0;
  }
  if (!std::isfinite(got) || !std::isfinite(rounded)) {
    // At the end of the range, infinity counts as one unit beyond the largest number.
    const Wide edge = std::isfinite(got) ? static_cast<Wide>(got) : wanted;
    return std::abs(edge) >= static_cast<Wide>(Limits::max()) * (1 - 2 * static_cast<Wide>(Limits::epsilon())) ? 1
                                                                                                               : 1e9;
  }
  int exponent;
  std::frexp(wanted, &exponent);
  exponent = std::max(exponent, Limits::min_exponent) - Limits::digits;
  return static_cast<double>(std::abs(static_cast<Wide>(got) - wanted) / std::ldexp(Wide(1), exponent));
}

std::vector<const Kernels*> all_kernels() {
  std::vector<const Kernels*> found;
  for (const char* name : {"sse2", "avx2", "avx512bw", "neon64"})
    if (const Kernels* table = kernels_named(name)) found.push_back(table);
  return found;
}

// The function's largest error on numbers x, on each instruction set.
template <class T, class Wide>
void check_errors(const Function& function, const std::vector<T>& x, Wide (*exact)(Wide), double most) {
  std::vector<Wide> wanted;
  for (const T number : x) wanted.push_back(exact(static_cast<Wide>(number)));
  const Tensor input = Tensor::from(x);
  const Kernels* const before = &kernels();
  for (const Kernels* table : all_kernels()) {
    use_kernels(table);
    const Tensor y = function.f(input);
    double worst = 0;
    std::size_t at = 0;
    for (std::size_t i = 0; i < x.size(); ++i)
      if (const double error = ulps(y.data<T>()[i], wanted[i]); error > worst) {
        worst = error;
        at = i;
      }
    use_kernels(before);
    INFO(function.name, " of ", dtype_of<T>, " ", x.empty() ? T(0) : x[at], " on ", table->name, ": ", worst, " ulp");
    CHECK(worst <= most);
  }
}

// Every step-th f32, in the order of its bits: both signs, subnormal numbers, infinities and NaNs.
std::uint64_t step() {
  const char* wanted = std::getenv("HOURGLASS_ULP_STEP");  // 1 tries them all, in half an hour
  return wanted ? std::strtoull(wanted, nullptr, 10) : 8191;
}

}  // namespace

TEST_CASE("transcendental functions of f32 are within 2 ulp over the whole range") {
  constexpr std::uint64_t end = std::uint64_t{1} << 32;
  for (const Function& function : kFunctions) {
    for (std::uint64_t bits = 0; bits < end;) {
      std::vector<float> x;
      for (; bits < end && x.size() < 1'000'000; bits += step())
        x.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
      check_errors<float, double>(function, x, function.exact, 2);
    }
  }
}

TEST_CASE("transcendental functions of f64 are within 2 ulp, and tan and atan within 2.5") {
  std::vector<double> x{0.0, -0.0, INFINITY, -INFINITY, NAN, 1, -1, 5e-324, -5e-324, 1e-310, -1e-310};
  Rng rng(0);
  // Random bits; around 0; over the range of exponentials; near 1, where logarithms vanish.
  std::mt19937_64 words;
  for (int i = 0; i < 20'000; ++i) x.push_back(std::bit_cast<double>(words()));
  for (const auto& [low, high] : {std::pair{-4.0, 4.0}, {-40.0, 40.0}, {-750.0, 750.0}, {0.99, 1.01}, {-1e-3, 1e-3}})
    for (const double number : rng.uniform({20'000}, low, high, Dtype::f64).to_vector<double>()) x.push_back(number);
  for (const Function& function : kFunctions)
    check_errors<double, long double>(function, x, function.wide, function.f64_ulp);
}

TEST_CASE("zeros keep their sign where the function is odd") {
  const Kernels* const before = &kernels();
  for (const Kernels* table : all_kernels()) {
    use_kernels(table);
    for (const Dtype dtype : {Dtype::f32, Dtype::f64})
      for (const Tensor& y : {expm1(full({3}, -0.0, dtype)), log1p(full({3}, -0.0, dtype)),
                              tanh(full({3}, -0.0, dtype)), sinh(full({3}, -0.0, dtype)), erf(full({3}, -0.0, dtype))})
        CHECK(max(1 / y).item() == -INFINITY);
    use_kernels(before);
  }
}

TEST_CASE("powers of special numbers follow IEEE 754") {
  const std::vector<double> numbers{0.0, -0.0, 1,   -1,   2,    -2,       3,         -3,
                                    0.5, -0.5, 2.5, -2.5, 1e10, INFINITY, -INFINITY, NAN};
  const Kernels* const before = &kernels();
  for (const Kernels* table : all_kernels()) {
    use_kernels(table);
    for (const Dtype dtype : {Dtype::f32, Dtype::f64})
      for (const double a : numbers)
        for (const double b : numbers) {
          const double got = pow(full({1}, a, dtype), full({1}, b, dtype)).item(), exact = std::pow(a, b);
          const double wanted = dtype == Dtype::f32 ? static_cast<double>(static_cast<float>(exact)) : exact;
          INFO(table->name, ", ", dtype, ": ", a, " to the power of ", b, " is ", got);
          if (std::isnan(wanted)) {
            CHECK(std::isnan(got));
          } else {
            CHECK(got == wanted);
            CHECK(std::signbit(got) == std::signbit(wanted));
          }
        }
    use_kernels(before);
  }
}
