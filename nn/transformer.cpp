// SPDX-License-Identifier: MIT
#include "nn/transformer.h"

#include "autograd/ops.h"

namespace hourglass::nn {
namespace {

LayerNormOptions norm_options(const TransformerLayerOptions& o) {
  return {.eps = o.layer_norm_eps, .bias = o.bias, .dtype = o.dtype};
}
MultiheadAttentionOptions attention_options(const TransformerLayerOptions& o) {
  return {.dropout = o.dropout, .bias = o.bias, .batch_first = o.batch_first, .dtype = o.dtype};
}

// A layer does not use the attention weights.
AttentionOptions without_weights(AttentionOptions options) {
  options.need_weights = false;
  return options;
}

}  // namespace

// ---- one layer

template <std::derived_from<Module> Base>
TransformerParts<Base>::TransformerParts(std::int64_t d_model, std::int64_t nhead, Rng& rng,
                                         const TransformerLayerOptions& options, bool with_memory)
    : options_(options),
      self_attn_(
          this->template child<MultiheadAttention>("self_attn", d_model, nhead, rng, attention_options(options))),
      multihead_attn_(with_memory ? &this->template child<MultiheadAttention>("multihead_attn", d_model, nhead, rng,
                                                                              attention_options(options))
                                  : nullptr),
      linear1_(this->template child<Linear>("linear1", d_model, options.dim_feedforward, rng,
                                            LinearOptions{.bias = options.bias, .dtype = options.dtype})),
      dropout_(this->template child<Dropout>("dropout", rng, options.dropout)),
      linear2_(this->template child<Linear>("linear2", options.dim_feedforward, d_model, rng,
                                            LinearOptions{.bias = options.bias, .dtype = options.dtype})) {
  const int parts = with_memory ? 3 : 2;
  for (int i = 1; i <= parts; ++i)
    norms_.push_back(&this->template child<LayerNorm>(join("norm", i), Shape{d_model}, norm_options(options)));
  for (int i = 1; i <= parts; ++i)
    dropouts_.push_back(&this->template child<Dropout>(join("dropout", i), rng, options.dropout));
}

template <std::derived_from<Module> Base>
template <class F>
Var TransformerParts<Base>::part(std::size_t i, const Var& x, const F& f) const {
  const LayerNorm& norm = *norms_[i];
  const Dropout& dropout = *dropouts_[i];
  return options_.norm_first ? x + dropout(f(norm(x))) : norm(x + dropout(f(x)));
}

template <std::derived_from<Module> Base>
Var TransformerParts<Base>::attend(const Var& x, const AttentionOptions& options) const {
  return part(0, x, [&](const Var& q) { return self_attn_(q, q, q, without_weights(options)).output; });
}

template <std::derived_from<Module> Base>
Var TransformerParts<Base>::attend_to(const Var& memory, const Var& x, const AttentionOptions& options) const {
  return part(1, x,
              [&](const Var& q) { return (*multihead_attn_)(q, memory, memory, without_weights(options)).output; });
}

template <std::derived_from<Module> Base>
Var TransformerParts<Base>::feed_forward(const Var& x) const {
  return part(norms_.size() - 1, x, [&](const Var& y) {
    const Var h = linear1_(y);
    return linear2_(dropout_(options_.activation == TransformerActivation::relu ? relu(h) : gelu(h)));
  });
}

template class TransformerParts<Layer>;
template class TransformerParts<Module>;

TransformerEncoderLayer::TransformerEncoderLayer(std::int64_t d_model, std::int64_t nhead, Rng& rng,
                                                 TransformerEncoderLayerOptions options)
    : TransformerParts(d_model, nhead, rng, options, false) {}

Var TransformerEncoderLayer::forward(const Var& src, const AttentionOptions& options) const {
  return feed_forward(attend(src, options));
}

TransformerDecoderLayer::TransformerDecoderLayer(std::int64_t d_model, std::int64_t nhead, Rng& rng,
                                                 TransformerDecoderLayerOptions options)
    : TransformerParts(d_model, nhead, rng, options, true) {}

Var TransformerDecoderLayer::forward(const Var& tgt, const Var& memory, const AttentionOptions& own,
                                     const AttentionOptions& to_memory) const {
  return feed_forward(attend_to(memory, attend(tgt, own), to_memory));
}

// ---- stacks

// A module of its own because PyTorch's paths contain `layers`.
template <class Each>
class TransformerLayers : public Module {
 public:
  TransformerLayers(std::int64_t count, std::int64_t d_model, std::int64_t nhead, Rng& rng,
                    const TransformerLayerOptions& options) {
    check(count >= 0, "transformer", "num_layers must be at least 0, got ", count);
    for (std::int64_t i = 0; i < count; ++i)
      all_.push_back(&child<Each>(std::to_string(i), d_model, nhead, rng, options));
  }
  // `others` are what each layer takes besides x.
  template <class... Others>
  Var operator()(Var x, const Others&... others) const {
    return in_context(name(), [&] {
      for (const Each* layer : all_) x = (*layer)(x, others...);
      return x;
    });
  }

 private:
  std::vector<const Each*> all_;
};

TransformerEncoder::TransformerEncoder(std::int64_t num_layers, std::int64_t d_model, std::int64_t nhead, Rng& rng,
                                       TransformerEncoderLayerOptions options, bool norm)
    : layers_(child<TransformerLayers<TransformerEncoderLayer>>("layers", num_layers, d_model, nhead, rng, options)),
      norm_(norm ? &child<LayerNorm>("norm", Shape{d_model}, norm_options(options)) : nullptr) {}

Var TransformerEncoder::forward(const Var& src, const AttentionOptions& options) const {
  const Var x = layers_(src, options);
  return norm_ ? (*norm_)(x) : x;
}

TransformerDecoder::TransformerDecoder(std::int64_t num_layers, std::int64_t d_model, std::int64_t nhead, Rng& rng,
                                       TransformerDecoderLayerOptions options, bool norm)
    : layers_(child<TransformerLayers<TransformerDecoderLayer>>("layers", num_layers, d_model, nhead, rng, options)),
      norm_(norm ? &child<LayerNorm>("norm", Shape{d_model}, norm_options(options)) : nullptr) {}

Var TransformerDecoder::forward(const Var& tgt, const Var& memory, const AttentionOptions& own,
                                const AttentionOptions& to_memory) const {
  const Var x = layers_(tgt, memory, own, to_memory);
  return norm_ ? (*norm_)(x) : x;
}

}  // namespace hourglass::nn
