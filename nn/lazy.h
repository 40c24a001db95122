// Lazy shapes: the first batch tells a layer how many inputs it has.
//
//   nn::Sequential net;
//   net.add<nn::LazyLinear>(128, rng);   // or nn::Linear(nn::kLazy, 128, rng)
//   net(batch);                           // now the weight is [128, whatever the batch has]
//   optim::Adam adam(net.parameters());   // sooner is an error that names the parameter
#pragma once
#include <cstdint>
#include <functional>
#include <utility>

#include "tensor/random.h"

namespace hourglass::nn {

/// In the place of a number of inputs: that of the first batch.
inline constexpr std::int64_t kLazy = -1;

/// How a layer gives its parameters their first values once it knows its number of inputs: at once, or, for kLazy, when
/// it is called. The values of a lazy layer come from a stream of its own and do not depend on when that is.
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
