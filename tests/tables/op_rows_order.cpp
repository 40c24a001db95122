// SPDX-License-Identifier: MIT
// Rows for the functions of autograd/order.h.
#include <cmath>

#include "autograd/order.h"
#include "tests/tables/op_rows.h"

namespace hourglass::test {
namespace {

// A number that is NaN among others.
Var with_nan(const Var& x) { return where(x.value() > 1, std::nan(""), x); }
Var few_rows(const Var& x) { return slice(x, 0, 0, 4); }

}  // namespace

// clang-format off
void add_order_rows(Rows& row) {
  row("cumprod along axis 0", [](const Vars& v) { return cumprod(v[0], 0); },
   {uniform({4, 2}, -2, 2)}, {}, {.order = 3, .shapes = kAnyShape});
  row("cumprod along the last axis, with zeros",
   [](const Vars& v) { return cumprod(where(abs(v[0].value()) < 0.6, 0, v[0]), -1); }, {uniform({2, 2, 5}, -2, 2)});
  row("cummax", [](const Vars& v) { return cummax(v[0], -1).values; }, {uniform({3, 5}, -2, 2)}, {}, {.shapes = kAnyShape});
  row("cummin along axis 0", [](const Vars& v) { return cummin(v[0], 0).values; },
   {uniform({5, 3}, -2, 2)}, {}, {.shapes = kAnyShape});
  row("logcumsumexp", [](const Vars& v) { return logcumsumexp(v[0], -1); },
   {uniform({3, 4}, -2, 2)}, {}, {.order = 3, .shapes = kAnyShape});
  row("logcumsumexp along axis 0", [](const Vars& v) { return logcumsumexp(v[0], 0); }, {uniform({4, 2}, -2, 2)});
  row("linear_scan", [](const Vars& v) { return linear_scan(v[0], v[1], 1); },
   {uniform({2, 4, 3}, -2, 2), uniform({2, 4, 3}, -1, 1)}, {}, {.order = 3, .shapes = {{1, 1}, {0, 2}, {2, 0}}});
  row("linear_scan from the end, broadcast", [](const Vars& v) { return linear_scan(v[0], v[1], -1, true); },
   {uniform({3, 4}, -2, 2), uniform({4}, -1, 1)}, {}, {.order = 3});
  row("median", [](const Vars& v) { return median(v[0]); }, {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{}, {1}, {1, 1}}});
  row("median along axis 0", [](const Vars& v) { return median(v[0], 0).values; },
   {uniform({5, 3}, -2, 2)}, {}, {.shapes = {{1}, {3, 0}}});
  row("median along the last axis, kept", [](const Vars& v) { return median(v[0], -1, true).values; },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = kAnyRows});
  row("quantile", [](const Vars& v) { return quantile(v[0], 0.35, 0); },
   {uniform({5, 3}, -2, 2)}, {}, {.shapes = {{}, {1}, {3, 0}}});
  row("quantile of several, kept", [](const Vars& v) { return quantile(v[0], {0, 0.4, 1}, -1, true); },
   {uniform({2, 3, 4}, -2, 2)}, {}, {.shapes = kAnyRows});
  row("quantile by midpoint", [](const Vars& v) { return quantile(v[0], {0.3, 0.9}, 1, false, Between::midpoint); },
   {uniform({2, 4}, -2, 2)});
  row("quantile by nearest", [](const Vars& v) { return quantile(v[0], 0.3, 1, false, Between::nearest); },
   {uniform({2, 4}, -2, 2)});
  row("quantile by higher", [](const Vars& v) { return quantile(v[0], 0.3, 1, false, Between::higher); },
   {uniform({2, 4}, -2, 2)});
  row("sum as f64", [](const Vars& v) { return sum(v[0], {0}, false, Dtype::f64); }, {uniform({3, 4}, -2, 2)});
  row("mean as f64", [](const Vars& v) { return mean(v[0], {1}, true, Dtype::f64); }, {uniform({3, 4}, -2, 2)});
  row("prod as f64", [](const Vars& v) { return prod(v[0], {0}, false, Dtype::f64); }, {uniform({3, 4}, -2, 2)});
  row("nansum", [](const Vars& v) { return nansum(with_nan(v[0]), {1}); }, {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{1, 1}, {0, 3}}});
  row("nanmean", [](const Vars& v) { return nanmean(with_nan(v[0]), {0}, true); }, {uniform({4, 2}, -2, 2)}, {}, {.shapes = {{1, 1}}});
  row("diff", [](const Vars& v) { return diff(v[0]); }, {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{1}, {0}, {2, 0}}});
  row("diff of order 2 along axis 0", [](const Vars& v) { return diff(v[0], 2, 0); }, {uniform({4, 2}, -2, 2)}, {}, {.shapes = {{1}, {0}}});
  row("normalize", [](const Vars& v) { return normalize(v[0]); }, {uniform({3, 4}, -2, 2)}, {}, {.order = 3, .shapes = {{1, 1}, {0, 3}}});
  row("normalize of p = 3 along axis 0", [](const Vars& v) { return normalize(v[0], 0, 3, 0.1); }, {uniform({3, 4}, -2, 2)});
  row("cdist", [](const Vars& v) { return cdist(v[0], few_rows(v[1])); },
   {uniform({3, 2}, -2, 2), uniform({4, 2}, -2.3, 2)}, {}, {.shapes = {{1, 1}, {0, 2}, {2, 0}}});
  row("cdist of p = 1", [](const Vars& v) { return cdist(v[0], few_rows(v[1]), 1); }, {uniform({3, 2}, -2, 2), uniform({4, 2}, -2.3, 2)});
  row("cdist of p = inf", [](const Vars& v) { return cdist(v[0], few_rows(v[1]), INFINITY); },
   {uniform({3, 2}, -2, 2), uniform({4, 2}, -2.3, 2)});
  row("cdist of p = 3, in batches", [](const Vars& v) { return cdist(v[0], few_rows(v[1]), 3); },
   {uniform({2, 3, 2}, -2, 2), uniform({2, 2}, -2.3, 2)});
  row("cdist by a product", [](const Vars& v) { return cdist(v[0], concat({few_rows(v[1]), slice(v[0], 0, 0, 13)}, 0)); },
   {uniform({17, 9}, -2, 2), uniform({4, 9}, -2.3, 2)});
}
// clang-format on

}  // namespace hourglass::test
