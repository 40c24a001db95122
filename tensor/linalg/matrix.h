// SPDX-License-Identifier: MIT
// What the factorisations share: matrices in memory, products in place, vectors, and the batch around a matrix.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>

#include "tensor/checked.h"
#include "tensor/kernels/gemm.h"
#include "tensor/parallel.h"
#include "tensor/tensor.h"

namespace hourglass::linalg {

/// A row-major matrix, or a part of one: element (i, j) is data[i * step + j].
template <class T>
struct Matrix {
  T* data;
  std::int64_t rows, columns, step;

  T* row(std::int64_t i) const { return data + i * step; }
  Matrix part(std::int64_t i, std::int64_t j, std::int64_t height, std::int64_t width) const {
    return {data + i * step + j, height, width, step};
  }
  MatrixView<T> view() const { return {data, step, 1}; }
  MatrixView<T> transposed() const { return {data, 1, step}; }
};

/// Memory for a matrix, all zeros.
template <class T>
class Buffer {
 public:
  Buffer(std::string_view op, std::int64_t rows, std::int64_t columns)
      : rows_(rows),
        columns_(columns),
        storage_(static_cast<std::size_t>(static_cast<std::int64_t>(Checked(op, rows) * columns * sizeof(T)))) {
    std::fill_n(data(), rows * columns, T(0));
  }
  T* data() const { return reinterpret_cast<T*>(storage_.data()); }
  operator Matrix<T>() const { return {data(), rows_, columns_, columns_}; }  // NOLINT(google-explicit-constructor)
  Matrix<T> operator*() const { return *this; }

 private:
  std::int64_t rows_, columns_;
  Storage storage_;
};

// ---- vectors, in memory without gaps. Sums have a fixed number of lanes, so their order is the same everywhere.

template <class T>
T dot(const T* x, const T* y, std::int64_t n) {
  constexpr std::int64_t lanes = 64 / sizeof(T);
  T sums[lanes] = {};
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes)
    for (std::int64_t k = 0; k < lanes; ++k) sums[k] += x[i + k] * y[i + k];
  for (std::int64_t k = 0; i < n; ++i, ++k) sums[k] += x[i] * y[i];
  for (std::int64_t half = lanes / 2; half > 0; half /= 2)
    for (std::int64_t k = 0; k < half; ++k) sums[k] += sums[k + half];
  return sums[0];
}
/// y += factor x
template <class T>
void add_multiple(T factor, const T* x, T* y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] += factor * x[i];
}
template <class T>
T largest_size(const T* x, std::int64_t n) {
  T largest = 0;
  for (std::int64_t i = 0; i < n; ++i) largest = std::max(largest, std::abs(x[i]));
  return largest;
}

// ---- products

/// C = factor A B, or C += factor A B, for A [C's rows, depth]. Large ones use all threads; parts of C change no bit.
template <class T>
void multiply(const Matrix<T>& c, T factor, const MatrixView<T>& a, const MatrixView<T>& b, std::int64_t depth,
              bool accumulate);
/// C -= A B
template <class T>
void subtract_product(const Matrix<T>& c, const MatrixView<T>& a, const MatrixView<T>& b, std::int64_t depth) {
  multiply(c, T(-1), a, b, depth, true);
}
/// y[j] += Σ_i x[i] a(i, j), y has A's columns. (A x is the same as Σ_j of A's transpose.)
template <class T>
void add_combination(const T* x, const Matrix<T>& a, T* y);

/// Solves A X = B in place, where x holds B, for a triangle A [x's rows, x's rows].
template <class T>
void substitute(const MatrixView<T>& a, const Matrix<T>& x, bool upper, bool unitriangular);

// ---- the batch around a matrix

/// Matrices of a chunk of a parallel loop, for a b c multiply-adds each: one if they are large, many if they are small.
inline std::int64_t grain_for(std::int64_t a, std::int64_t b, std::int64_t c) {
  const double work = static_cast<double>(a) * static_cast<double>(b) * static_cast<double>(c);
  return static_cast<std::int64_t>(50'000 / std::clamp(work, 1.0, 50'000.0));
}
/// An error unless x has matrices [..., rows, columns] of f32 or f64, square ones if that is asked for.
void check_matrices(std::string_view op, const Tensor& x, bool square);
/// The shape before the last two axes, and a shape with two more.
Shape leading(const Tensor& x);
Shape with_matrix(Shape batch, std::int64_t rows, std::int64_t columns);
/// The number of matrices in x, also where they are empty.
std::int64_t count_of(const Tensor& x);
/// An error unless all n numbers of matrix m of x are finite.
template <class T>
void check_finite(std::string_view op, const T* numbers, std::int64_t n, std::int64_t m, const Tensor& x);
/// Copies matrix m of contiguous x into `to`, transposed if asked for, multiplied by the power of 2 that makes its
/// largest number about 1. Returns the inverse of that factor. An error if the matrix has NaN or infinity.
template <class T>
T load_scaled(std::string_view op, const Tensor& x, std::int64_t m, const Matrix<T>& to, bool transposed);

}  // namespace hourglass::linalg
