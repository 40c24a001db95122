// SPDX-License-Identifier: MIT
#include "examples/support/codes.h"

#include <algorithm>

#include "autograd/distributions/normal_tails.h"
#include "autograd/ops.h"
#include "examples/support/metrics/pca.h"
#include "nn/activations.h"
#include "nn/linear.h"

namespace hourglass::examples {

Mlp::Mlp(const std::vector<std::int64_t>& widths, Rng& rng) {
  for (std::size_t i = 1; i < widths.size(); ++i) {
    if (i > 1) add<nn::ReLU>();
    add<nn::Linear>(widths[i - 1], widths[i], rng);
  }
}

Normal normal_from(const Var& h) {
  const std::int64_t code = h.size(-1) / 2;
  return {slice(h, -1, 0, code), exp(slice(h, -1, code, 2 * code) * 0.5)};
}

Metrics average_over(const Tensor& rows, const std::function<Metrics(const Tensor&)>& f) {
  const NoGrad no_grad;
  constexpr std::int64_t kPiece = 1000;
  Metrics averages;
  for (std::int64_t begin = 0; begin < rows.size(0); begin += kPiece) {
    const Tensor piece = slice(rows, 0, begin, begin + kPiece);
    averages.accumulate(f(piece), static_cast<double>(piece.size(0)) / static_cast<double>(rows.size(0)));
  }
  return averages;
}

double average_over(const Tensor& rows, const std::function<double(const Tensor&)>& f) {
  return average_over(rows, [&f](const Tensor& piece) { return Metrics{{"average", f(piece)}}; })["average"];
}

double dead_units(const Tensor& codes) { return sum(all(codes == 0, {0})).item(); }

Tensor normal_plane(std::int64_t side) {
  const Tensor places = (to(arange(side), Dtype::f64) + 0.5) / static_cast<double>(side);
  const Tensor z = to(ndtri(constant(places)).value(), Dtype::f32);
  const std::vector<Tensor> grid = meshgrid({z, z});  // rows, columns
  return stack({flatten(grid[1]), flatten(grid[0])}, 1);
}

Tensor paths(const Tensor& codes, std::int64_t steps) {
  std::vector<Tensor> all{slice(codes, 0, 0, 0)};
  for (std::int64_t row = 0; row + 1 < codes.size(0); ++row) {
    const Tensor from = slice(codes, 0, row, row + 1), to = slice(codes, 0, row + 1, row + 2);
    all.push_back(from + unsqueeze(linspace(0, 1, steps), 1) * (to - from));
  }
  return concat(all, 0);
}

Tensor traversals(const Tensor& code, double low, double high, std::int64_t steps) {
  std::vector<Tensor> all;
  for (std::int64_t k = 0; k < code.size(1); ++k) {
    const Tensor own = one_hot(full({1}, k, Dtype::i64), code.size(1));  // 1 at the number that moves
    all.push_back(code * (1 - own) + unsqueeze(linspace(low, high, steps), 1) * own);
  }
  return concat(all, 0);
}

void draw_reconstructions(Run& run, const Tensor& images, const Tensor& outputs, const std::string& caption) {
  run.images("reconstructions", concat({images, outputs}, 0), {.row_labels = {"input", "output"}}, caption);
}

void draw_samples(Run& run, const Decoder& decode, const Tensor& codes, const std::string& caption) {
  run.images("samples", decode(codes), {}, caption);
}

void draw_paths(Run& run, const Decoder& decode, const Tensor& codes) {
  if (codes.size(0) < 2) return;
  run.images("interpolation", decode(paths(codes)), {},
             "Each row decodes a straight line from one image's code to the next image's.");
}

void draw_codes(Run& run, const Tensor& codes, const ImageData& data) {
  if (codes.size(0) < 2 || codes.size(1) < 2) return;
  const Tensor shown = slice(codes, 0, 0, 1000);
  run.plot(
      "codes",
      scatter_plot(codes.size(1) == 2 ? shown : fit_pca(codes, 2).encode(shown), slice(data.test_labels, 0, 0, 1000),
                   data.classes, {.title = "codes of test images"}),
      "The codes of test images, seen along the two directions in which they vary most. Nothing told the model the "
      "classes.");
}

void draw_plane(Run& run, const Decoder& decode) {
  const std::int64_t side = 20;
  run.images("manifold", decode(normal_plane(side)), {.columns = static_cast<int>(side), .scale = 1, .gap = 0},
             "The plane of a code of two numbers, decoded: from the 2.5 % to the 97.5 % quantile of N(0, 1) in both "
             "directions.");
}

}  // namespace hourglass::examples
