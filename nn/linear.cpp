#include "nn/linear.h"

#include <cmath>

#include "autograd/ops.h"

namespace hourglass::nn {
namespace {
Tensor initial(const Shape& shape, std::int64_t in, Rng& rng, Dtype dtype) {
  check(in > 0 && shape[0] > 0, "linear", "needs at least 1 input and 1 output, got ", in, " and ", shape[0]);
  const double bound = 1 / std::sqrt(static_cast<double>(in));
  return rng.uniform(shape, -bound, bound, dtype);
}
}  // namespace

Linear::Linear(std::int64_t in, std::int64_t out, Rng& rng, LinearOptions options)
    : weight_(parameter("weight", initial({out, in}, in, rng, options.dtype))) {
  if (options.bias) bias_ = parameter("bias", initial({out}, in, rng, options.dtype));
}

Var Linear::forward(const Var& x) const { return bias_ ? linear(x, weight_, *bias_) : linear(x, weight_); }

}  // namespace hourglass::nn
