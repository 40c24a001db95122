// Embedding: a row of numbers for each word of a vocabulary.
#pragma once
#include <cstdint>
#include <optional>

#include "nn/layer.h"
#include "tensor/random.h"

namespace hourglass::nn {

struct EmbeddingOptions {
  /// The word that means nothing: its row starts as 0 and gets no gradient. Negative counts from the back.
  std::optional<std::int64_t> padding_idx{};
  /// Rows that are used are first shortened to this norm, in the weights themselves.
  std::optional<double> max_norm{};
  double norm_type = 2;
  /// Divides a row's gradient by the number of times the row was used.
  bool scale_grad_by_freq = false;
  Dtype dtype = Dtype::f32;
};

/// Indices [...] (i64) to [..., embedding_dim]: rows of weight [num_embeddings, embedding_dim], at first N(0, 1).
class Embedding : public Layer {
 public:
  Embedding(std::int64_t num_embeddings, std::int64_t embedding_dim, Rng& rng, EmbeddingOptions options = {});
  /// The indices as a constant, since a Layer takes a Var.
  Var forward(const Var& indices) const override;
  using Layer::operator();
  Var operator()(const Tensor& indices) const { return Layer::operator()(Var(indices)); }

  const Parameter& weight() const { return weight_; }

 private:
  EmbeddingOptions options_;
  Parameter weight_;
};

}  // namespace hourglass::nn
