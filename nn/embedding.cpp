// SPDX-License-Identifier: MIT
#include "nn/embedding.h"

#include <algorithm>

#include "autograd/ops.h"

namespace hourglass::nn {

Embedding::Embedding(std::int64_t num_embeddings, std::int64_t embedding_dim, Rng& rng, EmbeddingOptions options)
    : options_(options),
      weight_(parameter("weight", rng.normal({num_embeddings, embedding_dim}, 0, 1, options.dtype))) {
  if (!options_.padding_idx) return;
  std::int64_t& padding = *options_.padding_idx;
  check(padding >= -num_embeddings && padding < num_embeddings, "embedding", "padding_idx is ", padding,
        ", but there are ", num_embeddings, " rows");
  if (padding < 0) padding += num_embeddings;
  const Tensor rows = reshape(arange(num_embeddings) != padding, {num_embeddings, 1});
  weight_.set_value(where(rows, weight_.value(), 0));
}

Var Embedding::forward(const Var& indices) const {
  check(indices.dtype() == Dtype::i64, "embedding", "indices must be i64, got ", describe(indices));
  const Tensor flat = flatten(indices.value());
  // For each index, how many times its row is used in the whole batch.
  const auto uses = [&] {
    const Tensor once = ones(flat.shape(), weight_.dtype());
    const Tensor counts = index_add(zeros({weight_.shape()[0]}, weight_.dtype()), 0, flat, once);
    return reshape(index_select(counts, 0, flat), {flat.numel(), 1});
  };
  if (options_.max_norm) {
    const Tensor rows = index_select(weight_.value(), 0, flat), length = norm(rows, {1}, true, options_.norm_type);
    const Tensor excess = where(length > *options_.max_norm, rows - rows * (*options_.max_norm / (length + 1e-7)), 0);
    // index_add adds the excess once for each use; the division makes this one time in total.
    weight_.set_value(index_add(weight_.value(), 0, flat, -excess / uses()));
  }
  Var rows = index_select(Var(weight_), 0, flat);
  if (options_.scale_grad_by_freq) {
    const Var value = rows.detach();  // rows - value is 0, and has a gradient
    rows = value + (rows - value) / constant(uses());
  }
  if (options_.padding_idx)
    rows = where(reshape(flat != *options_.padding_idx, {flat.numel(), 1}), rows, rows.detach());
  Shape shape = indices.shape();
  shape.push_back(weight_.shape()[1]);
  return reshape(rows, shape);
}

}  // namespace hourglass::nn
