// SPDX-License-Identifier: MIT
// Tensors as text, by NumPy's rules, so that the two can be compared.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <ostream>
#include <string>
#include <vector>

#include "tensor/ops.h"

namespace hourglass {
namespace {

constexpr int kPrecision = 8;              // digits after the point
constexpr std::int64_t kThreshold = 1000;  // tensors of more elements are shown in part:
constexpr std::int64_t kEdge = 3;          // this many from either end of an axis
constexpr int kLineWidth = 75;

// A finite number in decimal: -12.5 is {"-12", "5", ""}, 1e8 is {"1", "", "+08"} in scientific notation.
struct Decimal {
  std::string whole, fraction, exponent;
};

Decimal parse(const std::string& text) {
  const std::size_t e = std::min(text.find('e'), text.size()), point = std::min(text.find('.'), e);
  return {text.substr(0, point), point < e ? text.substr(point + 1, e - point - 1) : "",
          e < text.size() ? text.substr(e + 1) : ""};
}

template <class T, class... How>
Decimal converted(T x, How... how) {
  char text[512];
  return parse(std::string(text, std::to_chars(text, text + sizeof text, x, how...).ptr));
}

// The shortest digits that read back as x, with at most `precision` of them after the point.
template <class T>
Decimal shortest(T x, bool scientific, int precision) {
  const auto format = scientific ? std::chars_format::scientific : std::chars_format::fixed;
  Decimal d = converted(x, format);
  if (d.fraction.size() > static_cast<std::size_t>(precision)) d = converted(x, format, precision);
  d.fraction.erase(d.fraction.find_last_not_of('0') + 1);
  return d;
}

std::string padded(const std::string& text, std::size_t width) {
  return std::string(width - std::min(width, text.size()), ' ') + text;
}

template <class T>
std::string non_finite(T x) {
  return std::isnan(x) ? "nan" : x > 0 ? "inf" : "-inf";
}

// How the elements of one tensor are written: all in one width, with their points aligned.
template <class T>
class Column {
 public:
  explicit Column(const std::vector<T>& shown) {
    if constexpr (std::is_integral_v<T>) {
      for (const T x : shown) before_ = std::max(before_, std::to_string(x).size());
    } else {
      T least = std::numeric_limits<T>::infinity(), most = 0;
      for (const T x : shown) {
        if (x == 0 || !std::isfinite(x)) continue;
        least = std::min(least, std::abs(x));
        most = std::max(most, std::abs(x));
      }
      scientific_ = most > 0 && (most >= T(1e8) || static_cast<double>(least) < 1e-4 || most / least > 1000);
      for (const T x : shown) {
        if (!std::isfinite(x)) continue;
        const Decimal d = shortest(x, scientific_, kPrecision);
        before_ = std::max(before_, d.whole.size());
        behind_ = std::max(behind_, d.fraction.size());
        exponent_ = std::max(exponent_, d.exponent.size());
      }
      width_ = before_ + 1 + behind_ + (scientific_ ? 1 + exponent_ : 0);
      for (const T x : shown)
        if (!std::isfinite(x)) width_ = std::max(width_, non_finite(x).size());
    }
  }

  std::string write(T x) const {
    if constexpr (std::is_integral_v<T>) {
      return padded(std::to_string(x), before_);
    } else {
      if (!std::isfinite(x)) return padded(non_finite(x), width_);
      if (scientific_) {  // all with the digits of the one that needs most
        Decimal d = converted(x, std::chars_format::scientific, static_cast<int>(behind_));
        d.exponent.insert(1, exponent_ - d.exponent.size(), '0');
        return padded(d.whole + '.' + d.fraction + 'e' + d.exponent, width_);
      }
      Decimal d = shortest(x, false, kPrecision);
      d.fraction.resize(behind_, ' ');
      return padded(d.whole + '.' + d.fraction, width_);
    }
  }

 private:
  bool scientific_ = false;
  std::size_t before_ = 0, behind_ = 0, exponent_ = 0, width_ = 0;
};

template <class T>
class Printer {
 public:
  explicit Printer(const Tensor& x) : x_(x), data_(x.data<T>()), summary_(x.numel() > kThreshold), column_(shown()) {}

  // The elements along `axis` from an offset on, in brackets. `indent` is the indentation of lines after the first, and
  // `width` the width of a line without the brackets that will follow.
  std::string write(int axis, std::int64_t offset, std::size_t indent, int width) const {
    const std::string margin(indent, ' ');
    const bool last_axis = axis + 1 == x_.dim();
    const std::string gap = last_axis ? " " : std::string(static_cast<std::size_t>(x_.dim() - 1 - axis), '\n');
    std::string text, line = margin;
    bool first = true;
    for_each_shown(axis, [&](std::int64_t i) {
      const std::int64_t at = offset + i * x_.strides()[axis];
      const std::string word = i < 0       ? "..."
                               : last_axis ? column_.write(data_[at])
                                           : write(axis + 1, at, indent + 1, width - 1);
      if (!first) line += gap;
      if (!last_axis) {
        line += first ? word : margin + word;
      } else {
        if (line.size() > indent && line.size() + word.size() > static_cast<std::size_t>(width - 1)) {
          text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
          line = margin;
        }
        line += word;
      }
      first = false;
    });
    return '[' + (text + line).substr(indent) + ']';
  }

 private:
  // Calls f with the indices that are shown, and with -1 where some are left out.
  template <class F>
  void for_each_shown(int axis, F&& f) const {
    const std::int64_t extent = x_.shape()[axis];
    const bool cut = summary_ && extent > 2 * kEdge;
    for (std::int64_t i = 0; i < extent; ++i) {
      if (cut && i == kEdge) {
        f(-1);
        i = extent - kEdge;
      }
      f(i);
    }
  }

  std::vector<T> shown() const {
    std::vector<T> elements;
    collect(0, 0, elements);
    return elements;
  }
  void collect(int axis, std::int64_t offset, std::vector<T>& elements) const {
    if (axis == x_.dim()) return elements.push_back(data_[offset]);
    for_each_shown(axis, [&](std::int64_t i) {
      if (i >= 0) collect(axis + 1, offset + i * x_.strides()[axis], elements);
    });
  }

  const Tensor& x_;
  const T* data_;
  bool summary_;
  Column<T> column_;
};

// A single number has all its digits.
template <class T>
std::string number(T x) {
  if constexpr (std::is_integral_v<T>) {
    return std::to_string(x);
  } else {
    if (!std::isfinite(x)) return non_finite(x);
    const double size = std::abs(static_cast<double>(x));
    constexpr int all = 1000;
    const Decimal d = shortest(x, true, all);
    if (size != 0 && (size < 1e-4 || size >= 1e16))
      return d.whole + (d.fraction.empty() ? "" : '.' + d.fraction) + 'e' + d.exponent;
    const int zeros = std::stoi(d.exponent) - static_cast<int>(d.fraction.size());
    if (zeros >= 0) return d.whole + d.fraction + std::string(static_cast<std::size_t>(zeros), '0') + ".0";
    const Decimal positional = shortest(x, false, all);
    return positional.whole + '.' + positional.fraction;
  }
}

}  // namespace

std::string to_string(const Tensor& x) {
  if (x.numel() == 0) return "[]";
  return dispatch(x.dtype(), [&]<class T>() {
    return x.dim() == 0 ? number(*x.data<T>()) : Printer<T>(x).write(0, 0, 1, kLineWidth);
  });
}

std::ostream& operator<<(std::ostream& out, const Tensor& x) { return out << to_string(x); }

}  // namespace hourglass
