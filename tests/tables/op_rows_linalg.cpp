// SPDX-License-Identifier: MIT
// Rows for the functions of autograd/linalg.h and autograd/fft.h.
#include "autograd/fft.h"
#include "autograd/linalg.h"
#include "tests/tables/op_rows.h"

namespace hourglass::test {
namespace {

// x with a heavy diagonal: times n for a well conditioned matrix, or growing, for values that are far apart.
Var with_diagonal(const Var& x) {
  const double heavy = 3.0 * static_cast<double>(x.size(-1));
  return x + constant(eye(x.size(-2), x.size(-1), x.dtype()) * heavy);
}
Var with_growing_diagonal(const Var& x) {
  return x + constant(eye(x.size(-2), x.size(-1), x.dtype()) * (to(arange(x.size(-1)), x.dtype()) + 1) * 4);
}
Var below_each_other(const Var& a, const Var& b) { return concat({a, b}, -2); }

}  // namespace

// clang-format off
// ---- systems, determinants, factorisations
void add_linalg_rows(Rows& row) {
  row("solve_triangular from the right", [](const Vars& v) { return solve_triangular(with_diagonal(v[0]), v[1], false, {.left = false}); },
   {uniform({3, 3}, -1, 1), uniform({2, 4, 3}, -1, 1)}, {}, {.order = 3});
  row("solve_triangular with ones on the diagonal", [](const Vars& v) { return solve_triangular(v[0] / static_cast<double>(columns(v[0])), v[1], true, {.unitriangular = true}); },
   {uniform({2, 3, 3}, -1, 1), uniform({3, 2}, -1, 1)}, {}, {.order = 3});
  row("solve", [](const Vars& v) { return solve(with_diagonal(v[0]), v[1]); },
   {uniform({2, 3, 3}, -1, 1), uniform({3, 2}, -1, 1)}, {}, {.order = 3, .shapes_of_each = {{{1, 1}, {1, 0}}, {{0, 0}, {0, 2}}, {{3, 3}, {2, 3, 1}}}});
  row("inverse", [](const Vars& v) { return inverse(with_diagonal(v[0])); },
   {uniform({2, 3, 3}, -1, 1)}, {}, {.order = 3, .shapes = {{1, 1}, {0, 0}, {0, 2, 2}}});
  row("det", [](const Vars& v) { return det(v[0] / static_cast<double>(columns(v[0])) + constant(eye(columns(v[0]), -1, v[0].dtype()))); },
   {uniform({2, 3, 3}, -1, 1)}, {}, {.order = 3, .shapes = {{1, 1}, {0, 0}, {0, 2, 2}}});
  row("slogdet", [](const Vars& v) { return slogdet(with_diagonal(v[0])).log_abs; },
   {uniform({2, 3, 3}, -1, 1)}, {}, {.order = 3, .shapes = {{1, 1}, {0, 0}, {0, 2, 2}}});
  row("qr", [](const Vars& v) { const QrVar f = qr(with_diagonal(v[0])); return below_each_other(f.q, transpose(f.r)); },
   {uniform({2, 4, 3}, -1, 1)}, {}, {.order = 3, .shapes = {{3, 3}, {1, 1}, {2, 0}, {0, 2}, {0, 2, 2}}});
  row("qr of wide ones, complete", [](const Vars& v) { const QrVar f = qr(with_diagonal(v[0]), QrMode::complete); return below_each_other(f.q, transpose(f.r)); },
   {uniform({3, 4}, -1, 1)}, {}, {.shapes = {{1, 3}, {0, 2}}});
  row("eigh", [](const Vars& v) { const Var x = with_growing_diagonal(v[0]); const EighVar f = eigh(x + transpose(x)); return below_each_other(f.vectors, unsqueeze(f.values, -2)); },
   {uniform({2, 3, 3}, -1, 1)}, {}, {.order = 3, .shapes = {{1, 1}, {0, 0}, {0, 2, 2}}});
  row("eigvalsh", [](const Vars& v) { const Var x = with_growing_diagonal(v[0]); return eigvalsh(x + transpose(x)); },
   {uniform({3, 3}, -1, 1)}, {}, {.shapes = {{1, 1}, {0, 0}}});
  row("svd", [](const Vars& v) { const SvdVar f = svd(with_growing_diagonal(v[0])); return concat({f.u, unsqueeze(f.s, -2), transpose(f.vh)}, -2); },
   {uniform({2, 4, 3}, -1, 1)}, {}, {.order = 3, .shapes = {{3, 3}, {2, 4}, {1, 1}, {2, 0}, {0, 2}, {0, 2, 2}}});
  row("svdvals", [](const Vars& v) { return svdvals(with_growing_diagonal(v[0])); },
   {uniform({3, 4}, -1, 1)}, {}, {.shapes = {{1, 1}, {0, 2}}});
  row("pinv", [](const Vars& v) { return pinv(with_diagonal(v[0])); },
   {uniform({2, 4, 3}, -1, 1)}, {}, {.order = 3, .shapes = {{3, 3}, {2, 4}, {1, 1}, {2, 0}}});
  row("lstsq", [](const Vars& v) { return lstsq(with_diagonal(v[0]), v[1]); }, {uniform({4, 3}, -1, 1), uniform({2, 4, 2}, -1, 1)});
  row("matrix_norm", [](const Vars& v) { return matrix_norm(with_growing_diagonal(v[0])); }, {uniform({2, 3, 4}, -1, 1)});
  row("matrix_norm nuclear", [](const Vars& v) { return matrix_norm(with_growing_diagonal(v[0]), MatrixNorm::nuclear); }, {uniform({2, 3, 4}, -1, 1)});
  row("matrix_norm spectral", [](const Vars& v) { return matrix_norm(with_growing_diagonal(v[0]), MatrixNorm::spectral); }, {uniform({3, 4}, -1, 1)});
  row("matrix_norm smallest", [](const Vars& v) { return matrix_norm(with_growing_diagonal(v[0]), MatrixNorm::smallest); }, {uniform({3, 4}, -1, 1)});
  row("matrix_norm columns", [](const Vars& v) { return matrix_norm(with_growing_diagonal(v[0]), MatrixNorm::columns); }, {uniform({3, 3}, -1, 1)});
  row("matrix_norm least column", [](const Vars& v) { return matrix_norm(with_growing_diagonal(v[0]), MatrixNorm::least_column); }, {uniform({3, 3}, -1, 1)});
  row("matrix_norm rows", [](const Vars& v) { return matrix_norm(with_growing_diagonal(v[0]), MatrixNorm::rows); }, {uniform({3, 4}, -1, 1)});
  row("matrix_norm least row", [](const Vars& v) { return matrix_norm(with_growing_diagonal(v[0]), MatrixNorm::least_row); }, {uniform({3, 4}, -1, 1)});
  row("cond", [](const Vars& v) { return cond(with_growing_diagonal(v[0])); }, {uniform({2, 3, 3}, -1, 1)});
}

// ---- Fourier transforms
void add_fft_rows(Rows& row) {
  row("rfft", [](const Vars& v) { return rfft(v[0]); }, {uniform({3, 6}, -2, 2)}, {}, {.shapes = {{1}, {2}, {7}, {2, 37}, {0, 3}}});
  row("rfft of more numbers, ortho", [](const Vars& v) { return rfft(v[0], {.n = v[0].size(-1) + 3, .norm = FftNorm::ortho}); },
   {uniform({3, 4}, -2, 2)}, {}, {.shapes = {{1}, {5}}});
  row("irfft", [](const Vars& v) { return irfft(stack({v[0], v[1]}, -1), {.n = 2 * v[0].size(-1) - 1}); },
   {uniform({3, 4}, -2, 2), uniform({3, 4}, -2, 2)}, {}, {.shapes = {{1}, {0, 3}}});
  row("irfft of fewer numbers, forward",
   [](const Vars& v) { return irfft(stack({v[0], v[1]}, -1), {.n = v[0].size(-1) + 1, .norm = FftNorm::forward}); },
   {uniform({3, 5}, -2, 2), uniform({3, 5}, -2, 2)}, {}, {.shapes = {{1}, {4}}});
  row("dct", [](const Vars& v) { return dct(v[0]); }, {uniform({3, 6}, -2, 2)}, {}, {.shapes = {{1}, {2}, {5}, {0, 3}}});
  row("dct of type 3, ortho", [](const Vars& v) { return dct(v[0], {.type = 3, .ortho = true}); }, {uniform({3, 5}, -2, 2)}, {}, {.shapes = {{1}, {4}}});
  row("idct", [](const Vars& v) { return idct(v[0]); }, {uniform({3, 5}, -2, 2)}, {}, {.shapes = {{1}, {4}}});
}

}  // namespace hourglass::test
