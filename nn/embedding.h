// SPDX-License-Identifier: MIT
// Embedding: a row of numbers for each word of a vocabulary.
#pragma once
#include <cstdint>
#include <optional>

#include "nn/layer.h"
#include "tensor/random.h"

namespace hourglass::nn {

struct EmbeddingOptions {
  /// The index of the padding word: its row starts as 0 and gets no gradient. A negative index
  /// counts from the back.
  std::optional<std::int64_t> padding_idx{};
  /// Each use shortens rows that are longer than this norm. The weights themselves change.
  std::optional<double> max_norm{};
  double norm_type = 2;
  /// Divides a row's gradient by the number of times the row was used.
  bool scale_grad_by_freq = false;
  Dtype dtype = Dtype::f32;
};

/// Maps indices [...] (i64) to [..., embedding_dim]: each index selects a row of weight
/// [num_embeddings, embedding_dim], which is initially N(0, 1).
class Embedding : public Layer {
 public:
  Embedding(std::int64_t num_embeddings, std::int64_t embedding_dim, Rng& rng, EmbeddingOptions options = {});
  /// Takes the indices as a constant Var, because every Layer takes a Var.
  Var forward(const Var& indices) const override;
  using Layer::operator();
  Var operator()(const Tensor& indices) const { return Layer::operator()(Var(indices)); }

  const Parameter& weight() const { return weight_; }

 private:
  EmbeddingOptions options_;
  Parameter weight_;
};

}  // namespace hourglass::nn
