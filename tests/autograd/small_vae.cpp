// SPDX-License-Identifier: MIT
// A small VAE for the tests of the instruments.
#include "tests/autograd/small_vae.h"

#include <doctest/doctest.h>

#include "autograd/derivatives.h"
#include "autograd/distributions.h"
#include "autograd/kl.h"
#include "autograd/ops.h"

namespace hourglass::test {

SmallVae::SmallVae(Rng& rng, std::int64_t size, std::int64_t width, std::int64_t code)
    : hidden(child<nn::Linear>("hidden", size, width, rng)),
      mean(child<nn::Linear>("mean", width, code, rng)),
      log_var(child<nn::Linear>("log_var", width, code, rng)),
      widen(child<nn::Linear>("widen", code, width, rng)),
      pixels(child<nn::Linear>("pixels", width, size, rng)) {}

Var SmallVae::loss(const Var& x, Rng& noise) const {
  const Var h = relu(hidden(x));
  const Normal q{mean(h), exp(log_var(h) * 0.5)};
  const Var logits = pixels(relu(widen(q.rsample(noise))));
  return (sum(bce_with_logits(logits, x)) + sum(kl(q, standard_normal(q)))) / x.size(0);
}

Var contractive(const SmallVae& model, const Var& x) {
  const auto encode = [&](const Var& v) { return sigmoid(model.mean(sigmoid(model.hidden(v)))); };
  return mean(squared_jacobian_norm(encode, x, {.method = JacobianNorm::exact}));
}

void check_same_bits(const std::vector<Var>& got, const std::vector<Var>& wanted) {
  REQUIRE(got.size() == wanted.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    CAPTURE(i);
    CHECK(got[i].shape() == wanted[i].shape());
    CHECK(equal(got[i].value(), wanted[i].value()));
  }
}

}  // namespace hourglass::test
