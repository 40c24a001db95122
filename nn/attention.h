// SPDX-License-Identifier: MIT
// Attention: the output at each position is a weighted mean of the values at all positions (Vaswani
// et al. 2017, "Attention is all you need").
#pragma once
#include <cstdint>
#include <optional>

#include "nn/dropout.h"
#include "nn/linear.h"

namespace hourglass::nn {

struct AttentionOptions {
  /// A mask of source positions for each sample, [n, s]. u8: a nonzero value hides the position.
  /// Other dtypes: numbers that are added to the scores.
  std::optional<Tensor> key_padding_mask{};
  /// Whether to return the attention weights.
  bool need_weights = true;
  /// A mask of pairs of a query and a key: [l, s], or [n · heads, l, s] with one mask for each
  /// sample and head. u8: a nonzero value hides the key from the query. Other dtypes: added to the
  /// scores. A query from which all keys are hidden has weights of 0.
  std::optional<Tensor> attn_mask{};
  /// If true, the returned weights are the mean over the heads, [n, l, s]; if false, they are those
  /// of each head, [n, heads, l, s].
  bool average_attn_weights = true;
  /// Hides the keys j > i from query i: the future. Keys that the layer appends are not hidden.
  bool is_causal = false;
};

struct MultiheadAttentionOptions {
  /// The probability that an attention weight is dropped in training.
  double dropout = 0;
  bool bias = true;
  /// add_bias_kv appends a trained key and value; add_zero_attn appends a key and value of zeros.
  bool add_bias_kv = false, add_zero_attn = false;
  /// The sizes of keys and values, if they are not embed_dim.
  std::optional<std::int64_t> kdim{}, vdim{};
  /// Inputs and output are [n, l, e] instead of [l, n, e].
  bool batch_first = false;
  Dtype dtype = Dtype::f32;
};

/// softmax(Q Kᵀ / √d) V for each of num_heads heads of size d = embed_dim / num_heads. Queries,
/// keys and values are projections of the inputs. The results of the heads are concatenated and
/// projected once more.
/// Parameters, with e = embed_dim: in_proj_weight [3 e, e] (or q_, k_ and v_proj_weight if kdim or
/// vdim differs), in_proj_bias [3 e], bias_k and bias_v [1, 1, e], out_proj.weight [e, e],
/// out_proj.bias.
class MultiheadAttention : public Module {
 public:
  MultiheadAttention(std::int64_t embed_dim, std::int64_t num_heads, Rng& rng, MultiheadAttentionOptions options = {});

  struct Output {
    /// Has the shape of the query.
    Var output;
    /// The weight that each query gives to each key.
    Var weights;
  };
  /// query is [l, n, e], key and value are [s, n, ...]. A single sequence has no axis n.
  Output forward(const Var& query, const Var& key, const Var& value, const AttentionOptions& options = {}) const;
  Output operator()(const Var& query, const Var& key, const Var& value, const AttentionOptions& options = {}) const {
    return in_context(name(), [&] { return forward(query, key, value, options); });
  }

 private:
  struct Projected {
    Var q, k, v;
  };
  Projected project(const Var& query, const Var& key, const Var& value) const;
  Output attend(const Var& query, const Var& key, const Var& value, const AttentionOptions& options) const;

  std::int64_t embed_dim_, heads_;
  MultiheadAttentionOptions options_;
  std::optional<Parameter> in_proj_weight_, q_proj_weight_, k_proj_weight_, v_proj_weight_, in_proj_bias_, bias_k_,
      bias_v_;
  Linear& out_proj_;
  Dropout* dropout_ = nullptr;
};

}  // namespace hourglass::nn
