// SPDX-License-Identifier: MIT
#include "distances.h"

#include "autograd/ops.h"
#include "log_cosh.h"

using namespace hourglass;

Distances::Distances(std::int64_t in, std::int64_t out, Rng& rng)
    : centre_(parameter("centre", rng.normal({out, in}))) {}

Var Distances::forward(const Var& x) const {
  const std::int64_t in = centre_.shape().back();
  check(x.dim() > 0 && x.size(-1) == in, "distances", "expects [..., ", in, "], got ", describe(x));
  return sum(log_cosh(unsqueeze(x, -2) - centre_), {-1});
}
