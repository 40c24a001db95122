// SPDX-License-Identifier: MIT
// Lazy shapes: a layer takes its number of inputs from the first batch.
//
//   nn::Sequential net;
//   net.add(nn::LazyLinear(128, rng));    // or nn::Linear(nn::kLazy, 128, rng)
//   net(batch);                           // now the weight is [128, the batch's last extent]
//   optim::Adam adam(net.parameters());   // before the batch this is an error that names the parameter
#pragma once
#include <cstdint>
#include <functional>
#include <utility>

#include "tensor/random.h"

namespace hourglass::nn {

/// As a number of inputs: take it from the first batch.
inline constexpr std::int64_t kLazy = -1;

/// Gives a layer's parameters their initial values as soon as the number of inputs is known:
/// immediately or, for kLazy, at the first call. A lazy layer draws the values from its own
/// generator, so they do not depend on the time of that call.
class Initializer {
 public:
  using Function = std::function<void(std::int64_t inputs, Rng& rng)>;

  Initializer() = default;
  Initializer(std::int64_t inputs, Rng& rng, Function initialize) {
    if (inputs != kLazy) {
      initialize(inputs, rng);
      return;
    }
    const auto number = static_cast<std::uint64_t>(rng.below(INT64_MAX));
    pending_ = [initialize = std::move(initialize), own = rng.split(number)](std::int64_t found) {
      Rng draws = own;
      initialize(found, draws);
    };
  }
  void operator()(std::int64_t inputs) const { pending_(inputs); }

 private:
  std::function<void(std::int64_t)> pending_;
};

}  // namespace hourglass::nn
