// SPDX-License-Identifier: MIT
#include "examples/support/baselines/search.h"

#include <algorithm>

#include "examples/support/metrics/finite.h"
#include "tensor/ops.h"

namespace hourglass::examples {
namespace {

// f64[q]: the share of each query's neighbours that have its class.
Tensor shares_of_class(const Nearest& found, const Tensor& row_classes, const Tensor& query_classes) {
  check(row_classes.dim() == 1 && query_classes.dim() == 1 && query_classes.size(0) == found.rows.size(0), "precision",
        "expects a class for each row and each of ", found.rows.size(0), " queries, got ", describe(row_classes),
        " and ", describe(query_classes));
  check(found.rows.numel() > 0, "precision", "nothing was found: ", describe(found.rows));
  const Tensor classes = reshape(index_select(row_classes, 0, flatten(found.rows)), found.rows.shape());
  return mean(classes == unsqueeze(query_classes, 1), {1}, false, Dtype::f64);
}

}  // namespace

RowSearch::RowSearch(const Tensor& rows) {
  check(rows.dim() == 2 && rows.size(0) > 0 && is_floating(rows.dtype()), "search",
        "expects rows [n, d] of floating-point numbers, got ", describe(rows));
  check_finite("search", rows);
  mean_ = to(mean(to(rows, Dtype::f64), {0}), rows.dtype());
  rows_ = contiguous(rows - mean_);
  squares_ = sum(square(rows_), {1});
}

Nearest RowSearch::nearest(const Tensor& queries, std::int64_t k) const {
  check(queries.dim() == 2 && queries.size(1) == rows_.size(1) && queries.dtype() == rows_.dtype(), "search",
        "expects queries like the rows ", describe(rows_), ", got ", describe(queries));
  check(k >= 1 && k <= size(), "search", "cannot find ", k, " of ", size(), " rows");
  check_finite("search", queries);
  // A block's distances take 32 MB at most, which the cache of the last level partly holds.
  const std::int64_t block = std::clamp<std::int64_t>((std::int64_t{1} << 23) / size(), 1, 256);
  Nearest all{Tensor({0, k}, Dtype::i64), Tensor({0, k}, Dtype::f64)};
  std::vector<Tensor> rows{all.rows}, distances{all.distances};
  for (std::int64_t begin = 0; begin < queries.size(0); begin += block) {
    Nearest some = of_block(slice(queries, 0, begin, begin + block) - mean_, k);
    rows.push_back(some.rows);
    distances.push_back(some.distances);
  }
  return {concat(rows, 0), concat(distances, 0)};
}

Nearest RowSearch::of_block(const Tensor& queries, std::int64_t k) const {
  constexpr std::int64_t kSpare = 16;
  const std::int64_t q = queries.size(0), d = rows_.size(1);
  const Tensor order = squares_ - linear(queries, rows_) * 2;  // without ‖q‖², which is the same for all rows
  // By number: the sort by distance below then keeps this order among equals.
  const Tensor best = sort(top_k(order, std::min(k + kSpare, size()), 1, false).indices, 1).values;
  const Tensor near = reshape(index_select(rows_, 0, flatten(best)), {q, best.size(1), d});
  const Tensor exact = sum(square(to(near, Dtype::f64) - to(unsqueeze(queries, 1), Dtype::f64)), {2});
  const Sorted found = top_k(exact, k, 1, false);
  return {gather(best, 1, found.indices), sqrt(found.values)};
}

double precision(const Nearest& found, const Tensor& row_classes, const Tensor& query_classes) {
  return mean(shares_of_class(found, row_classes, query_classes)).item();
}

Tensor precision_by_class(const Nearest& found, const Tensor& row_classes, const Tensor& query_classes,
                          std::int64_t classes) {
  const Tensor shares = shares_of_class(found, row_classes, query_classes);
  const Tensor counts = to(bincount(query_classes, classes), Dtype::f64);
  return bincount(query_classes, shares, classes) / counts;
}

}  // namespace hourglass::examples
