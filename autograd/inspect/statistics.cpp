// SPDX-License-Identifier: MIT
#include "autograd/inspect/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

#include "tensor/ops.h"

namespace hourglass {
namespace {

// Calls f with every number of x, as a double, until f returns false.
template <class F>
void for_each_number(const Tensor& x, F f) {
  const Tensor flat = contiguous(x);
  dispatch(x.dtype(), [&]<class T>() {
    const T* const numbers = flat.data<T>();
    for (std::int64_t i = 0; i < x.numel(); ++i)
      if (!f(static_cast<double>(numbers[i]))) return;
  });
}

}  // namespace

Statistics statistics_of(const Tensor& x) {
  Statistics result;
  result.count = x.numel();
  result.min = std::numeric_limits<double>::infinity();
  result.max = -result.min;
  double sum = 0, squares = 0, largest = 0;
  std::int64_t finite = 0;
  for_each_number(x, [&](double v) {
    if (std::isnan(v)) ++result.nans;
    else if (std::isinf(v)) ++result.infinities;
    else {
      ++finite;
      result.zeros += v == 0 ? 1 : 0;
      result.min = std::min(result.min, v);
      result.max = std::max(result.max, v);
      sum += v;
      largest = std::max(largest, std::abs(v));
    }
    return true;
  });
  if (finite == 0) {
    result.min = result.max = result.mean = result.std = result.norm = std::numeric_limits<double>::quiet_NaN();
    return result;
  }
  const auto n = static_cast<double>(finite);
  result.mean = sum / n;
  // Scaled, so that the squares of very large numbers do not overflow.
  const double scale = largest > 0 ? largest : 1;
  double deviations = 0;
  for_each_number(x, [&](double v) {
    if (!std::isfinite(v)) return true;
    squares += v / scale * (v / scale);
    const double deviation = v / scale - result.mean / scale;
    deviations += deviation * deviation;
    return true;
  });
  result.norm = scale * std::sqrt(squares);
  result.std = scale * std::sqrt(deviations / n);
  return result;
}

std::ostream& operator<<(std::ostream& out, const Statistics& s) {
  const std::int64_t finite = s.count - s.nans - s.infinities;
  const auto precision = out.precision(3);
  if (s.count == 0) out << "empty";
  else if (finite == 0) out << "nothing finite";
  else if (s.count == 1) out << s.min;
  else if (s.min == s.max) out << s.min << " throughout";
  else {
    out << s.min << " to " << s.max << ", mean " << s.mean << ", std " << s.std;
    const double share = 100.0 * static_cast<double>(s.zeros) / static_cast<double>(s.count);
    if (s.zeros > 0) out << ", " << share << " % zeros";
  }
  if (s.nans > 0) out << ", " << s.nans << " NaN";
  if (s.infinities > 0) out << ", " << s.infinities << " infinite";
  out.precision(precision);
  return out;
}

std::string range_of(const Statistics& s) {
  std::string text = s.min == s.max ? three_digits(s.min) : three_digits(s.min) + " .. " + three_digits(s.max);
  if (s.nans > 0) text += join(", ", s.nans, " NaN");
  if (s.infinities > 0) text += join(", ", s.infinities, " inf");
  return text;
}

std::string three_digits(double x) {
  if (std::isnan(x)) return "nan";  // no "-nan"
  std::ostringstream out;
  out.precision(3);
  out << x;
  return out.str();
}

bool has_nan(const Tensor& x) {
  bool found = false;
  if (is_floating(x.dtype())) for_each_number(x, [&](double v) { return !(found = std::isnan(v)); });
  return found;
}
bool has_infinity(const Tensor& x) {
  bool found = false;
  if (is_floating(x.dtype())) for_each_number(x, [&](double v) { return !(found = std::isinf(v)); });
  return found;
}

}  // namespace hourglass
