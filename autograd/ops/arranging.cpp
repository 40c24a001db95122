// SPDX-License-Identifier: MIT
// The Var forms of composed/arranging.h and composed/einsum.h: formulas of other ops, and the diagonal.
#include "autograd/arranging.h"

#include "autograd/node.h"
#include "autograd/ops.h"
#include "tensor/composed/arranging.h"
#include "tensor/composed/einsum.h"

namespace hourglass {

Var repeat(const Var& x, const Axes& counts) { return composed::repeat("repeat", x, counts); }
Var tile(const Var& x, const Axes& counts) { return composed::tile(x, counts); }
Var repeat_interleave(const Var& x, std::int64_t count, std::int64_t axis) {
  return composed::repeat_interleave(x, count, axis);
}
Var repeat_interleave(const Var& x, const Tensor& counts, std::int64_t axis) {
  return index_select(x, axis, composed::repeated_indices(x.dim() == 0 ? 1 : x.size(axis), counts));
}
Var roll(const Var& x, const Axes& shifts, const Axes& axes) { return composed::roll(x, shifts, axes); }
Var movedim(const Var& x, const Axes& from, const Axes& to) { return composed::movedim(x, from, to); }
Var squeeze(const Var& x, const Axes& axes) { return reshape(x, squeeze(x.value(), axes).shape()); }
std::vector<Var> chunk(const Var& x, std::int64_t count, std::int64_t axis) { return composed::chunk(x, count, axis); }
std::vector<Var> unbind(const Var& x, std::int64_t axis) { return composed::unbind(x, axis); }
std::vector<Var> meshgrid(std::span<const Var> vectors, Indexing indexing) {
  return composed::meshgrid(vectors, indexing);
}
std::vector<Var> meshgrid(std::initializer_list<Var> vectors, Indexing indexing) {
  return meshgrid(std::span<const Var>(vectors.begin(), vectors.size()), indexing);
}

Var diagonal(const Var& x, std::int64_t offset, std::int64_t axis1, std::int64_t axis2) {
  static constexpr Op op =
      Op::with_leading_axes("diagonal", "a diagonal of x", {"dy/dx = 1 on the diagonal: g among zeros"});
  Tensor value = diagonal(x.value(), offset, axis1, axis2);
  return record(op, std::move(value),
                wrt(x, [from = x.shape(), offset, a = from_back("diagonal", axis1, x),
                        b = from_back("diagonal", axis2, x)](const Var& g) {
                  return composed::embed_diagonal(g, behind(g, from.size() - 1, from), offset, a, b);
                }));
}
Var diag_embed(const Var& x, std::int64_t offset, std::int64_t axis1, std::int64_t axis2) {
  return composed::diag_embed(x, offset, axis1, axis2);
}
Var diag(const Var& x, std::int64_t offset) { return composed::diag(x, offset); }
Var trace(const Var& x) { return composed::trace(x); }

Var einsum(std::string_view equation, std::span<const Var> operands) { return composed::einsum(equation, operands); }
Var einsum(std::string_view equation, std::initializer_list<Var> operands) {
  return einsum(equation, std::span<const Var>(operands.begin(), operands.size()));
}
Var tensordot(const Var& a, const Var& b, const Axes& axes_a, const Axes& axes_b) {
  return composed::tensordot(a, b, axes_a, axes_b);
}
Var tensordot(const Var& a, const Var& b, std::int64_t count) { return composed::tensordot(a, b, count); }
Var outer(const Var& a, const Var& b) { return composed::outer(a, b); }
Var kron(const Var& a, const Var& b) { return composed::kron(a, b); }

}  // namespace hourglass
