// SPDX-License-Identifier: MIT
// Embeddings: a row of numbers for each word of a vocabulary.
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

/// What both layers have: the rows of weight [num_embeddings, embedding_dim], which is initially N(0, 1).
class EmbeddingTable : public Layer {
 public:
  const Parameter& weight() const { return weight_; }

 protected:
  EmbeddingTable(const char* op, std::int64_t num_embeddings, std::int64_t embedding_dim, Rng& rng,
                 const EmbeddingOptions& options);
  /// The rows of indices [k], [k, embedding_dim], shortened and with scaled gradients as the options say.
  Var rows(const Tensor& indices) const;
  void check_indices(const Var& indices) const;
  const char* op() const { return op_; }
  const std::optional<std::int64_t>& padding_idx() const { return options_.padding_idx; }

 private:
  const char* op_;
  EmbeddingOptions options_;
  Parameter weight_;
};

/// Maps indices [...] (i64) to [..., embedding_dim]: each index selects a row.
class Embedding : public EmbeddingTable {
 public:
  Embedding(std::int64_t num_embeddings, std::int64_t embedding_dim, Rng& rng, EmbeddingOptions options = {});
  /// Takes the indices as a constant Var, because every Layer takes a Var.
  Var forward(const Var& indices) const override;
  using Layer::operator();
  Var operator()(const Tensor& indices) const { return Layer::operator()(Var(indices)); }
};

enum class BagMode { sum, mean, max };
struct EmbeddingBagOptions {
  std::optional<double> max_norm{};
  double norm_type = 2;
  bool scale_grad_by_freq = false;  ///< not for max
  BagMode mode = BagMode::mean;
  /// The offsets end with the number of indices.
  bool include_last_offset = false;
  /// A word that no bag counts: a bag of nothing else is empty. Its row starts as 0.
  std::optional<std::int64_t> padding_idx{};
  Dtype dtype = Dtype::f32;
};

/// The sum, mean or element-wise maximum of the rows of each bag of words: a text as one vector, whatever its length.
/// An empty bag gives 0. Equal maxima share the gradient evenly.
class EmbeddingBag : public EmbeddingTable {
 public:
  EmbeddingBag(std::int64_t num_embeddings, std::int64_t embedding_dim, Rng& rng, EmbeddingBagOptions options = {});
  /// Each row of indices [bags, l] is a bag. The result is [bags, embedding_dim].
  Var forward(const Var& indices) const override { return forward(indices, {}, {}); }
  /// Bags that lie in indices [k] one after another: bag b begins at offsets[b], and ends where the next one begins.
  /// Without offsets, indices are [bags, l]. per_sample_weights, of the shape of the indices, are factors of the rows
  /// in a sum.
  Var forward(const Var& indices, const std::optional<Tensor>& offsets,
              const std::optional<Var>& per_sample_weights) const;
  using Layer::operator();
  Var operator()(const Tensor& indices, const std::optional<Tensor>& offsets = {},
                 const std::optional<Var>& per_sample_weights = {}) const {
    return in_context(name(), [&] { return forward(Var(indices), offsets, per_sample_weights); });
  }

 private:
  Tensor begins(const Var& indices, const std::optional<Tensor>& offsets) const;

  BagMode mode_;
  bool include_last_offset_;
};

}  // namespace hourglass::nn
