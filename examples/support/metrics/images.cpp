// SPDX-License-Identifier: MIT
#include "examples/support/metrics/images.h"

#include <string_view>

#include "autograd/grad.h"
#include "nn/losses.h"
#include "tensor/ops.h"

namespace hourglass::examples {
namespace {

void check_pair(std::string_view op, const Tensor& a, const Tensor& b, double range) {
  check(a.shape() == b.shape() && a.dim() >= 2 && (a.numel() > 0 || a.size(0) == 0), op,
        "needs two sets of images of the same shape, got ", describe(a), " and ", describe(b));
  check(range > 0, op, "needs a range above 0, got ", range);
}

}  // namespace

Tensor psnr(const Tensor& a, const Tensor& b, double range) {
  check_pair("psnr", a, b, range);
  const Tensor error = flatten(square(to(a, Dtype::f64) - to(b, Dtype::f64)), 1);
  return log10(range * range / mean(error, {1})) * 10;
}

Tensor structural_similarity(const Tensor& a, const Tensor& b, double range) {
  check_pair("structural_similarity", a, b, range);
  check(a.dim() == 3 || a.dim() == 4, "structural_similarity", "expects images [n, h, w] or [n, c, h, w], got ",
        describe(a));
  const NoGrad no_grad;
  const auto image = [](const Tensor& x) { return constant(to(x.dim() == 3 ? unsqueeze(x, 1) : x, Dtype::f64)); };
  return nn::ssim(image(a), image(b), {.data_range = range, .reduction = nn::Reduction::none}).value();
}

}  // namespace hourglass::examples
