#include "tests/tables/op_table.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "autograd/ops.h"

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

// ψ and its derivatives of order n, in long double and without reflection: any x is moved beyond 60 first. At a pole as
// in PyTorch.
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
  // ∫ and Euler's corrections of Σ (x + k)^-(n + 1)
  const long double m = n, tail = std::pow(x, -m);
  sum += tail * (1 / m + 1 / (2 * x) + (m + 1) / (12 * x * x) - (m + 1) * (m + 2) * (m + 3) / (720 * x * x * x * x) +
                 (m + 1) * (m + 2) * (m + 3) * (m + 4) * (m + 5) / (30240 * std::pow(x, 6)));
  return static_cast<double>(sign * factorial * sum);
}

// The extents of x, for shapes that grow with it.
std::int64_t rows(const Var& x) { return x.size(0); }
std::int64_t columns(const Var& x) { return x.size(-1); }

std::vector<Row> make_table() {
  // clang-format off
  return {
  // ---- one operand
  {"neg", [](const Vars& v) { return neg(v[0]); }, {uniform({3, 4}, -2, 2)}, [](double x) { return -x; }},
  {"abs", [](const Vars& v) { return abs(v[0]); }, {uniform({3, 4}, -2, 2)}, [](double x) { return std::abs(x); }},
  {"square", [](const Vars& v) { return square(v[0]); }, {uniform({3, 4}, -2, 2)}, [](double x) { return x * x; }},
  {"reciprocal", [](const Vars& v) { return reciprocal(v[0]); },
   {uniform({3, 4}, 0.4, 2)}, [](double x) { return 1 / x; }, {.order = 3}},
  {"sqrt", [](const Vars& v) { return sqrt(v[0]); },
   {uniform({3, 4}, 0.2, 4)}, [](double x) { return std::sqrt(x); }, {.order = 3}},
  {"rsqrt", [](const Vars& v) { return rsqrt(v[0]); },
   {uniform({3, 4}, 0.4, 4)}, [](double x) { return 1 / std::sqrt(x); }},
  {"exp", [](const Vars& v) { return exp(v[0]); },
   {uniform({3, 4}, -2, 2)}, [](double x) { return std::exp(x); }, {.order = 3}},
  {"expm1", [](const Vars& v) { return expm1(v[0]); },
   {uniform({3, 4}, -2, 2)}, [](double x) { return std::expm1(x); }},
  {"log", [](const Vars& v) { return log(v[0]); },
   {uniform({3, 4}, 0.3, 4)}, [](double x) { return std::log(x); }, {.order = 3}},
  {"log1p", [](const Vars& v) { return log1p(v[0]); },
   {uniform({3, 4}, -0.6, 3)}, [](double x) { return std::log1p(x); }},
  {"log2", [](const Vars& v) { return log2(v[0]); }, {uniform({3, 4}, 0.3, 4)}, [](double x) { return std::log2(x); }},
  {"log10", [](const Vars& v) { return log10(v[0]); },
   {uniform({3, 4}, 0.3, 4)}, [](double x) { return std::log10(x); }},
  {"sin", [](const Vars& v) { return sin(v[0]); },
   {uniform({3, 4}, -3, 3)}, [](double x) { return std::sin(x); }, {.order = 3}},
  {"cos", [](const Vars& v) { return cos(v[0]); }, {uniform({3, 4}, -3, 3)}, [](double x) { return std::cos(x); }},
  {"tan", [](const Vars& v) { return tan(v[0]); }, {uniform({3, 4}, -1, 1)}, [](double x) { return std::tan(x); }},
  {"asin", [](const Vars& v) { return asin(v[0]); },
   {uniform({3, 4}, -0.8, 0.8)}, [](double x) { return std::asin(x); }},
  {"acos", [](const Vars& v) { return acos(v[0]); },
   {uniform({3, 4}, -0.8, 0.8)}, [](double x) { return std::acos(x); }},
  {"atan", [](const Vars& v) { return atan(v[0]); }, {uniform({3, 4}, -3, 3)}, [](double x) { return std::atan(x); }},
  {"sinh", [](const Vars& v) { return sinh(v[0]); }, {uniform({3, 4}, -2, 2)}, [](double x) { return std::sinh(x); }},
  {"cosh", [](const Vars& v) { return cosh(v[0]); }, {uniform({3, 4}, -2, 2)}, [](double x) { return std::cosh(x); }},
  {"tanh", [](const Vars& v) { return tanh(v[0]); },
   {uniform({3, 4}, -2, 2)}, [](double x) { return std::tanh(x); }, {.order = 3}},
  {"erf", [](const Vars& v) { return erf(v[0]); }, {uniform({3, 4}, -2, 2)}, [](double x) { return std::erf(x); }},
  {"lgamma", [](const Vars& v) { return lgamma(v[0]); },
   {uniform({3, 4}, 0.4, 6)}, [](double x) { return std::lgamma(x); }, {.order = 3}},
  {"lgamma left of 0", [](const Vars& v) { return lgamma(v[0]); },
   {uniform({2, 2}, -0.8, -0.2)}, [](double x) { return std::lgamma(x); }},
  {"digamma", [](const Vars& v) { return digamma(v[0]); },
   {uniform({3, 4}, 0.6, 6)}, [](double x) { return polygamma_of(0, x); }, {.order = 3}},
  {"digamma left of 0", [](const Vars& v) { return digamma(v[0]); },
   {uniform({2, 2}, -0.8, -0.2)}, [](double x) { return polygamma_of(0, x); }},
  {"polygamma of order 1", [](const Vars& v) { return polygamma(1, v[0]); },
   {uniform({3, 4}, 0.7, 6)}, [](double x) { return polygamma_of(1, x); }, {.order = 3}},
  {"polygamma of order 3", [](const Vars& v) { return polygamma(3, v[0]); },
   {uniform({3, 4}, 1, 6)}, [](double x) { return polygamma_of(3, x); }},
  {"sign", [](const Vars& v) { return sign(v[0]); },
   {uniform({3, 4}, -2, 2)}, [](double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }},
  {"floor", [](const Vars& v) { return floor(v[0]); },
   {uniform({3, 4}, -2.3, 2.2)}, [](double x) { return std::floor(x); }},
  {"ceil", [](const Vars& v) { return ceil(v[0]); },
   {uniform({3, 4}, -2.3, 2.2)}, [](double x) { return std::ceil(x); }},
  {"round", [](const Vars& v) { return round(v[0]); },
   {uniform({3, 4}, -2.3, 2.2)}, [](double x) { return std::nearbyint(x); }},
  {"trunc", [](const Vars& v) { return trunc(v[0]); },
   {uniform({3, 4}, -2.3, 2.2)}, [](double x) { return std::trunc(x); }},

  // ---- activations
  {"relu", [](const Vars& v) { return relu(v[0]); }, {uniform({3, 4}, -2, 2)}, [](double x) { return x <= 0 ? 0 : x; }},
  {"sigmoid", [](const Vars& v) { return sigmoid(v[0]); }, {uniform({3, 4}, -3, 3)}, sigmoid_of, {.order = 3}},
  {"log_sigmoid", [](const Vars& v) { return log_sigmoid(v[0]); },
   {uniform({3, 4}, -3, 3)}, [](double x) { return -softplus_of(-x); }, {.order = 3}},
  {"softplus", [](const Vars& v) { return softplus(v[0]); }, {uniform({3, 4}, -3, 3)}, softplus_of, {.order = 3}},
  {"softsign", [](const Vars& v) { return softsign(v[0]); },
   {uniform({3, 4}, -2, 2)}, [](double x) { return x / (1 + std::abs(x)); }},
  {"silu", [](const Vars& v) { return silu(v[0]); },
   {uniform({3, 4}, -3, 3)}, [](double x) { return x / (1 + std::exp(-x)); }, {.order = 3}},
  {"gelu", [](const Vars& v) { return gelu(v[0]); },
   {uniform({3, 4}, -3, 3)}, [](double x) { return x * normal_cdf(x); }, {.order = 3}},
  {"leaky_relu", [](const Vars& v) { return leaky_relu(v[0]); },
   {uniform({3, 4}, -2, 2)}, [](double x) { return x > 0 ? x : 0.01 * x; }},
  {"leaky_relu of slope 0.2", [](const Vars& v) { return leaky_relu(v[0], 0.2); },
   {uniform({3, 4}, -2, 2)}, [](double x) { return x > 0 ? x : 0.2 * x; }},
  {"elu", [](const Vars& v) { return elu(v[0]); },
   {uniform({3, 4}, -2, 2)}, [](double x) { return x > 0 ? x : std::expm1(x); }},
  {"elu of alpha 0.5", [](const Vars& v) { return elu(v[0], 0.5); },
   {uniform({3, 4}, -2, 2)}, [](double x) { return x > 0 ? x : 0.5 * std::expm1(x); }},

  // ---- two operands
  {"add", [](const Vars& v) { return add(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -1, 3)}, [](double a, double b) { return a + b; }},
  {"add of a number", [](const Vars& v) { return add(v[0], 0.75); },
   {uniform({3, 4}, -2, 2)}, [](double a) { return a + 0.75; }},
  {"sub", [](const Vars& v) { return sub(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -1, 3)}, [](double a, double b) { return a - b; }},
  {"sub of a number", [](const Vars& v) { return sub(v[0], 0.75); },
   {uniform({3, 4}, -2, 2)}, [](double a) { return a - 0.75; }},
  {"sub from a number", [](const Vars& v) { return sub(0.75, v[0]); },
   {uniform({3, 4}, -2, 2)}, [](double a) { return 0.75 - a; }},
  {"mul", [](const Vars& v) { return mul(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -1, 3)}, [](double a, double b) { return a * b; }, {.order = 3}},
  {"mul by a number", [](const Vars& v) { return mul(v[0], 0.75); },
   {uniform({3, 4}, -2, 2)}, [](double a) { return a * 0.75; }},
  {"div", [](const Vars& v) { return div(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, 0.5, 2)}, [](double a, double b) { return a / b; }, {.order = 3}},
  {"div by a number", [](const Vars& v) { return div(v[0], 0.75); },
   {uniform({3, 4}, -2, 2)}, [](double a) { return a / 0.75; }},
  {"div of a number", [](const Vars& v) { return div(0.75, v[0]); },
   {uniform({3, 4}, 0.5, 2)}, [](double a) { return 0.75 / a; }},
  {"pow", [](const Vars& v) { return pow(v[0], v[1]); },
   {uniform({3, 4}, 0.4, 2), uniform({3, 4}, -2, 2)}, [](double a, double b) { return std::pow(a, b); }, {.order = 3}},
  {"pow 3", [](const Vars& v) { return pow(v[0], 3); },
   {uniform({3, 4}, -2, 2)}, [](double a) { return std::pow(a, 3); }},
  {"pow -1.5", [](const Vars& v) { return pow(v[0], -1.5); },
   {uniform({3, 4}, 0.5, 2)}, [](double a) { return std::pow(a, -1.5); }},
  {"pow 0", [](const Vars& v) { return pow(v[0], 0); },
   {uniform({3, 4}, -2, 2)}, [](double a) { return std::pow(a, 0); }},
  {"maximum", [](const Vars& v) { return maximum(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -1.8, 2.2)}, larger},
  {"maximum with a number", [](const Vars& v) { return maximum(v[0], 0.25); },
   {uniform({3, 4}, -2, 2)}, [](double a) { return larger(a, 0.25); }},
  {"minimum", [](const Vars& v) { return minimum(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -1.8, 2.2)}, smaller},
  {"minimum with a number", [](const Vars& v) { return minimum(v[0], 0.25); },
   {uniform({3, 4}, -2, 2)}, [](double a) { return smaller(a, 0.25); }},
  {"clamp", [](const Vars& v) { return clamp(v[0], -1, 0.75); },
   {uniform({3, 4}, -2, 2)}, [](double x) { return x < -1 ? -1 : x > 0.75 ? 0.75 : x; }},
  {"atan2", [](const Vars& v) { return atan2(v[0], v[1]); },
   {uniform({3, 4}, 0.5, 2), uniform({3, 4}, -2, 2)}, [](double y, double x) { return std::atan2(y, x); }},
  {"logaddexp", [](const Vars& v) { return logaddexp(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -2, 3)},
   logaddexp_of, {.order = 3}},
  {"squared_difference", [](const Vars& v) { return squared_difference(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -1, 3)}, [](double a, double b) { return (a - b) * (a - b); }},
  {"bce", [](const Vars& v) { return bce(v[0], v[1]); },
   {uniform({3, 4}, 0.1, 0.9), uniform({3, 4}, 0, 1)},
   [](double p, double t) { return -t * std::log(p) - (1 - t) * std::log1p(-p); }},
  {"bce_with_logits", [](const Vars& v) { return bce_with_logits(v[0], v[1]); },
   {uniform({3, 4}, -3, 3), uniform({3, 4}, 0, 1)},
   [](double x, double t) { return softplus_of(x) - x * t; }, {.order = 3}},
  {"bce_with_logits_sum", [](const Vars& v) { return bce_with_logits_sum(v[0], v[1]); },
   {uniform({3, 4}, -3, 3), uniform({3, 4}, 0, 1)}, {}, {.order = 3, .shapes = kAnyShape}},
  {"squared_difference_sum", [](const Vars& v) { return squared_difference_sum(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -1, 3)}, {}, {.shapes = kAnyShape}},
  {"operator- of one", [](const Vars& v) { return -v[0]; }, {uniform({3, 4}, -2, 2)}, [](double x) { return -x; }},
  {"operator+", [](const Vars& v) { return v[0] + v[1]; },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -1, 3)}, [](double a, double b) { return a + b; }},
  {"operator+ number", [](const Vars& v) { return v[0] + 0.75; },
   {uniform({3, 4}, -2, 2)}, [](double a) { return a + 0.75; }},
  {"operator+ after a number", [](const Vars& v) { return 0.75 + v[0]; },
   {uniform({3, 4}, -2, 2)}, [](double a) { return 0.75 + a; }},
  {"operator-", [](const Vars& v) { return v[0] - v[1]; },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -1, 3)}, [](double a, double b) { return a - b; }},
  {"operator- number", [](const Vars& v) { return v[0] - 0.75; },
   {uniform({3, 4}, -2, 2)}, [](double a) { return a - 0.75; }},
  {"operator- after a number", [](const Vars& v) { return 0.75 - v[0]; },
   {uniform({3, 4}, -2, 2)}, [](double a) { return 0.75 - a; }},
  {"operator*", [](const Vars& v) { return v[0] * v[1]; },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -1, 3)}, [](double a, double b) { return a * b; }},
  {"operator* number", [](const Vars& v) { return v[0] * 0.75; },
   {uniform({3, 4}, -2, 2)}, [](double a) { return a * 0.75; }},
  {"operator* after a number", [](const Vars& v) { return 0.75 * v[0]; },
   {uniform({3, 4}, -2, 2)}, [](double a) { return 0.75 * a; }},
  {"operator/", [](const Vars& v) { return v[0] / v[1]; },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, 0.5, 2)}, [](double a, double b) { return a / b; }},
  {"operator/ number", [](const Vars& v) { return v[0] / 0.75; },
   {uniform({3, 4}, -2, 2)}, [](double a) { return a / 0.75; }},
  {"operator/ after a number", [](const Vars& v) { return 0.75 / v[0]; },
   {uniform({3, 4}, 0.5, 2)}, [](double a) { return 0.75 / a; }},

  // ---- three operands
  {"lerp", [](const Vars& v) { return lerp(v[0], v[1], v[2]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -1, 3), uniform({3, 4}, 0, 1)},
   [](double a, double b, double w) { return a + w * (b - a); }},
  {"mul_add", [](const Vars& v) { return mul_add(v[0], v[1], v[2]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -1, 3), uniform({3, 4}, -1, 1)},
   [](double a, double b, double c) { return a * b + c; }},
  {"where", [](const Vars& v) { return where(v[0].value(), v[1], v[2]); },
   {mask({3, 4}), uniform({3, 4}, -2, 2), uniform({3, 4}, 0, 3)},
   [](double m, double a, double b) { return m != 0 ? a : b; }},
  {"where or else a number", [](const Vars& v) { return where(v[0].value(), v[1], 0.75); },
   {mask({3, 4}), uniform({3, 4}, -2, 2)}, [](double m, double a) { return m != 0 ? a : 0.75; }},
  {"where a number or else", [](const Vars& v) { return where(v[0].value(), 0.75, v[1]); },
   {mask({3, 4}), uniform({3, 4}, -2, 2)}, [](double m, double b) { return m != 0 ? 0.75 : b; }},
  {"masked_fill", [](const Vars& v) { return masked_fill(v[0], v[1].value(), 0.75); },
   {uniform({3, 4}, -2, 2), mask({3, 4})}, {}, {.shapes = kAnyShape}},
  {"masked_fill of rows", [](const Vars& v) { return masked_fill(v[0], v[1].value(), 0.75); },
   {uniform({3, 4}, -2, 2), mask({3, 1})}},

  // ---- gradients that are ops of their own
  {"strong_mul", [](const Vars& v) { return strong_mul(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -1, 3)}, [](double g, double d) { return g == 0 ? 0 : g * d; }, {.order = 3}},
  {"strong_div", [](const Vars& v) { return strong_div(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, 0.5, 2)}, [](double g, double d) { return g == 0 ? 0 : g / d; }, {.order = 3}},
  {"sigmoid_grad", [](const Vars& v) { return sigmoid_grad(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, 0.1, 0.9)},
   [](double g, double y) { return g * y * (1 - y); }, {.order = 3}},
  {"tanh_grad", [](const Vars& v) { return tanh_grad(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -0.9, 0.9)},
   [](double g, double y) { return g * (1 - y * y); }, {.order = 3}},
  {"softplus_grad", [](const Vars& v) { return softplus_grad(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -3, 3)}, [](double g, double x) { return g * sigmoid_of(x); }},
  {"silu_grad", [](const Vars& v) { return silu_grad(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -3, 3)}, [](double g, double x) { return g * silu_slope(x); }},
  {"gelu_grad", [](const Vars& v) { return gelu_grad(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -3, 3)},
   [](double g, double x) { return g * (normal_cdf(x) + x * normal_pdf(x)); }},
  {"relu_grad", [](const Vars& v) { return relu_grad(v[0], v[1].value()); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -2, 2)}, [](double g, double y) { return y > 0 ? g : 0; }},
  {"bce_with_logits_grad", [](const Vars& v) { return bce_with_logits_grad(v[0], v[1], v[2]); },
   {uniform({3, 4}, -3, 3), uniform({3, 4}, 0, 1), uniform({3, 4}, -2, 2)},
   [](double x, double t, double g) { return g * (sigmoid_of(x) - t); }},
  {"squared_difference_grad", [](const Vars& v) { return squared_difference_grad(v[0], v[1], v[2]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -1, 3), uniform({3, 4}, -2, 2)},
   [](double a, double b, double g) { return 2 * g * (a - b); }},

  // ---- sums and repetition
  {"sum", [](const Vars& v) { return sum(v[0]); }, {uniform({3, 4}, -2, 2)}, {}, {.shapes = kAnyShape}},
  {"sum over axis 0", [](const Vars& v) { return sum(v[0], {0}); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{1}, {0}, {0, 3}, {3, 0}}}},
  {"sum over axis 1 of three", [](const Vars& v) { return sum(v[0], {1}); }, {uniform({2, 3, 4}, -2, 2)}},
  {"sum over the last axis, kept", [](const Vars& v) { return sum(v[0], {-1}, true); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = kAnyRows}},
  {"sum over axes 0 and 2", [](const Vars& v) { return sum(v[0], {0, 2}); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = {{1, 1, 1}, {2, 0, 3}, {2, 3, 0}}}},
  {"sum_to a row", [](const Vars& v) { return sum_to(v[0], {columns(v[0])}); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{1}, {1, 1}, {0, 3}}}},
  {"sum_to a column", [](const Vars& v) { return sum_to(v[0], {rows(v[0]), 1}); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{1, 1}, {0, 3}, {3, 0}}}},
  {"sum_to a number", [](const Vars& v) { return sum_to(v[0], {}); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = kAnyShape}},
  {"expand", [](const Vars& v) { return expand(v[0], {2, -1, 5}); },
   {uniform({3, 1}, -2, 2)}, {}, {.shapes = {{1, 1}, {0, 1}}}},
  {"broadcast_to", [](const Vars& v) { return broadcast_to(v[0], {2, rows(v[0]), 5}); },
   {uniform({3, 1}, -2, 2)}, {}, {.shapes = {{1}, {1, 1}, {0, 1}}}},
  {"cumsum along axis 0", [](const Vars& v) { return cumsum(v[0], 0); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{}, {1}, {0}, {0, 3}, {3, 0}}}},
  {"cumsum along the last axis", [](const Vars& v) { return cumsum(v[0], -1); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = kAnyShape}},

  // ---- rearranging
  {"reshape", [](const Vars& v) { return reshape(v[0], {2, -1}); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{2}, {2, 1}, {0, 3}}}},
  {"reshape to a number", [](const Vars& v) { return reshape(v[0], {}); },
   {uniform({1, 1}, -2, 2)}, {}, {.shapes = {{}, {1}}}},
  {"flatten", [](const Vars& v) { return flatten(v[0]); }, {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = kAnyShape}},
  {"flatten of axes 1 and 2", [](const Vars& v) { return flatten(v[0], 1, 2); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = {{1, 1, 1}, {0, 2, 3}}}},
  {"permute", [](const Vars& v) { return permute(v[0], {2, 0, -2}); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = {{1, 1, 1}, {0, 2, 3}}}},
  {"transpose", [](const Vars& v) { return transpose(v[0]); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = {{1, 1}, {0, 2}}}},
  {"transpose of axes 0 and -1", [](const Vars& v) { return transpose(v[0], 0, -1); }, {uniform({2, 3, 4}, -2, 2)}},
  {"squeeze", [](const Vars& v) { return squeeze(v[0]); }, {uniform({1, 3, 1, 4}, -2, 2)}, {}, {.shapes = kAnyShape}},
  {"squeeze of axis 1", [](const Vars& v) { return squeeze(v[0], 1); },
   {uniform({3, 1, 4}, -2, 2)}, {}, {.shapes = {{1, 1}, {0, 1}}}},
  {"unsqueeze", [](const Vars& v) { return unsqueeze(v[0], -1); }, {uniform({3, 4}, -2, 2)}, {}, {.shapes = kAnyShape}},
  {"flip", [](const Vars& v) { return flip(v[0], {0, -1}); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = {{1, 1}, {0, 3}}}},
  {"contiguous", [](const Vars& v) { return contiguous(transpose(v[0])); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{1, 1}, {0, 3}}}},
  {"to f64", [](const Vars& v) { return to(v[0], Dtype::f64); }, {uniform({3, 4}, -2, 2)}, {}, {.shapes = kAnyShape}},

  // ---- picking
  {"slice", [](const Vars& v) { return slice(v[0], 1, 1, 3); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{1, 1}, {0, 3}, {3, 0}}}},
  {"slice by steps", [](const Vars& v) { return slice(v[0], 0, 1, 1000000, 3); },
   {uniform({8, 2}, -2, 2)}, {}, {.shapes = {{1}, {0}}}},
  {"slice from the end", [](const Vars& v) { return slice(v[0], -1, -3, -1); },
   {uniform({2, 5}, -2, 2)}, {}, {.shapes = {{1}, {0}}}},
  {"embed_slice", [](const Vars& v) { return embed_slice(v[0], {rows(v[0]), 3 * columns(v[0]) + 2}, 1, 1, 3); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{1, 1}, {0, 3}, {3, 0}}}},
  {"select", [](const Vars& v) { return select(v[0], 1, 2); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = {{1, 3}, {0, 3}}}},
  {"select from the end", [](const Vars& v) { return select(v[0], -1, -1); },
   {uniform({2, 3}, -2, 2)}, {}, {.shapes = kAnyRows}},
  {"unfold that overlaps", [](const Vars& v) { return unfold(v[0], 1, 3, 2); },
   {uniform({2, 8, 2}, -2, 2)}, {}, {.shapes = {{1, 3}, {0, 5}}}},
  {"unfold with gaps", [](const Vars& v) { return unfold(v[0], -1, 2, 3); },
   {uniform({2, 9}, -2, 2)}, {}, {.shapes = {{2}, {0, 5}}}},
  {"fold", [](const Vars& v) { const std::int64_t n = v[0].size(1), size = v[0].size(2);
                               return fold(v[0], {rows(v[0]), 2 * n + size - 1}, 1, size, 2); },
   {uniform({2, 3, 3}, -2, 2)}, {}, {.shapes = {{1, 1, 1}, {0, 2, 3}}}},
  {"index_select", [](const Vars& v) { return index_select(v[0], 1, v[1].value()); },
   {uniform({2, 4, 3}, -2, 2), integers({6}, 0, 4)},
   {}, {.shapes_of_each = {{{1, 4, 1}, {1}}, {{0, 4, 3}, {2}}, {{2, 4}, {0}}}}},
  {"index_add", [](const Vars& v) { return index_add(v[0], 1, v[1].value(), v[2]); },
   {uniform({2, 4, 3}, -2, 2), integers({6}, 0, 4), uniform({2, 6, 3}, -2, 2)},
   {}, {.shapes_of_each = {{{1, 4, 1}, {1}, {1, 1, 1}}, {{0, 4, 3}, {2}, {0, 2, 3}}, {{2, 4}, {0}, {2, 0}}}}},
  {"gather", [](const Vars& v) { return gather(v[0], 1, v[1].value()); },
   {uniform({3, 4}, -2, 2), integers({3, 5}, 0, 4)},
   {}, {.shapes_of_each = {{{1, 4}, {1, 1}}, {{0, 4}, {0, 2}}, {{3, 4}, {3, 0}}}}},
  {"gather along axis 0", [](const Vars& v) { return gather(v[0], 0, v[1].value()); },
   {uniform({3, 4}, -2, 2), integers({2, 3}, 0, 3)}},
  {"scatter_add", [](const Vars& v) { return scatter_add(v[0], 1, v[1].value(), v[2]); },
   {uniform({3, 4}, -2, 2), integers({3, 5}, 0, 4), uniform({3, 5}, -1, 1)},
   {}, {.shapes_of_each = {{{1, 4}, {1, 1}, {1, 1}}, {{0, 4}, {0, 2}, {0, 2}}, {{3, 4}, {3, 0}, {3, 0}}}}},
  {"scatter_add along axis 0", [](const Vars& v) { return scatter_add(v[0], 0, v[1].value(), v[2]); },
   {uniform({3, 4}, -2, 2), integers({2, 3}, 0, 3), uniform({2, 3}, -1, 1)}},
  {"triu", [](const Vars& v) { return triu(v[0]); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{1, 1}, {0, 3}, {3, 0}}}},
  {"triu above", [](const Vars& v) { return triu(v[0], 1); }, {uniform({2, 4, 3}, -2, 2)}},
  {"tril", [](const Vars& v) { return tril(v[0]); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{1, 1}, {0, 3}, {3, 0}}}},
  {"tril below", [](const Vars& v) { return tril(v[0], -1); }, {uniform({2, 4, 3}, -2, 2)}},

  // ---- joining and cutting
  {"concat", [](const Vars& v) { return concat({v[0], v[1], v[0]}, 1); },
   {uniform({3, 2}, -2, 2), uniform({3, 4}, 0, 2)}, {}, {.shapes = {{1, 1}, {0, 3}, {3, 0}}}},
  {"concat of a list", [](const Vars& v) { return concat(v, 0); },
   {uniform({2, 3}, -2, 2), uniform({1, 3}, 0, 2)}, {}, {.shapes = {{1}, {0}}}},
  {"stack", [](const Vars& v) { return stack({v[0], v[1]}); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, 0, 2)}, {}, {.shapes = kAnyShape}},
  {"stack of a list along the last axis", [](const Vars& v) { return stack(v, -1); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, 0, 2)}, {}, {.shapes = kAnyShape}},
  {"split",
   [](const Vars& v) { const Vars p = split(v[0], 3, 1); return p[0] * slice(p[1], 1, 0, 1) + p.size(); },
   {uniform({3, 8}, -2, 2)}, {}, {.shapes = {{1, 6}, {0, 6}}}},
  {"split in given sizes",
   [](const Vars& v) { const Vars p = split(v[0], {1, columns(v[0]) - 1}, 1); return p[0] * p[1]; },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{1, 1}, {0, 3}}}},
  {"pad", [](const Vars& v) { return pad(v[0], {{1, 2}, {0, 3}}, 0.75); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{1, 1}, {0, 3}}}},
  {"pad of the last axis", [](const Vars& v) { return pad(v[0], {{2, 1}}); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = {{1}, {0}, {3, 0}}}},

  // ---- products
  {"matmul", [](const Vars& v) { return matmul(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({4, 5}, -1, 1)}, {}, {.order = 3, .shapes = {{1, 1}, {0, 0}}}},
  {"matmul with a transpose", [](const Vars& v) { return matmul(v[0], transpose(v[1])); },
   {uniform({3, 4}, -2, 2), uniform({5, 4}, -1, 1)}, {}, {.shapes = {{1, 1}, {0, 3}, {3, 0}}}},
  {"matmul of batches", [](const Vars& v) { return matmul(v[0], v[1]); },
   {uniform({2, 3, 4}, -2, 2), uniform({2, 4, 2}, -1, 1)}, {}, {.shapes = {{1, 1, 1}, {0, 2, 2}}}},
  {"matmul of broadcast batches", [](const Vars& v) { return matmul(v[0], v[1]); },
   {uniform({2, 1, 3, 4}, -2, 2), uniform({3, 4, 2}, -1, 1)}},
  {"matmul of a batch and a matrix", [](const Vars& v) { return matmul(v[0], v[1]); },
   {uniform({2, 3, 4}, -2, 2), uniform({4, 2}, -1, 1)}},
  {"matmul of a matrix and a batch", [](const Vars& v) { return matmul(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({2, 4, 2}, -1, 1)}},
  {"matmul of a vector and a matrix", [](const Vars& v) { return matmul(v[0], v[1]); },
   {uniform({4}, -2, 2), uniform({4, 3}, -1, 1)}},
  {"matmul of a matrix and a vector", [](const Vars& v) { return matmul(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({4}, -1, 1)}},
  {"matmul of vectors", [](const Vars& v) { return matmul(v[0], v[1]); },
   {uniform({4}, -2, 2), uniform({4}, -1, 1)}, {}, {.shapes = {{1}, {0}}}},
  {"matmul of a vector and a batch", [](const Vars& v) { return matmul(v[0], v[1]); },
   {uniform({4}, -2, 2), uniform({2, 4, 3}, -1, 1)}},
  {"matmul of a batch and a vector", [](const Vars& v) { return matmul(v[0], v[1]); },
   {uniform({2, 3, 4}, -2, 2), uniform({4}, -1, 1)}},
  {"linear", [](const Vars& v) { return linear(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({5, 4}, -1, 1)}, {}, {.order = 3, .shapes = {{1, 1}, {0, 3}, {3, 0}}}},
  {"linear with bias", [](const Vars& v) { return linear(v[0], v[1], v[2]); },
   {uniform({3, 4}, -2, 2), uniform({5, 4}, -1, 1), uniform({5}, -1, 1)}},
  {"linear of a vector, with bias", [](const Vars& v) { return linear(v[0], v[1], v[2]); },
   {uniform({4}, -2, 2), uniform({5, 4}, -1, 1), uniform({5}, -1, 1)}},
  {"linear of a batch, with bias", [](const Vars& v) { return linear(v[0], v[1], v[2]); },
   {uniform({2, 3, 4}, -2, 2), uniform({5, 4}, -1, 1), uniform({5}, -1, 1)}},

  // ---- convolution: extents are chosen to fit at any scale
  {"conv2d", [](const Vars& v) { return conv2d(v[0], v[1]); },
   {uniform({2, 2, 5, 4}, -2, 2), uniform({3, 2, 3, 2}, -1, 1)}, {}, {.order = 3, .shapes = {{1, 1, 1, 1}}}},
  {"conv2d with bias, stride and padding",
   [](const Vars& v) { return conv2d(v[0], v[1], v[2], {.stride = {2, 3}, .padding = {1, 2}}); },
   {uniform({2, 2, 5, 4}, -2, 2), uniform({3, 2, 3, 2}, -1, 1), uniform({3}, -1, 1)}},
  {"conv2d in groups, dilated", [](const Vars& v) { return conv2d(v[0], v[1], {.dilation = {2, 1}, .groups = 2}); },
   {uniform({2, 4, 5, 3}, -2, 2), uniform({6, 2, 2, 2}, -1, 1)}},
  {"conv2d of every channel alone",
   [](const Vars& v) { return conv2d(v[0], v[1], {.stride = 2, .padding = 1, .groups = v[0].size(1)}); },
   {uniform({2, 3, 4, 4}, -2, 2), uniform({6, 1, 3, 3}, -1, 1)}},
  {"conv2d of one image, with bias", [](const Vars& v) { return conv2d(v[0], v[1], v[2], {.padding = 1}); },
   {uniform({2, 5, 4}, -2, 2), uniform({3, 2, 3, 2}, -1, 1), uniform({3}, -1, 1)}},
  {"conv2d that keeps the extents", [](const Vars& v) { return conv2d(v[0], v[1], {.padding = kSame}); },
   {uniform({2, 2, 5, 4}, -2, 2), uniform({3, 2, 2, 3}, -1, 1)}},
  {"conv2d of the whole image, with bias", [](const Vars& v) { return conv2d(v[0], v[1], v[2]); },
   {uniform({2, 3, 3, 2}, -2, 2), uniform({4, 3, 3, 2}, -1, 1), uniform({4}, -1, 1)}},
  {"conv2d of single pixels", [](const Vars& v) { return conv2d(v[0], v[1]); },
   {uniform({2, 3, 3, 4}, -2, 2), uniform({2, 3, 1, 1}, -1, 1)}},
  {"conv2d of patches",
   [](const Vars& v) { return conv2d(v[0], v[1], {.stride = {v[1].size(2), v[1].size(3)}}); },
   {uniform({2, 2, 5, 6}, -2, 2), uniform({3, 2, 2, 3}, -1, 1)}},
  {"conv1d", [](const Vars& v) { return conv1d(v[0], v[1]); },
   {uniform({2, 2, 7}, -2, 2), uniform({3, 2, 3}, -1, 1)}, {}, {.shapes = {{1, 1, 1}}}},
  {"conv1d with all options",
   [](const Vars& v) {
     return conv1d(v[0], v[1], v[2], {.stride = 2, .padding = 3, .dilation = 2, .groups = 2});
   },
   {uniform({2, 4, 7}, -2, 2), uniform({6, 2, 3}, -1, 1), uniform({6}, -1, 1)}},
  {"conv_transpose2d", [](const Vars& v) { return conv_transpose2d(v[0], v[1]); },
   {uniform({2, 2, 3, 4}, -2, 2), uniform({2, 3, 3, 2}, -1, 1)}, {}, {.order = 3, .shapes = {{1, 1, 1, 1}}}},
  {"conv_transpose2d with bias, stride and padding",
   [](const Vars& v) {
     return conv_transpose2d(v[0], v[1], v[2], {.stride = {2, 3}, .padding = {1, 0}, .output_padding = {1, 2}});
   },
   {uniform({2, 2, 3, 2}, -2, 2), uniform({2, 3, 3, 2}, -1, 1), uniform({3}, -1, 1)}},
  {"conv_transpose2d in groups, dilated",
   [](const Vars& v) {
     return conv_transpose2d(v[0], v[1],
                             {.stride = {2, 1}, .padding = 1, .output_padding = {1, 2}, .groups = 2, .dilation = {1, 3}});
   },
   {uniform({2, 4, 3, 3}, -2, 2), uniform({4, 3, 2, 2}, -1, 1)}},
  {"conv_transpose2d of one image, with bias",
   [](const Vars& v) { return conv_transpose2d(v[0], v[1], v[2], {.stride = 2}); },
   {uniform({2, 3, 4}, -2, 2), uniform({2, 3, 3, 2}, -1, 1), uniform({3}, -1, 1)}},
  {"conv_transpose2d of a pixel, with bias", [](const Vars& v) { return conv_transpose2d(v[0], v[1], v[2]); },
   {uniform({2, 3, 1, 1}, -2, 2), uniform({3, 2, 3, 2}, -1, 1), uniform({2}, -1, 1)}},
  {"conv_transpose2d to patches",
   [](const Vars& v) { return conv_transpose2d(v[0], v[1], {.stride = {v[1].size(2), v[1].size(3)}}); },
   {uniform({2, 2, 3, 2}, -2, 2), uniform({2, 3, 2, 3}, -1, 1)}},
  {"conv_transpose1d", [](const Vars& v) { return conv_transpose1d(v[0], v[1]); },
   {uniform({2, 2, 5}, -2, 2), uniform({2, 3, 3}, -1, 1)}},
  {"conv_transpose1d with all options",
   [](const Vars& v) {
     return conv_transpose1d(v[0], v[1], v[2],
                             {.stride = 2, .padding = 1, .output_padding = 2, .groups = 2, .dilation = 3});
   },
   {uniform({2, 4, 5}, -2, 2), uniform({4, 3, 2}, -1, 1), uniform({6}, -1, 1)}},
  {"conv1d_weight", [](const Vars& v) { return conv1d_weight(v[0], v[1], v[0].size(2) - v[1].size(2) + 1); },
   {uniform({2, 2, 5}, -2, 2), uniform({2, 3, 3}, -1, 1)}},
  {"conv2d_weight",
   [](const Vars& v) {
     const auto kernel = [&](int axis) { return v[0].size(axis) + 2 - 2 * (v[1].size(axis) - 1); };
     return conv2d_weight(v[0], v[1], {kernel(2), kernel(3) - 1}, {.stride = 2, .padding = 1, .groups = 2});
   },
   {uniform({2, 2, 5, 4}, -2, 2), uniform({2, 4, 2, 2}, -1, 1)}},

  // ---- pooling and interpolation
  {"resample",
   [](const Vars& v) {
     return resample(v[0], taps_of("resample", v[0].value(), AvgPool2dOptions{.kernel = {3, 2}, .stride = 1}));
   },
   {uniform({2, 5, 4}, -2, 2)}, {}, {.shapes = {{3, 2}, {0, 3, 2}}}},
  {"max_over_taps",
   [](const Vars& v) {
     return max_over_taps(v[0], taps_of("max_over_taps", v[0].value(), MaxPool1dOptions{.kernel = 2})).values;
   },
   {uniform({3, 5}, -2, 2)}, {}, {.shapes = {{2}, {0, 2}}}},
  {"max_pool2d", [](const Vars& v) { return max_pool2d(v[0], {.kernel = 2}); },
   {uniform({2, 2, 5, 4}, -2, 2)}, {}, {.shapes = {{2, 2}, {0, 2, 4}, {0, 2, 3, 3}}}},
  {"max_pool2d that overlaps",
   [](const Vars& v) {
     return max_pool2d(v[0],
                       {.kernel = {3, 2}, .stride = {2, 1}, .padding = 1, .dilation = {1, 2}, .ceil_mode = true});
   },
   {uniform({2, 2, 6, 4}, -2, 2)}},
  {"max_pool2d_with_indices",
   [](const Vars& v) {
     const PooledVar y = max_pool2d_with_indices(v[0], {.kernel = {2, 3}, .stride = 2});
     return y.values * constant(to(y.indices, y.values.dtype()) / v[0].numel());
   },
   {uniform({2, 2, 5, 4}, -2, 2)}},
  {"max_pool1d", [](const Vars& v) { return max_pool1d(v[0], {.kernel = 3, .stride = 2, .padding = 1}); },
   {uniform({2, 2, 7}, -2, 2)}},
  {"max_pool1d_with_indices",
   [](const Vars& v) {
     const PooledVar y = max_pool1d_with_indices(v[0], {.kernel = 2});
     return y.values * constant(to(y.indices, y.values.dtype()) / v[0].numel());
   },
   {uniform({2, 2, 7}, -2, 2)}},
  {"max_unpool2d",
   [](const Vars& v) {
     const PooledVar y = max_pool2d_with_indices(v[0], {.kernel = 2, .stride = 2});
     return max_unpool2d(square(y.values), y.indices, {.kernel = 2, .output_size = {v[0].size(2), v[0].size(3)}});
   },
   {uniform({2, 2, 5, 4}, -2, 2)}},
  {"max_unpool1d",
   [](const Vars& v) {
     const PooledVar y = max_pool1d_with_indices(v[0], {.kernel = 3});
     return max_unpool1d(square(y.values), y.indices, {.kernel = 3});
   },
   {uniform({2, 2, 6}, -2, 2)}},
  {"avg_pool2d", [](const Vars& v) { return avg_pool2d(v[0], {.kernel = 2}); },
   {uniform({2, 2, 5, 4}, -2, 2)}, {}, {.shapes = {{2, 2}, {0, 2, 4}}}},
  {"avg_pool2d that overlaps",
   [](const Vars& v) {
     return avg_pool2d(v[0], {.kernel = {3, 2}, .stride = {2, 3}, .padding = 1, .ceil_mode = true});
   },
   {uniform({2, 2, 6, 4}, -2, 2)}},
  {"avg_pool2d that counts the image alone",
   [](const Vars& v) {
     return avg_pool2d(v[0], {.kernel = 3, .stride = 2, .padding = 1, .ceil_mode = true, .count_include_pad = false});
   },
   {uniform({2, 2, 6, 5}, -2, 2)}},
  {"avg_pool2d with a divisor",
   [](const Vars& v) { return avg_pool2d(v[0], {.kernel = {2, 3}, .divisor_override = 4}); },
   {uniform({2, 2, 5, 4}, -2, 2)}},
  {"avg_pool1d", [](const Vars& v) { return avg_pool1d(v[0], {.kernel = 3, .stride = 2, .padding = 1}); },
   {uniform({2, 2, 7}, -2, 2)}},
  {"adaptive_avg_pool2d", [](const Vars& v) { return adaptive_avg_pool2d(v[0], {3, 2}); },
   {uniform({2, 2, 5, 4}, -2, 2)}},
  {"adaptive_avg_pool1d", [](const Vars& v) { return adaptive_avg_pool1d(v[0], 3); }, {uniform({2, 2, 7}, -2, 2)}},
  {"adaptive_max_pool2d", [](const Vars& v) { return adaptive_max_pool2d(v[0], {3, -1}); },
   {uniform({2, 2, 5, 4}, -2, 2)}},
  {"adaptive_max_pool1d", [](const Vars& v) { return adaptive_max_pool1d(v[0], 3); }, {uniform({2, 2, 7}, -2, 2)}},
  {"adaptive_max_pool2d_with_indices",
   [](const Vars& v) {
     const PooledVar y = adaptive_max_pool2d_with_indices(v[0], {2, 3});
     return y.values * constant(to(y.indices, y.values.dtype()) / v[0].numel());
   },
   {uniform({2, 2, 5, 4}, -2, 2)}},
  {"adaptive_max_pool1d_with_indices",
   [](const Vars& v) {
     const PooledVar y = adaptive_max_pool1d_with_indices(v[0], 3);
     return y.values * constant(to(y.indices, y.values.dtype()) / v[0].numel());
   },
   {uniform({2, 2, 7}, -2, 2)}},
  {"interpolate", [](const Vars& v) { return interpolate(v[0], {.scale_factor = {2}}); },
   {uniform({2, 2, 3, 4}, -2, 2)}, {}, {.shapes = {{1, 1, 1, 1}, {0, 1, 2, 2}, {1, 2, 3}}}},
  {"interpolate to a size, nearest",
   [](const Vars& v) { return interpolate(v[0], {.size = {v[0].size(2) + 4, v[0].size(3) - 1}}); },
   {uniform({2, 2, 3, 4}, -2, 2)}},
  {"interpolate by nearest_exact",
   [](const Vars& v) {
     return interpolate(v[0], {.size = {v[0].size(2) + 4, v[0].size(3) - 1}, .mode = InterpolateMode::nearest_exact});
   },
   {uniform({2, 2, 3, 4}, -2, 2)}},
  {"interpolate by bilinear",
   [](const Vars& v) {
     return interpolate(v[0], {.scale_factor = {2.5, 0.6}, .mode = InterpolateMode::bilinear});
   },
   {uniform({2, 2, 3, 5}, -2, 2)}},
  {"interpolate by bilinear, corners aligned",
   [](const Vars& v) {
     return interpolate(v[0], {.size = {v[0].size(2) + 4, v[0].size(3) - 1}, .mode = InterpolateMode::bilinear,
                               .align_corners = true});
   },
   {uniform({2, 2, 3, 5}, -2, 2)}},
  {"interpolate by bicubic",
   [](const Vars& v) {
     return interpolate(v[0], {.size = {v[0].size(2) + 4, v[0].size(3) - 1}, .mode = InterpolateMode::bicubic});
   },
   {uniform({2, 2, 3, 5}, -2, 2)}},
  {"interpolate by bicubic, corners aligned",
   [](const Vars& v) {
     return interpolate(v[0], {.scale_factor = {2}, .mode = InterpolateMode::bicubic, .align_corners = true});
   },
   {uniform({2, 2, 3, 5}, -2, 2)}},
  {"interpolate by linear",
   [](const Vars& v) { return interpolate(v[0], {.scale_factor = {2}, .mode = InterpolateMode::linear}); },
   {uniform({2, 2, 5}, -2, 2)}},
  {"interpolate by area",
   [](const Vars& v) { return interpolate(v[0], {.size = {3}, .mode = InterpolateMode::area}); },
   {uniform({2, 2, 5, 4}, -2, 2)}},

  // ---- factorising
  {"cholesky", [](const Vars& v) { const Var x = v[0]; const double n = static_cast<double>(columns(x));
                                   return cholesky(matmul(x, transpose(x)) + constant(eye(rows(x), -1, x.dtype()) * n)); },
   {uniform({3, 4}, -1, 1)}, {}, {.order = 3, .shapes = {{1, 1}, {0, 2}}}},
  {"cholesky of batches",
   [](const Vars& v) { return cholesky(matmul(v[0], transpose(v[0])) + constant(eye(v[0].size(1), -1, v[0].dtype()))); },
   {uniform({2, 3, 2}, -1, 1)}, {}, {.shapes = {{0, 2, 2}, {1, 1, 1}}}},
  {"solve_triangular", [](const Vars& v) { return solve_triangular(
                           v[0] + constant(eye(rows(v[0]), -1, v[0].dtype()) * (3.0 * static_cast<double>(rows(v[0])))), v[1], false); },
   {uniform({3, 3}, -1, 1), uniform({3, 4}, -1, 1)}, {}, {.order = 3, .shapes = {{1, 1}, {0, 0}}}},
  {"solve_triangular of upper ones, broadcast", [](const Vars& v) { return solve_triangular(
                           v[0] + constant(eye(v[0].size(1), -1, v[0].dtype()) * (3.0 * static_cast<double>(v[0].size(1)))), v[1], true); },
   {uniform({2, 3, 3}, -1, 1), uniform({3, 2}, -1, 1)}},

  // ---- composite and reducing
  {"mean", [](const Vars& v) { return mean(v[0]); }, {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{}, {1}, {1, 1}}}},
  {"mean over axis 1, kept", [](const Vars& v) { return mean(v[0], {1}, true); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = {{1, 1}, {0, 3}}}},
  {"prod", [](const Vars& v) { return prod(v[0]); },
   {uniform({3, 4}, 0.5, 1.5)}, {}, {.order = 3, .shapes = kAnyShape}},
  {"prod over axis 0", [](const Vars& v) { return prod(v[0], {0}); },
   {uniform({5, 2}, -2, 2)}, {}, {.shapes = {{1}, {0}, {0, 3}, {3, 0}}}},
  {"prod over axes 0 and 2, kept", [](const Vars& v) { return prod(v[0], {0, 2}, true); }, {uniform({2, 3, 2}, -2, 2)}},
  {"max", [](const Vars& v) { return max(v[0]); }, {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{}, {1}, {1, 1}}}},
  {"max over axis 0", [](const Vars& v) { return max(v[0], {0}); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{1}, {3, 0}}}},
  {"max over the last axis, kept", [](const Vars& v) { return max(v[0], {-1}, true); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = kAnyRows}},
  {"min", [](const Vars& v) { return min(v[0]); }, {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{}, {1}, {1, 1}}}},
  {"min over axes 0 and 2", [](const Vars& v) { return min(v[0], {0, 2}); }, {uniform({2, 3, 4}, -2, 2)}},
  {"var", [](const Vars& v) { return var(v[0]); }, {uniform({3, 4}, -2, 2)}, {}, {.order = 3}},
  {"var over axis 1, kept", [](const Vars& v) { return var(v[0], {1}, true); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = {{0, 3}}}},
  {"var without correction", [](const Vars& v) { return var(v[0], {-1}, false, 0); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = kAnyRows}},
  {"std", [](const Vars& v) { return std(v[0]); }, {uniform({3, 4}, -2, 2)}},
  {"std over axis 1, kept", [](const Vars& v) { return std(v[0], {1}, true); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.order = 3, .shapes = {{0, 3}}}},
  {"std without correction", [](const Vars& v) { return std(v[0], {-1}, false, 0); }, {uniform({3, 4}, -2, 2)}},
  {"norm", [](const Vars& v) { return norm(v[0]); },
   {uniform({3, 4}, -2, 2)}, {}, {.order = 3, .shapes = {{}, {1}, {1, 1}}}},
  {"norm over axis 1, kept", [](const Vars& v) { return norm(v[0], {1}, true); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = {{0, 3}, {1, 1}}}},
  {"norm of p = 0", [](const Vars& v) { return norm(v[0], {-1}, false, 0); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = kAnyRows}},
  {"norm of p = 1", [](const Vars& v) { return norm(v[0], {-1}, false, 1); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = kAnyRows}},
  {"norm of p = 3", [](const Vars& v) { return norm(v[0], {-1}, false, 3); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = kAnyRows}},
  {"norm of p = inf", [](const Vars& v) { return norm(v[0], {-1}, false, INFINITY); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = kAnyRows}},
  {"norm of p = -inf", [](const Vars& v) { return norm(v[0], {-1}, false, -INFINITY); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = kAnyRows}},
  {"logsumexp", [](const Vars& v) { return logsumexp(v[0]); },
   {uniform({3, 4}, -2, 2)}, {}, {.order = 3, .shapes = {{}, {1}, {1, 1}}}},
  {"logsumexp over axis 1, kept", [](const Vars& v) { return logsumexp(v[0], {1}, true); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = {{0, 3}, {1, 1}}}},
  {"softmax", [](const Vars& v) { return softmax(v[0], -1); },
   {uniform({3, 4}, -2, 2)}, {}, {.order = 3, .shapes = kAnyShape}},
  {"softmax along axis 1 of three", [](const Vars& v) { return softmax(v[0], 1); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = {{0, 2, 3}}}},
  {"log_softmax", [](const Vars& v) { return log_softmax(v[0], -1); },
   {uniform({3, 4}, -2, 2)}, {}, {.order = 3, .shapes = kAnyShape}},
  {"log_softmax along axis 1 of three", [](const Vars& v) { return log_softmax(v[0], 1); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = {{0, 2, 3}}}},
  {"softmax_grad", [](const Vars& v) { return softmax_grad(v[0], v[1], -1); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, 0, 1)}, {}, {.order = 3, .shapes = kAnyShape}},
  {"softmax_grad along axis 1 of three", [](const Vars& v) { return softmax_grad(v[0], v[1], 1); },
   {uniform({2, 3, 4}, -2, 2), uniform({2, 3, 4}, 0, 1)}, {}, {.shapes = {{0, 2, 3}}}},
  {"log_softmax_grad", [](const Vars& v) { return log_softmax_grad(v[0], v[1], -1); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -3, 0)}, {}, {.order = 3, .shapes = kAnyShape}},
  {"log_softmax_grad along axis 1 of three", [](const Vars& v) { return log_softmax_grad(v[0], v[1], 1); },
   {uniform({2, 3, 4}, -2, 2), uniform({2, 3, 4}, -3, 0)}, {}, {.shapes = {{0, 2, 3}}}},
  {"standardize over the last axis", [](const Vars& v) { return standardize(v[0], {-1}); },
   {uniform({3, 4}, -2, 2)}, {}, {.order = 3, .shapes = {{2}, {0, 3}, {3, 0}, {2, 1}}}},
  {"standardize over all axes", [](const Vars& v) { return standardize(v[0], {}); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = {{}, {1}, {0}}}},
  {"standardize over axis 0, of eps 0.1", [](const Vars& v) { return standardize(v[0], {0}, 0.1); },
   {uniform({5, 3}, -2, 2)}, {}, {.order = 3, .shapes = {{1}, {1, 1}, {0, 3}, {3, 0}}}},
  {"standardize over all axes but 1", [](const Vars& v) { return standardize(v[0], {0, 2, 3}); },
   {uniform({2, 3, 4, 5}, -2, 2)}, {}, {.shapes = {{0, 2, 3, 3}, {2, 3, 1, 1}}}},
  {"standardize over axes 1 and 3", [](const Vars& v) { return standardize(v[0], {1, 3}); },
   {uniform({2, 3, 2, 4}, -2, 2)}},
  {"standardize_grad over the last axis", [](const Vars& v) { return standardize_grad(v[0], v[1], {-1}); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -1, 3)}, {}, {.order = 3, .shapes = {{2}, {0, 3}, {3, 0}}}},
  {"standardize_grad over all axes but 1", [](const Vars& v) { return standardize_grad(v[0], v[1], {0, 2}); },
   {uniform({2, 3, 4}, -2, 2), uniform({2, 3, 4}, -1, 3)}},
  {"layer_norm", [](const Vars& v) { return layer_norm(v[0], v[1], v[2]); },
   {uniform({3, 4}, -2, 2), uniform({4}, 0.5, 1.5), uniform({4}, -1, 1)}},
  {"layer_norm over two axes", [](const Vars& v) { return layer_norm(v[0], v[1], v[2], 0.1); },
   {uniform({2, 3, 4}, -2, 2), uniform({3, 4}, 0.5, 1.5), uniform({3, 4}, -1, 1)}},
  {"batch_norm", [](const Vars& v) { return batch_norm(v[0], v[1], v[2]); },
   {uniform({4, 3}, -2, 2), uniform({3}, 0.5, 1.5), uniform({3}, -1, 1)}},
  {"batch_norm of images", [](const Vars& v) { return batch_norm(v[0], v[1], v[2], 0.1); },
   {uniform({2, 3, 4, 5}, -2, 2), uniform({3}, 0.5, 1.5), uniform({3}, -1, 1)}},
  {"lstm_cell", [](const Vars& v) { const LstmState s = lstm_cell(v[0], v[1]); return concat({s.h, s.c}, 1); },
   {uniform({3, 20}, -2, 2), uniform({3, 5}, -1, 1)}, {}, {.order = 3}},
  {"lstm_cell of h alone", [](const Vars& v) { return lstm_cell(v[0], v[1]).h; },
   {uniform({2, 8}, -2, 2), uniform({2, 2}, -1, 1)}},
  {"lstm_sequence", [](const Vars& v) { const LstmState s = lstm_sequence(v[0], v[1], v[2], v[3]); return stack({s.h, s.c}); },
   {uniform({3, 2, 8}, -2, 2), uniform({8, 2}, -1, 1), uniform({2, 2}, -1, 1), uniform({2, 2}, -1, 1)}},
  {"lstm_sequence of its last c", [](const Vars& v) { return select(lstm_sequence(v[0], v[1], v[2], v[3]).c, 0, -1); },
   {uniform({2, 3, 12}, -2, 2), uniform({12, 3}, -1, 1), uniform({3, 3}, -1, 1), uniform({3, 3}, -1, 1)}},
  {"gru_cell", [](const Vars& v) { return gru_cell(v[0], v[1], v[2]); },
   {uniform({3, 15}, -2, 2), uniform({3, 15}, -1, 1), uniform({3, 5}, -1, 1)}, {}, {.order = 3}},
  {"sort", [](const Vars& v) { return sort(v[0]).values; }, {uniform({3, 4}, -2, 2)}, {}, {.shapes = kAnyShape}},
  {"sort along axis 0, descending", [](const Vars& v) { return sort(v[0], 0, true).values; }, {uniform({3, 4}, -2, 2)}},
  {"top_k", [](const Vars& v) { return top_k(v[0], 2).values; },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{2}, {0, 3}}}},
  {"top_k smallest along axis 0", [](const Vars& v) { return top_k(v[0], 2, 0, false).values; },
   {uniform({3, 4}, -2, 2)}},
  // ---- activations made of others
  {"hardtanh", [](const Vars& v) { return hardtanh(v[0]); },
   {uniform({3, 4}, -2.2, 2)}, [](double x) { return x < -1 ? -1 : x > 1 ? 1 : x; }},
  {"hardtanh of -0.5 to 1.5", [](const Vars& v) { return hardtanh(v[0], -0.5, 1.5); },
   {uniform({3, 4}, -2.2, 2)}, [](double x) { return x < -0.5 ? -0.5 : x > 1.5 ? 1.5 : x; }},
  {"relu6", [](const Vars& v) { return relu6(v[0]); },
   {uniform({3, 4}, -4, 9)}, [](double x) { return x < 0 ? 0 : x > 6 ? 6 : x; }},
  {"hardsigmoid", [](const Vars& v) { return hardsigmoid(v[0]); },
   {uniform({3, 4}, -5, 4)}, [](double x) { return x < -3 ? 0 : x > 3 ? 1 : x / 6 + 0.5; }},
  {"hardswish", [](const Vars& v) { return hardswish(v[0]); },
   {uniform({3, 4}, -5, 4)}, [](double x) { return x < -3 ? 0 : x > 3 ? x : x * (x + 3) / 6; }},
  {"hardshrink", [](const Vars& v) { return hardshrink(v[0]); },
   {uniform({3, 4}, -2, 2.1)}, [](double x) { return std::abs(x) <= 0.5 ? 0 : x; }},
  {"softshrink", [](const Vars& v) { return softshrink(v[0]); },
   {uniform({3, 4}, -2, 2.1)}, [](double x) { return x > 0.5 ? x - 0.5 : x < -0.5 ? x + 0.5 : x - x; }},
  {"tanhshrink", [](const Vars& v) { return tanhshrink(v[0]); },
   {uniform({3, 4}, -2, 2)}, [](double x) { return x - std::tanh(x); }},
  {"threshold", [](const Vars& v) { return threshold(v[0], 0.25, -1.5); },
   {uniform({3, 4}, -2, 2)}, [](double x) { return x <= 0.25 ? -1.5 : x; }},
  {"selu", [](const Vars& v) { return selu(v[0]); },
   {uniform({3, 4}, -2, 2)}, [](double x) { return 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * std::expm1(x)); }},
  {"celu", [](const Vars& v) { return celu(v[0]); },
   {uniform({3, 4}, -2, 2)}, [](double x) { return x > 0 ? x : std::expm1(x); }},
  {"celu of alpha 0.5", [](const Vars& v) { return celu(v[0], 0.5); },
   {uniform({3, 4}, -2, 2)}, [](double x) { return x > 0 ? x : 0.5 * std::expm1(x / 0.5); }},
  {"mish", [](const Vars& v) { return mish(v[0]); },
   {uniform({3, 4}, -3, 3)}, [](double x) { return x * std::tanh(softplus_of(x)); }, {.order = 3}},
  {"gelu_tanh", [](const Vars& v) { return gelu_tanh(v[0]); }, {uniform({3, 4}, -3, 3)},
   [](double x) { return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x))); },
   {.order = 3}},
  {"softplus of beta 2", [](const Vars& v) { return softplus(v[0], 2, 3); },
   {uniform({3, 4}, -3, 3.2)}, [](double x) { return 2 * x > 3 ? x : softplus_of(2 * x) / 2; }},
  {"prelu", [](const Vars& v) { return prelu(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({4}, 0.1, 0.9)}, {}, {.shapes = {{1}, {0}}}},
  {"prelu of one slope", [](const Vars& v) { return prelu(v[0], v[1]); }, {uniform({2, 3, 4}, -2, 2), uniform({1}, 0.1, 0.9)}},
  {"glu", [](const Vars& v) { return glu(v[0]); },
   {uniform({3, 4}, -2, 2)}, {}, {.order = 3, .shapes = {{2}, {0}, {0, 2}}}},
  {"glu along axis 1 of three", [](const Vars& v) { return glu(v[0], 1); }, {uniform({2, 4, 3}, -2, 2)}},
  {"keep_top_k", [](const Vars& v) { return keep_top_k(v[0], 2); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{2}, {0, 3}}}},
  {"keep_top_k along axis 0", [](const Vars& v) { return keep_top_k(v[0], 2, 0); }, {uniform({3, 4}, -2, 2)}},
  };
  // clang-format on
}

}  // namespace

Tensor Input::draw(const Shape& as, Rng rng) const {
  const std::int64_t count = numel(as);
  if (count == 0) return zeros(as, dtype);
  // The golden ratio's fraction keeps the numbers off the middle and the ends, whatever their count.
  const Tensor position = (to(rng.permutation(count), Dtype::f64) + (std::numbers::phi - 1)) / count;
  const Tensor values = reshape(position * (high - low) + low, as);
  return to(is_floating(dtype) ? values : floor(values), dtype);
}

const std::vector<Row>& op_table() {
  static const std::vector<Row> table = make_table();
  return table;
}

const Row& row_named(const std::string& name) {
  for (const Row& row : op_table())
    if (row.name == name) return row;
  fail("op_table", "no row is named \"", name, "\"");
}

}  // namespace hourglass::test
