// SPDX-License-Identifier: MIT
// Rows for the functions of autograd/volumes.h.
#include "autograd/volumes.h"
#include "tests/tables/op_rows.h"

namespace hourglass::test {

// clang-format off
void add_volume_rows(Rows& row) {
  row("conv3d", [](const Vars& v) { return conv3d(v[0], v[1]); },
   {uniform({2, 2, 3, 4, 3}, -2, 2), uniform({3, 2, 2, 3, 2}, -1, 1)}, {},
   {.order = 3, .shapes = {{1, 1, 1, 1, 1}}, .shapes_of_each = {{{0, 2, 2, 1, 1}, {1, 2, 1, 1, 1}}}});
  row("conv3d with everything",
   [](const Vars& v) {
     return conv3d(v[0], v[1], v[2],
                   {.stride = {2, 1, 3}, .padding = {2, 0, 1}, .dilation = {2, 1, 2}, .groups = 2});
   },
   {uniform({2, 4, 3, 2, 5}, -2, 2), uniform({4, 2, 2, 2, 2}, -1, 1), uniform({4}, -1, 1)});
  row("conv3d of one volume, which keeps its extents", [](const Vars& v) { return conv3d(v[0], v[1], {.padding = kSame}); },
   {uniform({2, 3, 3, 2}, -2, 2), uniform({2, 2, 2, 3, 2}, -1, 1)});
  row("conv_transpose3d", [](const Vars& v) { return conv_transpose3d(v[0], v[1]); },
   {uniform({2, 2, 2, 3, 2}, -2, 2), uniform({2, 3, 2, 1, 2}, -1, 1)}, {},
   {.order = 3, .shapes = {{1, 1, 1, 1, 1}}, .shapes_of_each = {{{0, 2, 2, 1, 1}, {2, 1, 1, 1, 1}}}});
  row("conv_transpose3d with everything",
   [](const Vars& v) {
     return conv_transpose3d(v[0], v[1], v[2], {.stride = {2, 1, 3}, .padding = {1, 0, 1}, .output_padding = {1, 0, 2},
                                                .groups = 2, .dilation = {3, 1, 2}});
   },
   {uniform({2, 4, 2, 2, 2}, -2, 2), uniform({4, 2, 2, 2, 2}, -1, 1), uniform({4}, -1, 1)});
  row("conv_transpose3d of one volume, dilated", [](const Vars& v) { return conv_transpose3d(v[0], v[1], {.output_padding = {2, 0, 1}, .dilation = {3, 1, 2}}); },
   {uniform({2, 2, 2, 2}, -2, 2), uniform({2, 2, 2, 1, 1}, -1, 1)});
  row("max_pool3d", [](const Vars& v) { return max_pool3d(v[0], {.kernel = {2, 3, 2}}); }, {uniform({2, 2, 4, 4, 5}, -2, 2)},
   {}, {.shapes = {{2, 3, 2}, {0, 2, 3, 2}}});
  row("max_pool3d with everything",
   [](const Vars& v) {
     return max_pool3d(v[0], {.kernel = {2, 3, 2}, .stride = {1, 2, 2}, .padding = {1, 1, 0}, .dilation = {2, 1, 1}, .ceil_mode = true});
   },
   {uniform({2, 2, 3, 4, 5}, -2, 2)});
  row("avg_pool3d", [](const Vars& v) { return avg_pool3d(v[0], {.kernel = {2, 3, 2}, .stride = {1, 2, 2}, .padding = {1, 1, 0}, .ceil_mode = true}); },
   {uniform({2, 2, 3, 4, 5}, -2, 2)}, {}, {.shapes = {{1, 3, 2}, {0, 1, 3, 2}}});
  row("avg_pool3d without the padding",
   [](const Vars& v) { return avg_pool3d(v[0], {.kernel = 2, .padding = 1, .count_include_pad = false}); }, {uniform({2, 2, 3, 4, 5}, -2, 2)});
  row("avg_pool3d with a divisor", [](const Vars& v) { return avg_pool3d(v[0], {.kernel = 2, .divisor_override = 5}); },
   {uniform({2, 3, 4, 5}, -2, 2)});
  row("adaptive_max_pool3d", [](const Vars& v) { return adaptive_max_pool3d(v[0], {2, 3, 2}); }, {uniform({2, 2, 3, 4, 5}, -2, 2)});
  row("adaptive_avg_pool3d", [](const Vars& v) { return adaptive_avg_pool3d(v[0], {2, -1, 3}); }, {uniform({2, 2, 3, 4, 5}, -2, 2)});
}
// clang-format on

}  // namespace hourglass::test
