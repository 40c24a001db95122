// SPDX-License-Identifier: MIT
// check_gradients: compares derivatives with finite differences, and checks the claims of ops.
#pragma once
#include <string>
#include <vector>

#include "autograd/function.h"
#include "autograd/var.h"
#include "tensor/random.h"

namespace hourglass {

struct CheckOptions {
  /// Also checks the gradient of the gradient, and so on up to this order.
  int order = 2;
  /// The largest |analytic - numeric| / max(|analytic|, |numeric|, 0.01) that passes. Inputs must be f64.
  double tolerance = 1e-6;
  /// How far an input is moved; the error of the numeric derivative falls with its fourth power.
  double step = 1e-3;
  /// Prefix of the error: whose derivatives these are.
  std::string name = "check_gradients";
  std::uint64_t seed = 0;
};

/// Compares derivatives by every input, along random directions, with finite differences of f, and throws an Error such
/// as `softsign: order 2, input 0: analytic 0.1966, numeric 0.1931 (relative 0.018)` where they differ. The function
/// that is differentiated is Σ w y + ½ c y² for the output y of f and random w, c, so rules get gradients that vary.
/// The claims of every op on the way are checked as well (check_claims). Returns the largest relative error.
double check_gradients(const FunctionOfMany& f, const std::vector<Tensor>& inputs, const CheckOptions& options = {});

/// Checks what the Op constants claim, for every op from which y was computed. The rules of an elementwise op must be
/// products with a diagonal; a rule that accepts many gradients at once must give what it gives for one after another.
/// An Error names op and input. Returns how many rules were checked.
int check_claims(const Var& y);

}  // namespace hourglass
