// SPDX-License-Identifier: MIT
// Linear algebra with derivatives of every order: the functions of tensor/linalg.h on Var. A gradient by a matrix of
// which only one triangle is read as a symmetric matrix is symmetric, as cholesky's.
#pragma once
#include "autograd/var.h"
#include "tensor/linalg.h"

namespace hourglass {

// ---- systems --- ops/linalg.cpp

/// The X of A X = B or X A = B for triangular A; leading axes broadcast.
Var solve_triangular(const Var& a, const Var& b, bool upper, const TriangularOptions& options);
/// The X of A X = B; leading axes broadcast.
Var solve(const Var& a, const Var& b);
Var inverse(const Var& a);
/// The derivatives are right at singular matrices, too, at every order: there det is a function of a larger matrix that
/// is not singular. With a gradient this costs the singular values of A.
Var det(const Var& a);
struct SignAndLogVar {
  Tensor sign;
  Var log_abs;
};
/// d log|det A| = tr(A⁻¹ dA). Where A is singular the value is -∞, and all derivatives are 0.
SignAndLogVar slogdet(const Var& a);

// ---- factorisations --- ops/decompositions.cpp
// Vectors are functions of the matrix only where their values differ. Two eigenvalues or singular values count as equal
// if they differ by no more than rounding (n times epsilon times the largest), and singular values up to this size
// count as 0. The factors 1 / (w_j - w_i) and 1 / s_i are taken as 0 there, at every order. So derivatives are always
// finite. They are exact where the values differ; where values are equal, the first derivative is exact for functions of
// the values alone that treat equal ones alike (Σ w, Σ w², log det), and the part that turns equal vectors into each
// other is left out of all others.

struct QrVar {
  Var q, r;
};
/// For m <= n, or in the mode reduced; the last columns of a complete Q with m > n have no derivative, so asking for it
/// is an error. Where the first min(m, n) columns of A have not full rank, to rounding, all derivatives are 0.
QrVar qr(const Var& a, QrMode mode = QrMode::reduced);
struct EighVar {
  Var values, vectors;
};
EighVar eigh(const Var& a);
Var eigvalsh(const Var& a);
struct SvdVar {
  Var u, s, vh;
};
/// The reduced form: U [..., m, k], s [..., k], Vᵀ [..., k, n].
SvdVar svd(const Var& a);
Var svdvals(const Var& a);

// ---- what follows from them --- ops/linalg.cpp

/// Exact for matrices near A that have A's rank, repeated singular values included.
Var pinv(const Var& a, double rtol = -1);
Var lstsq(const Var& a, const Var& b, double rtol = -1);
Var matrix_norm(const Var& a, MatrixNorm kind = MatrixNorm::frobenius);
Var cond(const Var& a);

}  // namespace hourglass
