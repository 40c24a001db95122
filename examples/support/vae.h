// SPDX-License-Identifier: MIT
// The objective of a variational autoencoder.
#pragma once
#include "autograd/distributions.h"
#include "autograd/ops.h"
#include "examples/support/metrics.h"

namespace hourglass::examples {

/// The evidence lower bound, term by term: nats, averaged over the images of a batch.
struct Elbo {
  Var reconstruction;  ///< E_q[ -log p(x|z) ]
  Var kl;              ///< KL( q(z|x) ‖ p(z) ): what the code costs
  /// The loss: -ELBO.
  Var negative() const { return reconstruction + kl; }
  /// neg_elbo, reconstruction and kl.
  Metrics metrics() const;
};

/// From q(z|x), the p(x|z) of one draw z, and x, where the prior is N(0, 1).
Elbo elbo_of(const Normal& q, const Bernoulli& p, const Var& x);

}  // namespace hourglass::examples
