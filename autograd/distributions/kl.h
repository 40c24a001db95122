// How far one distribution is from another.
#pragma once
#include <concepts>
#include <functional>
#include <typeindex>

#include "autograd/distributions/distributions.h"

namespace hourglass {

/// KL(p ‖ q) = E_p[log p - log q] in nats, of the batch shape: what it costs to take q for p, at least 0. In closed
/// form where there is one: p and q of one kind; Normal, Exponential, Uniform and ContinuousBernoulli q with any p
/// whose moments and entropy they need; what register_kl added. (Mixtures and relaxed distributions have none.)
/// Infinite where p has values that q has not. Another pair is an error that says so.
Var kl(const Distribution& p, const Distribution& q);

/// The closed form where there is one, and otherwise the mean of log p - log q over so many samples of p. The
/// estimate's derivatives of any order are unbiased: pathwise if p has rsample, and by the score function (Foerster et
/// al. 2018) if not.
Var kl(const Distribution& p, const Distribution& q, Rng& rng, std::int64_t samples = 1);

bool has_closed_kl(const Distribution& p, const Distribution& q);

/// Adds a formula for p of type P and q of type Q, or replaces one. To be called before other threads call kl().
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
