// SPDX-License-Identifier: MIT
// Derivatives of functions: products with the Jacobian, whole Jacobians and Hessians, and the size of a Jacobian.
#pragma once
#include "autograd/derivatives/jacobian.h"       // jacobian, batch_jacobian, hessian
#include "autograd/derivatives/jacobian_norm.h"  // squared_jacobian_norm
#include "autograd/derivatives/products.h"       // vjp, jvp, hvp
