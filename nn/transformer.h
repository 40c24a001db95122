// SPDX-License-Identifier: MIT
// Transformers: attention and a small network at each position, with residuals and normalisation (Vaswani et al. 2017,
// "Attention is all you need", section 3).
#pragma once
#include <concepts>
#include <cstdint>
#include <vector>

#include "nn/attention.h"
#include "nn/layer.h"
#include "nn/norm.h"

namespace hourglass::nn {

enum class TransformerActivation { relu, gelu };
struct TransformerLayerOptions {
  std::int64_t dim_feedforward = 2048;
  double dropout = 0.1;
  TransformerActivation activation = TransformerActivation::relu;
  double layer_norm_eps = 1e-5;
  bool batch_first = false;
  /// Normalise before attention and feedforward instead of after each of them.
  bool norm_first = false;
  /// Whether the layers below have a bias, normalisation included.
  bool bias = true;
  Dtype dtype = Dtype::f32;
};
using TransformerEncoderLayerOptions = TransformerLayerOptions;
using TransformerDecoderLayerOptions = TransformerLayerOptions;

/// The parts of encoder and decoder layers. Part i is x + dropout_i(f(x)), normalised by norm_i: after the sum, or f's
/// input if norm_first.
template <std::derived_from<Module> Base>
class TransformerParts : public Base {
 protected:
  /// Only with memory there is a part that attends to it.
  TransformerParts(std::int64_t d_model, std::int64_t nhead, Rng& rng, const TransformerLayerOptions& options,
                   bool with_memory);
  Var attend(const Var& x, const AttentionOptions& options) const;
  Var attend_to(const Var& memory, const Var& x, const AttentionOptions& options) const;
  /// linear2(dropout(activation(linear1(x))))
  Var feed_forward(const Var& x) const;

 private:
  template <class F>
  Var part(std::size_t i, const Var& x, const F& f) const;

  TransformerLayerOptions options_;
  MultiheadAttention& self_attn_;
  const MultiheadAttention* multihead_attn_;
  Linear& linear1_;
  Dropout& dropout_;
  Linear& linear2_;
  std::vector<const LayerNorm*> norms_;
  std::vector<const Dropout*> dropouts_;
};

/// x = norm1(x + self_attn(x)), then norm2(x + linear2(activation(linear1(x)))), with dropout after
/// each part.
class TransformerEncoderLayer : public TransformerParts<Layer> {
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
};

/// norm1(x + self_attn(x)), norm2(x + multihead_attn(x, memory)) and norm3(x + linear2(activation(linear1(x)))), one
/// after another, with dropout after each part.
class TransformerDecoderLayer : public TransformerParts<Module> {
 public:
  TransformerDecoderLayer(std::int64_t d_model, std::int64_t nhead, Rng& rng,
                          TransformerDecoderLayerOptions options = {});
  /// tgt is [l, n, d_model]; memory, which an encoder gives, is [s, n, d_model]. `own` has the masks for tgt's
  /// attention to itself, {.is_causal = true} for example, and `to_memory` those for its attention to memory.
  Var forward(const Var& tgt, const Var& memory, const AttentionOptions& own = {},
              const AttentionOptions& to_memory = {}) const;
  Var operator()(const Var& tgt, const Var& memory, const AttentionOptions& own = {},
                 const AttentionOptions& to_memory = {}) const {
    return in_context(name(), [&] { return forward(tgt, memory, own, to_memory); });
  }
};

template <class Each>
class TransformerLayers;  // layers.0, layers.1, ...

/// A stack of num_layers TransformerEncoderLayers: layers.0, layers.1, .... Each has its own
/// initial weights. With norm_first the last layer's output is not normalised; `norm` adds a
/// LayerNorm for it.
class TransformerEncoder : public Layer {
 public:
  TransformerEncoder(std::int64_t num_layers, std::int64_t d_model, std::int64_t nhead, Rng& rng,
                     TransformerEncoderLayerOptions options = {}, bool norm = false);
  /// src has the shape that a layer takes. Every layer gets the same masks.
  Var forward(const Var& src) const override { return forward(src, {}); }
  Var forward(const Var& src, const AttentionOptions& options) const;
  using Layer::operator();
  Var operator()(const Var& src, const AttentionOptions& options) const {
    return in_context(name(), [&] { return forward(src, options); });
  }

 private:
  TransformerLayers<TransformerEncoderLayer>& layers_;
  const LayerNorm* norm_;
};

/// The same of TransformerDecoderLayers, which all attend to one memory.
class TransformerDecoder : public Module {
 public:
  TransformerDecoder(std::int64_t num_layers, std::int64_t d_model, std::int64_t nhead, Rng& rng,
                     TransformerDecoderLayerOptions options = {}, bool norm = false);
  Var forward(const Var& tgt, const Var& memory, const AttentionOptions& own = {},
              const AttentionOptions& to_memory = {}) const;
  Var operator()(const Var& tgt, const Var& memory, const AttentionOptions& own = {},
                 const AttentionOptions& to_memory = {}) const {
    return in_context(name(), [&] { return forward(tgt, memory, own, to_memory); });
  }

 private:
  TransformerLayers<TransformerDecoderLayer>& layers_;
  const LayerNorm* norm_;
};

}  // namespace hourglass::nn
