// SPDX-License-Identifier: MIT
// What tensor/arithmetic.h describes, differentiable.
#pragma once
#include "autograd/var.h"
#include "tensor/arithmetic.h"

namespace hourglass {

// ---- one operand --- ops/inverses.cpp

Var exp2(const Var& x);
Var asinh(const Var& x);
Var acosh(const Var& x);
Var atanh(const Var& x);
Var erfinv(const Var& x);
Var logit(const Var& x);
/// Derivative 0 at NaN and infinities.
Var nan_to_num(const Var& x, double nan = 0);

// ---- two operands --- ops/division.cpp

/// Where x is 0 and y is not positive and finite, all derivatives are 0.
Var xlogy(const Var& x, const Var& y);
/// Derivative 0 at the origin.
Var hypot(const Var& a, const Var& b);
/// Derivative 0 where a is 0, and by b.
Var copysign(const Var& a, const Var& b);
// Flat between their steps: the derivative is 0.
Var div(const Var& a, const Var& b, Rounding rounding);
Var div(const Var& a, Scalar b, Rounding rounding);
Var floor_divide(const Var& a, const Var& b);
Var floor_divide(const Var& a, Scalar b);
Var remainder(const Var& a, const Var& b);
Var remainder(const Var& a, Scalar b);
Var fmod(const Var& a, const Var& b);
Var fmod(const Var& a, Scalar b);

/// At a bound, the gradient goes to x.
Var clamp(const Var& x, const Var& low, const Var& high);
Var clamp_min(const Var& x, const Var& low);
Var clamp_min(const Var& x, Scalar low);
Var clamp_max(const Var& x, const Var& high);
Var clamp_max(const Var& x, Scalar high);

}  // namespace hourglass
