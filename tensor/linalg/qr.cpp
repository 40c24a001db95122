// SPDX-License-Identifier: MIT
// A = Q R.
#include "tensor/linalg.h"
#include "tensor/linalg/reflections.h"
#include "tensor/ops.h"
#include "tensor/work.h"

namespace hourglass {
namespace linalg {
namespace {

// q [m, columns] and r [columns, n] of matrix number `index`.
template <class T>
void qr_of(const Tensor& a, std::int64_t index, const Matrix<T>& q, const Matrix<T>& r) {
  const std::int64_t m = a.size(-2), n = a.size(-1), k = std::min(m, n);
  const Buffer<T> w("qr", n, m), v("qr", k, m), tau("qr", 1, k), columns("qr", q.columns, m);
  const T scale = load_scaled("qr", a, index, *w, true);
  factorise_qr(*w, *v, tau.data());
  for (std::int64_t j = 0; j < q.columns; ++j) (*columns).row(j)[j] = 1;
  apply_reflections(*v, tau.data(), *columns, true);
  const auto is_flipped = [&](std::int64_t i) { return i < k && (*w).row(i)[i] < 0; };
  for (std::int64_t i = 0; i < r.rows; ++i)
    for (std::int64_t j = 0; j < n; ++j) {
      const T x = i <= j && i < k ? (*w).row(j)[i] * scale : 0;
      r.row(i)[j] = is_flipped(i) ? -x : x;
    }
  for (std::int64_t i = 0; i < m; ++i)
    for (std::int64_t j = 0; j < q.columns; ++j)
      q.row(i)[j] = is_flipped(j) ? -(*columns).row(j)[i] : (*columns).row(j)[i];
}

}  // namespace
}  // namespace linalg

Qr qr(const Tensor& a, QrMode mode) {
  linalg::check_matrices("qr", a, false);
  const std::int64_t m = a.size(-2), n = a.size(-1), k = mode == QrMode::complete ? m : std::min(m, n);
  const std::int64_t count = linalg::count_of(a);
  const Work work("qr", 4 * a.numel() * std::min(m, n), a);
  const Tensor source = contiguous(a);
  Qr result{Tensor(linalg::with_matrix(linalg::leading(a), m, k), a.dtype()),
            Tensor(linalg::with_matrix(linalg::leading(a), k, n), a.dtype())};
  dispatch_floating("qr", a.dtype(), [&]<class T>() {
    T *const q = result.q.mutable_data<T>(), *const r = result.r.mutable_data<T>();
    parallel_for(count, linalg::grain_for(m, n, 2 * k), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i)
        linalg::qr_of<T>(source, i, {q + i * m * k, m, k, k}, {r + i * k * n, k, n, n});
    });
  });
  return result;
}

}  // namespace hourglass
