// SPDX-License-Identifier: MIT
#include "tensor/counts.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
#include <string_view>

#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tensor/work.h"

namespace hourglass {
namespace {

constexpr double kRejectFrom = 10;  // the mean from which on transformed rejection is exact

double log_poisson_of(double k, double log_mean) {
  const double mean = std::exp(log_mean), distance = k - mean;
  if (k < 64) {
    int sign = 0;
    return (k == 0 ? 0 : k * log_mean) - mean - ::lgamma_r(k + 1, &sign);
  }
  const double log_ratio =
      std::abs(distance) < mean / 2 ? std::log1p(distance / mean) : std::log(k) - log_mean;  // log(k / mean)
  const double w = 1 / (k * k), stirling = (1.0 / 12 - w * (1.0 / 360 - w / 1260)) / k;
  return distance - k * log_ratio - std::log(2 * std::numbers::pi * k) / 2 - stirling;
}

// f(a, b, i) of every pair of elements in f64, where i is their position.
template <class F>
Tensor f64_pairs(std::string_view op, const Tensor& a, const Tensor& b, F f) {
  const Work work(op, 0, a, b);
  check_same_dtype(op, a, b);
  check(is_floating(a.dtype()), op, "needs f32 or f64, got ", describe(a));
  const Shape shape = broadcast_shapes(op, a, b);
  const Tensor as = contiguous(to(expand(a, shape), Dtype::f64)), bs = contiguous(to(expand(b, shape), Dtype::f64));
  Tensor result(shape, Dtype::f64);
  double* const out = result.mutable_data<double>();
  const double *const p = as.data<double>(), *const q = bs.data<double>();
  parallel_for(result.numel(), 256, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) out[i] = f(p[i], q[i], i);
  });
  return to(result, a.dtype());
}

// ---- samplers: an element's numbers depend on the key and its position alone, however many of them it rejects

// Numbers in (0, 1) for one element, two from each block of Philox.
class Uniforms {
 public:
  Uniforms(std::uint64_t key, std::int64_t element) : key_(key), element_(static_cast<std::uint64_t>(element)) {}
  double next() {
    if (used_ == 4) {
      words_ = philox({low(element_), high(element_), round_++, 0}, {low(key_), high(key_)});
      used_ = 0;
    }
    const std::uint64_t word = std::uint64_t{words_[used_ + 1]} << 32 | words_[used_];
    used_ += 2;
    return (static_cast<double>(word >> 12) + 0.5) * 0x1p-52;
  }

 private:
  static std::uint32_t low(std::uint64_t word) { return static_cast<std::uint32_t>(word); }
  static std::uint32_t high(std::uint64_t word) { return static_cast<std::uint32_t>(word >> 32); }

  std::uint64_t key_, element_;
  std::array<std::uint32_t, 4> words_{};
  std::uint32_t round_ = 0;
  std::size_t used_ = 4;
};
std::uint64_t key_from(Rng& rng) {
  return static_cast<std::uint64_t>(rng.below(std::numeric_limits<std::int64_t>::max()));
}

// The table mountain under which points (u, v) are drawn, with the papers' letters.
struct Mountain {
  double a, b, centre, v_r, alpha;
};
// log_f: the logarithm of the probabilities, up to a constant that alpha knows.
template <class F>
double transformed_rejection(const Mountain& t, double last, Uniforms& uniforms, F log_f) {
  for (;;) {
    const double u = uniforms.next() - 0.5, v = uniforms.next(), us = 0.5 - std::abs(u);
    const double k = std::floor((2 * t.a / us + t.b) * u + t.centre);
    if (us >= 0.07 && v <= t.v_r) return k;
    if (k < 0 || k > last) continue;
    if (std::log(v * t.alpha / (t.a / (us * us) + t.b)) <= log_f(k)) return k;
  }
}

double poisson_of(double rate, Uniforms uniforms) {
  if (rate < kRejectFrom) {  // the times between arrivals are -log u
    const double end = std::exp(-rate);
    double k = 0;
    for (double product = uniforms.next(); product > end; product *= uniforms.next()) ++k;
    return k;
  }
  const double b = 0.931 + 2.53 * std::sqrt(rate), log_rate = std::log(rate);
  const Mountain mountain{.a = -0.059 + 0.02483 * b,
                          .b = b,
                          .centre = rate + 0.43,
                          .v_r = 0.9277 - 3.6224 / (b - 2),
                          .alpha = 1.1239 + 1.1328 / (b - 3.4)};
  return transformed_rejection(mountain, std::numeric_limits<double>::infinity(), uniforms,
                               [&](double k) { return log_poisson_of(k, log_rate); });
}

double binomial_of(double n, double p, Uniforms uniforms) {
  if (p > 0.5) return n - binomial_of(n, 1 - p, uniforms);
  const double mean = n * p;
  if (mean < kRejectFrom) {  // the number of coins up to the next 1 is geometric
    const double log_rest = std::log1p(-p);
    double k = 0;
    for (double coins = 0;; ++k) {
      coins += std::floor(std::log(uniforms.next()) / log_rest) + 1;
      if (!(coins <= n)) return k;
    }
  }
  const double spread = std::sqrt(mean * (1 - p)), b = 1.15 + 2.53 * spread;
  const Mountain mountain{.a = -0.0873 + 0.0248 * b + 0.01 * p,
                          .b = b,
                          .centre = mean + 0.5,
                          .v_r = 0.92 - 4.2 / b,
                          .alpha = (2.83 + 5.1 / b) * spread};
  const double log_mean = std::log(mean), log_rest = std::log(n - mean);
  const auto log_f = [&](double k) { return log_poisson_of(k, log_mean) + log_poisson_of(n - k, log_rest); };
  const double highest = log_f(std::floor((n + 1) * p));
  return transformed_rejection(mountain, n, uniforms, [&](double k) { return log_f(k) - highest; });
}

// An error unless low <= x <= high for all elements; NaN is one too.
void check_range(std::string_view op, std::string_view what, const Tensor& x, double low, double high) {
  if (const Tensor inside = logical_and(x >= low, x <= high); all(inside).item() == 0)
    fail(op, "needs a ", what, " in [", low, ", ", high, "], got ", min(x).item(), " to ", max(x).item(), " in ",
         describe(x));
}

}  // namespace

Tensor log_poisson(const Tensor& k, const Tensor& log_mean) {
  return f64_pairs("log_poisson", k, log_mean, [](double a, double b, std::int64_t) { return log_poisson_of(a, b); });
}

Tensor poisson(const Tensor& rate, Rng& rng) {
  check_range("poisson", "rate", rate, 0, largest_of(rate.dtype()));
  return f64_pairs("poisson", rate, rate, [key = key_from(rng)](double mean, double, std::int64_t i) {
    return poisson_of(mean, Uniforms(key, i));
  });
}

Tensor binomial(const Tensor& count, const Tensor& probability, Rng& rng) {
  check_range("binomial", "count", count, 0, largest_of(count.dtype()));
  check(all(floor(count) == count).item() != 0, "binomial", "counts must be whole numbers, got ", describe(count));
  check_range("binomial", "probability", probability, 0, 1);
  return f64_pairs("binomial", count, probability, [key = key_from(rng)](double n, double p, std::int64_t i) {
    return binomial_of(n, p, Uniforms(key, i));
  });
}

}  // namespace hourglass
