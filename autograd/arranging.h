// SPDX-License-Identifier: MIT
// What tensor/arranging.h describes, differentiable.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "autograd/var.h"
#include "tensor/arranging.h"

namespace hourglass {

// ---- repeating and moving --- ops/arranging.cpp

Var repeat(const Var& x, const Axes& counts);
Var tile(const Var& x, const Axes& counts);
Var repeat_interleave(const Var& x, std::int64_t count, std::int64_t axis);
Var repeat_interleave(const Var& x, const Tensor& counts, std::int64_t axis);
Var roll(const Var& x, const Axes& shifts, const Axes& axes);
Var movedim(const Var& x, const Axes& from, const Axes& to);
Var squeeze(const Var& x, const Axes& axes);
std::vector<Var> chunk(const Var& x, std::int64_t count, std::int64_t axis = 0);
std::vector<Var> unbind(const Var& x, std::int64_t axis = 0);
std::vector<Var> meshgrid(std::span<const Var> vectors, Indexing indexing = Indexing::ij);
std::vector<Var> meshgrid(std::initializer_list<Var> vectors, Indexing indexing = Indexing::ij);

// ---- diagonals --- ops/arranging.cpp

Var diagonal(const Var& x, std::int64_t offset = 0, std::int64_t axis1 = 0, std::int64_t axis2 = 1);
Var diag_embed(const Var& x, std::int64_t offset = 0, std::int64_t axis1 = -2, std::int64_t axis2 = -1);
Var diag(const Var& x, std::int64_t offset = 0);
Var trace(const Var& x);

// ---- sums of products --- ops/arranging.cpp

Var einsum(std::string_view equation, std::span<const Var> operands);
Var einsum(std::string_view equation, std::initializer_list<Var> operands);
Var tensordot(const Var& a, const Var& b, const Axes& axes_a, const Axes& axes_b);
Var tensordot(const Var& a, const Var& b, std::int64_t count = 2);
Var outer(const Var& a, const Var& b);
Var kron(const Var& a, const Var& b);

}  // namespace hourglass
