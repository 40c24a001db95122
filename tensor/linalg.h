// SPDX-License-Identifier: MIT
// Linear algebra, without derivatives (autograd/linalg.h has the same names on Var): systems, factorisations and norms
// of the matrices in the last two axes. Leading axes are batches. All of it is code of this library; products inside
// are its matrix products, and results do not depend on the number of threads. Matrices are scaled first where squares
// could overflow. A matrix with NaN or infinity is an error that names it.
#pragma once
#include <cstdint>

#include "tensor/tensor.h"

namespace hourglass {

// ---- systems ------------------------------------------------------------------------------------- linalg/lu.cpp

struct TriangularOptions {
  bool left = true;            ///< A X = B; otherwise X A = B, with B [..., k, n]
  bool unitriangular = false;  ///< A's diagonal counts as ones and is not read
};
/// The X of A X = B or X A = B for triangular A [..., n, n], see the form without options in ops.h.
Tensor solve_triangular(const Tensor& a, const Tensor& b, bool upper, const TriangularOptions& options);
/// The X of A X = B for square A [..., n, n] and B [..., n, k], by P A = L U with partial pivoting; leading axes
/// broadcast. An error names the first matrix that is singular (a pivot is exactly 0).
Tensor solve(const Tensor& a, const Tensor& b);
/// A⁻¹; an error if A is singular.
Tensor inverse(const Tensor& a);
/// The determinant [...] of matrices [..., n, n]: 0 if singular, 1 if empty. No intermediate product overflows.
Tensor det(const Tensor& a);
/// The determinant's sign (0 if singular) and the logarithm of its size (then -∞).
struct SignAndLog {
  Tensor sign, log_abs;
};
SignAndLog slogdet(const Tensor& a);

// ---- factorisations ------------------------------------------------- linalg/qr.cpp, linalg/eigh.cpp, linalg/svd.cpp

enum class QrMode : std::uint8_t {
  reduced,   ///< Q [..., m, k], R [..., k, n] with k = min(m, n)
  complete,  ///< Q [..., m, m], R [..., m, n]
};
struct Qr {
  Tensor q, r;
};
/// A = Q R with orthonormal columns of Q and upper triangular R, by Householder's reflections. R's diagonal is not
/// negative (LAPACK's may be); for full column rank this makes Q and R unique.
Qr qr(const Tensor& a, QrMode mode = QrMode::reduced);

struct Eigh {
  Tensor values;   ///< [..., n], smallest first
  Tensor vectors;  ///< [..., n, n]: column j belongs to values[..., j] and has length 1
};
/// A = V diag(w) Vᵀ for symmetric A [..., n, n]; only the lower triangle is read. The largest component in size of
/// every vector is positive; of components that are equal to about half of the digits, the first one counts. Vectors of
/// an eigenvalue that is repeated are some orthonormal basis of its space.
Eigh eigh(const Tensor& a);
Tensor eigvalsh(const Tensor& a);  ///< The eigenvalues only, in less time

struct Svd {
  Tensor u, s, vh;
};
/// A = U diag(s) Vᵀ for A [..., m, n], k = min(m, n): U [..., m, k], s [..., k] largest first, Vᵀ [..., k, n]. With
/// full_matrices U is [..., m, m] and Vᵀ [..., n, n]: their further vectors complete the bases. The largest component
/// of every row of Vᵀ is positive, as in eigh.
Svd svd(const Tensor& a, bool full_matrices = false);
Tensor svdvals(const Tensor& a);  ///< The singular values only, in less time

// ---- what follows from them ------------------------------------------------------------------- linalg/derived.cpp

/// The pseudoinverse (Moore and Penrose) [..., n, m]: singular values up to rtol times the largest one count as 0. A
/// negative rtol stands for max(m, n) times the dtype's epsilon.
Tensor pinv(const Tensor& a, double rtol = -1);
/// The shortest X that minimises ‖A X - B‖, for A [..., m, n] of any rank and B [..., m, k]: pinv(A) B.
Tensor lstsq(const Tensor& a, const Tensor& b, double rtol = -1);
/// The number of singular values above rtol times the largest one, i64 [...].
Tensor matrix_rank(const Tensor& a, double rtol = -1);

enum class MatrixNorm : std::uint8_t {
  frobenius,     ///< (Σ a²)^½
  nuclear,       ///< Σ s over the singular values
  spectral,      ///< max s: the 2-norm
  smallest,      ///< min s: NumPy's -2
  columns,       ///< the largest Σ |a| of a column: the 1-norm
  least_column,  ///< the smallest one: -1
  rows,          ///< the largest Σ |a| of a row: the ∞-norm
  least_row,     ///< the smallest one: -∞
};
/// Norms [...] of matrices [..., m, n]. The largest and smallest need at least one element.
Tensor matrix_norm(const Tensor& a, MatrixNorm kind = MatrixNorm::frobenius);
/// The largest singular value over the smallest one.
Tensor cond(const Tensor& a);

}  // namespace hourglass
