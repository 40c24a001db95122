// SPDX-License-Identifier: MIT
#include "examples/support/split.h"

#include <cmath>
#include <map>
#include <vector>

#include "tensor/ops.h"
#include "tensor/random.h"

namespace hourglass::examples {
namespace {

std::int64_t part_of(std::int64_t n, double part) { return std::llround(part * static_cast<double>(n)); }

Split deal(const Tensor& rows, const SplitOptions& options, Rng rng) {
  check(options.validation >= 0 && options.test >= 0 && options.validation + options.test <= 1, "split",
        "the parts must not be negative, nor more than 1 together, got ", options.validation, " and ", options.test);
  const std::int64_t n = rows.numel(), test = part_of(n, options.test);
  const std::int64_t validation = std::min(part_of(n, options.validation), n - test);
  const Tensor order = index_select(rows, 0, rng.permutation(n));
  return {slice(order, 0, test + validation, n), slice(order, 0, test, test + validation), slice(order, 0, 0, test)};
}

}  // namespace

Split split_rows(std::int64_t n, const SplitOptions& options) {
  check(n >= 0, "split", "cannot deal out ", n, " rows");
  return deal(arange(n), options, Rng(options.seed).split("split"));
}

Split split_by_class(const Tensor& labels, const SplitOptions& options) {
  check(labels.dtype() == Dtype::i64 && labels.dim() == 1, "split", "needs labels i64[n], got ", describe(labels));
  std::map<std::int64_t, std::vector<std::int64_t>> members;
  const std::vector<std::int64_t> all = labels.to_vector<std::int64_t>();
  for (std::size_t i = 0; i < all.size(); ++i) members[all[i]].push_back(static_cast<std::int64_t>(i));
  const Rng rng = Rng(options.seed).split("split");
  std::vector<Tensor> train{arange(0)}, validation = train, test = train;
  for (const auto& [label, rows] : members) {
    const Split one = deal(Tensor::from(rows), options, rng.split(static_cast<std::uint64_t>(label)));
    train.push_back(one.train);
    validation.push_back(one.validation);
    test.push_back(one.test);
  }
  // Shuffled, as training needs the classes mixed.
  const auto mixed = [&](const std::vector<Tensor>& parts, std::string_view name) {
    const Tensor together = concat(parts, 0);
    return index_select(together, 0, rng.split(name).permutation(together.numel()));
  };
  return {mixed(train, "train"), mixed(validation, "validation"), mixed(test, "test")};
}

}  // namespace hourglass::examples
