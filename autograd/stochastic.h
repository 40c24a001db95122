// Distributions whose parameters are Vars, so that what is sampled and what is measured can be differentiated.
#pragma once
#include "autograd/var.h"
#include "tensor/random.h"

namespace hourglass {

/// Independent normal distributions, one per element: density exp(-(x - mean)² / 2 std²) / (std √2π). std > 0.
struct Normal {
  Var mean, std;

  /// mean + std * noise: the noise does not depend on the parameters, so gradients flow through both (the
  /// reparameterisation of Kingma & Welling 2014, "Auto-encoding variational Bayes", section 2.4).
  Var rsample(Rng& rng) const;
  /// Per element, in nats.
  Var log_prob(const Var& x) const;
  Var entropy() const;
};

/// KL(p ‖ q) per element, in nats: log(σq/σp) + (σp² + (μp - μq)²) / 2σq² - ½.
Var kl(const Normal& p, const Normal& q);

/// N(0, 1) in the shape of p: the usual prior.
Normal standard_normal(const Normal& p);

/// Independent coin flips with the given log-odds, one per element. x may be anything in [0, 1].
struct Bernoulli {
  Var logits;

  Var probs() const;
  Var log_prob(const Var& x) const;
};

}  // namespace hourglass
