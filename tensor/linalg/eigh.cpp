// SPDX-License-Identifier: MIT
// Eigenvalues and eigenvectors of symmetric matrices: by reflections to a tridiagonal matrix, whose eigenvalues QR
// steps find (Golub & Van Loan, "Matrix Computations", section 8.3).
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

// A = Q T Qᵀ for symmetric a, which is overwritten. The diagonal of T is d, the numbers beside it are e, and Q is the
// product of the reflections. Of a block of reflections only the vectors v and w of A - v wᵀ - w vᵀ are computed at
// first; the rest of A follows in one product (Dongarra, Hammarling & Sorensen 1989).
template <class T>
void tridiagonalise(const Matrix<T>& a, T* d, T* e, const Matrix<T>& v, T* tau) {
  const std::int64_t n = a.rows;
  const Buffer<T> left("eigh", 2 * kReflections, n), right("eigh", 2 * kReflections, n);
  for (std::int64_t at = 0; at < n; at += kReflections) {
    const std::int64_t end = std::min(n, at + kReflections), block = end - at;
    const Matrix<T> vs = *left, ws = (*left).part(kReflections, 0, kReflections, n);
    for (std::int64_t j = at; j < end; ++j) {
      T *const row = a.row(j), *const p = ws.row(j - at), *const u = vs.row(j - at);
      for (std::int64_t i = 0; i < j - at; ++i) {
        add_multiple(-vs.row(i)[j], ws.row(i) + j, row + j, n - j);
        add_multiple(-ws.row(i)[j], vs.row(i) + j, row + j, n - j);
      }
      d[j] = row[j];
      std::fill_n(u, n, T(0));
      std::fill_n(p, n, T(0));
      const std::int64_t next = j + 1, rest = n - next;
      if (rest == 0) break;
      std::copy_n(row + next, rest, u + next);
      const Reflection<T> made = reflect(u + next, rest);
      e[j] = made.beta;
      tau[j] = made.tau;
      std::copy_n(u, n, v.row(j));
      if (made.tau == 0) continue;
      // w = τ (p - v (τ/2) (p·v)) with p = A v
      add_combination(u + next, a.part(next, next, rest, rest), p + next);
      for (std::int64_t i = 0; i < j - at; ++i) {
        const T by_v = dot(vs.row(i) + next, u + next, rest), by_w = dot(ws.row(i) + next, u + next, rest);
        add_multiple(-by_v, ws.row(i) + next, p + next, rest);
        add_multiple(-by_w, vs.row(i) + next, p + next, rest);
      }
      const T half = made.tau / 2 * dot(p + next, u + next, rest);
      for (std::int64_t i = next; i < n; ++i) p[i] = made.tau * (p[i] - half * u[i]);
    }
    if (end == n) break;
    for (std::int64_t i = 0; i < block; ++i) {
      std::copy_n(ws.row(i), n, (*right).row(i));
      std::copy_n(vs.row(i), n, (*right).row(kReflections + i));
    }
    subtract_product(a.part(end, end, n - end, n - end), MatrixView<T>{left.data() + end, 1, n},
                     MatrixView<T>{right.data() + end, n, 1}, 2 * kReflections);
  }
}

// QR steps with Wilkinson's shift on the block from `low` to `high` that is not split yet. The first rotation makes a
// bulge; a rotation of each following pair moves it down until it leaves the block.
template <class T>
void diagonalise(T* d, T* e, std::int64_t n, Rotations<T>& rotations) {
  T size = 0;
  for (std::int64_t i = 0; i < n; ++i) size = std::max({size, std::abs(d[i]), i + 1 < n ? std::abs(e[i]) : T(0)});
  const auto splits = [&](std::int64_t i) {
    constexpr T epsilon = std::numeric_limits<T>::epsilon() / 2;
    return std::abs(e[i]) <= epsilon * std::sqrt(std::abs(d[i])) * std::sqrt(std::abs(d[i + 1])) ||
           std::abs(e[i]) <= epsilon * epsilon * size;
  };
  std::int64_t steps = 0;
  for (std::int64_t high = n; high-- > 1;) {
    while (!splits(high - 1)) {
      check(++steps <= iteration_limit(n), "eigh", "does not converge for a matrix of size ", n);
      std::int64_t low = high - 1;
      while (low > 0 && !splits(low - 1)) --low;
      const T half = (d[high - 1] - d[high]) / 2, corner = e[high - 1];
      const T shift = d[high] - corner * (corner / (half + std::copysign(std::hypot(half, corner), half)));
      T x = d[low] - shift, z = e[low];
      for (std::int64_t k = low; k < high; ++k) {
        const auto [c, s, r] = rotation_of(x, z);
        if (k > low) e[k - 1] = r;
        const T p = d[k], q = d[k + 1], o = e[k];
        d[k] = c * c * p + 2 * c * s * o + s * s * q;
        d[k + 1] = s * s * p - 2 * c * s * o + c * c * q;
        e[k] = c * s * (q - p) + (c * c - s * s) * o;
        rotations.add(k, c, s);
        if (k + 1 == high) break;
        x = e[k];
        z = s * e[k + 1];
        e[k + 1] *= c;
      }
    }
    e[high - 1] = 0;
  }
  rotations.apply();
}

// Eigenvalues of matrix number `index`, and vectors [n, n] unless their data is null.
template <class T>
void eigh_of(const Tensor& a, std::int64_t index, T* values, const Matrix<T>& vectors) {
  const std::int64_t n = a.size(-1), with = vectors.data == nullptr ? 0 : n;
  const Buffer<T> matrix("eigh", n, n), v("eigh", n, n), rest("eigh", 3, n), rows("eigh", with, with);
  const T scale = load_scaled("eigh", a, index, *matrix, false);
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < i; ++j) (*matrix).row(j)[i] = (*matrix).row(i)[j];
  T *const d = rest.data(), *const e = d + n, *const tau = e + n;
  tridiagonalise(*matrix, d, e, *v, tau);
  for (std::int64_t i = 0; i < with; ++i) (*rows).row(i)[i] = 1;
  Rotations<T> rotations(with == 0 ? Matrix<T>{} : *rows);
  diagonalise(d, e, n, rotations);
  if (with > 1) apply_reflections((*v).part(0, 0, n - 1, n), tau, *rows, true);
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [d](std::int64_t i, std::int64_t j) { return d[i] < d[j]; });
  for (std::int64_t j = 0; j < n; ++j) {
    const std::int64_t from = order[static_cast<std::size_t>(j)];
    values[j] = d[from] * scale;
    if (with == 0) continue;
    const T* const row = (*rows).row(from);
    const T sign = points_down(row, n) ? T(-1) : T(1);
    for (std::int64_t i = 0; i < n; ++i) vectors.row(i)[j] = sign * row[i];
  }
}

Eigh eigh_of_all(std::string_view op, const Tensor& a, bool with_vectors) {
  check_matrices(op, a, true);
  const std::int64_t n = a.size(-1), count = count_of(a);
  const Work work(op, a.numel() * n * (with_vectors ? 9 : 2), a);
  const Tensor source = contiguous(a);
  Shape values = leading(a);
  values.push_back(n);
  Eigh result{Tensor(values, a.dtype()), with_vectors ? Tensor(a.shape(), a.dtype()) : Tensor()};
  dispatch_floating(op, a.dtype(), [&]<class T>() {
    T* const w = result.values.mutable_data<T>();
    T* const v = with_vectors ? result.vectors.mutable_data<T>() : nullptr;
    parallel_for(count, grain_for(n, n, 4 * n), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i)
        eigh_of<T>(source, i, w + i * n, {v == nullptr ? nullptr : v + i * n * n, n, n, n});
    });
  });
  return result;
}

}  // namespace
}  // namespace linalg

Eigh eigh(const Tensor& a) { return linalg::eigh_of_all("eigh", a, true); }
Tensor eigvalsh(const Tensor& a) { return linalg::eigh_of_all("eigvalsh", a, false).values; }

}  // namespace hourglass
