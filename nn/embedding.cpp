// SPDX-License-Identifier: MIT
#include "nn/embedding.h"

#include <algorithm>
#include <vector>

#include "autograd/ops.h"

namespace hourglass::nn {

EmbeddingTable::EmbeddingTable(const char* op, std::int64_t num_embeddings, std::int64_t embedding_dim, Rng& rng,
                               const EmbeddingOptions& options)
    : op_(op),
      options_(options),
      weight_(parameter("weight", rng.normal({num_embeddings, embedding_dim}, 0, 1, options.dtype))) {
  if (!options_.padding_idx) return;
  std::int64_t& padding = *options_.padding_idx;
  check(padding >= -num_embeddings && padding < num_embeddings, op, "padding_idx is ", padding, ", but there are ",
        num_embeddings, " rows");
  if (padding < 0) padding += num_embeddings;
  const Tensor rows = reshape(arange(num_embeddings) != padding, {num_embeddings, 1});
  weight_.set_value(where(rows, weight_.value(), 0));
}

void EmbeddingTable::check_indices(const Var& indices) const {
  check(indices.dtype() == Dtype::i64, op_, "indices must be i64, got ", describe(indices));
}

Var EmbeddingTable::rows(const Tensor& indices) const {
  // For each index, how many times its row is used in the whole batch.
  const auto uses = [&] {
    const Tensor once = ones(indices.shape(), weight_.dtype());
    const Tensor counts = index_add(zeros({weight_.shape()[0]}, weight_.dtype()), 0, indices, once);
    return reshape(index_select(counts, 0, indices), {indices.numel(), 1});
  };
  if (options_.max_norm) {
    const Tensor rows = index_select(weight_.value(), 0, indices), length = norm(rows, {1}, true, options_.norm_type);
    const Tensor excess = where(length > *options_.max_norm, rows - rows * (*options_.max_norm / (length + 1e-7)), 0);
    // index_add adds the excess once for each use; the division makes this one time in total.
    weight_.set_value(index_add(weight_.value(), 0, indices, -excess / uses()));
  }
  const Var rows = index_select(Var(weight_), 0, indices);
  if (!options_.scale_grad_by_freq) return rows;
  const Var value = rows.detach();  // rows - value is 0, and has a gradient
  return value + (rows - value) / constant(uses());
}

// ---- one row for each index

Embedding::Embedding(std::int64_t num_embeddings, std::int64_t embedding_dim, Rng& rng, EmbeddingOptions options)
    : EmbeddingTable("embedding", num_embeddings, embedding_dim, rng, options) {}

Var Embedding::forward(const Var& indices) const {
  check_indices(indices);
  const Tensor flat = flatten(indices.value());
  Var found = rows(flat);
  if (padding_idx()) found = where(reshape(flat != *padding_idx(), {flat.numel(), 1}), found, found.detach());
  Shape shape = indices.shape();
  shape.push_back(weight().shape()[1]);
  return reshape(found, shape);
}

// ---- bags

EmbeddingBag::EmbeddingBag(std::int64_t num_embeddings, std::int64_t embedding_dim, Rng& rng,
                           EmbeddingBagOptions options)
    : EmbeddingTable(
          "embedding_bag", num_embeddings, embedding_dim, rng,
          {options.padding_idx, options.max_norm, options.norm_type, options.scale_grad_by_freq, options.dtype}),
      mode_(options.mode),
      include_last_offset_(options.include_last_offset) {
  check(!options.scale_grad_by_freq || mode_ != BagMode::max, op(), "scale_grad_by_freq is not for the mode max");
}

// The place in flat indices where each bag begins.
Tensor EmbeddingBag::begins(const Var& indices, const std::optional<Tensor>& offsets) const {
  const std::int64_t count = indices.numel();
  if (!offsets) {
    check(indices.dim() == 2, op(), "indices are [bags, l], or [k] with offsets, got ", describe(indices));
    return arange(indices.size(0)) * indices.size(1);
  }
  check(indices.dim() == 1 && offsets->dim() == 1 && offsets->dtype() == Dtype::i64, op(),
        "with offsets [bags], i64, indices are [k], got ", describe(*offsets), " and ", describe(indices));
  const std::vector<std::int64_t> begin = offsets->to_vector<std::int64_t>();
  const std::int64_t first = begin.empty() ? 0 : begin.front(), last = begin.empty() ? 0 : begin.back();
  check(!begin.empty() || (count == 0 && !include_last_offset_), op(), "offsets are ", describe(*offsets),
        ", so indices must be i64[0], got ", describe(indices));
  const auto drop = std::is_sorted_until(begin.begin(), begin.end());
  if (drop != begin.end()) fail(op(), "offsets ascend, but ", *drop, " comes after ", *(drop - 1));
  check(first == 0 && last <= count, op(), "offsets begin with 0 and reach at most the ", count, " indices, got ",
        first, " to ", last);
  if (!include_last_offset_) return *offsets;
  check(last == count, op(), "the last offset is the number of indices, ", count, ", got ", last);
  return slice(*offsets, 0, 0, offsets->numel() - 1);
}

Var EmbeddingBag::forward(const Var& indices, const std::optional<Tensor>& offsets,
                          const std::optional<Var>& per_sample_weights) const {
  check_indices(indices);
  const Tensor begin = begins(indices, offsets);
  const std::int64_t bags = begin.numel(), width = weight().shape()[1];
  Tensor words = flatten(indices.value()), bag = searchsorted(begin, arange(words.numel()), true) - 1;
  std::optional<Var> factors;
  if (per_sample_weights) {
    check(mode_ == BagMode::sum, op(), "per_sample_weights are only for the mode sum");
    check(per_sample_weights->shape() == indices.shape() && per_sample_weights->dtype() == weight().dtype(), op(),
          "per_sample_weights must be ", weight().dtype(), indices.shape(), ", got ", describe(*per_sample_weights));
    factors = flatten(*per_sample_weights);
  }
  if (padding_idx()) {
    const Tensor counts = words != *padding_idx();
    bag = masked_select(bag, counts);
    if (factors) factors = masked_select(*factors, counts);
    words = masked_select(words, counts);
  }
  Var each = rows(words);
  if (factors) each = each * unsqueeze(*factors, 1);
  const Var nothing = constant(zeros({bags, width}, weight().dtype()));
  if (mode_ == BagMode::max)
    return scatter_reduce(nothing, 0, expand(unsqueeze(bag, 1), each.shape()), each, ScatterReduce::amax, false);
  const Var sums = index_add(nothing, 0, bag, each);
  if (mode_ == BagMode::sum) return sums;
  const Tensor counts = reshape(bincount(bag, bags), {bags, 1});
  return sums / constant(maximum(hourglass::to(counts, weight().dtype()), 1));
}

}  // namespace hourglass::nn
