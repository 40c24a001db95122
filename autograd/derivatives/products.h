// SPDX-License-Identifier: MIT
// Products with the Jacobian or the Hessian of a function: vjp, jvp, hvp.
//
// All functions of this folder take a function of Vars and the point at which to differentiate it. The function may use
// other Vars, parameters for example. They count as constants here, but the results can be differentiated by them (and
// by the point) if the caller records. Inside NoGrad the results are constants, and memory is released as they are
// computed.
#pragma once
#include <span>
#include <vector>

#include "autograd/function.h"
#include "autograd/var.h"

namespace hourglass {

/// The value of a function, and a product with its derivative.
struct Product {
  Var value, product;
};
struct Products {
  Var value;
  std::vector<Var> products;
};

/// Jᵀu for J = df/dx: reverse mode, costs about as much as f. u has the shape of f(x), the product that of x.
Product vjp(const Function& f, const Var& x, const Var& u);
Products vjp(const FunctionOfMany& f, std::span<const Var> xs, const Var& u);
/// J v: forward mode, the directional derivative along v. v has the shape of x, the product that of f(x). With
/// several arguments, the sum over all of them.
Product jvp(const Function& f, const Var& x, const Var& v);
Product jvp(const FunctionOfMany& f, std::span<const Var> xs, std::span<const Var> vs);

/// H v for the Hessian H of f, which gives one number: the gradient's derivative along v. It costs about two gradients.
Product hvp(const Function& f, const Var& x, const Var& v);
/// The same for a value that is computed already, such as a loss: hvp(loss, parameters, directions). Its graph is kept.
std::vector<Var> hvp(const Var& y, std::span<const Var> xs, std::span<const Var> vs);

}  // namespace hourglass
