// Plane rotations, remembered and applied later: many of them to a strip of columns that stays in the cache.
#pragma once
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

/// Rotations of neighbouring rows of a matrix: row k becomes c x + s y, row k + 1 becomes c y - s x.
template <class T>
class Rotations {
 public:
  /// Without a matrix (null data) they are forgotten.
  explicit Rotations(const Matrix<T>& rows) : rows_(rows) {}
  void add(std::int64_t k, T c, T s) {
    if (rows_.data == nullptr) return;
    waiting_.push_back({k, c, s});
    if (static_cast<std::int64_t>(waiting_.size()) >= 32 * rows_.rows) apply();
  }
  void apply() {
    constexpr std::int64_t width = 512 / sizeof(T);
    parallel_for(rows_.columns, width, [&](std::int64_t begin, std::int64_t end) {
      const std::int64_t n = end - begin;
      for (std::size_t i = 0; i < waiting_.size(); ++i) {
        const auto [k, c, s] = waiting_[i];
        T *const x = rows_.row(k) + begin, *const y = rows_.row(k + 1) + begin;
        // Two rotations that share a row read and write it once.
        if (i + 1 < waiting_.size() && waiting_[i + 1].k == k + 1) {
          const auto [next, c2, s2] = waiting_[++i];
          T* const z = rows_.row(next + 1) + begin;
          for (std::int64_t j = 0; j < n; ++j) {
            const T shared = c * y[j] - s * x[j];
            x[j] = c * x[j] + s * y[j];
            y[j] = c2 * shared + s2 * z[j];
            z[j] = c2 * z[j] - s2 * shared;
          }
          continue;
        }
        for (std::int64_t j = 0; j < n; ++j) {
          const T a = x[j], b = y[j];
          x[j] = c * a + s * b;
          y[j] = c * b - s * a;
        }
      }
    });
    waiting_.clear();
  }

 private:
  struct Waiting {
    std::int64_t k;
    T c, s;
  };
  Matrix<T> rows_;
  std::vector<Waiting> waiting_;
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
