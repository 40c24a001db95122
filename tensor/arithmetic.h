// SPDX-License-Identifier: MIT
// Elementwise functions that need no kernel of their own: formulas of others, or one number at a time by the C library.
// autograd/arithmetic.h has the same on Var.
#pragma once
#include "tensor/tensor.h"

namespace hourglass {

// ---- one operand ------------------------------------------------------------------------------- ops_arithmetic.cpp

/// 2^x
Tensor exp2(const Tensor& x);
Tensor asinh(const Tensor& x);
Tensor acosh(const Tensor& x);
Tensor atanh(const Tensor& x);
/// The y with erf(y) = x.
Tensor erfinv(const Tensor& x);
/// log(x / (1 - x)), with all its digits near 1/2, too: the inverse of sigmoid.
Tensor logit(const Tensor& x);
/// `nan` for NaN, and for the infinities the largest and smallest numbers of the dtype.
Tensor nan_to_num(const Tensor& x, double nan = 0);

// ---- two operands ------------------------------------------------------------------------------ ops_arithmetic.cpp

/// x log y, and 0 where x is 0 (unless y is NaN)
Tensor xlogy(const Tensor& x, const Tensor& y);
/// √(a² + b²), without overflow
Tensor hypot(const Tensor& a, const Tensor& b);
/// |a| with the sign of b
Tensor copysign(const Tensor& a, const Tensor& b);
// Division with an integer result, and what it leaves; of any dtype. An integer divided by 0 is an error.
enum class Rounding { trunc, floor };
/// a / b, rounded towards 0, or down
Tensor div(const Tensor& a, const Tensor& b, Rounding rounding);
Tensor div(const Tensor& a, Scalar b, Rounding rounding);
/// The largest integer that is at most a / b, as Python's a // b
Tensor floor_divide(const Tensor& a, const Tensor& b);
Tensor floor_divide(const Tensor& a, Scalar b);
/// a - b floor(a / b), as Python's a % b: it has the sign of b.
Tensor remainder(const Tensor& a, const Tensor& b);
Tensor remainder(const Tensor& a, Scalar b);
/// a - b trunc(a / b): it has the sign of a.
Tensor fmod(const Tensor& a, const Tensor& b);
Tensor fmod(const Tensor& a, Scalar b);

/// max(x, low) and min(x, high): clamp with one bound
Tensor clamp_min(const Tensor& x, const Tensor& low);
Tensor clamp_min(const Tensor& x, Scalar low);
Tensor clamp_max(const Tensor& x, const Tensor& high);
Tensor clamp_max(const Tensor& x, Scalar high);
/// |a - b| <= atol + rtol |b|, u8. Infinities are close to themselves, NaNs if equal_nan.
Tensor isclose(const Tensor& a, const Tensor& b, double rtol = 1e-5, double atol = 1e-8, bool equal_nan = false);
/// isclose everywhere
bool allclose(const Tensor& a, const Tensor& b, double rtol = 1e-5, double atol = 1e-8);

}  // namespace hourglass
