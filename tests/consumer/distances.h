// SPDX-License-Identifier: MIT
// Distances: a layer that is not part of Hourglass.
#pragma once
#include <cstdint>

#include "nn/layer.h"
#include "tensor/random.h"

/// The distance of x from each of `out` centres c: y_j = Σ_i log cosh(x_i - c_ji). [..., in] to [..., out].
class Distances : public hourglass::nn::Layer {
 public:
  Distances(std::int64_t in, std::int64_t out, hourglass::Rng& rng);
  hourglass::Var forward(const hourglass::Var& x) const override;

 private:
  hourglass::Parameter centre_;
};
