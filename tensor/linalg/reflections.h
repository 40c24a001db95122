// SPDX-License-Identifier: MIT
// Householder's reflections H = I - τ v vᵀ, and products of many of them. A product of nb reflections is
// I - Vᵀ T V, where the rows of V are the v and T is upper triangular (Schreiber & Van Loan 1989). So it is applied by
// matrix products. Matrices are stored transposed here: what is a column in mathematics is a row in memory.
#pragma once
#include "tensor/linalg/matrix.h"

namespace hourglass::linalg {

/// Reflections of a block.
inline constexpr std::int64_t kReflections = 32;

template <class T>
struct Reflection {
  T tau, beta;
};
/// The reflection that makes x [n >= 1] to (beta, 0, 0, ...), with the sign of beta opposite to x[0]'s. It writes v,
/// which begins with 1, over x. If x has zeros behind x[0] already, tau is 0.
template <class T>
Reflection<T> reflect(T* x, std::int64_t n);

/// y -> y (H_0 H_1 ...)ᵀ, or y (H_0 H_1 ...), for every row of y. Row i of v [k, y's columns] is v_i, zeros included.
template <class T>
void apply_reflections(const Matrix<T>& v, const T* tau, const Matrix<T>& y, bool transposed);

/// Aᵀ = w [n, m] becomes Rᵀ in its lower triangle, for A = Q R [m, n]. Returns min(m, n) reflections in v, whose product
/// is Q. The rest of w is not zero.
template <class T>
void factorise_qr(const Matrix<T>& w, const Matrix<T>& v, T* tau);

}  // namespace hourglass::linalg
