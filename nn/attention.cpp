// SPDX-License-Identifier: MIT
#include "nn/attention.h"

#include <cmath>
#include <limits>

#include "autograd/ops.h"
#include "nn/init.h"
#include "tensor/checked.h"

namespace hourglass::nn {
namespace {

// Whether a and b are the same Var.
bool same(const Var& a, const Var& b) {
  return a.node() == b.node() && a.value().storage().data() == b.value().storage().data() && a.shape() == b.shape() &&
         a.value().strides() == b.value().strides() && a.value().offset() == b.value().offset();
}

// x W[rows]ᵀ + b[rows]
Var project_with(const Var& x, const Var& weight, const std::optional<Parameter>& bias, std::int64_t first,
                 std::int64_t rows) {
  return bias ? linear(x, weight, slice(*bias, 0, first, first + rows)) : linear(x, weight);
}

// Applies a mask: scores become -∞ where a u8 mask is not 0; any other mask is added.
Var masked(const Var& scores, const Tensor& mask) {
  if (mask.dtype() == Dtype::u8) return masked_fill(scores, mask, -std::numeric_limits<double>::infinity());
  return scores + constant(mask);
}

// softmax along the last axis. A query that may look at no key has weights of 0: 0 / 0 would be NaN, and its product
// with the keys' gradients would spread to every other query.
Var attention_weights(const Var& scores) {
  const Var weights = softmax(scores, -1);
  if (scores.size(-1) == 0 || any(isnan(select(weights.value(), -1, 0))).item() == 0) return weights;
  return where(max(scores.value(), {-1}, true) == -std::numeric_limits<double>::infinity(), 0, weights);
}

}  // namespace

MultiheadAttention::MultiheadAttention(std::int64_t embed_dim, std::int64_t num_heads, Rng& rng,
                                       MultiheadAttentionOptions options)
    : embed_dim_(embed_dim), heads_(num_heads), options_(options), out_proj_([&]() -> Linear& {
        check(num_heads > 0 && embed_dim > 0 && embed_dim % num_heads == 0, "multihead_attention", embed_dim,
              " cannot be divided among ", num_heads, " heads");
        const std::int64_t e = embed_dim, kdim = options.kdim.value_or(e), vdim = options.vdim.value_or(e);
        const std::int64_t all = Checked("multihead_attention", e) * 3;
        const init::XavierOptions dtype{.dtype = options.dtype};
        if (kdim == e && vdim == e) {
          in_proj_weight_ = parameter("in_proj_weight", init::xavier_uniform({all, e}, rng, dtype));
        } else {
          q_proj_weight_ = parameter("q_proj_weight", init::xavier_uniform({e, e}, rng, dtype));
          k_proj_weight_ = parameter("k_proj_weight", init::xavier_uniform({e, kdim}, rng, dtype));
          v_proj_weight_ = parameter("v_proj_weight", init::xavier_uniform({e, vdim}, rng, dtype));
        }
        if (options.bias) in_proj_bias_ = parameter("in_proj_bias", zeros({all}, options.dtype));
        if (options.add_bias_kv) {
          bias_k_ = parameter("bias_k", init::xavier_normal({1, 1, e}, rng, dtype));
          bias_v_ = parameter("bias_v", init::xavier_normal({1, 1, e}, rng, dtype));
        }
        return child<Linear>("out_proj", e, e, rng, LinearOptions{.bias = options.bias, .dtype = options.dtype});
      }()) {
  if (options.bias) out_proj_.bias()->set_value(zeros({embed_dim}, options.dtype));
  if (options.dropout > 0) dropout_ = &child<Dropout>("dropout", rng, options.dropout);
}

MultiheadAttention::Projected MultiheadAttention::project(const Var& query, const Var& key, const Var& value) const {
  const std::int64_t e = embed_dim_;
  if (!in_proj_weight_)
    return {project_with(query, *q_proj_weight_, in_proj_bias_, 0, e),
            project_with(key, *k_proj_weight_, in_proj_bias_, e, e),
            project_with(value, *v_proj_weight_, in_proj_bias_, 2 * e, e)};
  if (same(query, key) && same(key, value)) {  // self-attention: one product
    const Var all = project_with(query, *in_proj_weight_, in_proj_bias_, 0, 3 * e);
    return {slice(all, -1, 0, e), slice(all, -1, e, 2 * e), slice(all, -1, 2 * e, 3 * e)};
  }
  const std::vector<Var> weights = split(*in_proj_weight_, e, 0);
  return {project_with(query, weights[0], in_proj_bias_, 0, e), project_with(key, weights[1], in_proj_bias_, e, e),
          project_with(value, weights[2], in_proj_bias_, 2 * e, e)};
}

// query is [n, l, e], key and value [n, s, ...].
MultiheadAttention::Output MultiheadAttention::attend(const Var& query, const Var& key, const Var& value,
                                                      const AttentionOptions& options) const {
  const std::int64_t n = query.size(0), l = query.size(1), s = key.size(1), d = embed_dim_ / heads_;
  Projected p = project(query, key, value);
  std::int64_t extra = 0;  // the number of appended keys and values; masks do not cover them
  const auto append = [&](const Var& k_row, const Var& v_row) {
    p.k = concat({p.k, expand(k_row, {n, 1, embed_dim_})}, 1);
    p.v = concat({p.v, expand(v_row, {n, 1, embed_dim_})}, 1);
    ++extra;
  };
  if (bias_k_) append(*bias_k_, *bias_v_);
  if (options_.add_zero_attn) {
    const Var zero = constant(zeros({1, 1, embed_dim_}, query.dtype()));
    append(zero, zero);
  }

  const auto to_heads = [&](const Var& x) { return permute(reshape(x, {n, x.size(1), heads_, d}), {0, 2, 1, 3}); };
  Var scores =
      matmul(to_heads(p.q) * (1 / std::sqrt(static_cast<double>(d))), transpose(to_heads(p.k)));  // [n, heads, l, s]
  const auto widened = [&](const Tensor& mask) { return pad(mask, {{0, extra}}); };
  if (const auto& mask = options.attn_mask) {
    const bool for_heads = mask->shape() == Shape{n * heads_, l, s};
    check(for_heads || mask->shape() == Shape{l, s}, "multihead_attention", "attn_mask must be ", Shape{l, s}, " or ",
          Shape{n * heads_, l, s}, ", got ", describe(*mask));
    scores = masked(scores, for_heads ? reshape(widened(*mask), {n, heads_, l, s + extra}) : widened(*mask));
  }
  if (options.is_causal) scores = masked(scores, widened(triu(ones({l, s}, Dtype::u8), 1)));
  if (const auto& mask = options.key_padding_mask) {
    check(mask->shape() == Shape{n, s}, "multihead_attention", "key_padding_mask must be ", Shape{n, s}, ", got ",
          describe(*mask));
    scores = masked(scores, reshape(widened(*mask), {n, 1, 1, s + extra}));
  }
  Var weights = attention_weights(scores);
  if (dropout_) weights = (*dropout_)(weights);
  const Var mixed = reshape(permute(matmul(weights, to_heads(p.v)), {0, 2, 1, 3}), {n, l, embed_dim_});
  if (!options.need_weights) return {out_proj_(mixed), {}};
  return {out_proj_(mixed), options.average_attn_weights ? mean(weights, {1}) : weights};
}

MultiheadAttention::Output MultiheadAttention::forward(const Var& query, const Var& key, const Var& value,
                                                       const AttentionOptions& options) const {
  const std::int64_t kdim = options_.kdim.value_or(embed_dim_), vdim = options_.vdim.value_or(embed_dim_);
  const bool single = query.dim() == 2;
  const int sample = single || options_.batch_first ? 0 : 1, place = 1 - sample;
  check((single || query.dim() == 3) && key.dim() == query.dim() && value.dim() == query.dim() &&
            query.size(-1) == embed_dim_ && key.size(-1) == kdim && value.size(-1) == vdim &&
            (single ? key.size(0) == value.size(0)
                    : key.size(place) == value.size(place) && query.size(sample) == key.size(sample) &&
                          query.size(sample) == value.size(sample)),
        "multihead_attention", "expects query ", options_.batch_first ? "[n, l, " : "[l, n, ", embed_dim_, "], key ",
        options_.batch_first ? "[n, s, " : "[s, n, ", kdim, "] and value ",
        options_.batch_first ? "[n, s, " : "[s, n, ", vdim, "], got ", describe(query), ", ", describe(key), " and ",
        describe(value));
  if (single) {
    AttentionOptions of_one = options;
    if (options.key_padding_mask) of_one.key_padding_mask = unsqueeze(*options.key_padding_mask, 0);
    const Output one = attend(unsqueeze(query, 0), unsqueeze(key, 0), unsqueeze(value, 0), of_one);
    return {squeeze(one.output, 0), options.need_weights ? squeeze(one.weights, 0) : Var()};
  }
  if (options_.batch_first) return attend(query, key, value, options);
  const Var q = transpose(query, 0, 1), k = same(key, query) ? q : transpose(key, 0, 1),
            v = same(value, key) ? k : transpose(value, 0, 1);
  const Output batch = attend(q, k, v, options);
  return {transpose(batch.output, 0, 1), batch.weights};
}

}  // namespace hourglass::nn
