// SPDX-License-Identifier: MIT
// What tensor/indexing.h describes, differentiable by all that is not an index.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <span>

#include "autograd/var.h"
#include "tensor/indexing.h"

namespace hourglass {

// ---- at the places of an index --- ops/indexing.cpp

Var scatter(const Var& x, std::int64_t axis, const Tensor& index, const Var& source);
Var scatter(const Var& x, std::int64_t axis, const Tensor& index, Scalar value);
/// Equal largest (smallest) numbers share the gradient evenly.
Var scatter_reduce(const Var& x, std::int64_t axis, const Tensor& index, const Var& source, ScatterReduce how,
                   bool include_self = true);
Var index_get(const Var& x, std::span<const Tensor> indices);
Var index_get(const Var& x, std::initializer_list<Tensor> indices);
Var index_put(const Var& x, std::span<const Tensor> indices, const Var& values, bool accumulate = false);
Var index_put(const Var& x, std::initializer_list<Tensor> indices, const Var& values, bool accumulate = false);
Var masked_select(const Var& x, const Tensor& mask);
/// The sums of the weights.
Var bincount(const Tensor& numbers, const Var& weights, std::int64_t min_length = 0);

}  // namespace hourglass
