// SPDX-License-Identifier: MIT
#include "examples/support/baselines/fill.h"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "examples/support/metrics/finite.h"
#include "tensor/linalg.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"

namespace hourglass::examples {
namespace {

Tensor block(const Tensor& matrix, const Tensor& rows, const Tensor& columns) {
  return index_select(index_select(matrix, 0, rows), 1, columns);
}

}  // namespace

GaussianFill::GaussianFill(Moments moments, double ridge) : mean_(std::move(moments.mean)) {
  const Tensor& sigma = moments.covariance;
  check(mean_.dim() == 1 && sigma.shape() == Shape{mean_.numel(), mean_.numel()} && mean_.dtype() == Dtype::f64 &&
            sigma.dtype() == Dtype::f64,
        "GaussianFill", "needs a mean f64[columns] and a covariance f64[columns, columns], got ", describe(mean_),
        " and ", describe(sigma));
  check(ridge > 0, "GaussianFill", "needs a ridge above 0, got ", ridge);
  const double variance = mean(diagonal(sigma)).item();
  covariance_ = sigma + eye(sigma.size(0), -1, Dtype::f64) * (variance > 0 ? ridge * variance : 1);
  precision_ = inverse(covariance_);
}

Tensor GaussianFill::fill(const Tensor& x, const Tensor& hidden) const {
  check_floating("GaussianFill", x);
  const std::int64_t columns = mean_.numel();
  check(x.dim() >= 2 && x.numel() == x.size(0) * columns, "GaussianFill", "expects rows of ", columns, " numbers, got ",
        describe(x));
  check(hidden.dtype() == Dtype::u8, "GaussianFill", "needs a u8 mask, got ", describe(hidden));
  const Tensor mask = contiguous(flatten(expand(hidden, x.shape()), 1));
  const Tensor rows = where(mask, 0, to(flatten(x, 1), Dtype::f64));
  check_finite("GaussianFill", rows);
  std::map<std::string, std::vector<std::int64_t>> rows_with;  // each mask, whose bytes are a key
  const std::span<const std::uint8_t> bytes = mask.span<std::uint8_t>();
  for (std::int64_t i = 0; i < x.size(0); ++i) {
    const auto pattern = bytes.subspan(static_cast<std::size_t>(i * columns), static_cast<std::size_t>(columns));
    rows_with[std::string(pattern.begin(), pattern.end())].push_back(i);
  }
  const std::vector groups(rows_with.begin(), rows_with.end());

  Tensor filled = rows;
  double* const to_rows = filled.mutable_data<double>();
  parallel_for(static_cast<std::int64_t>(groups.size()), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t g = begin; g < end; ++g) {
      const auto& [pattern, members] = groups[static_cast<std::size_t>(g)];
      std::vector<std::int64_t> hidden_columns, seen_columns;
      for (std::int64_t j = 0; j < columns; ++j)
        (pattern[static_cast<std::size_t>(j)] != 0 ? hidden_columns : seen_columns).push_back(j);
      const Tensor h = Tensor::from(hidden_columns), s = Tensor::from(seen_columns), m = Tensor::from(members);
      const Tensor surprise = transpose(block(rows, m, s) - index_select(mean_, 0, s));  // [seen, rows]
      const Tensor shift = h.numel() <= s.numel()
                               ? -solve(block(precision_, h, h), matmul(block(precision_, h, s), surprise))
                               : matmul(block(covariance_, h, s), solve(block(covariance_, s, s), surprise));
      const Tensor values = contiguous(transpose(shift) + index_select(mean_, 0, h));
      const double* from = values.data<double>();
      for (const std::int64_t row : members)
        for (const std::int64_t column : hidden_columns) to_rows[row * columns + column] = *from++;
    }
  });
  return reshape(where(mask, to(filled, x.dtype()), flatten(x, 1)), x.shape());
}

}  // namespace hourglass::examples
