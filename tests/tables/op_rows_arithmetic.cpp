// SPDX-License-Identifier: MIT
// Rows for the functions of autograd/arithmetic.h.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "autograd/arithmetic.h"
#include "tests/tables/op_rows.h"

namespace hourglass::test {
namespace {

// By bisection.
double erfinv_of(double x) {
  if (!(std::abs(x) < 1)) return std::abs(x) == 1 ? std::copysign(INFINITY, x) : NAN;
  if (std::abs(x) < 1e-6) return x * std::sqrt(std::numbers::pi) / 2;
  long double low = 0, high = 7;
  for (int i = 0; i < 100; ++i) {
    const long double middle = (low + high) / 2;
    (std::erfc(middle) > 1 - static_cast<long double>(std::abs(x)) ? low : high) = middle;
  }
  return std::copysign(static_cast<double>(low), x);
}
double logit_of(double x) {
  const long double wide = x;
  return static_cast<double>(std::log(wide / (1 - wide)));
}
double remainder_of(double a, double b) { return a - b * std::floor(a / b); }

}  // namespace

// clang-format off
void add_arithmetic_rows(Rows& row) {
  row("exp2", [](const Vars& v) { return exp2(v[0]); }, {uniform({3, 4}, -2, 2)}, [](double x) { return std::exp2(x); }, {.order = 3});
  row("asinh", [](const Vars& v) { return asinh(v[0]); }, {uniform({3, 4}, -2, 2)}, [](double x) { return std::asinh(x); });
  row("acosh", [](const Vars& v) { return acosh(v[0]); }, {uniform({3, 4}, 1.2, 3)}, [](double x) { return std::acosh(x); });
  row("atanh", [](const Vars& v) { return atanh(v[0]); }, {uniform({3, 4}, -0.8, 0.8)}, [](double x) { return std::atanh(x); });
  row("erfinv", [](const Vars& v) { return erfinv(v[0]); }, {uniform({3, 4}, -0.9, 0.9)}, erfinv_of, {.order = 3});
  row("logit", [](const Vars& v) { return logit(v[0]); }, {uniform({3, 4}, 0.1, 0.9)}, logit_of, {.order = 3});
  row("nan_to_num", [](const Vars& v) { return nan_to_num(where(v[0].value() > 1, NAN, v[0]), 0.5); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = kAnyShape});
  row("xlogy", [](const Vars& v) { return xlogy(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, 0.2, 2)}, [](double x, double y) { return x * std::log(y); });
  row("hypot", [](const Vars& v) { return hypot(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, 0.2, 2)}, [](double a, double b) { return std::hypot(a, b); }, {.order = 3});
  row("copysign", [](const Vars& v) { return copysign(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -1, 1)}, [](double a, double b) { return std::copysign(a, b); });
  row("div rounded to 0", [](const Vars& v) { return div(v[0], v[1], Rounding::trunc); },
   {uniform({3, 4}, -4.1, -3.05), uniform({3, 4}, 2.1, 2.9)}, [](double a, double b) { return std::trunc(a / b); });
  row("div by a number and rounded down", [](const Vars& v) { return div(v[0], 2.05, Rounding::floor); },
   {uniform({3, 4}, -4, 4)}, {}, {.shapes = kAnyShape});
  row("floor_divide", [](const Vars& v) { return floor_divide(v[0], v[1]); },
   {uniform({3, 4}, -4.1, -3.05), uniform({3, 4}, 2.1, 2.9)}, [](double a, double b) { return std::floor(a / b); });
  row("floor_divide by a number", [](const Vars& v) { return floor_divide(v[0], 2.05); }, {uniform({3, 4}, -4, 4)});
  row("remainder", [](const Vars& v) { return remainder(v[0], v[1]); },
   {uniform({3, 4}, -4.1, -3.05), uniform({3, 4}, 2.1, 2.9)}, remainder_of);
  row("remainder by a number", [](const Vars& v) { return remainder(v[0], -2.05); }, {uniform({3, 4}, -4, 4)});
  row("fmod", [](const Vars& v) { return fmod(v[0], v[1]); },
   {uniform({3, 4}, -4.1, -3.05), uniform({3, 4}, 2.1, 2.9)}, [](double a, double b) { return std::fmod(a, b); });
  row("fmod by a number", [](const Vars& v) { return fmod(v[0], 2.05); }, {uniform({3, 4}, -4, 4)});
  row("clamp to others", [](const Vars& v) { return clamp(v[0], v[1], v[2]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -1.51, -0.5), uniform({3, 4}, 0.5, 1.53)},
   [](double x, double low, double high) { return std::min(std::max(x, low), high); });
  row("clamp_min", [](const Vars& v) { return clamp_min(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -1.51, 1.5)}, [](double x, double low) { return std::max(x, low); });
  row("clamp_min by a number", [](const Vars& v) { return clamp_min(v[0], 0.4); },
   {uniform({3, 4}, -2, 2.1)}, [](double x) { return x < 0.4 ? 0.4 : x; });
  row("clamp_max", [](const Vars& v) { return clamp_max(v[0], v[1]); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -1.51, 1.5)}, [](double x, double high) { return std::min(x, high); });
  row("clamp_max by a number", [](const Vars& v) { return clamp_max(v[0], 0.4); },
   {uniform({3, 4}, -2, 2.1)}, [](double x) { return x > 0.4 ? 0.4 : x; });
}
// clang-format on

}  // namespace hourglass::test
