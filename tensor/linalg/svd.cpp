// SPDX-License-Identifier: MIT
// Singular values and vectors: by reflections to a bidiagonal matrix, whose singular values QR steps find (Golub & Van
// Loan, "Matrix Computations", section 8.6; Demmel & Kahan 1990 for steps without a shift).
#include <numeric>
#include <vector>

#include "tensor/linalg.h"
#include "tensor/linalg/reflections.h"
#include "tensor/linalg/rotations.h"
#include "tensor/ops.h"
#include "tensor/work.h"

namespace hourglass {
namespace linalg {
namespace {

// A = U B Vᵀ for square a, which is overwritten. B has the diagonal d, and e above it; U and V are the products of the
// reflections. As in tridiagonalise, a block's part of A - Uᵀ Y - Xᵀ V follows in one product.
template <class T>
void bidiagonalise(const Matrix<T>& a, T* d, T* e, const Matrix<T>& u, T* u_tau, const Matrix<T>& v, T* v_tau) {
  const std::int64_t n = a.rows;
  const Buffer<T> left("svd", 2 * kReflections, n), right("svd", 2 * kReflections, n), column("svd", 1, n);
  T* const c = column.data();
  for (std::int64_t at = 0; at < n; at += kReflections) {
    const std::int64_t end = std::min(n, at + kReflections);
    const Matrix<T> us = *left, xs = us.part(kReflections, 0, kReflections, n);
    const Matrix<T> ys = *right, vs = ys.part(kReflections, 0, kReflections, n);
    for (std::int64_t j = at; j < end; ++j) {
      const std::int64_t b = j - at, next = j + 1, rest = n - next;
      for (std::int64_t i = j; i < n; ++i) c[i] = a.row(i)[j];
      for (std::int64_t i = 0; i < b; ++i) {
        add_multiple(-ys.row(i)[j], us.row(i) + j, c + j, n - j);
        add_multiple(-vs.row(i)[j], xs.row(i) + j, c + j, n - j);
      }
      for (const Matrix<T>& m : {us, xs, ys, vs}) std::fill_n(m.row(b), n, T(0));
      T *const uj = us.row(b), *const yj = ys.row(b), *const xj = xs.row(b), *const vj = vs.row(b);
      std::copy_n(c + j, n - j, uj + j);
      const Reflection<T> from_left = reflect(uj + j, n - j);
      d[j] = from_left.beta;
      u_tau[j] = from_left.tau;
      std::copy_n(uj, n, u.row(j));
      if (rest == 0) break;
      // y = τ Aᵀ u, of the A that the block has changed so far
      add_combination(uj + j, a.part(j, next, n - j, rest), yj + next);
      for (std::int64_t i = 0; i < b; ++i) {
        add_multiple(-dot(us.row(i) + j, uj + j, n - j), ys.row(i) + next, yj + next, rest);
        add_multiple(-dot(xs.row(i) + j, uj + j, n - j), vs.row(i) + next, yj + next, rest);
      }
      for (std::int64_t i = next; i < n; ++i) yj[i] *= from_left.tau;
      T* const row = a.row(j);
      for (std::int64_t i = 0; i <= b; ++i) {
        add_multiple(-us.row(i)[j], ys.row(i) + next, row + next, rest);
        add_multiple(-xs.row(i)[j], vs.row(i) + next, row + next, rest);
      }
      std::copy_n(row + next, rest, vj + next);
      const Reflection<T> from_right = reflect(vj + next, rest);
      e[j] = from_right.beta;
      v_tau[j] = from_right.tau;
      std::copy_n(vj, n, v.row(j));
      // x = τ A v
      for (std::int64_t i = next; i < n; ++i) xj[i] = dot(a.row(i) + next, vj + next, rest);
      for (std::int64_t i = 0; i <= b; ++i) {
        add_multiple(-dot(ys.row(i) + next, vj + next, rest), us.row(i) + next, xj + next, rest);
        if (i < b) add_multiple(-dot(vs.row(i) + next, vj + next, rest), xs.row(i) + next, xj + next, rest);
      }
      for (std::int64_t i = next; i < n; ++i) xj[i] *= from_right.tau;
    }
    if (end == n) break;
    subtract_product(a.part(end, end, n - end, n - end), MatrixView<T>{left.data() + end, 1, n},
                     MatrixView<T>{right.data() + end, n, 1}, 2 * kReflections);
  }
}

// The shift for the block that ends at `high`: the eigenvalue of the last 2x2 part of BᵀB that is closer to its corner.
template <class T>
T shift_of(const T* d, const T* e, std::int64_t low, std::int64_t high) {
  const T p = d[high - 1], q = d[high], o = e[high - 1], before = high - 1 > low ? e[high - 2] : 0;
  const T first = p * p + before * before, corner = q * q + o * o, beside = p * o, half = (first - corner) / 2;
  return corner - beside * (beside / (half + std::copysign(std::hypot(half, beside), half)));
}

template <class T>
void diagonalise_two_sided(T* d, T* e, std::int64_t n, Rotations<T>& left, Rotations<T>& right) {
  constexpr T epsilon = std::numeric_limits<T>::epsilon() / 2;
  T size = 0;
  for (std::int64_t i = 0; i < n; ++i) size = std::max({size, std::abs(d[i]), i + 1 < n ? std::abs(e[i]) : T(0)});
  const auto splits = [&](std::int64_t i) {
    return std::abs(e[i]) <= epsilon * std::min(std::abs(d[i]), std::abs(d[i + 1])) ||
           std::abs(e[i]) <= epsilon / 8 * size;
  };
  std::int64_t steps = 0;
  for (std::int64_t high = n; high-- > 1;) {
    while (!splits(high - 1)) {
      check(++steps <= iteration_limit(n), "svd", "does not converge for a matrix of size ", n);
      std::int64_t low = high - 1;
      while (low > 0 && !splits(low - 1)) --low;
      bool is_singular = false;
      T largest = 0;
      for (std::int64_t i = low; i <= high; ++i) {
        is_singular = is_singular || std::abs(d[i]) <= epsilon * size;
        largest = std::max(largest, std::abs(d[i]));
      }
      if (is_singular) {
        // Without a shift: a zero on the diagonal leaves at the end of the block in one step.
        T c = 1, old_c = 1, old_s = 0;
        for (std::int64_t k = low; k < high; ++k) {
          const auto from_right = rotation_of(d[k] * c, e[k]);
          right.add(k, from_right.c, from_right.s);
          if (k > low) e[k - 1] = old_s * from_right.r;
          const auto from_left = rotation_of(old_c * from_right.r, d[k + 1] * from_right.s);
          left.add(k, from_left.c, from_left.s);
          d[k] = from_left.r;
          c = from_right.c;
          old_c = from_left.c;
          old_s = from_left.s;
        }
        const T last = d[high] * c;
        d[high] = last * old_c;
        e[high - 1] = last * old_s;
        continue;
      }
      // The first rotation, from the right, makes a bulge below the diagonal. Rotations from both sides move it down.
      T x = d[low] - shift_of(d, e, low, high) / d[low], z = e[low];
      for (std::int64_t k = low; k < high; ++k) {
        const auto from_right = rotation_of(x, z);
        right.add(k, from_right.c, from_right.s);
        if (k > low) e[k - 1] = from_right.r;
        x = from_right.c * d[k] + from_right.s * e[k];
        e[k] = from_right.c * e[k] - from_right.s * d[k];
        z = from_right.s * d[k + 1];
        d[k + 1] *= from_right.c;
        const auto from_left = rotation_of(x, z);
        left.add(k, from_left.c, from_left.s);
        d[k] = from_left.r;
        x = from_left.c * e[k] + from_left.s * d[k + 1];
        d[k + 1] = from_left.c * d[k + 1] - from_left.s * e[k];
        e[k] = x;
        if (k + 1 == high) break;
        z = from_left.s * e[k + 1];
        e[k + 1] *= from_left.c;
      }
    }
    e[high - 1] = 0;
  }
  left.apply();
  right.apply();
}

// Of the tall matrix A [m, n], m >= n, whose transpose is w: the singular values in order, and Uᵀ [columns of U, m] and
// Vᵀ [n, n] unless null.
template <class T>
void svd_of_tall(const Matrix<T>& w, T* s, const Matrix<T>& ut, const Matrix<T>& vt) {
  const std::int64_t m = w.columns, n = w.rows, with = vt.data == nullptr ? 0 : n;
  if (n == 0) {
    for (std::int64_t i = 0; i < ut.rows; ++i) ut.row(i)[i] = 1;
    return;
  }
  // A tall A = Q R first; then R is square.
  const Buffer<T> q("svd", m > n ? n : 0, m), q_tau("svd", 1, n), square("svd", n, n), rest("svd", 4, n);
  const Buffer<T> u("svd", n, n), v("svd", n, n), left_rows("svd", with, with), right_rows("svd", with, with);
  if (m > n) factorise_qr(w, *q, q_tau.data());
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = m > n ? i : 0; j < n; ++j) (*square).row(i)[j] = w.row(j)[i];
  T *const d = rest.data(), *const e = d + n, *const u_tau = e + n, *const v_tau = u_tau + n;
  bidiagonalise(*square, d, e, *u, u_tau, *v, v_tau);
  for (std::int64_t i = 0; i < with; ++i) (*left_rows).row(i)[i] = (*right_rows).row(i)[i] = 1;
  Rotations<T> left(with == 0 ? Matrix<T>{} : *left_rows), right(with == 0 ? Matrix<T>{} : *right_rows);
  diagonalise_two_sided(d, e, n, left, right);
  if (with > 0) {
    apply_reflections(*u, u_tau, *left_rows, true);
    if (n > 1) apply_reflections((*v).part(0, 0, n - 1, n), v_tau, *right_rows, true);
  }
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [d](std::int64_t i, std::int64_t j) { return std::abs(d[i]) > std::abs(d[j]); });
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t from = order[static_cast<std::size_t>(i)];
    s[i] = std::abs(d[from]);
    if (with == 0) continue;
    const T sign = d[from] < 0 ? T(-1) : T(1);
    for (std::int64_t j = 0; j < n; ++j) {
      ut.row(i)[j] = sign * (*left_rows).row(from)[j];
      vt.row(i)[j] = (*right_rows).row(from)[j];
    }
  }
  if (with == 0 || m == n) return;
  for (std::int64_t i = n; i < ut.rows; ++i) ut.row(i)[i] = 1;  // completes U
  apply_reflections(*q, q_tau.data(), ut, true);
}

// Of matrix number `index`; u and vh are not written if null.
template <class T>
void svd_of(const Tensor& a, std::int64_t index, const Matrix<T>& u, T* s, const Matrix<T>& vh) {
  const std::int64_t m = a.size(-2), n = a.size(-1), k = std::min(m, n);
  const bool is_wide = m < n, with = u.data != nullptr;
  const Buffer<T> w("svd", k, std::max(m, n)), ut("svd", with ? u.columns : 0, m);
  const T scale = load_scaled("svd", a, index, *w, !is_wide);
  // Uᵀ and Vᵀ have their vectors as rows, so a wide matrix, seen as its tall transpose, only exchanges them.
  const Matrix<T> columns = with ? *ut : Matrix<T>{};
  svd_of_tall(*w, s, is_wide ? vh : columns, is_wide ? columns : vh);
  for (std::int64_t i = 0; i < k; ++i) s[i] *= scale;
  if (!with) return;
  for (std::int64_t j = 0; j < vh.rows; ++j)
    if (points_down(vh.row(j), n)) {
      for (std::int64_t i = 0; i < n; ++i) vh.row(j)[i] = -vh.row(j)[i];
      for (std::int64_t i = 0; j < k && i < m; ++i) columns.row(j)[i] = -columns.row(j)[i];
    }
  for (std::int64_t i = 0; i < m; ++i)
    for (std::int64_t j = 0; j < u.columns; ++j) u.row(i)[j] = columns.row(j)[i];
}

Svd svd_of_all(std::string_view op, const Tensor& a, bool with_vectors, bool full) {
  check_matrices(op, a, false);
  const std::int64_t m = a.size(-2), n = a.size(-1), k = std::min(m, n), count = count_of(a);
  const std::int64_t left = full ? m : k, right = full ? n : k;
  const Work work(op, a.numel() * k * (with_vectors ? 20 : 4), a);
  const Tensor source = contiguous(a);
  Shape values = leading(a);
  values.push_back(k);
  Svd result{Tensor(), Tensor(values, a.dtype()), Tensor()};
  if (with_vectors) {
    result.u = Tensor(with_matrix(leading(a), m, left), a.dtype());
    result.vh = zeros(with_matrix(leading(a), right, n), a.dtype());
  }
  dispatch_floating(op, a.dtype(), [&]<class T>() {
    T* const u = with_vectors ? result.u.mutable_data<T>() : nullptr;
    T* const vh = with_vectors ? result.vh.mutable_data<T>() : nullptr;
    T* const s = result.s.mutable_data<T>();
    parallel_for(count, grain_for(m, n, 8 * k), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i)
        svd_of<T>(source, i, with_vectors ? Matrix<T>{u + i * m * left, m, left, left} : Matrix<T>{}, s + i * k,
                  with_vectors ? Matrix<T>{vh + i * right * n, right, n, n} : Matrix<T>{});
    });
  });
  return result;
}

}  // namespace
}  // namespace linalg

Svd svd(const Tensor& a, bool full_matrices) { return linalg::svd_of_all("svd", a, true, full_matrices); }
Tensor svdvals(const Tensor& a) { return linalg::svd_of_all("svdvals", a, false, false).s; }

}  // namespace hourglass
