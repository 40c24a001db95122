// check_gradients: derivatives against finite differences, and ops against what they say of themselves.
#pragma once
#include <functional>
#include <string>
#include <vector>

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

/// Compares derivatives by every input, along random directions, with finite differences of f, and throws an Error
/// such as `softsign: order 2, input 0: analytic 0.1966, numeric 0.1931 (relative 0.018)` where they differ. The
/// function that is differentiated is Σ w y + ½ c y² for the output y of f and random w, c: rules get gradients that
/// are not constant. Every op on the way is held to its claims, too (check_claims). Returns the largest relative error.
double check_gradients(const std::function<Var(const std::vector<Var>&)>& f, const std::vector<Tensor>& inputs,
                       const CheckOptions& options = {});

/// Holds every op that y was computed by to what its Op constant claims. The rules of an elementwise op must be products
/// with a diagonal; a rule that accepts many gradients at once must give what it gives for one after another. An Error
/// names op and input. Returns how many rules were checked.
int check_claims(const Var& y);

}  // namespace hourglass
