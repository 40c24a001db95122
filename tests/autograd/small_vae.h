// SPDX-License-Identifier: MIT
// A small VAE for the tests of the instruments.
#pragma once
#include <vector>

#include "autograd/var.h"
#include "nn/linear.h"
#include "nn/module.h"

namespace hourglass::test {

/// An encoder of one hidden layer with two heads, and a decoder of two layers.
struct SmallVae : nn::Module {
  explicit SmallVae(Rng& rng, std::int64_t size = 12, std::int64_t width = 8, std::int64_t code = 3);
  nn::Linear &hidden, &mean, &log_var, &widen, &pixels;

  /// The negative ELBO of x, per sample.
  Var loss(const Var& x, Rng& noise) const;
};

/// The size of the encoder's Jacobian at x, row by row: a loss that is differentiated twice.
Var contractive(const SmallVae& model, const Var& x);

/// Checks that both lists have the same shapes and the same bits.
void check_same_bits(const std::vector<Var>& got, const std::vector<Var>& wanted);

}  // namespace hourglass::test
