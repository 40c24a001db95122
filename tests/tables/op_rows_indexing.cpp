// SPDX-License-Identifier: MIT
// Rows for the functions of autograd/indexing.h.
#include "autograd/indexing.h"
#include "tests/tables/op_rows.h"

namespace hourglass::test {
namespace {

using How = ScatterReduce;
template <How how, bool include_self>
Var reduced(const Vars& v) {
  return scatter_reduce(v[0], 1, v[1].value(), v[2], how, include_self);
}

}  // namespace

// clang-format off
void add_indexing_rows(Rows& row) {
  const std::initializer_list<Input> source{uniform({3, 4}, -2, 2), integers({3, 5}, 0, 4), uniform({3, 5}, -1, 1)};
  const RowOptions with_edges{.shapes_of_each = {{{1, 4}, {1, 1}, {1, 1}}, {{0, 4}, {0, 2}, {0, 2}}, {{3, 4}, {3, 0}, {3, 0}}}};
  row("scatter", [](const Vars& v) { return scatter(v[0], 1, v[1].value(), v[2]); }, source, {}, with_edges);
  row("scatter of a number along axis 0", [](const Vars& v) { return scatter(v[0], 0, v[1].value(), 0.75); },
   {uniform({3, 4}, -2, 2), integers({2, 3}, 0, 3)});
  row("scatter_reduce by sum", reduced<How::sum, true>, source, {}, with_edges);
  row("scatter_reduce by sum without self", reduced<How::sum, false>, source, {}, with_edges);
  row("scatter_reduce by prod", reduced<How::prod, true>, source, {}, with_edges);
  row("scatter_reduce by prod without self", reduced<How::prod, false>, source, {}, with_edges);
  row("scatter_reduce by mean", reduced<How::mean, true>, source, {}, with_edges);
  row("scatter_reduce by mean without self", reduced<How::mean, false>, source, {}, with_edges);
  row("scatter_reduce by amax", reduced<How::amax, true>, source, {}, with_edges);
  row("scatter_reduce by amax without self", reduced<How::amax, false>, source, {}, with_edges);
  row("scatter_reduce by amin", reduced<How::amin, true>, source, {}, with_edges);
  row("index_get", [](const Vars& v) { return index_get(v[0], {v[1].value(), v[2].value()}); },
   {uniform({3, 4, 2}, -2, 2), integers({5, 1}, 0, 3), integers({2}, 0, 4)},
   {}, {.shapes_of_each = {{{3, 4}, {}, {}}, {{3, 4}, {0}, {0}}, {{3, 4, 0}, {2, 1}, {2}}}});
  row("index_get of a list", [](const Vars& v) { return index_get(v[0], std::vector<Tensor>{v[1].value()}); },
   {uniform({3, 2}, -2, 2), integers({5}, 0, 3)});
  row("index_put", [](const Vars& v) { return index_put(v[0], {v[1].value(), v[2].value()}, v[3]); },
   {uniform({3, 4, 2}, -2, 2), integers({5}, 0, 3), integers({5}, 0, 4), uniform({1, 2}, -1, 1)},
   {}, {.shapes_of_each = {{{3, 4}, {}, {}, {}}, {{3, 4}, {0}, {0}, {0}}}});
  row("index_put of a list, accumulating",
   [](const Vars& v) { return index_put(v[0], std::vector<Tensor>{v[1].value()}, v[2], true); },
   {uniform({3, 2}, -2, 2), integers({5}, 0, 3), uniform({5, 1}, -1, 1)});
  row("masked_select", [](const Vars& v) { return masked_select(v[0], v[1].value()); },
   {uniform({3, 4}, -2, 2), mask({3, 4})}, {}, {.shapes_of_each = {{{}, {}}, {{0}, {0}}, {{3, 1}, {4}}, {{4}, {2, 4}}}});
  row("bincount", [](const Vars& v) { return bincount(v[0].value(), v[1], 6); },
   {integers({6}, 0, 4), uniform({6}, -2, 2)}, {}, {.shapes = {{1}, {0}}});
}
// clang-format on

}  // namespace hourglass::test
