// SPDX-License-Identifier: MIT
#include "examples/support/vae.h"

#include "autograd/kl.h"

namespace hourglass::examples {

Metrics Elbo::metrics() const {
  return {{"neg_elbo", negative().item()}, {"reconstruction", reconstruction.item()}, {"kl", kl.item()}};
}

Elbo elbo_of(const Normal& q, const Bernoulli& p, const Var& x) {
  return {-mean(sum(p.log_prob(x), {1})), mean(sum(kl(q, standard_normal(q)), {1}))};
}

}  // namespace hourglass::examples
