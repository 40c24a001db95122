// SPDX-License-Identifier: MIT
// Search by comparison with every row: the opponent of each shortcut, and fast enough for a million short codes.
#pragma once
#include <cstdint>

#include "tensor/tensor.h"

namespace hourglass::examples {

/// The rows that are nearest to each of q queries, nearest first. Of equally near rows the lower number comes first.
struct Nearest {
  Tensor rows;       ///< i64[q, k]
  Tensor distances;  ///< [q, k]: Euclidean f64, or numbers of bits i64
};

/// Rows f32 or f64 [n, d], ready to be searched by Euclidean distance.
///
///     ‖q - r‖² = ‖q‖² - 2 q·r + ‖r‖²
///
/// One matrix product in the dtype of the rows gives all q·r. Its rounding could swap rows that are nearly as far, and
/// hide that a row is the query itself, so the distances of the k + 16 best rows are computed once more, as Σ (q - r)²
/// in f64. For the angle between rows instead (cosine), give rows and queries of length 1: the order is the same, since
/// ‖q - r‖² = 2 - 2 cos.
///
/// NaN and infinity in rows or queries are an Error.
class RowSearch {
 public:
  explicit RowSearch(const Tensor& rows);
  /// The k nearest rows of each query [q, d], k from 1 to n.
  Nearest nearest(const Tensor& queries, std::int64_t k) const;
  std::int64_t size() const { return rows_.size(0); }

 private:
  Nearest of_block(const Tensor& queries, std::int64_t k) const;
  Tensor mean_, rows_, squares_;  // rows_ are without the mean, so that a common offset costs no digits
};

/// The share of the k nearest rows that have the query's class, averaged over the queries: precision at k. Classes are
/// i64: [n] of the rows that were searched, and [q] of the queries.
double precision(const Nearest& found, const Tensor& row_classes, const Tensor& query_classes);
/// The same for the queries of each class from 0 on: f64[classes]; NaN for a class without a query.
Tensor precision_by_class(const Nearest& found, const Tensor& row_classes, const Tensor& query_classes,
                          std::int64_t classes);

}  // namespace hourglass::examples
