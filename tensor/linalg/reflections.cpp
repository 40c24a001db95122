// SPDX-License-Identifier: MIT
#include "tensor/linalg/reflections.h"

namespace hourglass::linalg {

template <class T>
Reflection<T> reflect(T* x, std::int64_t n) {
  // Scaled by the largest number, because squares of tiny ones would be 0.
  const T size = largest_size(x + 1, n - 1), alpha = x[0];
  x[0] = 1;
  if (size <= std::numeric_limits<T>::min()) {
    std::fill_n(x + 1, n - 1, T(0));
    return {0, alpha};
  }
  for (std::int64_t i = 1; i < n; ++i) x[i] /= size;
  const T head = alpha / size, length = std::hypot(head, std::sqrt(dot(x + 1, x + 1, n - 1)));
  const T beta = head > 0 ? -length : length;
  for (std::int64_t i = 1; i < n; ++i) x[i] /= head - beta;
  return {(beta - head) / beta, beta * size};
}

namespace {

// T of the product of v's reflections, upper triangular: column i is -τ_i T (V v_i), and τ_i on the diagonal.
template <class T>
void triangle_of(const Matrix<T>& v, const T* tau, const Matrix<T>& triangle) {
  Buffer<T> overlaps("reflections", v.rows, v.rows);
  multiply(*overlaps, T(1), v.view(), v.transposed(), v.columns, false);
  for (std::int64_t i = 0; i < v.rows; ++i)
    for (std::int64_t r = 0; r <= i; ++r) {
      T sum = 0;
      for (std::int64_t k = r; k < i; ++k) sum += triangle.row(r)[k] * (*overlaps).row(k)[i];
      triangle.row(r)[i] = r == i ? tau[i] : -tau[i] * sum;
    }
}

}  // namespace

template <class T>
void apply_reflections(const Matrix<T>& v, const T* tau, const Matrix<T>& y, bool transposed) {
  const std::int64_t blocks = ceil_div(v.rows, kReflections);
  const Buffer<T> overlaps("reflections", y.rows, kReflections), mixed("reflections", y.rows, kReflections);
  for (std::int64_t block = 0; block < blocks; ++block) {
    const std::int64_t at = (transposed ? blocks - 1 - block : block) * kReflections;
    const std::int64_t count = std::min(kReflections, v.rows - at);
    // v_i is 0 before its own place, at the end of the row or at i.
    std::int64_t first = 0;
    while (first < v.columns && v.row(at)[first] == 0) ++first;
    const Matrix<T> part = v.part(at, first, count, v.columns - first), right = y.part(0, first, y.rows, part.columns);
    const Buffer<T> triangle("reflections", count, count);
    triangle_of(part, tau + at, *triangle);
    const Matrix<T> dots = (*overlaps).part(0, 0, y.rows, count), sums = (*mixed).part(0, 0, y.rows, count);
    multiply(dots, T(1), right.view(), part.transposed(), part.columns, false);
    multiply(sums, T(1), dots.view(), transposed ? (*triangle).transposed() : (*triangle).view(), count, false);
    subtract_product(right, sums.view(), part.view(), count);
  }
}

template <class T>
void factorise_qr(const Matrix<T>& w, const Matrix<T>& v, T* tau) {
  const std::int64_t m = w.columns, n = w.rows, k = std::min(m, n);
  for (std::int64_t at = 0; at < k; at += kReflections) {
    const std::int64_t end = std::min(k, at + kReflections);
    for (std::int64_t j = at; j < end; ++j) {
      T* const reflection = v.row(j);
      std::fill_n(reflection, j, T(0));
      std::copy_n(w.row(j) + j, m - j, reflection + j);
      const Reflection<T> made = reflect(reflection + j, m - j);
      tau[j] = made.tau;
      w.row(j)[j] = made.beta;
      for (std::int64_t i = j + 1; i < end; ++i)
        add_multiple(-made.tau * dot(reflection + j, w.row(i) + j, m - j), reflection + j, w.row(i) + j, m - j);
    }
    apply_reflections(v.part(at, 0, end - at, m), tau + at, w.part(end, 0, n - end, m), false);
  }
}

#define HOURGLASS_INSTANTIATE(T)                                                       \
  template Reflection<T> reflect(T*, std::int64_t);                                    \
  template void apply_reflections(const Matrix<T>&, const T*, const Matrix<T>&, bool); \
  template void factorise_qr(const Matrix<T>&, const Matrix<T>&, T*);
HOURGLASS_INSTANTIATE(float)
HOURGLASS_INSTANTIATE(double)
#undef HOURGLASS_INSTANTIATE

}  // namespace hourglass::linalg
