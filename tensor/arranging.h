// SPDX-License-Identifier: MIT
// Repeating, rolling, diagonals, grids and sums of products by label. autograd/arranging.h has the same on Var.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "tensor/tensor.h"

namespace hourglass {

// ---- repeating --------------------------------------------------------------------------------- ops_arranging.cpp

/// x repeated as a whole, counts[i] times along axis i. Counts beyond x's axes make new axes in front; there may not be
/// fewer counts than axes.
Tensor repeat(const Tensor& x, const Axes& counts);
/// The same, as numpy.tile: if there are fewer counts than axes, they belong to the last axes.
Tensor tile(const Tensor& x, const Axes& counts);
/// Every index of the axis repeated `count` times, or index i repeated counts[i] times: a b becomes a a b b. counts is
/// i64 and 1-d.
Tensor repeat_interleave(const Tensor& x, std::int64_t count, std::int64_t axis);
Tensor repeat_interleave(const Tensor& x, const Tensor& counts, std::int64_t axis);

// ---- moving ------------------------------------------------------------------------------------ ops_arranging.cpp

/// Moves what lies at index i of axes[k] to index i + shifts[k]; what leaves at one end comes back at the other.
Tensor roll(const Tensor& x, const Axes& shifts, const Axes& axes);
/// Axis from[k] becomes axis to[k]; the other axes keep their order. A view.
Tensor movedim(const Tensor& x, const Axes& from, const Axes& to);
/// Removes these axes, which must have extent 1. An empty list removes none.
Tensor squeeze(const Tensor& x, const Axes& axes);
/// At most `count` views of equal extent along the axis; the last may be smaller.
std::vector<Tensor> chunk(const Tensor& x, std::int64_t count, std::int64_t axis = 0);
/// Views of every index of the axis, which disappears.
std::vector<Tensor> unbind(const Tensor& x, std::int64_t axis = 0);
enum class Indexing { ij, xy };
/// Views that hold the coordinates of a grid: of vectors with m and n elements, [m, n] whose rows (first result) and
/// columns (second) hold them, or [n, m] for Indexing::xy, where the first one counts the columns. Further vectors give
/// further axes.
std::vector<Tensor> meshgrid(std::span<const Tensor> vectors, Indexing indexing = Indexing::ij);
std::vector<Tensor> meshgrid(std::initializer_list<Tensor> vectors, Indexing indexing = Indexing::ij);

// ---- diagonals --------------------------------------------------------------------------------- ops_arranging.cpp

/// The elements x[i, i + offset] of the two axes, as a new last axis. A view.
Tensor diagonal(const Tensor& x, std::int64_t offset = 0, std::int64_t axis1 = 0, std::int64_t axis2 = 1);
/// Matrices, along two new axes of the result, with x's last axis on the diagonal and zeros elsewhere.
Tensor diag_embed(const Tensor& x, std::int64_t offset = 0, std::int64_t axis1 = -2, std::int64_t axis2 = -1);
/// diag_embed of a vector, the diagonal of a matrix.
Tensor diag(const Tensor& x, std::int64_t offset = 0);
/// The sum of the diagonal of the last two axes.
Tensor trace(const Tensor& x);

// ---- sums of products ----------------------------------------------------------------------------- ops_einsum.cpp

/// A sum of products, in Einstein's notation: each operand's axes have letters, and the products of the elements with
/// equal letters are added up over the letters that the result does not have.
///   einsum("ij,jk->ik", {a, b})      matmul(a, b)
///   einsum("...ii->...i", {a})       the diagonals of matrices
///   einsum("i,i", {a, b})            without "->", the result has the letters that come once, in alphabetical order
/// ... are axes that broadcast, aligned on the right. An extent of 1 broadcasts, too. Each pair of operands, from left
/// to right, is one matmul of views where it can be.
Tensor einsum(std::string_view equation, std::span<const Tensor> operands);
Tensor einsum(std::string_view equation, std::initializer_list<Tensor> operands);
/// The sum of products over axes_a of a and axes_b of b, pair by pair; a's other axes come first. Or over the last
/// `count` axes of a and the first of b.
Tensor tensordot(const Tensor& a, const Tensor& b, const Axes& axes_a, const Axes& axes_b);
Tensor tensordot(const Tensor& a, const Tensor& b, std::int64_t count = 2);
/// a[i] b[j] of two vectors
Tensor outer(const Tensor& a, const Tensor& b);
/// The Kronecker product: a with every element replaced by itself times b. At most 4 axes.
Tensor kron(const Tensor& a, const Tensor& b);

}  // namespace hourglass
