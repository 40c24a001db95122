// SPDX-License-Identifier: MIT
// The rows of the table of differentiable ops, and how their inputs are drawn.
#include "tests/tables/op_table.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <numbers>

#include "tests/tables/op_rows.h"

namespace hourglass::test {
namespace {

double sigmoid_of(double x) { return 1 / (1 + std::exp(-x)); }
double softplus_of(double x) { return std::fmax(x, 0) + std::log1p(std::exp(-std::abs(x))); }
// NaN if either is.
double larger(double a, double b) { return a > b || std::isnan(a) ? a : b; }
double smaller(double a, double b) { return a < b || std::isnan(a) ? a : b; }
double logaddexp_of(double a, double b) {
  return larger(a, b) + (a == b ? std::numbers::ln2 : std::log1p(std::exp(-std::abs(a - b))));
}
double normal_cdf(double x) { return (1 + std::erf(x / std::numbers::sqrt2)) / 2; }
double normal_pdf(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi); }
double silu_slope(double x) { return sigmoid_of(x) * (1 + x * sigmoid_of(-x)); }

// ψ and its derivatives of order n, in long double and without reflection: the recurrence first
// moves x to 60 or more. At a pole the result is PyTorch's.
double polygamma_of(int n, double at) {
  if (std::isnan(at) || at == -INFINITY) return NAN;
  const bool pole = at <= 0 && at == std::floor(at);
  if (pole && n == 0) return at == 0 ? std::copysign(INFINITY, -at) : NAN;
  const double sign = n % 2 == 0 ? -1 : 1;
  if (pole) return sign * INFINITY;
  long double x = at, sum = 0, factorial = std::tgamma(n + 1.0L);
  for (; x < 60; ++x) sum += 1 / std::pow(x, n + 1.0L);
  if (n == 0) {
    if (std::isinf(at)) return at;
    return static_cast<double>(std::log(x) - 1 / (2 * x) - 1 / (12 * x * x) + 1 / (120 * x * x * x * x) -
                               1 / (252 * std::pow(x, 6)) + 1 / (240 * std::pow(x, 8)) - sum);
  }
  // The integral and Euler's corrections of Σ (x + k)^-(n + 1).
  const long double m = n, tail = std::pow(x, -m);
  sum += tail * (1 / m + 1 / (2 * x) + (m + 1) / (12 * x * x) - (m + 1) * (m + 2) * (m + 3) / (720 * x * x * x * x) +
                 (m + 1) * (m + 2) * (m + 3) * (m + 4) * (m + 5) / (30240 * std::pow(x, 6)));
  return static_cast<double>(sign * factorial * sum);
}

// clang-format off

// ---- one operand
void one_operand(Rows& row) {
  row("neg", [](const Vars& v) { return neg(v[0]); }, {uniform({3, 4}, -2, 2)}, [](double x) { return -x; });
  row("abs", [](const Vars& v) { return abs(v[0]); }, {uniform({3, 4}, -2, 2)}, [](double x) { return std::abs(x); });
  row("square", [](const Vars& v) { return square(v[0]); }, {uniform({3, 4}, -2, 2)}, [](double x) { return x * x; });
  row("reciprocal", [](const Vars& v) { return reciprocal(v[0]); },
   {uniform({3, 4}, 0.4, 2)}, [](double x) { return 1 / x; }, {.order = 3});
  row("sqrt", [](const Vars& v) { return sqrt(v[0]); },
   {uniform({3, 4}, 0.2, 4)}, [](double x) { return std::sqrt(x); }, {.order = 3});
  row("rsqrt", [](const Vars& v) { return rsqrt(v[0]); },
   {uniform({3, 4}, 0.4, 4)}, [](double x) { return 1 / std::sqrt(x); });
  row("exp", [](const Vars& v) { return exp(v[0]); },
   {uniform({3, 4}, -2, 2)}, [](double x) { return std::exp(x); }, {.order = 3});
  row("expm1", [](const Vars& v) { return expm1(v[0]); },
   {uniform({3, 4}, -2, 2)}, [](double x) { return std::expm1(x); });
  row("log", [](const Vars& v) { return log(v[0]); },
   {uniform({3, 4}, 0.3, 4)}, [](double x) { return std::log(x); }, {.order = 3});
  row("log1p", [](const Vars& v) { return log1p(v[0]); },
   {uniform({3, 4}, -0.6, 3)}, [](double x) { return std::log1p(x); });
  row("log2", [](const Vars& v) { return log2(v[0]); }, {uniform({3, 4}, 0.3, 4)}, [](double x) { return std::log2(x); });
  row("log10", [](const Vars& v) { return log10(v[0]); },
   {uniform({3, 4}, 0.3, 4)}, [](double x) { return std::log10(x); });
  row("sin", [](const Vars& v) { return sin(v[0]); },
   {uniform({3, 4}, -3, 3)}, [](double x) { return std::sin(x); }, {.order = 3});
  row("cos", [](const Vars& v) { return cos(v[0]); }, {uniform({3, 4}, -3, 3)}, [](double x) { return std::cos(x); });
  row("tan", [](const Vars& v) { return tan(v[0]); }, {uniform({3, 4}, -1, 1)}, [](double x) { return std::tan(x); });
  row("asin", [](const Vars& v) { return asin(v[0]); },
   {uniform({3, 4}, -0.8, 0.8)}, [](double x) { return std::asin(x); });
  row("acos", [](const Vars& v) { return acos(v[0]); },
   {uniform({3, 4}, -0.8, 0.8)}, [](double x) { return std::acos(x); });
  row("atan", [](const Vars& v) { return atan(v[0]); }, {uniform({3, 4}, -3, 3)}, [](double x) { return std::atan(x); });
  row("sinh", [](const Vars& v) { return sinh(v[0]); }, {uniform({3, 4}, -2, 2)}, [](double x) { return std::sinh(x); });
  row("cosh", [](const Vars& v) { return cosh(v[0]); }, {uniform({3, 4}, -2, 2)}, [](double x) { return std::cosh(x); });
  row("tanh", [](const Vars& v) { return tanh(v[0]); },
   {uniform({3, 4}, -2, 2)}, [](double x) { return std::tanh(x); }, {.order = 3});
  row("erf", [](const Vars& v) { return erf(v[0]); }, {uniform({3, 4}, -2, 2)}, [](double x) { return std::erf(x); });
  row("erfc", [](const Vars& v) { return erfc(v[0]); }, {uniform({3, 4}, -2, 2)}, [](double x) { return std::erfc(x); });
  row("lgamma", [](const Vars& v) { return lgamma(v[0]); },
   {uniform({3, 4}, 0.4, 6)}, [](double x) { return std::lgamma(x); }, {.order = 3});
  row("lgamma left of 0", [](const Vars& v) { return lgamma(v[0]); },
   {uniform({2, 2}, -0.8, -0.2)}, [](double x) { return std::lgamma(x); });
  row("digamma", [](const Vars& v) { return digamma(v[0]); },
   {uniform({3, 4}, 0.6, 6)}, [](double x) { return polygamma_of(0, x); }, {.order = 3});
  row("digamma left of 0", [](const Vars& v) { return digamma(v[0]); },
   {uniform({2, 2}, -0.8, -0.2)}, [](double x) { return polygamma_of(0, x); });
  row("polygamma of order 1", [](const Vars& v) { return polygamma(1, v[0]); },
   {uniform({3, 4}, 0.7, 6)}, [](double x) { return polygamma_of(1, x); }, {.order = 3});
  row("polygamma of order 3", [](const Vars& v) { return polygamma(3, v[0]); },
   {uniform({3, 4}, 1, 6)}, [](double x) { return polygamma_of(3, x); });
  row("sign", [](const Vars& v) { return sign(v[0]); },
   {uniform({3, 4}, -2, 2)}, [](double x) { return x > 0 ? 1 : x < 0 ? -1 : x; });
  row("floor", [](const Vars& v) { return floor(v[0]); },
   {uniform({3, 4}, -2.3, 2.2)}, [](double x) { return std::floor(x); });
  row("ceil", [](const Vars& v) { return ceil(v[0]); },
   {uniform({3, 4}, -2.3, 2.2)}, [](double x) { return std::ceil(x); });
  row("round", [](const Vars& v) { return round(v[0]); },
   {uniform({3, 4}, -2.3, 2.2)}, [](double x) { return std::nearbyint(x); });
  row("trunc", [](const Vars& v) { return trunc(v[0]); },
   {uniform({3, 4}, -2.3, 2.2)}, [](double x) { return std::trunc(x); });
}

// ---- activations
void activations(Rows& row) {
  row("relu", [](const Vars& v) { return relu(v[0]); }, {uniform({3, 4}, -2, 2)}, [](double x) { return x <= 0 ? 0 : x; });
  row("sigmoid", [](const Vars& v) { return sigmoid(v[0]); }, {uniform({3, 4}, -3, 3)}, sigmoid_of, {.order = 3});
  row("log_sigmoid", [](const Vars& v) { return log_sigmoid(v[0]); },
   {uniform({3, 4}, -3, 3)}, [](double x) { return -softplus_of(-x); }, {.order = 3});
  row("softplus", [](const Vars& v) { return softplus(v[0]); }, {uniform({3, 4}, -3, 3)}, softplus_of, {.order = 3});
  row("softsign", [](const Vars& v) { return softsign(v[0]); },
   {uniform({3, 4}, -2, 2)}, [](double x) { return x / (1 + std::abs(x)); });
  row("silu", [](const Vars& v) { return silu(v[0]); },
   {uniform({3, 4}, -3, 3)}, [](double x) { return x / (1 + std::exp(-x)); }, {.order = 3});
  row("gelu", [](const Vars& v) { return gelu(v[0]); },
   {uniform({3, 4}, -3, 3)}, [](double x) { return x * normal_cdf(x); }, {.order = 3});
  row("leaky_relu", [](const Vars& v) { return leaky_relu(v[0]); },
   {uniform({3, 4}, -2, 2)}, [](double x) { return x > 0 ? x : 0.01 * x; });
  row("leaky_relu of slope 0.2", [](const Vars& v) { return leaky_relu(v[0], 0.2); },
   {uniform({3, 4}, -2, 2)}, [](double x) { return x > 0 ? x : 0.2 * x; });
  row("elu", [](const Vars& v) { return elu(v[0]); },
   {uniform({3, 4}, -2, 2)}, [](double x) { return x > 0 ? x : std::expm1(x); });
  row("elu of alpha 0.5", [](const Vars& v) { return elu(v[0], 0.5); },
   {uniform({3, 4}, -2, 2)}, [](double x) { return x > 0 ? x : 0.5 * std::expm1(x); });
}

// ---- two operands
void two_operands(Rows& row) {
  row("add", [](const Vars& v) { return add(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -1, 3)}, [](double a, double b) { return a + b; });
  row("add of a number", [](const Vars& v) { return add(v[0], 0.75); },
   {uniform({3, 4}, -2, 2)}, [](double a) { return a + 0.75; });
  row("sub", [](const Vars& v) { return sub(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -1, 3)}, [](double a, double b) { return a - b; });
  row("sub of a number", [](const Vars& v) { return sub(v[0], 0.75); },
   {uniform({3, 4}, -2, 2)}, [](double a) { return a - 0.75; });
  row("sub from a number", [](const Vars& v) { return sub(0.75, v[0]); },
   {uniform({3, 4}, -2, 2)}, [](double a) { return 0.75 - a; });
  row("mul", [](const Vars& v) { return mul(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -1, 3)}, [](double a, double b) { return a * b; }, {.order = 3});
  row("mul by a number", [](const Vars& v) { return mul(v[0], 0.75); },
   {uniform({3, 4}, -2, 2)}, [](double a) { return a * 0.75; });
  row("div", [](const Vars& v) { return div(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, 0.5, 2)}, [](double a, double b) { return a / b; }, {.order = 3});
  row("div by a number", [](const Vars& v) { return div(v[0], 0.75); },
   {uniform({3, 4}, -2, 2)}, [](double a) { return a / 0.75; });
  row("div of a number", [](const Vars& v) { return div(0.75, v[0]); },
   {uniform({3, 4}, 0.5, 2)}, [](double a) { return 0.75 / a; });
  row("pow", [](const Vars& v) { return pow(v[0], v[1]); },
   {uniform({3, 4}, 0.4, 2), uniform({3, 4}, -2, 2)}, [](double a, double b) { return std::pow(a, b); }, {.order = 3});
  row("pow 3", [](const Vars& v) { return pow(v[0], 3); },
   {uniform({3, 4}, -2, 2)}, [](double a) { return std::pow(a, 3); });
  row("pow -1.5", [](const Vars& v) { return pow(v[0], -1.5); },
   {uniform({3, 4}, 0.5, 2)}, [](double a) { return std::pow(a, -1.5); });
  row("pow 0", [](const Vars& v) { return pow(v[0], 0); },
   {uniform({3, 4}, -2, 2)}, [](double a) { return std::pow(a, 0); });
  row("maximum", [](const Vars& v) { return maximum(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -1.8, 2.2)}, larger);
  row("maximum with a number", [](const Vars& v) { return maximum(v[0], 0.25); },
   {uniform({3, 4}, -2, 2)}, [](double a) { return larger(a, 0.25); });
  row("minimum", [](const Vars& v) { return minimum(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -1.8, 2.2)}, smaller);
  row("minimum with a number", [](const Vars& v) { return minimum(v[0], 0.25); },
   {uniform({3, 4}, -2, 2)}, [](double a) { return smaller(a, 0.25); });
  row("clamp", [](const Vars& v) { return clamp(v[0], -1, 0.75); },
   {uniform({3, 4}, -2, 2)}, [](double x) { return x < -1 ? -1 : x > 0.75 ? 0.75 : x; });
  row("atan2", [](const Vars& v) { return atan2(v[0], v[1]); },
   {uniform({3, 4}, 0.5, 2), uniform({3, 4}, -2, 2)}, [](double y, double x) { return std::atan2(y, x); });
  row("logaddexp", [](const Vars& v) { return logaddexp(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -2, 3)},
   logaddexp_of, {.order = 3});
  row("squared_difference", [](const Vars& v) { return squared_difference(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -1, 3)}, [](double a, double b) { return (a - b) * (a - b); });
  row("bce", [](const Vars& v) { return bce(v[0], v[1]); },
   {uniform({3, 4}, 0.1, 0.9), uniform({3, 4}, 0, 1)},
   [](double p, double t) { return -t * std::log(p) - (1 - t) * std::log1p(-p); });
  row("bce_with_logits", [](const Vars& v) { return bce_with_logits(v[0], v[1]); },
   {uniform({3, 4}, -3, 3), uniform({3, 4}, 0, 1)},
   [](double x, double t) { return softplus_of(x) - x * t; }, {.order = 3});
  row("bce_with_logits_sum", [](const Vars& v) { return bce_with_logits_sum(v[0], v[1]); },
   {uniform({3, 4}, -3, 3), uniform({3, 4}, 0, 1)}, {}, {.order = 3, .shapes = kAnyShape});
  row("squared_difference_sum", [](const Vars& v) { return squared_difference_sum(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -1, 3)}, {}, {.shapes = kAnyShape});
  row("operator- of one", [](const Vars& v) { return -v[0]; }, {uniform({3, 4}, -2, 2)}, [](double x) { return -x; });
  row("operator+", [](const Vars& v) { return v[0] + v[1]; },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -1, 3)}, [](double a, double b) { return a + b; });
  row("operator+ number", [](const Vars& v) { return v[0] + 0.75; },
   {uniform({3, 4}, -2, 2)}, [](double a) { return a + 0.75; });
  row("operator+ after a number", [](const Vars& v) { return 0.75 + v[0]; },
   {uniform({3, 4}, -2, 2)}, [](double a) { return 0.75 + a; });
  row("operator-", [](const Vars& v) { return v[0] - v[1]; },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -1, 3)}, [](double a, double b) { return a - b; });
  row("operator- number", [](const Vars& v) { return v[0] - 0.75; },
   {uniform({3, 4}, -2, 2)}, [](double a) { return a - 0.75; });
  row("operator- after a number", [](const Vars& v) { return 0.75 - v[0]; },
   {uniform({3, 4}, -2, 2)}, [](double a) { return 0.75 - a; });
  row("operator*", [](const Vars& v) { return v[0] * v[1]; },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -1, 3)}, [](double a, double b) { return a * b; });
  row("operator* number", [](const Vars& v) { return v[0] * 0.75; },
   {uniform({3, 4}, -2, 2)}, [](double a) { return a * 0.75; });
  row("operator* after a number", [](const Vars& v) { return 0.75 * v[0]; },
   {uniform({3, 4}, -2, 2)}, [](double a) { return 0.75 * a; });
  row("operator/", [](const Vars& v) { return v[0] / v[1]; },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, 0.5, 2)}, [](double a, double b) { return a / b; });
  row("operator/ number", [](const Vars& v) { return v[0] / 0.75; },
   {uniform({3, 4}, -2, 2)}, [](double a) { return a / 0.75; });
  row("operator/ after a number", [](const Vars& v) { return 0.75 / v[0]; },
   {uniform({3, 4}, 0.5, 2)}, [](double a) { return 0.75 / a; });
}

// ---- three operands
void three_operands(Rows& row) {
  row("lerp", [](const Vars& v) { return lerp(v[0], v[1], v[2]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -1, 3), uniform({3, 4}, 0, 1)},
   [](double a, double b, double w) { return a + w * (b - a); });
  row("mul_add", [](const Vars& v) { return mul_add(v[0], v[1], v[2]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -1, 3), uniform({3, 4}, -1, 1)},
   [](double a, double b, double c) { return a * b + c; });
  row("where", [](const Vars& v) { return where(v[0].value(), v[1], v[2]); },
   {mask({3, 4}), uniform({3, 4}, -2, 2), uniform({3, 4}, 0, 3)},
   [](double m, double a, double b) { return m != 0 ? a : b; });
  row("where or else a number", [](const Vars& v) { return where(v[0].value(), v[1], 0.75); },
   {mask({3, 4}), uniform({3, 4}, -2, 2)}, [](double m, double a) { return m != 0 ? a : 0.75; });
  row("where a number or else", [](const Vars& v) { return where(v[0].value(), 0.75, v[1]); },
   {mask({3, 4}), uniform({3, 4}, -2, 2)}, [](double m, double b) { return m != 0 ? 0.75 : b; });
  row("masked_fill", [](const Vars& v) { return masked_fill(v[0], v[1].value(), 0.75); },
   {uniform({3, 4}, -2, 2), mask({3, 4})}, {}, {.shapes = kAnyShape});
  row("masked_fill of rows", [](const Vars& v) { return masked_fill(v[0], v[1].value(), 0.75); },
   {uniform({3, 4}, -2, 2), mask({3, 1})});
}

// ---- gradients that are ops of their own
void gradients(Rows& row) {
  row("strong_mul", [](const Vars& v) { return strong_mul(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -1, 3)}, [](double g, double d) { return g == 0 ? 0 : g * d; }, {.order = 3});
  row("strong_div", [](const Vars& v) { return strong_div(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, 0.5, 2)}, [](double g, double d) { return g == 0 ? 0 : g / d; }, {.order = 3});
  row("strong_product", [](const Vars& v) { return strong_product(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -1, 3)},
   [](double a, double b) { return a == 0 || b == 0 ? 0 : a * b; }, {.order = 3});
  row("sigmoid_grad", [](const Vars& v) { return sigmoid_grad(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, 0.1, 0.9)},
   [](double g, double y) { return g * y * (1 - y); }, {.order = 3});
  row("tanh_grad", [](const Vars& v) { return tanh_grad(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -0.9, 0.9)},
   [](double g, double y) { return g * (1 - y * y); }, {.order = 3});
  row("softplus_grad", [](const Vars& v) { return softplus_grad(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -3, 3)}, [](double g, double x) { return g * sigmoid_of(x); });
  row("silu_grad", [](const Vars& v) { return silu_grad(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -3, 3)}, [](double g, double x) { return g * silu_slope(x); });
  row("gelu_grad", [](const Vars& v) { return gelu_grad(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -3, 3)},
   [](double g, double x) { return g * (normal_cdf(x) + x * normal_pdf(x)); });
  row("relu_grad", [](const Vars& v) { return relu_grad(v[0], v[1].value()); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -2, 2)}, [](double g, double y) { return y > 0 ? g : 0; });
  row("bce_with_logits_grad", [](const Vars& v) { return bce_with_logits_grad(v[0], v[1], v[2]); },
   {uniform({3, 4}, -3, 3), uniform({3, 4}, 0, 1), uniform({3, 4}, -2, 2)},
   [](double x, double t, double g) { return g * (sigmoid_of(x) - t); });
  row("squared_difference_grad", [](const Vars& v) { return squared_difference_grad(v[0], v[1], v[2]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -1, 3), uniform({3, 4}, -2, 2)},
   [](double a, double b, double g) { return 2 * g * (a - b); });
}

// ---- sums and repetition
void sums(Rows& row) {
  row("sum", [](const Vars& v) { return sum(v[0]); }, {uniform({3, 4}, -2, 2)}, {}, {.shapes = kAnyShape});
  row("sum over axis 0", [](const Vars& v) { return sum(v[0], {0}); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{1}, {0}, {0, 3}, {3, 0}}});
  row("sum over axis 1 of three", [](const Vars& v) { return sum(v[0], {1}); }, {uniform({2, 3, 4}, -2, 2)});
  row("sum over the last axis, kept", [](const Vars& v) { return sum(v[0], {-1}, true); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = kAnyRows});
  row("sum over axes 0 and 2", [](const Vars& v) { return sum(v[0], {0, 2}); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = {{1, 1, 1}, {2, 0, 3}, {2, 3, 0}}});
  row("sum_to a row", [](const Vars& v) { return sum_to(v[0], {columns(v[0])}); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{1}, {1, 1}, {0, 3}}});
  row("sum_to a column", [](const Vars& v) { return sum_to(v[0], {rows(v[0]), 1}); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{1, 1}, {0, 3}, {3, 0}}});
  row("sum_to a number", [](const Vars& v) { return sum_to(v[0], {}); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = kAnyShape});
  row("expand", [](const Vars& v) { return expand(v[0], {2, -1, 5}); },
   {uniform({3, 1}, -2, 2)}, {}, {.shapes = {{1, 1}, {0, 1}}});
  row("broadcast_to", [](const Vars& v) { return broadcast_to(v[0], {2, rows(v[0]), 5}); },
   {uniform({3, 1}, -2, 2)}, {}, {.shapes = {{1}, {1, 1}, {0, 1}}});
  row("cumsum along axis 0", [](const Vars& v) { return cumsum(v[0], 0); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{}, {1}, {0}, {0, 3}, {3, 0}}});
  row("cumsum along the last axis", [](const Vars& v) { return cumsum(v[0], -1); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = kAnyShape});
}

// ---- rearranging
void rearranging(Rows& row) {
  row("reshape", [](const Vars& v) { return reshape(v[0], {2, -1}); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{2}, {2, 1}, {0, 3}}});
  row("reshape to a number", [](const Vars& v) { return reshape(v[0], {}); },
   {uniform({1, 1}, -2, 2)}, {}, {.shapes = {{}, {1}}});
  row("flatten", [](const Vars& v) { return flatten(v[0]); }, {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = kAnyShape});
  row("flatten of axes 1 and 2", [](const Vars& v) { return flatten(v[0], 1, 2); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = {{1, 1, 1}, {0, 2, 3}}});
  row("permute", [](const Vars& v) { return permute(v[0], {2, 0, -2}); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = {{1, 1, 1}, {0, 2, 3}}});
  row("transpose", [](const Vars& v) { return transpose(v[0]); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = {{1, 1}, {0, 2}}});
  row("transpose of axes 0 and -1", [](const Vars& v) { return transpose(v[0], 0, -1); }, {uniform({2, 3, 4}, -2, 2)});
  row("squeeze", [](const Vars& v) { return squeeze(v[0]); }, {uniform({1, 3, 1, 4}, -2, 2)}, {}, {.shapes = kAnyShape});
  row("squeeze of axis 1", [](const Vars& v) { return squeeze(v[0], 1); },
   {uniform({3, 1, 4}, -2, 2)}, {}, {.shapes = {{1, 1}, {0, 1}}});
  row("unsqueeze", [](const Vars& v) { return unsqueeze(v[0], -1); }, {uniform({3, 4}, -2, 2)}, {}, {.shapes = kAnyShape});
  row("flip", [](const Vars& v) { return flip(v[0], {0, -1}); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = {{1, 1}, {0, 3}}});
  row("contiguous", [](const Vars& v) { return contiguous(transpose(v[0])); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{1, 1}, {0, 3}}});
  row("to f64", [](const Vars& v) { return to(v[0], Dtype::f64); }, {uniform({3, 4}, -2, 2)}, {}, {.shapes = kAnyShape});
}

// ---- picking
void picking(Rows& row) {
  row("slice", [](const Vars& v) { return slice(v[0], 1, 1, 3); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{1, 1}, {0, 3}, {3, 0}}});
  row("slice by steps", [](const Vars& v) { return slice(v[0], 0, 1, 1000000, 3); },
   {uniform({8, 2}, -2, 2)}, {}, {.shapes = {{1}, {0}}});
  row("slice from the end", [](const Vars& v) { return slice(v[0], -1, -3, -1); },
   {uniform({2, 5}, -2, 2)}, {}, {.shapes = {{1}, {0}}});
  row("slice backwards", [](const Vars& v) { return slice(v[0], 1, -2, -1000000, -2); },
   {uniform({2, 6}, -2, 2)}, {}, {.shapes = {{1, 1}, {2, 0}}});
  row("embed_slice", [](const Vars& v) { return embed_slice(v[0], {rows(v[0]), 3 * columns(v[0]) + 2}, 1, 1, 3); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{1, 1}, {0, 3}, {3, 0}}});
  row("select", [](const Vars& v) { return select(v[0], 1, 2); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = {{1, 3}, {0, 3}}});
  row("select from the end", [](const Vars& v) { return select(v[0], -1, -1); },
   {uniform({2, 3}, -2, 2)}, {}, {.shapes = kAnyRows});
  row("unfold that overlaps", [](const Vars& v) { return unfold(v[0], 1, 3, 2); },
   {uniform({2, 8, 2}, -2, 2)}, {}, {.shapes = {{1, 3}, {0, 5}}});
  row("unfold with gaps", [](const Vars& v) { return unfold(v[0], -1, 2, 3); },
   {uniform({2, 9}, -2, 2)}, {}, {.shapes = {{2}, {0, 5}}});
  row("fold", [](const Vars& v) { const std::int64_t n = v[0].size(1), size = v[0].size(2);
                               return fold(v[0], {rows(v[0]), 2 * n + size - 1}, 1, size, 2); },
   {uniform({2, 3, 3}, -2, 2)}, {}, {.shapes = {{1, 1, 1}, {0, 2, 3}}});
  row("index_select", [](const Vars& v) { return index_select(v[0], 1, v[1].value()); },
   {uniform({2, 4, 3}, -2, 2), integers({6}, 0, 4)},
   {}, {.shapes_of_each = {{{1, 4, 1}, {1}}, {{0, 4, 3}, {2}}, {{2, 4}, {0}}}});
  row("index_add", [](const Vars& v) { return index_add(v[0], 1, v[1].value(), v[2]); },
   {uniform({2, 4, 3}, -2, 2), integers({6}, 0, 4), uniform({2, 6, 3}, -2, 2)},
   {}, {.shapes_of_each = {{{1, 4, 1}, {1}, {1, 1, 1}}, {{0, 4, 3}, {2}, {0, 2, 3}}, {{2, 4}, {0}, {2, 0}}}});
  row("gather", [](const Vars& v) { return gather(v[0], 1, v[1].value()); },
   {uniform({3, 4}, -2, 2), integers({3, 5}, 0, 4)},
   {}, {.shapes_of_each = {{{1, 4}, {1, 1}}, {{0, 4}, {0, 2}}, {{3, 4}, {3, 0}}}});
  row("gather along axis 0", [](const Vars& v) { return gather(v[0], 0, v[1].value()); },
   {uniform({3, 4}, -2, 2), integers({2, 3}, 0, 3)});
  row("scatter_add", [](const Vars& v) { return scatter_add(v[0], 1, v[1].value(), v[2]); },
   {uniform({3, 4}, -2, 2), integers({3, 5}, 0, 4), uniform({3, 5}, -1, 1)},
   {}, {.shapes_of_each = {{{1, 4}, {1, 1}, {1, 1}}, {{0, 4}, {0, 2}, {0, 2}}, {{3, 4}, {3, 0}, {3, 0}}}});
  row("scatter_add along axis 0", [](const Vars& v) { return scatter_add(v[0], 0, v[1].value(), v[2]); },
   {uniform({3, 4}, -2, 2), integers({2, 3}, 0, 3), uniform({2, 3}, -1, 1)});
  row("triu", [](const Vars& v) { return triu(v[0]); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{1, 1}, {0, 3}, {3, 0}}});
  row("triu above", [](const Vars& v) { return triu(v[0], 1); }, {uniform({2, 4, 3}, -2, 2)});
  row("tril", [](const Vars& v) { return tril(v[0]); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{1, 1}, {0, 3}, {3, 0}}});
  row("tril below", [](const Vars& v) { return tril(v[0], -1); }, {uniform({2, 4, 3}, -2, 2)});
}

// ---- joining and cutting
void joining(Rows& row) {
  row("concat", [](const Vars& v) { return concat({v[0], v[1], v[0]}, 1); },
   {uniform({3, 2}, -2, 2), uniform({3, 4}, 0, 2)}, {}, {.shapes = {{1, 1}, {0, 3}, {3, 0}}});
  row("concat of a list", [](const Vars& v) { return concat(v, 0); },
   {uniform({2, 3}, -2, 2), uniform({1, 3}, 0, 2)}, {}, {.shapes = {{1}, {0}}});
  row("stack", [](const Vars& v) { return stack({v[0], v[1]}); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, 0, 2)}, {}, {.shapes = kAnyShape});
  row("stack of a list along the last axis", [](const Vars& v) { return stack(v, -1); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, 0, 2)}, {}, {.shapes = kAnyShape});
  row("split",
   [](const Vars& v) { const Vars p = split(v[0], 3, 1); return p[0] * slice(p[1], 1, 0, 1) + p.size(); },
   {uniform({3, 8}, -2, 2)}, {}, {.shapes = {{1, 6}, {0, 6}}});
  row("split in given sizes",
   [](const Vars& v) { const Vars p = split(v[0], {1, columns(v[0]) - 1}, 1); return p[0] * p[1]; },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{1, 1}, {0, 3}}});
  row("pad", [](const Vars& v) { return pad(v[0], {{1, 2}, {0, 3}}, 0.75); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{1, 1}, {0, 3}}});
  row("pad of the last axis", [](const Vars& v) { return pad(v[0], {{2, 1}}); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = {{1}, {0}, {3, 0}}});
}

// ---- products
void products(Rows& row) {
  row("matmul", [](const Vars& v) { return matmul(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({4, 5}, -1, 1)}, {}, {.order = 3, .shapes = {{1, 1}, {0, 0}}});
  row("matmul with a transpose", [](const Vars& v) { return matmul(v[0], transpose(v[1])); },
   {uniform({3, 4}, -2, 2), uniform({5, 4}, -1, 1)}, {}, {.shapes = {{1, 1}, {0, 3}, {3, 0}}});
  row("matmul of batches", [](const Vars& v) { return matmul(v[0], v[1]); },
   {uniform({2, 3, 4}, -2, 2), uniform({2, 4, 2}, -1, 1)}, {}, {.shapes = {{1, 1, 1}, {0, 2, 2}}});
  row("matmul of broadcast batches", [](const Vars& v) { return matmul(v[0], v[1]); },
   {uniform({2, 1, 3, 4}, -2, 2), uniform({3, 4, 2}, -1, 1)});
  row("matmul of a batch and a matrix", [](const Vars& v) { return matmul(v[0], v[1]); },
   {uniform({2, 3, 4}, -2, 2), uniform({4, 2}, -1, 1)});
  row("matmul of a matrix and a batch", [](const Vars& v) { return matmul(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({2, 4, 2}, -1, 1)});
  row("matmul of a vector and a matrix", [](const Vars& v) { return matmul(v[0], v[1]); },
   {uniform({4}, -2, 2), uniform({4, 3}, -1, 1)});
  row("matmul of a matrix and a vector", [](const Vars& v) { return matmul(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({4}, -1, 1)});
  row("matmul of vectors", [](const Vars& v) { return matmul(v[0], v[1]); },
   {uniform({4}, -2, 2), uniform({4}, -1, 1)}, {}, {.shapes = {{1}, {0}}});
  row("matmul of a vector and a batch", [](const Vars& v) { return matmul(v[0], v[1]); },
   {uniform({4}, -2, 2), uniform({2, 4, 3}, -1, 1)});
  row("matmul of a batch and a vector", [](const Vars& v) { return matmul(v[0], v[1]); },
   {uniform({2, 3, 4}, -2, 2), uniform({4}, -1, 1)});
  row("linear", [](const Vars& v) { return linear(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({5, 4}, -1, 1)}, {}, {.order = 3, .shapes = {{1, 1}, {0, 3}, {3, 0}}});
  row("linear with bias", [](const Vars& v) { return linear(v[0], v[1], v[2]); },
   {uniform({3, 4}, -2, 2), uniform({5, 4}, -1, 1), uniform({5}, -1, 1)});
  row("linear of a vector, with bias", [](const Vars& v) { return linear(v[0], v[1], v[2]); },
   {uniform({4}, -2, 2), uniform({5, 4}, -1, 1), uniform({5}, -1, 1)});
  row("linear of a batch, with bias", [](const Vars& v) { return linear(v[0], v[1], v[2]); },
   {uniform({2, 3, 4}, -2, 2), uniform({5, 4}, -1, 1), uniform({5}, -1, 1)});
}

// ---- convolution: extents are chosen to fit at any scale
void convolution(Rows& row) {
  row("conv2d", [](const Vars& v) { return conv2d(v[0], v[1]); },
   {uniform({2, 2, 5, 4}, -2, 2), uniform({3, 2, 3, 2}, -1, 1)}, {}, {.order = 3, .shapes = {{1, 1, 1, 1}}});
  row("conv2d with bias, stride and padding",
   [](const Vars& v) { return conv2d(v[0], v[1], v[2], {.stride = {2, 3}, .padding = {1, 2}}); },
   {uniform({2, 2, 5, 4}, -2, 2), uniform({3, 2, 3, 2}, -1, 1), uniform({3}, -1, 1)});
  row("conv2d in groups, dilated", [](const Vars& v) { return conv2d(v[0], v[1], {.dilation = {2, 1}, .groups = 2}); },
   {uniform({2, 4, 5, 3}, -2, 2), uniform({6, 2, 2, 2}, -1, 1)});
  row("conv2d of every channel alone",
   [](const Vars& v) { return conv2d(v[0], v[1], {.stride = 2, .padding = 1, .groups = v[0].size(1)}); },
   {uniform({2, 3, 4, 4}, -2, 2), uniform({6, 1, 3, 3}, -1, 1)});
  row("conv2d of one image, with bias", [](const Vars& v) { return conv2d(v[0], v[1], v[2], {.padding = 1}); },
   {uniform({2, 5, 4}, -2, 2), uniform({3, 2, 3, 2}, -1, 1), uniform({3}, -1, 1)});
  row("conv2d that keeps the extents", [](const Vars& v) { return conv2d(v[0], v[1], {.padding = kSame}); },
   {uniform({2, 2, 5, 4}, -2, 2), uniform({3, 2, 2, 3}, -1, 1)});
  row("conv2d of the whole image, with bias", [](const Vars& v) { return conv2d(v[0], v[1], v[2]); },
   {uniform({2, 3, 3, 2}, -2, 2), uniform({4, 3, 3, 2}, -1, 1), uniform({4}, -1, 1)});
  row("conv2d of single pixels", [](const Vars& v) { return conv2d(v[0], v[1]); },
   {uniform({2, 3, 3, 4}, -2, 2), uniform({2, 3, 1, 1}, -1, 1)});
  row("conv2d of patches",
   [](const Vars& v) { return conv2d(v[0], v[1], {.stride = {v[1].size(2), v[1].size(3)}}); },
   {uniform({2, 2, 5, 6}, -2, 2), uniform({3, 2, 2, 3}, -1, 1)});
  row("conv1d", [](const Vars& v) { return conv1d(v[0], v[1]); },
   {uniform({2, 2, 7}, -2, 2), uniform({3, 2, 3}, -1, 1)}, {}, {.shapes = {{1, 1, 1}}});
  row("conv1d with all options",
   [](const Vars& v) {
     return conv1d(v[0], v[1], v[2], {.stride = 2, .padding = 3, .dilation = 2, .groups = 2});
   },
   {uniform({2, 4, 7}, -2, 2), uniform({6, 2, 3}, -1, 1), uniform({6}, -1, 1)});
  row("conv_transpose2d", [](const Vars& v) { return conv_transpose2d(v[0], v[1]); },
   {uniform({2, 2, 3, 4}, -2, 2), uniform({2, 3, 3, 2}, -1, 1)}, {}, {.order = 3, .shapes = {{1, 1, 1, 1}}});
  row("conv_transpose2d with bias, stride and padding",
   [](const Vars& v) {
     return conv_transpose2d(v[0], v[1], v[2], {.stride = {2, 3}, .padding = {1, 0}, .output_padding = {1, 2}});
   },
   {uniform({2, 2, 3, 2}, -2, 2), uniform({2, 3, 3, 2}, -1, 1), uniform({3}, -1, 1)});
  row("conv_transpose2d in groups, dilated",
   [](const Vars& v) {
     return conv_transpose2d(v[0], v[1],
                             {.stride = {2, 1}, .padding = 1, .output_padding = {1, 2}, .groups = 2, .dilation = {1, 3}});
   },
   {uniform({2, 4, 3, 3}, -2, 2), uniform({4, 3, 2, 2}, -1, 1)});
  row("conv_transpose2d of one image, with bias",
   [](const Vars& v) { return conv_transpose2d(v[0], v[1], v[2], {.stride = 2}); },
   {uniform({2, 3, 4}, -2, 2), uniform({2, 3, 3, 2}, -1, 1), uniform({3}, -1, 1)});
  row("conv_transpose2d of a pixel, with bias", [](const Vars& v) { return conv_transpose2d(v[0], v[1], v[2]); },
   {uniform({2, 3, 1, 1}, -2, 2), uniform({3, 2, 3, 2}, -1, 1), uniform({2}, -1, 1)});
  row("conv_transpose2d to patches",
   [](const Vars& v) { return conv_transpose2d(v[0], v[1], {.stride = {v[1].size(2), v[1].size(3)}}); },
   {uniform({2, 2, 3, 2}, -2, 2), uniform({2, 3, 2, 3}, -1, 1)});
  row("conv_transpose1d", [](const Vars& v) { return conv_transpose1d(v[0], v[1]); },
   {uniform({2, 2, 5}, -2, 2), uniform({2, 3, 3}, -1, 1)});
  row("conv_transpose1d with all options",
   [](const Vars& v) {
     return conv_transpose1d(v[0], v[1], v[2],
                             {.stride = 2, .padding = 1, .output_padding = 2, .groups = 2, .dilation = 3});
   },
   {uniform({2, 4, 5}, -2, 2), uniform({4, 3, 2}, -1, 1), uniform({6}, -1, 1)});
  row("conv1d_weight", [](const Vars& v) { return conv1d_weight(v[0], v[1], v[0].size(2) - v[1].size(2) + 1); },
   {uniform({2, 2, 5}, -2, 2), uniform({2, 3, 3}, -1, 1)});
  row("conv2d_weight",
   [](const Vars& v) {
     const auto kernel = [&](int axis) { return v[0].size(axis) + 2 - 2 * (v[1].size(axis) - 1); };
     return conv2d_weight(v[0], v[1], {kernel(2), kernel(3) - 1}, {.stride = 2, .padding = 1, .groups = 2});
   },
   {uniform({2, 2, 5, 4}, -2, 2), uniform({2, 4, 2, 2}, -1, 1)});
}

// ---- pooling and interpolation
void pooling(Rows& row) {
  row("resample",
   [](const Vars& v) {
     return resample(v[0], taps_of("resample", v[0].value(), AvgPool2dOptions{.kernel = {3, 2}, .stride = 1}));
   },
   {uniform({2, 5, 4}, -2, 2)}, {}, {.shapes = {{3, 2}, {0, 3, 2}}});
  row("max_over_taps",
   [](const Vars& v) {
     return max_over_taps(v[0], taps_of("max_over_taps", v[0].value(), MaxPool1dOptions{.kernel = 2})).values;
   },
   {uniform({3, 5}, -2, 2)}, {}, {.shapes = {{2}, {0, 2}}});
  row("max_pool2d", [](const Vars& v) { return max_pool2d(v[0], {.kernel = 2}); },
   {uniform({2, 2, 5, 4}, -2, 2)}, {}, {.shapes = {{2, 2}, {0, 2, 4}, {0, 2, 3, 3}}});
  row("max_pool2d that overlaps",
   [](const Vars& v) {
     return max_pool2d(v[0],
                       {.kernel = {3, 2}, .stride = {2, 1}, .padding = 1, .dilation = {1, 2}, .ceil_mode = true});
   },
   {uniform({2, 2, 6, 4}, -2, 2)});
  row("max_pool2d_with_indices",
   [](const Vars& v) {
     const PooledVar y = max_pool2d_with_indices(v[0], {.kernel = {2, 3}, .stride = 2});
     return y.values * constant(to(y.indices, y.values.dtype()) / v[0].numel());
   },
   {uniform({2, 2, 5, 4}, -2, 2)});
  row("max_pool1d", [](const Vars& v) { return max_pool1d(v[0], {.kernel = 3, .stride = 2, .padding = 1}); },
   {uniform({2, 2, 7}, -2, 2)});
  row("max_pool1d_with_indices",
   [](const Vars& v) {
     const PooledVar y = max_pool1d_with_indices(v[0], {.kernel = 2});
     return y.values * constant(to(y.indices, y.values.dtype()) / v[0].numel());
   },
   {uniform({2, 2, 7}, -2, 2)});
  row("max_unpool2d",
   [](const Vars& v) {
     const PooledVar y = max_pool2d_with_indices(v[0], {.kernel = 2, .stride = 2});
     return max_unpool2d(square(y.values), y.indices, {.kernel = 2, .output_size = {v[0].size(2), v[0].size(3)}});
   },
   {uniform({2, 2, 5, 4}, -2, 2)});
  row("max_unpool1d",
   [](const Vars& v) {
     const PooledVar y = max_pool1d_with_indices(v[0], {.kernel = 3});
     return max_unpool1d(square(y.values), y.indices, {.kernel = 3});
   },
   {uniform({2, 2, 6}, -2, 2)});
  row("avg_pool2d", [](const Vars& v) { return avg_pool2d(v[0], {.kernel = 2}); },
   {uniform({2, 2, 5, 4}, -2, 2)}, {}, {.shapes = {{2, 2}, {0, 2, 4}}});
  row("avg_pool2d that overlaps",
   [](const Vars& v) {
     return avg_pool2d(v[0], {.kernel = {3, 2}, .stride = {2, 3}, .padding = 1, .ceil_mode = true});
   },
   {uniform({2, 2, 6, 4}, -2, 2)});
  row("avg_pool2d that counts the image alone",
   [](const Vars& v) {
     return avg_pool2d(v[0], {.kernel = 3, .stride = 2, .padding = 1, .ceil_mode = true, .count_include_pad = false});
   },
   {uniform({2, 2, 6, 5}, -2, 2)});
  row("avg_pool2d with a divisor",
   [](const Vars& v) { return avg_pool2d(v[0], {.kernel = {2, 3}, .divisor_override = 4}); },
   {uniform({2, 2, 5, 4}, -2, 2)});
  row("avg_pool1d", [](const Vars& v) { return avg_pool1d(v[0], {.kernel = 3, .stride = 2, .padding = 1}); },
   {uniform({2, 2, 7}, -2, 2)});
  row("adaptive_avg_pool2d", [](const Vars& v) { return adaptive_avg_pool2d(v[0], {3, 2}); },
   {uniform({2, 2, 5, 4}, -2, 2)});
  row("adaptive_avg_pool1d", [](const Vars& v) { return adaptive_avg_pool1d(v[0], 3); }, {uniform({2, 2, 7}, -2, 2)});
  row("adaptive_max_pool2d", [](const Vars& v) { return adaptive_max_pool2d(v[0], {3, -1}); },
   {uniform({2, 2, 5, 4}, -2, 2)});
  row("adaptive_max_pool1d", [](const Vars& v) { return adaptive_max_pool1d(v[0], 3); }, {uniform({2, 2, 7}, -2, 2)});
  row("adaptive_max_pool2d_with_indices",
   [](const Vars& v) {
     const PooledVar y = adaptive_max_pool2d_with_indices(v[0], {2, 3});
     return y.values * constant(to(y.indices, y.values.dtype()) / v[0].numel());
   },
   {uniform({2, 2, 5, 4}, -2, 2)});
  row("adaptive_max_pool1d_with_indices",
   [](const Vars& v) {
     const PooledVar y = adaptive_max_pool1d_with_indices(v[0], 3);
     return y.values * constant(to(y.indices, y.values.dtype()) / v[0].numel());
   },
   {uniform({2, 2, 7}, -2, 2)});
  row("interpolate", [](const Vars& v) { return interpolate(v[0], {.scale_factor = {2}}); },
   {uniform({2, 2, 3, 4}, -2, 2)}, {}, {.shapes = {{1, 1, 1, 1}, {0, 1, 2, 2}, {1, 2, 3}}});
  row("interpolate to a size, nearest",
   [](const Vars& v) { return interpolate(v[0], {.size = {v[0].size(2) + 4, v[0].size(3) - 1}}); },
   {uniform({2, 2, 3, 4}, -2, 2)});
  row("interpolate by nearest_exact",
   [](const Vars& v) {
     return interpolate(v[0], {.size = {v[0].size(2) + 4, v[0].size(3) - 1}, .mode = InterpolateMode::nearest_exact});
   },
   {uniform({2, 2, 3, 4}, -2, 2)});
  row("interpolate by bilinear",
   [](const Vars& v) {
     return interpolate(v[0], {.scale_factor = {2.5, 0.6}, .mode = InterpolateMode::bilinear});
   },
   {uniform({2, 2, 3, 5}, -2, 2)});
  row("interpolate by bilinear, corners aligned",
   [](const Vars& v) {
     return interpolate(v[0], {.size = {v[0].size(2) + 4, v[0].size(3) - 1}, .mode = InterpolateMode::bilinear,
                               .align_corners = true});
   },
   {uniform({2, 2, 3, 5}, -2, 2)});
  row("interpolate by bicubic",
   [](const Vars& v) {
     return interpolate(v[0], {.size = {v[0].size(2) + 4, v[0].size(3) - 1}, .mode = InterpolateMode::bicubic});
   },
   {uniform({2, 2, 3, 5}, -2, 2)});
  row("interpolate by bicubic, corners aligned",
   [](const Vars& v) {
     return interpolate(v[0], {.scale_factor = {2}, .mode = InterpolateMode::bicubic, .align_corners = true});
   },
   {uniform({2, 2, 3, 5}, -2, 2)});
  row("interpolate by linear",
   [](const Vars& v) { return interpolate(v[0], {.scale_factor = {2}, .mode = InterpolateMode::linear}); },
   {uniform({2, 2, 5}, -2, 2)});
  row("interpolate by area",
   [](const Vars& v) { return interpolate(v[0], {.size = {3}, .mode = InterpolateMode::area}); },
   {uniform({2, 2, 5, 4}, -2, 2)});
}

// ---- factorising
void factorising(Rows& row) {
  row("cholesky", [](const Vars& v) { const Var x = v[0]; const double n = static_cast<double>(columns(x));
                                   return cholesky(matmul(x, transpose(x)) + constant(eye(rows(x), -1, x.dtype()) * n)); },
   {uniform({3, 4}, -1, 1)}, {}, {.order = 3, .shapes = {{1, 1}, {0, 2}}});
  row("cholesky of batches",
   [](const Vars& v) { return cholesky(matmul(v[0], transpose(v[0])) + constant(eye(v[0].size(1), -1, v[0].dtype()))); },
   {uniform({2, 3, 2}, -1, 1)}, {}, {.shapes = {{0, 2, 2}, {1, 1, 1}}});
  row("solve_triangular", [](const Vars& v) { return solve_triangular(
                           v[0] + constant(eye(rows(v[0]), -1, v[0].dtype()) * (3.0 * static_cast<double>(rows(v[0])))), v[1], false); },
   {uniform({3, 3}, -1, 1), uniform({3, 4}, -1, 1)}, {}, {.order = 3, .shapes = {{1, 1}, {0, 0}}});
  row("solve_triangular of upper ones, broadcast", [](const Vars& v) { return solve_triangular(
                           v[0] + constant(eye(v[0].size(1), -1, v[0].dtype()) * (3.0 * static_cast<double>(v[0].size(1)))), v[1], true); },
   {uniform({2, 3, 3}, -1, 1), uniform({3, 2}, -1, 1)});
}

// ---- composite and reducing
void composite(Rows& row) {
  row("mean", [](const Vars& v) { return mean(v[0]); }, {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{}, {1}, {1, 1}}});
  row("mean over axis 1, kept", [](const Vars& v) { return mean(v[0], {1}, true); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = {{1, 1}, {0, 3}}});
  row("prod", [](const Vars& v) { return prod(v[0]); },
   {uniform({3, 4}, 0.5, 1.5)}, {}, {.order = 3, .shapes = kAnyShape});
  row("prod over axis 0", [](const Vars& v) { return prod(v[0], {0}); },
   {uniform({5, 2}, -2, 2)}, {}, {.shapes = {{1}, {0}, {0, 3}, {3, 0}}});
  row("prod over axes 0 and 2, kept", [](const Vars& v) { return prod(v[0], {0, 2}, true); }, {uniform({2, 3, 2}, -2, 2)});
  row("max", [](const Vars& v) { return max(v[0]); }, {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{}, {1}, {1, 1}}});
  row("max over axis 0", [](const Vars& v) { return max(v[0], {0}); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{1}, {3, 0}}});
  row("max over the last axis, kept", [](const Vars& v) { return max(v[0], {-1}, true); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = kAnyRows});
  row("min", [](const Vars& v) { return min(v[0]); }, {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{}, {1}, {1, 1}}});
  row("min over axes 0 and 2", [](const Vars& v) { return min(v[0], {0, 2}); }, {uniform({2, 3, 4}, -2, 2)});
  row("var", [](const Vars& v) { return var(v[0]); }, {uniform({3, 4}, -2, 2)}, {}, {.order = 3});
  row("var over axis 1, kept", [](const Vars& v) { return var(v[0], {1}, true); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = {{0, 3}}});
  row("var without correction", [](const Vars& v) { return var(v[0], {-1}, false, 0); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = kAnyRows});
  row("std", [](const Vars& v) { return std(v[0], {1}, true); }, {uniform({3, 4}, -2, 2)});
  row("stddev", [](const Vars& v) { return stddev(v[0]); }, {uniform({3, 4}, -2, 2)});
  row("stddev over axis 1, kept", [](const Vars& v) { return stddev(v[0], {1}, true); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.order = 3, .shapes = {{0, 3}}});
  row("stddev without correction", [](const Vars& v) { return stddev(v[0], {-1}, false, 0); }, {uniform({3, 4}, -2, 2)});
  row("norm", [](const Vars& v) { return norm(v[0]); },
   {uniform({3, 4}, -2, 2)}, {}, {.order = 3, .shapes = {{}, {1}, {1, 1}}});
  row("norm over axis 1, kept", [](const Vars& v) { return norm(v[0], {1}, true); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = {{0, 3}, {1, 1}}});
  row("norm of p = 0", [](const Vars& v) { return norm(v[0], {-1}, false, 0); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = kAnyRows});
  row("norm of p = 1", [](const Vars& v) { return norm(v[0], {-1}, false, 1); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = kAnyRows});
  row("norm of p = 3", [](const Vars& v) { return norm(v[0], {-1}, false, 3); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = kAnyRows});
  row("norm of p = 1.5", [](const Vars& v) { return norm(v[0], {0}, true, 1.5); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{1}, {0, 3}}});
  row("norm of p = inf", [](const Vars& v) { return norm(v[0], {-1}, false, INFINITY); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = kAnyRows});
  row("norm of p = -inf", [](const Vars& v) { return norm(v[0], {-1}, false, -INFINITY); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = kAnyRows});
  row("logsumexp", [](const Vars& v) { return logsumexp(v[0]); },
   {uniform({3, 4}, -2, 2)}, {}, {.order = 3, .shapes = {{}, {1}, {1, 1}}});
  row("logsumexp over axis 1, kept", [](const Vars& v) { return logsumexp(v[0], {1}, true); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = {{0, 3}, {1, 1}}});
  row("softmax", [](const Vars& v) { return softmax(v[0], -1); },
   {uniform({3, 4}, -2, 2)}, {}, {.order = 3, .shapes = kAnyShape});
  row("softmax along axis 1 of three", [](const Vars& v) { return softmax(v[0], 1); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = {{0, 2, 3}}});
  row("log_softmax", [](const Vars& v) { return log_softmax(v[0], -1); },
   {uniform({3, 4}, -2, 2)}, {}, {.order = 3, .shapes = kAnyShape});
  row("log_softmax along axis 1 of three", [](const Vars& v) { return log_softmax(v[0], 1); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = {{0, 2, 3}}});
  row("softmax_grad", [](const Vars& v) { return softmax_grad(v[0], v[1], -1); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, 0, 1)}, {}, {.order = 3, .shapes = kAnyShape});
  row("softmax_grad along axis 1 of three", [](const Vars& v) { return softmax_grad(v[0], v[1], 1); },
   {uniform({2, 3, 4}, -2, 2), uniform({2, 3, 4}, 0, 1)}, {}, {.shapes = {{0, 2, 3}}});
  row("log_softmax_grad", [](const Vars& v) { return log_softmax_grad(v[0], v[1], -1); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -3, 0)}, {}, {.order = 3, .shapes = kAnyShape});
  row("log_softmax_grad along axis 1 of three", [](const Vars& v) { return log_softmax_grad(v[0], v[1], 1); },
   {uniform({2, 3, 4}, -2, 2), uniform({2, 3, 4}, -3, 0)}, {}, {.shapes = {{0, 2, 3}}});
  row("standardize over the last axis", [](const Vars& v) { return standardize(v[0], {-1}); },
   {uniform({3, 4}, -2, 2)}, {}, {.order = 3, .shapes = {{2}, {0, 3}, {3, 0}, {2, 1}}});
  row("standardize over all axes", [](const Vars& v) { return standardize(v[0], {}); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = {{}, {1}, {0}}});
  row("standardize over axis 0, of eps 0.1", [](const Vars& v) { return standardize(v[0], {0}, 0.1); },
   {uniform({5, 3}, -2, 2)}, {}, {.order = 3, .shapes = {{1}, {1, 1}, {0, 3}, {3, 0}}});
  row("standardize over all axes but 1", [](const Vars& v) { return standardize(v[0], {0, 2, 3}); },
   {uniform({2, 3, 4, 5}, -2, 2)}, {}, {.shapes = {{0, 2, 3, 3}, {2, 3, 1, 1}}});
  row("standardize over axes 1 and 3", [](const Vars& v) { return standardize(v[0], {1, 3}); },
   {uniform({2, 3, 2, 4}, -2, 2)});
  row("standardize_grad over the last axis", [](const Vars& v) { return standardize_grad(v[0], v[1], {-1}); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -1, 3)}, {}, {.order = 3, .shapes = {{2}, {0, 3}, {3, 0}}});
  row("standardize_grad over all axes but 1", [](const Vars& v) { return standardize_grad(v[0], v[1], {0, 2}); },
   {uniform({2, 3, 4}, -2, 2), uniform({2, 3, 4}, -1, 3)});
  row("layer_norm", [](const Vars& v) { return layer_norm(v[0], v[1], v[2]); },
   {uniform({3, 4}, -2, 2), uniform({4}, 0.5, 1.5), uniform({4}, -1, 1)});
  row("layer_norm over two axes", [](const Vars& v) { return layer_norm(v[0], v[1], v[2], 0.1); },
   {uniform({2, 3, 4}, -2, 2), uniform({3, 4}, 0.5, 1.5), uniform({3, 4}, -1, 1)});
  row("batch_norm", [](const Vars& v) { return batch_norm(v[0], v[1], v[2]); },
   {uniform({4, 3}, -2, 2), uniform({3}, 0.5, 1.5), uniform({3}, -1, 1)});
  row("batch_norm of images", [](const Vars& v) { return batch_norm(v[0], v[1], v[2], 0.1); },
   {uniform({2, 3, 4, 5}, -2, 2), uniform({3}, 0.5, 1.5), uniform({3}, -1, 1)});
  row("lstm_cell", [](const Vars& v) { const LstmState s = lstm_cell(v[0], v[1]); return concat({s.h, s.c}, 1); },
   {uniform({3, 20}, -2, 2), uniform({3, 5}, -1, 1)}, {}, {.order = 3});
  row("lstm_cell of h alone", [](const Vars& v) { return lstm_cell(v[0], v[1]).h; },
   {uniform({2, 8}, -2, 2), uniform({2, 2}, -1, 1)});
  row("lstm_sequence", [](const Vars& v) { const LstmState s = lstm_sequence(v[0], v[1], v[2], v[3]); return stack({s.h, s.c}); },
   {uniform({3, 2, 8}, -2, 2), uniform({8, 2}, -1, 1), uniform({2, 2}, -1, 1), uniform({2, 2}, -1, 1)});
  row("lstm_sequence of its last c", [](const Vars& v) { return select(lstm_sequence(v[0], v[1], v[2], v[3]).c, 0, -1); },
   {uniform({2, 3, 12}, -2, 2), uniform({12, 3}, -1, 1), uniform({3, 3}, -1, 1), uniform({3, 3}, -1, 1)});
  row("gru_cell", [](const Vars& v) { return gru_cell(v[0], v[1], v[2]); },
   {uniform({3, 15}, -2, 2), uniform({3, 15}, -1, 1), uniform({3, 5}, -1, 1)}, {}, {.order = 3});
  row("sort", [](const Vars& v) { return sort(v[0]).values; }, {uniform({3, 4}, -2, 2)}, {}, {.shapes = kAnyShape});
  row("sort along axis 0, descending", [](const Vars& v) { return sort(v[0], 0, true).values; }, {uniform({3, 4}, -2, 2)});
  row("top_k", [](const Vars& v) { return top_k(v[0], 2).values; },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{2}, {0, 3}}});
  row("top_k smallest along axis 0", [](const Vars& v) { return top_k(v[0], 2, 0, false).values; },
   {uniform({3, 4}, -2, 2)});
}

// ---- activations made of others
void composite_activations(Rows& row) {
  row("hardtanh", [](const Vars& v) { return hardtanh(v[0]); },
   {uniform({3, 4}, -2.2, 2)}, [](double x) { return x < -1 ? -1 : x > 1 ? 1 : x; });
  row("hardtanh of -0.5 to 1.5", [](const Vars& v) { return hardtanh(v[0], -0.5, 1.5); },
   {uniform({3, 4}, -2.2, 2)}, [](double x) { return x < -0.5 ? -0.5 : x > 1.5 ? 1.5 : x; });
  row("relu6", [](const Vars& v) { return relu6(v[0]); },
   {uniform({3, 4}, -4, 9)}, [](double x) { return x < 0 ? 0 : x > 6 ? 6 : x; });
  row("hardsigmoid", [](const Vars& v) { return hardsigmoid(v[0]); },
   {uniform({3, 4}, -5, 4)}, [](double x) { return x < -3 ? 0 : x > 3 ? 1 : x / 6 + 0.5; });
  row("hardswish", [](const Vars& v) { return hardswish(v[0]); },
   {uniform({3, 4}, -5, 4)}, [](double x) { return x < -3 ? 0 : x > 3 ? x : x * (x + 3) / 6; });
  row("hardshrink", [](const Vars& v) { return hardshrink(v[0]); },
   {uniform({3, 4}, -2, 2.1)}, [](double x) { return std::abs(x) <= 0.5 ? 0 : x; });
  row("softshrink", [](const Vars& v) { return softshrink(v[0]); },
   {uniform({3, 4}, -2, 2.1)}, [](double x) { return x > 0.5 ? x - 0.5 : x < -0.5 ? x + 0.5 : x - x; });
  row("tanhshrink", [](const Vars& v) { return tanhshrink(v[0]); },
   {uniform({3, 4}, -2, 2)}, [](double x) { return x - std::tanh(x); });
  row("threshold", [](const Vars& v) { return threshold(v[0], 0.25, -1.5); },
   {uniform({3, 4}, -2, 2)}, [](double x) { return x <= 0.25 ? -1.5 : x; });
  row("selu", [](const Vars& v) { return selu(v[0]); },
   {uniform({3, 4}, -2, 2)}, [](double x) { return 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * std::expm1(x)); });
  row("celu", [](const Vars& v) { return celu(v[0]); },
   {uniform({3, 4}, -2, 2)}, [](double x) { return x > 0 ? x : std::expm1(x); });
  row("celu of alpha 0.5", [](const Vars& v) { return celu(v[0], 0.5); },
   {uniform({3, 4}, -2, 2)}, [](double x) { return x > 0 ? x : 0.5 * std::expm1(x / 0.5); });
  row("mish", [](const Vars& v) { return mish(v[0]); },
   {uniform({3, 4}, -3, 3)}, [](double x) { return x * std::tanh(softplus_of(x)); }, {.order = 3});
  row("gelu_tanh", [](const Vars& v) { return gelu_tanh(v[0]); }, {uniform({3, 4}, -3, 3)},
   [](double x) { return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x))); },
   {.order = 3});
  row("softplus of beta 2", [](const Vars& v) { return softplus(v[0], 2, 3); },
   {uniform({3, 4}, -3, 3.2)}, [](double x) { return 2 * x > 3 ? x : softplus_of(2 * x) / 2; });
  row("prelu", [](const Vars& v) { return prelu(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({4}, 0.1, 0.9)}, {}, {.shapes = {{1}, {0}}});
  row("prelu of one slope", [](const Vars& v) { return prelu(v[0], v[1]); }, {uniform({2, 3, 4}, -2, 2), uniform({1}, 0.1, 0.9)});
  row("glu", [](const Vars& v) { return glu(v[0]); },
   {uniform({3, 4}, -2, 2)}, {}, {.order = 3, .shapes = {{2}, {0}, {0, 2}}});
  row("glu along axis 1 of three", [](const Vars& v) { return glu(v[0], 1); }, {uniform({2, 4, 3}, -2, 2)});
  row("keep_top_k", [](const Vars& v) { return keep_top_k(v[0], 2); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{2}, {0, 3}}});
  row("keep_top_k along axis 0", [](const Vars& v) { return keep_top_k(v[0], 2, 0); }, {uniform({3, 4}, -2, 2)});
}
// clang-format on

}  // namespace

Input uniform(const Shape& shape, double low, double high) { return {shape, low, high}; }
Input integers(const Shape& shape, int low, int high) {
  return {shape, static_cast<double>(low), static_cast<double>(high), Dtype::i64};
}
Input mask(const Shape& shape) { return {shape, 0, 2, Dtype::u8}; }

Tensor Input::draw(const Shape& as, Rng rng) const {
  const std::int64_t count = numel(as);
  if (count == 0) return zeros(as, dtype);
  // The golden ratio's fraction keeps the numbers away from the middle and the ends, for any count.
  const Tensor position = (to(rng.permutation(count), Dtype::f64) + (std::numbers::phi - 1)) / count;
  const Tensor values = reshape(position * (high - low) + low, as);
  return to(is_floating(dtype) ? values : floor(values), dtype);
}

const std::vector<Row>& op_table() {
  static const std::vector<Row> table = [] {
    Rows row;
    for (void (*const section)(Rows&) : {one_operand,       activations,    two_operands,          three_operands,
                                         gradients,         sums,           rearranging,           picking,
                                         joining,           products,       convolution,           pooling,
                                         factorising,       composite,      composite_activations, add_arranging_rows,
                                         add_indexing_rows, add_order_rows, add_arithmetic_rows,   add_linalg_rows,
                                         add_fft_rows,      add_volume_rows})
      section(row);
    return row.all;
  }();
  return table;
}

const Row& row_named(const std::string& name) {
  for (const Row& row : op_table())
    if (row.name == name) return row;
  fail("op_table", "no row is named \"", name, "\"");
}

}  // namespace hourglass::test
