// SPDX-License-Identifier: MIT
// Statistics: a tensor summed up in one line.
#pragma once
#include <cstdint>
#include <iosfwd>
#include <string>

#include "tensor/tensor.h"

namespace hourglass {

/// Of a tensor's numbers. min, max, mean, std and norm cover the finite ones. They are NaN if there are none.
struct Statistics {
  std::int64_t count = 0, zeros = 0, nans = 0, infinities = 0;
  double min = 0, max = 0, mean = 0, std = 0;
  double norm = 0;  ///< √(Σ x²)

  bool all_finite() const { return nans == 0 && infinities == 0; }
};
Statistics statistics_of(const Tensor& x);

/// "-1.2 to 3.4, mean 0.1, std 0.9, 25 % zeros, 3 NaN". For a single number, the number.
std::ostream& operator<<(std::ostream& out, const Statistics& statistics);
/// The short form, for a table: "-1.2 .. 3.4, 3 NaN".
std::string range_of(const Statistics& statistics);
/// "0.0461"
std::string three_digits(double x);

/// Whether any number is NaN, or infinite.
bool has_nan(const Tensor& x);
bool has_infinity(const Tensor& x);

}  // namespace hourglass
