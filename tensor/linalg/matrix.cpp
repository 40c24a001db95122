// SPDX-License-Identifier: MIT
// Products in place, triangular systems, and the batch around a matrix.
#include "tensor/linalg/matrix.h"

#include "tensor/kernels/kernels.h"

namespace hourglass::linalg {

template <class T>
void multiply(const Matrix<T>& c, T factor, const MatrixView<T>& a, const MatrixView<T>& b, std::int64_t depth,
              bool accumulate) {
  if (c.rows == 0 || c.columns == 0) return;
  const GemmKernelsOf<T>& kernels = hourglass::kernels().gemm.template of<T>();
  const Buffer<T> scaled("matmul", factor == 1 ? 0 : c.rows, depth);
  MatrixView<T> left = a;
  if (factor != 1) {
    left = (*scaled).view();
    for (std::int64_t i = 0; i < c.rows; ++i)
      for (std::int64_t k = 0; k < depth; ++k)
        scaled.data()[i * depth + k] = factor * a.data[i * a.row_step + k * a.column_step];
  }
  // Large ones are cut along the longer side.
  const double work = static_cast<double>(c.rows) * static_cast<double>(c.columns) * static_cast<double>(depth);
  const bool by_rows = c.rows >= c.columns;
  const std::int64_t extent = by_rows ? c.rows : c.columns;
  parallel_for(extent, work < 1 << 20 ? extent : std::max<std::int64_t>(64, ceil_div(extent, 8)),
               [&](std::int64_t begin, std::int64_t end) {
                 const GemmSize size{by_rows ? end - begin : c.rows, by_rows ? c.columns : end - begin, depth};
                 const Storage workspace(static_cast<std::size_t>(kernels.workspace(size)) * sizeof(T));
                 kernels.product(size,
                                 {left.data + (by_rows ? begin * left.row_step : 0), left.row_step, left.column_step},
                                 {b.data + (by_rows ? 0 : begin * b.column_step), b.row_step, b.column_step},
                                 {by_rows ? c.row(begin) : c.data + begin, c.step, accumulate},
                                 reinterpret_cast<T*>(workspace.data()));
               });
}

// Four rows at a time: y is read and written a quarter as often.
template <class T>
void add_combination(const T* x, const Matrix<T>& a, T* y) {
  std::int64_t i = 0;
  for (; i + 4 <= a.rows; i += 4) {
    const T *const a0 = a.row(i), *const a1 = a.row(i + 1), *const a2 = a.row(i + 2), *const a3 = a.row(i + 3);
    const T x0 = x[i], x1 = x[i + 1], x2 = x[i + 2], x3 = x[i + 3];
    for (std::int64_t j = 0; j < a.columns; ++j) y[j] += (x0 * a0[j] + x1 * a1[j]) + (x2 * a2[j] + x3 * a3[j]);
  }
  for (; i < a.rows; ++i) add_multiple(x[i], a.row(i), y, a.columns);
}

// From the top for a lower triangle and from the bottom for an upper one: whole rows of X, so that the inner loop is
// contiguous. A large triangle is two small ones and a product.
template <class T>
void substitute(const MatrixView<T>& a, const Matrix<T>& x, bool upper, bool unitriangular) {
  const std::int64_t n = x.rows;
  const auto part = [&](std::int64_t i, std::int64_t j) {
    return MatrixView<T>{a.data + i * a.row_step + j * a.column_step, a.row_step, a.column_step};
  };
  if (n > 32) {
    const std::int64_t half = n / 2;
    const Matrix<T> top = x.part(0, 0, half, x.columns), bottom = x.part(half, 0, n - half, x.columns);
    substitute(upper ? part(half, half) : a, upper ? bottom : top, upper, unitriangular);
    if (upper) subtract_product(top, part(0, half), bottom.view(), n - half);
    else subtract_product(bottom, part(half, 0), top.view(), half);
    return substitute(upper ? a : part(half, half), upper ? top : bottom, upper, unitriangular);
  }
  for (std::int64_t step = 0; step < n; ++step) {
    const std::int64_t i = upper ? n - 1 - step : step;
    T* const row = x.row(i);
    for (std::int64_t k = upper ? i + 1 : 0; k < (upper ? n : i); ++k)
      add_multiple(-*part(i, k).data, x.row(k), row, x.columns);
    if (!unitriangular)
      for (std::int64_t c = 0; c < x.columns; ++c) row[c] /= *part(i, i).data;
  }
}

void check_matrices(std::string_view op, const Tensor& x, bool square) {
  check_floating(op, x);
  check(x.dim() >= 2, op, "needs matrices [..., m, n], got ", describe(x));
  check(!square || x.size(-1) == x.size(-2), op, "needs square matrices [..., n, n], got ", describe(x));
}

Shape leading(const Tensor& x) {
  Shape shape = x.shape();
  shape.erase(x.dim() - 1);
  shape.erase(x.dim() - 2);
  return shape;
}
Shape with_matrix(Shape batch, std::int64_t rows, std::int64_t columns) {
  batch.push_back(rows);
  batch.push_back(columns);
  return batch;
}
std::int64_t count_of(const Tensor& x) { return numel(leading(x)); }

template <class T>
void check_finite(std::string_view op, const T* numbers, std::int64_t n, std::int64_t m, const Tensor& x) {
  constexpr std::int64_t lanes = 16;
  T zeros[lanes] = {};  // times 0: NaN if a number is not finite
  for (std::int64_t i = 0; i < n; i += lanes)
    for (std::int64_t k = 0; k < std::min(lanes, n - i); ++k) zeros[k] += numbers[i + k] * 0;
  check(std::all_of(zeros, zeros + lanes, [](T zero) { return zero == 0; }), op, "matrix ", m, " of ", describe(x),
        " has NaN or infinity");
}

template <class T>
T load_scaled(std::string_view op, const Tensor& x, std::int64_t m, const Matrix<T>& to, bool transposed) {
  const std::int64_t rows = x.size(-2), columns = x.size(-1), n = rows * columns;
  if (n == 0) return 1;
  const T* const from = x.data<T>() + m * n;
  check_finite(op, from, n, m, x);
  const T largest = largest_size(from, n);
  const int exponent = largest == 0 ? 0 : std::ilogb(largest);
  // In two steps, since the factor of a subnormal number is not a number itself.
  const T first = std::ldexp(T(1), -exponent / 2), second = std::ldexp(T(1), -exponent - -exponent / 2);
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < columns; ++j)
      (transposed ? to.row(j)[i] : to.row(i)[j]) = from[i * columns + j] * first * second;
  return std::ldexp(T(1), exponent);
}

#define HOURGLASS_INSTANTIATE(T)                                                                               \
  template void multiply(const Matrix<T>&, T, const MatrixView<T>&, const MatrixView<T>&, std::int64_t, bool); \
  template void add_combination(const T*, const Matrix<T>&, T*);                                               \
  template void substitute(const MatrixView<T>&, const Matrix<T>&, bool, bool);                                \
  template void check_finite(std::string_view, const T*, std::int64_t, std::int64_t, const Tensor&);           \
  template T load_scaled(std::string_view, const Tensor&, std::int64_t, const Matrix<T>&, bool);
HOURGLASS_INSTANTIATE(float)
HOURGLASS_INSTANTIATE(double)
#undef HOURGLASS_INSTANTIATE

}  // namespace hourglass::linalg
