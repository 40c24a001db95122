// Attention: each position looks at all others and takes a weighted mean of what they have (Vaswani et al. 2017,
// "Attention is all you need").
#pragma once
#include <cstdint>
#include <optional>

#include "nn/dropout.h"
#include "nn/linear.h"
#include "nn/norm.h"

namespace hourglass::nn {

struct AttentionOptions {
  /// For each sample and each position of the source, [n, s]: u8, not 0 for positions to ignore; or numbers that are
  /// added to the scores.
  std::optional<Tensor> key_padding_mask{};
  /// Otherwise no weights come back.
  bool need_weights = true;
  /// Of pairs, [l, s] or one for each sample and head [n · heads, l, s]: u8, not 0 where a query is not to look at a
  /// key; or numbers to add to the scores.
  std::optional<Tensor> attn_mask{};
  /// Whether weights come back as their mean over the heads [n, l, s] or for each head [n, heads, l, s].
  bool average_attn_weights = true;
};

struct MultiheadAttentionOptions {
  /// The probability with which a weight is dropped in training.
  double dropout = 0;
  bool bias = true;
  /// One more key and value, trained; one more of zeros.
  bool add_bias_kv = false, add_zero_attn = false;
  /// The sizes of keys and values where they are not embed_dim.
  std::optional<std::int64_t> kdim{}, vdim{};
  /// Inputs and output are [n, l, e] rather than [l, n, e].
  bool batch_first = false;
  Dtype dtype = Dtype::f32;
};

/// softmax(Q Kᵀ / √d) V for each of num_heads heads of size d = embed_dim / num_heads, whose queries, keys and values
/// are projections of the inputs; the heads' results side by side are projected once more.
/// Parameters: in_proj_weight [3 e, e] (or q_, k_ and v_proj_weight where kdim or vdim differs), in_proj_bias [3 e],
/// bias_k and bias_v [1, 1, e], out_proj.weight [e, e], out_proj.bias.
class MultiheadAttention : public Module {
 public:
  MultiheadAttention(std::int64_t embed_dim, std::int64_t num_heads, Rng& rng, MultiheadAttentionOptions options = {});

  struct Output {
    /// As the query.
    Var output;
    /// How much each query took from each key.
    Var weights;
  };
  /// query is [l, n, e], key and value [s, n, ...]; all of them without n for a single sequence.
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

enum class TransformerActivation { relu, gelu };
struct TransformerEncoderLayerOptions {
  std::int64_t dim_feedforward = 2048;
  double dropout = 0.1;
  TransformerActivation activation = TransformerActivation::relu;
  double layer_norm_eps = 1e-5;
  bool batch_first = false;
  /// Normalise what goes into attention and feedforward rather than what comes out.
  bool norm_first = false;
  Dtype dtype = Dtype::f32;
};

/// x = norm1(x + self_attn(x)), then norm2(x + linear2(activation(linear1(x)))), with dropout behind each part.
class TransformerEncoderLayer : public Layer {
 public:
  TransformerEncoderLayer(std::int64_t d_model, std::int64_t nhead, Rng& rng,
                          TransformerEncoderLayerOptions options = {});
  /// src is [l, n, d_model].
  Var forward(const Var& src) const override { return forward(src, {}); }
  Var forward(const Var& src, const AttentionOptions& options) const;
  using Layer::operator();
  Var operator()(const Var& src, const AttentionOptions& options) const {
    return in_context(name(), [&] { return forward(src, options); });
  }

 private:
  Var feed_forward(const Var& x) const;

  TransformerEncoderLayerOptions options_;
  MultiheadAttention& self_attn_;
  Linear& linear1_;
  Dropout& dropout_;
  Linear& linear2_;
  LayerNorm &norm1_, &norm2_;
  Dropout &dropout1_, &dropout2_;
};

/// num_layers such layers, one behind the other, each with initial weights of its own: layers.0, layers.1, .... Where
/// layers normalise first, what the last one gives is not normalised, unless there is a last `norm`.
class TransformerEncoder : public Layer {
 public:
  TransformerEncoder(std::int64_t num_layers, std::int64_t d_model, std::int64_t nhead, Rng& rng,
                     TransformerEncoderLayerOptions options = {}, bool norm = false);
  /// src is as a layer's, and every layer is given the same masks.
  Var forward(const Var& src) const override { return forward(src, {}); }
  Var forward(const Var& src, const AttentionOptions& options) const;
  using Layer::operator();
  Var operator()(const Var& src, const AttentionOptions& options) const {
    return in_context(name(), [&] { return forward(src, options); });
  }

 private:
  class Layers;
  Layers& layers_;
  LayerNorm* norm_ = nullptr;
};

}  // namespace hourglass::nn
