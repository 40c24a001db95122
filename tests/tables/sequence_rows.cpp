// SPDX-License-Identifier: MIT
// Rows of the layer table for sequences: embeddings, recurrent networks, attention.
#include <limits>

#include "autograd/ops.h"
#include "nn/embedding.h"
#include "nn/recurrent.h"
#include "nn/transformer.h"
#include "tests/tables/layer_rows.h"

namespace hourglass::test {
namespace {

void add_words(std::vector<LayerRow>& rows) {
  const auto row = [&](const char* name, nn::EmbeddingOptions options, Exact exact) {
    rows.push_back(random_layer<nn::Embedding>(name, integers({2, 3}, 0, 5), {.bad = Shape{2}, .exact = exact},
                                               sizes(5, 3), options));
  };
  row("Embedding", {}, Exact::always);
  row("Embedding with padding", {.padding_idx = -3}, Exact::never);
  row("Embedding scaled by frequency", {.scale_grad_by_freq = true}, Exact::never);

  using Bag = nn::EmbeddingBag;
  const auto bag = [&](const char* name, Inputs inputs, nn::EmbeddingBagOptions options, auto call, Exact exact) {
    rows.push_back(module(
        name, std::move(inputs),
        [options](Box & box, Rng & rng) -> auto& { return box.child<Bag>("layer", 5, 3, rng, options); },
        [call](const Bag& l, const Vars& v) { return Vars{call(l, v)}; }, {.bad = Shape{2}, .exact = exact}));
  };
  const Input words = integers({7}, 0, 5), begins = integers({4}, 0, 4);
  const auto plain = [](const Bag& l, const Vars& v) { return l(v[0].value()); };
  const auto one_after_another = [](const Bag& l, const Vars& v) {
    return l(v[0].value(), sort(v[1].value()).values, v.size() > 2 ? std::optional(v[2]) : std::nullopt);
  };
  using enum nn::BagMode;
  bag("EmbeddingBag", {integers({2, 3}, 0, 5)}, {}, plain, Exact::always);
  bag("EmbeddingBag of weighted sums", {words, begins, uniform({7}, -2, 2)}, {.mode = sum, .padding_idx = 2},
      one_after_another, Exact::always);
  bag("EmbeddingBag of means with padding", {words, begins}, {.padding_idx = -4}, one_after_another, Exact::always);
  bag("EmbeddingBag of maxima", {words, begins}, {.mode = max, .padding_idx = 0}, one_after_another, Exact::always);
  bag("EmbeddingBag scaled by frequency", {integers({2, 3}, 0, 5)}, {.scale_grad_by_freq = true, .mode = sum}, plain,
      Exact::never);
}

template <class L>
Vars outputs(const typename L::Output& result) {
  if constexpr (requires { result.c; }) return {result.output, result.h, result.c};
  else return {result.output, result.h};
}

template <class L>
void add_sequences(std::vector<LayerRow>& rows, const std::string& kind) {
  constexpr bool has_c = std::is_same_v<L, nn::LSTM>;
  const auto row = [&](const std::string& name, Inputs inputs, std::int64_t in, nn::RecurrentOptions options, auto call,
                       int batch, const Shape& bad) {
    rows.push_back(module(
        kind + name, std::move(inputs),
        [ in, options ](Box & box, Rng & rng) -> auto& { return box.child<L>("layer", in, 2, rng, options); },
        [call](const L& l, const Vars& v) { return outputs<L>(call(l, v)); }, {.batch = batch, .bad = bad}));
  };
  const auto plain = [](const L& l, const Vars& v) { return l(v[0]); };
  const Input x = uniform({4, 2, 3}, -2, 2), state = uniform({1, 2, 2}, -1, 1);
  row("", {x}, 3, {}, plain, 1, {4, 2, 2});
  row(" from states", has_c ? Inputs{x, state, state} : Inputs{x, state}, 3, {},
      [](const L& l, const Vars& v) {
        return l(v[0], {.h = v[1], .c = v.size() > 2 ? std::optional(v[2]) : std::nullopt});
      },
      1, {4, 2, 2});
  row(" without bias", {uniform({2, 3, 3}, -2, 2)}, 3, {.bias = false, .batch_first = true}, plain, 0, {2, 0, 3});
  row(" of two layers and directions", {uniform({3, 2, 2}, -2, 2)}, 2, {.num_layers = 2, .bidirectional = true}, plain,
      1, {4});
  row(" of lengths", {uniform({3, 4, 2}, -2, 2), integers({3}, 1, 4)}, 2,
      {.num_layers = 2, .batch_first = true, .bidirectional = true},
      [](const L& l, const Vars& v) { return l(v[0], {.lengths = v[1].value()}); }, 0, {3, 4, 3});
  row(" with dropout", {x}, 3, {.num_layers = 2, .dropout = 0.4}, plain, 1, {4, 2, 2});
}

template <class C>
LayerRow cell(const std::string& name) {
  constexpr bool has_c = std::is_same_v<C, nn::LSTMCell>;
  const Input state = uniform({4, 2}, -1, 1);
  return module(
      name, has_c ? Inputs{uniform({4, 3}, -2, 2), state, state} : Inputs{uniform({4, 3}, -2, 2), state},
      [](Box & box, Rng & rng) -> auto& { return box.child<C>("layer", 3, 2, rng); },
      [](const C& c, const Vars& v) {
        if constexpr (has_c) {
          const nn::LSTMCell::States next = c(v[0], {v[1], v[2]});
          return Vars{next.h, next.c};
        } else {
          return Vars{c(v[0], v[1])};
        }
      },
      {.bad = Shape{4, 2}});
}

void add_attention(std::vector<LayerRow>& rows) {
  const auto row = [&](const std::string& name, Inputs inputs, nn::MultiheadAttentionOptions options, auto call,
                       std::optional<int> batch, int constants = 0) {
    rows.push_back(module(
        "MultiheadAttention" + name, std::move(inputs),
        [options](Box & box, Rng & rng) -> auto& {
          return box.child<nn::MultiheadAttention>("layer", 4, 2, rng, options);
        },
        [call](const nn::MultiheadAttention& l, const Vars& v) {
          const nn::MultiheadAttention::Output result = call(l, v);
          return Vars{result.output, result.weights};
        },
        {.batch = batch, .bad = Shape{3, 2, 5}, .constants = constants}));
  };
  using Attention = nn::MultiheadAttention;
  const Input x = uniform({3, 2, 4}, -2, 2), source = uniform({2, 2, 4}, -2, 2);
  const auto cross = [](const Attention& l, const Vars& v) { return l(v[0], v[1], v[2]); };
  row("", {x, source, source}, {}, cross, 1);
  row(
      " to itself", {uniform({2, 3, 4}, -2, 2)}, {.batch_first = true},
      [](const Attention& l, const Vars& v) { return l(v[0], v[0], v[0]); }, 0);
  row(
      " with masks", {x, {{3, 3}, 0, 1, Dtype::u8}, {{2, 3}, 0, 1, Dtype::u8}}, {},
      [](const Attention& l, const Vars& v) {
        return l(v[0], v[0], v[0],
                 {.key_padding_mask = v[2].value(), .attn_mask = v[1].value(), .average_attn_weights = false});
      },
      std::nullopt);
  row(
      " with a bias for each head", {x, uniform({4, 3, 3}, -1, 1)}, {},
      [](const Attention& l, const Vars& v) { return l(v[0], v[0], v[0], {.attn_mask = v[1].value()}); }, std::nullopt,
      1);
  row(" of other sizes", {x, uniform({2, 2, 3}, -2, 2), uniform({2, 2, 2}, -2, 2)},
      {.bias = false, .kdim = 3, .vdim = 2}, cross, 1);
  row(
      " with more keys", {x, {{3, 3}, 0, 1, Dtype::u8}}, {.add_bias_kv = true, .add_zero_attn = true},
      [](const Attention& l, const Vars& v) { return l(v[0], v[0], v[0], {.attn_mask = v[1].value()}); }, std::nullopt);
  row(" with dropout", {x, source, source}, {.dropout = 0.4}, cross, 1);
  row(
      " to the past", {x}, {.add_zero_attn = true},
      [](const Attention& l, const Vars& v) { return l(v[0], v[0], v[0], {.is_causal = true}); }, 1);
  rows.push_back(random_layer<nn::TransformerEncoderLayer>(
      "TransformerEncoderLayer", x, {.batch = 1, .bad = Shape{3, 2, 5}}, sizes(4, 2),
      nn::TransformerEncoderLayerOptions{.dim_feedforward = 3, .dropout = 0}));
  rows.push_back(module(
      "TransformerEncoderLayer, norm first", {uniform({2, 3, 4}, -2, 2), {{3, 3}, 0, 1, Dtype::u8}},
      [](Box & box, Rng & rng) -> auto& {
        return box.child<nn::TransformerEncoderLayer>(
            "layer", 4, 2, rng,
            nn::TransformerEncoderLayerOptions{.dim_feedforward = 3,
                                               .dropout = 0,
                                               .activation = nn::TransformerActivation::gelu,
                                               .batch_first = true,
                                               .norm_first = true});
      },
      [](const nn::TransformerEncoderLayer& l, const Vars& v) { return Vars{l(v[0], {.attn_mask = v[1].value()})}; },
      {.batch = {}, .bad = Shape{2, 3, 5}}));
  const nn::TransformerEncoderLayerOptions small{.dim_feedforward = 3, .dropout = 0};
  rows.push_back(random_layer<nn::TransformerEncoder>("TransformerEncoder", x, {.batch = 1, .bad = Shape{3, 2, 5}},
                                                      sizes(2, 4, 2), small));
  rows.push_back(module(
      "TransformerEncoder with a mask and a last norm", {x, {{3, 3}, 0, 1, Dtype::u8}},
      [small](Box & box, Rng & rng) -> auto& {
        nn::TransformerEncoderLayerOptions options = small;
        options.norm_first = true;
        return box.child<nn::TransformerEncoder>("layer", 2, 4, 2, rng, options, true);
      },
      [](const nn::TransformerEncoder& l, const Vars& v) { return Vars{l(v[0], {.attn_mask = v[1].value()})}; },
      {.batch = {}, .bad = Shape{3, 2, 5}}));
}

void add_decoders(std::vector<LayerRow>& rows) {
  const Input x = uniform({3, 2, 4}, -2, 2), memory = uniform({2, 2, 4}, -2, 2);
  const nn::TransformerDecoderLayerOptions small{.dim_feedforward = 3, .dropout = 0};
  const auto plain = [](const auto& l, const Vars& v) { return Vars{l(v[0], v[1])}; };
  const auto causal = [](const auto& l, const Vars& v) {
    return Vars{l(v[0], v[1], {.is_causal = true}, {.key_padding_mask = v[2].value()})};
  };
  const auto layer = [&](const char* name, Inputs inputs, auto change, auto call, std::optional<int> batch) {
    nn::TransformerDecoderLayerOptions options = small;
    change(options);
    rows.push_back(module(name, std::move(inputs),
                          [options](Box & box, Rng & rng) -> auto& {
                            return box.child<nn::TransformerDecoderLayer>("layer", 4, 2, rng, options);
                          },
                          call, {.batch = batch, .bad = Shape{3, 2, 5}}));
  };
  const auto stack = [&](const char* name, bool norm, Inputs inputs, auto call, std::optional<int> batch) {
    nn::TransformerDecoderLayerOptions options = small;
    options.norm_first = norm;
    rows.push_back(module(name, std::move(inputs), [ options, norm ](Box & box, Rng & rng) -> auto& {
      return box.child<nn::TransformerDecoder>("layer", 2, 4, 2, rng, options, norm);
    },
                          call, {.batch = batch, .bad = Shape{3, 2, 5}}));
  };
  layer(
      "TransformerDecoderLayer", {x, memory}, [](auto&) {}, plain, 1);
  layer(
      "TransformerDecoderLayer, norm first", {uniform({2, 3, 4}, -2, 2), memory, {{2, 2}, 0, 1, Dtype::u8}},
      [](auto& o) {
        o.activation = nn::TransformerActivation::gelu;
        o.batch_first = o.norm_first = true;
      },
      causal, std::nullopt);
  layer(
      "TransformerDecoderLayer without bias", {x, memory}, [](auto& o) { o.bias = false; }, plain, 1);
  stack("TransformerDecoder", false, {x, memory}, plain, 1);
  stack("TransformerDecoder with masks and a last norm", true, {x, memory, {{2, 2}, 0, 1, Dtype::u8}}, causal,
        std::nullopt);
}

}  // namespace

void add_sequence_rows(std::vector<LayerRow>& rows) {
  add_words(rows);
  add_sequences<nn::RNN>(rows, "RNN");
  add_sequences<nn::GRU>(rows, "GRU");
  add_sequences<nn::LSTM>(rows, "LSTM");
  rows.push_back(cell<nn::RNNCell>("RNNCell"));
  rows.push_back(cell<nn::GRUCell>("GRUCell"));
  rows.push_back(cell<nn::LSTMCell>("LSTMCell"));
  rows.push_back(module(
      "RNN with relu", {uniform({3, 2, 3}, -2, 2)}, [](Box & box, Rng & rng) -> auto& {
        return box.child<nn::RNN>("layer", 3, 2, rng,
                                  nn::RecurrentOptions{.nonlinearity = nn::RecurrentNonlinearity::relu});
      },
      [](const nn::RNN& l, const Vars& v) { return outputs<nn::RNN>(l(v[0])); }, {.batch = 1, .bad = Shape{3, 2, 2}}));
  add_attention(rows);
  add_decoders(rows);
}

}  // namespace hourglass::test
