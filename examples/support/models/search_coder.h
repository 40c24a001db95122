// SPDX-License-Identifier: MIT
// The network whose codes are compared: image_search uses the numbers, semantic_hashing their signs.
#pragma once
#include <cstdint>
#include <vector>

#include "autograd/ops.h"
#include "examples/support/codes.h"
#include "nn/linear.h"
#include "nn/module.h"
#include "nn/norm.h"

namespace hourglass::examples {

/// code = norm(W √x + encoder(√x)), for rows x of pixels in [0, 1]. √x compresses bright tones. The linear path keeps
/// neighbours from the start. norm is a batch normalisation without weights: in a set, each number of the code has mean 0
/// and variance 1, so a training batch needs two rows or more. The decoder's target is √x, too.
class SearchCoder : public nn::Module {
 public:
  SearchCoder(std::int64_t pixels, std::int64_t hidden, std::int64_t code, Rng& rng)
      : straight_(child<nn::Linear>("straight", pixels, code, rng)),
        encoder_(child<Mlp>("encoder", std::vector{pixels, hidden, hidden, code}, rng)),
        norm_(child("norm", nn::BatchNorm1d(code, {.affine = false}))),
        decoder_(child<Mlp>("decoder", std::vector{code, hidden, hidden, pixels}, rng)) {}
  Var encode(const Var& x) const {
    const Var tones = sqrt(x);
    return norm_(straight_(tones) + encoder_(tones));
  }
  /// The log-odds of √x.
  Var decode_logits(const Var& z) const { return decoder_(z); }

 private:
  nn::Linear& straight_;
  Mlp& encoder_;
  nn::BatchNorm1d& norm_;
  Mlp& decoder_;
};

}  // namespace hourglass::examples
