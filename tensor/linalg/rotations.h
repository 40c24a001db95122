// SPDX-License-Identifier: MIT
// Plane rotations, remembered and applied later, many at once.
#pragma once
#include <iterator>
#include <vector>

#include "tensor/linalg/matrix.h"

namespace hourglass::linalg {

/// (c, s) with c x + s y = r and c y - s x = 0.
template <class T>
struct Rotation {
  T c, s, r;
};
template <class T>
Rotation<T> rotation_of(T x, T y) {
  if (y == 0) return {1, 0, x};
  const T r = std::hypot(x, y);
  return {x / r, y / r, r};
}

/// Rotations of neighbouring rows of a matrix: row k becomes c x + s y, row k + 1 becomes c y - s x. They come in sweeps,
/// in each of which k counts up by 1, and no sweep goes further than the one before.
///
/// A rotation is little work for two rows of memory. So they wait until there are 32 sweeps. These are cut into windows:
/// window w has the rotations k of sweep i with 32 w <= k + i < 32 (w + 1). They meet only 64 rows, so they are
/// multiplied to a matrix [64, 64], and a product applies it (Lang 1998, "Using level 3 BLAS in rotation-based
/// algorithms"): eigh of 784 x 784 takes half the time.
template <class T>
class Rotations {
 public:
  /// Without a matrix (null data) they are forgotten.
  explicit Rotations(const Matrix<T>& rows) : rows_(rows) {}
  void add(std::int64_t k, T c, T s) {
    if (rows_.data == nullptr) return;
    if (sweeps_.empty() || k <= waiting_.back().k) {
      if (std::ssize(sweeps_) == kSweeps) apply();
      sweeps_.push_back(std::ssize(waiting_));
    }
    waiting_.push_back({k, c, s});
  }
  void apply() {
    sweeps_.push_back(std::ssize(waiting_));  // the end of the last one
    if (rows_.columns < 4 * kSweeps) {
      for (const Waiting& turn : waiting_) rotate(turn, rows_, 0);
    } else {
      const Buffer<T> joined("rotations", 2 * kSweeps, 2 * kSweeps), turned("rotations", 2 * kSweeps, rows_.columns);
      for (std::int64_t at = 0; at < rows_.rows + kSweeps; at += kSweeps) apply_window(at, *joined, *turned);
    }
    waiting_.clear();
    sweeps_.clear();
  }

 private:
  static constexpr std::int64_t kSweeps = 32;
  struct Waiting {
    std::int64_t k;
    T c, s;
  };

  static void rotate(const Waiting& turn, const Matrix<T>& rows, std::int64_t first) {
    T *const x = rows.row(turn.k - first), *const y = x + rows.step;
    const T c = turn.c, s = turn.s;
    for (std::int64_t j = 0; j < rows.columns; ++j) {
      const T a = x[j], b = y[j];
      x[j] = c * a + s * b;
      y[j] = c * b - s * a;
    }
  }

  void apply_window(std::int64_t at, const Matrix<T>& joined, const Matrix<T>& turned) const {
    const std::int64_t first = std::max<std::int64_t>(0, at - kSweeps + 1),
                       end = std::min(rows_.rows, at + kSweeps + 1);
    if (first >= end) return;
    const Matrix<T> product = joined.part(0, 0, end - first, end - first);
    for (std::int64_t i = 0; i < product.rows; ++i) {
      std::fill_n(product.row(i), product.rows, T(0));
      product.row(i)[i] = 1;
    }
    bool is_identity = true;
    for (std::int64_t i = 0; i + 1 < std::ssize(sweeps_); ++i) {
      const Waiting *const begin = waiting_.data() + sweeps_[static_cast<std::size_t>(i)],
                           *const stop = waiting_.data() + sweeps_[static_cast<std::size_t>(i + 1)];
      const std::int64_t before = std::max<std::int64_t>(0, at - i - begin->k), all = stop - begin;
      const std::int64_t until = std::min(all, at + kSweeps - i - begin->k);
      for (std::int64_t r = before; r < until; ++r) rotate(begin[r], product, first), is_identity = false;
    }
    if (is_identity) return;
    const Matrix<T> target = rows_.part(first, 0, product.rows, rows_.columns);
    const Matrix<T> result = turned.part(0, 0, product.rows, rows_.columns);
    multiply(result, T(1), product.view(), target.view(), product.rows, false);
    for (std::int64_t i = 0; i < target.rows; ++i) std::copy_n(result.row(i), target.columns, target.row(i));
  }

  Matrix<T> rows_;
  std::vector<Waiting> waiting_;
  std::vector<std::ptrdiff_t> sweeps_;  // where each begins
};

/// Whether a vector should change its sign: its largest component in size is negative. The first one counts of those
/// that are equal to half of the digits, so that rounding does not choose.
template <class T>
bool points_down(const T* x, std::int64_t n) {
  const T bound = largest_size(x, n) * (1 - std::sqrt(std::numeric_limits<T>::epsilon()));
  const T* const first = std::find_if(x, x + n, [&](T number) { return std::abs(number) >= bound; });
  return first != x + n && *first < 0;
}
/// Iterations after which a matrix counts as one that does not converge. 2 for each value are usual.
inline std::int64_t iteration_limit(std::int64_t n) { return 60 * n + 60; }

}  // namespace hourglass::linalg
