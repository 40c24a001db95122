// SPDX-License-Identifier: MIT
// kl(p, q): how far one distribution is from another.
#pragma once
#include <concepts>
#include <functional>
#include <typeindex>

#include "autograd/distributions/distributions.h"

namespace hourglass {

/// KL(p ‖ q) = E_p[log p - log q] in nats, of the batch shape. It is at least 0, and infinite where p has values that q
/// does not have. There is a closed form
///   - if p and q are of one kind, but not StudentT, NegativeBinomial, mixtures, relaxed or transformed distributions,
///   - if q is Normal, Exponential, Uniform or ContinuousBernoulli and p.has_moments(),
///   - for pairs that register_kl added.
/// Any other pair is an error that says so.
Var kl(const Distribution& p, const Distribution& q);

/// The closed form if there is one, or else the mean of log p - log q over samples of p. The derivatives of this
/// estimate are unbiased to any order. They are pathwise if p has rsample, and by the score function (Foerster et al.
/// 2018) if not.
Var kl(const Distribution& p, const Distribution& q, Rng& rng, std::int64_t samples = 1);

bool has_closed_kl(const Distribution& p, const Distribution& q);

/// Adds a formula for p of type P and q of type Q, or replaces one. Call it before other threads call kl().
///
///     register_kl<Gumbel, Normal>([](const Gumbel& p, const Normal& q) { return ...; });
using KlFormula = std::function<Var(const Distribution& p, const Distribution& q)>;
void register_kl(std::type_index p, std::type_index q, KlFormula formula);
template <std::derived_from<Distribution> P, std::derived_from<Distribution> Q, std::invocable<const P&, const Q&> F>
void register_kl(F formula) {
  register_kl(typeid(P), typeid(Q), [formula](const Distribution& p, const Distribution& q) {
    return formula(static_cast<const P&>(p), static_cast<const Q&>(q));
  });
}

}  // namespace hourglass
