// SPDX-License-Identifier: MIT
// Rows for the functions of autograd/arranging.h.
#include "autograd/arranging.h"
#include "tests/tables/op_rows.h"

namespace hourglass::test {
namespace {

// All parts of a list, so that each has a share in the derivatives.
Var joined(const Vars& parts) { return concat(parts, 0); }
// At most 4 indices of the last axis: where results grow as the square of the inputs, large inputs would not fit.
Var few(const Var& x) { return x.dim() == 0 ? x : slice(x, -1, 0, 4); }

}  // namespace

// clang-format off
void add_arranging_rows(Rows& row) {
  row("repeat", [](const Vars& v) { return repeat(v[0], {2, 1, 3}); }, {uniform({3, 2}, -2, 2)}, {}, {.shapes = kAnyShape});
  row("tile", [](const Vars& v) { return tile(v[0], {2}); }, {uniform({3, 2}, -2, 2)}, {}, {.shapes = kAnyShape});
  row("repeat_interleave", [](const Vars& v) { return repeat_interleave(v[0], 3, -1); },
   {uniform({3, 2}, -2, 2)}, {}, {.shapes = kAnyShape});
  row("repeat_interleave by counts",
   [](const Vars& v) { return repeat_interleave(v[0], v[1].value(), 1); },
   {uniform({2, 4, 2}, -2, 2), integers({4}, 0, 4)}, {}, {.shapes_of_each = {{{1, 1}, {1}}, {{0, 2}, {2}}, {{2, 0}, {0}}}});
  row("roll", [](const Vars& v) { return roll(v[0], {1, -5}, {0, -1}); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{1}, {1, 1}, {0}, {2, 0}}});
  row("movedim", [](const Vars& v) { return movedim(v[0], {0, -1}, {2, 0}); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = {{1, 1, 1}, {0, 2, 3}}});
  row("squeeze of axes 0 and -1", [](const Vars& v) { return squeeze(v[0], {0, -1}); },
   {uniform({1, 3, 1}, -2, 2)}, {}, {.shapes = {{1, 1}, {1, 0, 1}}});
  row("chunk", [](const Vars& v) { return joined(chunk(v[0] * v[0], 3)); },
   {uniform({7, 2}, -2, 2)}, {}, {.shapes = {{1}, {0}}});
  row("unbind", [](const Vars& v) { return joined(unbind(v[0] * v[0], 1)); },
   {uniform({3, 2}, -2, 2)}, {}, {.shapes = {{1, 1}, {0, 2}}});
  row("meshgrid", [](const Vars& v) { const Vars g = meshgrid({v[0], few(v[1])}); return g[0] * g[1]; },
   {uniform({3}, -2, 2), uniform({4}, -1, 1)}, {}, {.shapes = {{}, {1}, {0}}});
  row("meshgrid of a list, xy", [](const Vars& v) { const Vars g = meshgrid(Vars{v[0], few(v[1]), few(v[2])}, Indexing::xy); return g[0] * g[1] * g[2]; },
   {uniform({3}, -2, 2), uniform({2}, -1, 1), uniform({2}, 0, 1)});
  row("diagonal", [](const Vars& v) { return diagonal(v[0]); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{1, 1}, {0, 3}, {3, 0}, {2, 3, 2}}});
  row("diagonal below, of axes 0 and 2", [](const Vars& v) { return diagonal(v[0], -1, 0, 2); }, {uniform({4, 2, 3}, -2, 2)});
  row("diag_embed", [](const Vars& v) { return diag_embed(few(v[0])); },
   {uniform({2, 3}, -2, 2)}, {}, {.shapes = {{1}, {0}, {2, 0}}});
  row("diag_embed above, in axes 2 and 0", [](const Vars& v) { return diag_embed(few(v[0]), 2, 2, 0); }, {uniform({2, 3}, -2, 2)});
  row("diag of a vector", [](const Vars& v) { return diag(few(v[0]), -1); }, {uniform({3}, -2, 2)});
  row("diag of a matrix", [](const Vars& v) { return diag(v[0], 1); }, {uniform({3, 4}, -2, 2)});
  row("trace", [](const Vars& v) { return trace(v[0]); },
   {uniform({4, 3}, -2, 2)}, {}, {.shapes = {{1, 1}, {0, 0}, {2, 3, 3}}});
  row("einsum of a product", [](const Vars& v) { return einsum("ij,jk->ki", {v[0], v[1]}); },
   {uniform({3, 4}, -2, 2), uniform({4, 2}, -1, 1)}, {}, {.shapes = {{1, 1}, {0, 0}}});
  row("einsum of attention", [](const Vars& v) { return einsum("bqhd, bkhd -> bhqk", {v[0], v[1]}); },
   {uniform({2, 3, 2, 2}, -2, 2), uniform({2, 2, 2, 2}, -1, 1)});
  row("einsum of diagonals", [](const Vars& v) { return einsum("...ii->...i", {v[0]}); }, {uniform({2, 3, 3}, -2, 2)});
  row("einsum of a bilinear form", [](const Vars& v) { return einsum("bn,anm,bm->ba", {v[0], v[1], v[2]}); },
   {uniform({2, 3}, -2, 2), uniform({4, 3, 2}, -1, 1), uniform({2, 2}, -1, 1)});
  row("einsum of dot products of rows", [](const Vars& v) { return einsum("bi,bi->b", {v[0], v[1]}); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -1, 1)});
  row("einsum that broadcasts", [](const Vars& v) { return einsum("...ij,...kj", {v[0], v[1]}); },
   {uniform({2, 1, 3, 2}, -2, 2), uniform({3, 1, 2}, -1, 1)});
  row("einsum of a list, outer and summed", [](const Vars& v) { return einsum("ij,kl->lj", v); },
   {uniform({3, 2}, -2, 2), uniform({2, 4}, -1, 1)});
  row("tensordot", [](const Vars& v) { return tensordot(v[0], v[1]); },
   {uniform({2, 3, 4}, -2, 2), uniform({3, 4, 2}, -1, 1)}, {}, {.shapes = {{1, 1}, {0, 2}}});
  row("tensordot over given axes", [](const Vars& v) { return tensordot(v[0], v[1], {0, -1}, {1, 0}); },
   {uniform({2, 3, 4}, -2, 2), uniform({4, 2, 2}, -1, 1)});
  row("outer", [](const Vars& v) { return outer(v[0], few(v[1])); },
   {uniform({3}, -2, 2), uniform({4}, -1, 1)}, {}, {.shapes = {{1}, {0}}});
  row("kron", [](const Vars& v) { return kron(v[0], few(v[1])); },
   {uniform({2, 3}, -2, 2), uniform({1, 1, 3}, -1, 1)}, {}, {.shapes = {{}, {1}, {0}, {2, 0}}});
}
// clang-format on

}  // namespace hourglass::test
