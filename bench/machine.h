// SPDX-License-Identifier: MIT
// The limits of this machine at this moment: floating-point operations and bytes per second.
//
// Times from different days or different machines cannot be compared, but fractions of a limit can.
// The limits are measured just before each benchmark, on the same number of threads.
#pragma once
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

#include <benchmark/benchmark.h>

#include "tensor/kernels/kernels.h"
#include "tensor/parallel.h"

namespace hourglass::bench {

inline double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// The best rate of several tries. In each try all threads call amount() at the same time; it does
/// some work and returns its amount.
inline double best_rate(int threads, int tries, const std::function<double()>& amount) {
  double best = 0;
  for (int i = 0; i < tries; ++i) {
    std::atomic<int> waiting{threads};
    std::vector<double> done(static_cast<std::size_t>(threads)), taken(static_cast<std::size_t>(threads));
    const auto work = [&](std::size_t t) {
      --waiting;
      while (waiting > 0) {
      }
      const double begin = now();
      done[t] = amount();
      taken[t] = now() - begin;
    };
    std::vector<std::thread> others;
    for (int t = 1; t < threads; ++t) others.emplace_back(work, static_cast<std::size_t>(t));
    work(0);
    for (std::thread& other : others) other.join();
    double rate = 0;
    for (std::size_t t = 0; t < done.size(); ++t) rate += done[t] / taken[t];
    best = std::max(best, rate);
  }
  return best;
}

/// f32 operations per second with every FMA unit busy.
inline double fma_peak(int threads) {
  return best_rate(threads, 10, [] { return kernels().multiply_adds_f32(200'000); });
}

/// Bytes per second of a[i] = b[i] + s c[i] on arrays much larger than the caches: three streams,
/// as in an addition.
inline double triad_bandwidth(int threads) {
  constexpr std::size_t n = std::size_t{8} << 20;
  return best_rate(threads, 6, [&] {
    static thread_local std::vector<float> a(n), b(n, 1), c(n, 2);
    for (std::size_t i = 0; i < n; ++i) a[i] = b[i] + 3 * c[i];
    benchmark::DoNotOptimize(a.data());
    return static_cast<double>(3 * n * sizeof(float));
  });
}

/// Measures the time from its construction, just before a benchmark's loop, to its destruction.
/// Google Benchmark's own rates are not used: they are printed with the unit "/s", and a fraction
/// has no unit.
class Meter {
 public:
  /// `amount` is the work of one iteration, `limit` the work that is possible per second. Adds the
  /// columns `rate`, in units of 1e9 per second, and `fraction`, the rate divided by the limit.
  Meter(benchmark::State& state, double amount, double limit, const char* rate, const char* fraction)
      : state_(state), amount_(amount), limit_(limit), rate_(rate), fraction_(fraction), begin_(now()) {}
  ~Meter() {
    const double speed = amount_ * static_cast<double>(state_.iterations()) / (now() - begin_);
    state_.counters[rate_] = speed * 1e-9;
    state_.counters[fraction_] = speed / limit_;
  }
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;

 private:
  benchmark::State& state_;
  double amount_, limit_;
  const char *rate_, *fraction_;
  double begin_;
};

/// Adds the columns "GFLOP/s" and "of_peak". `operations` is the number per iteration.
inline Meter count_operations(benchmark::State& state, double operations) {
  return {state, operations, fma_peak(num_threads()), "GFLOP/s", "of_peak"};
}
/// Adds the columns "GB/s" and "of_triad". `bytes` is the number read or written per iteration.
inline Meter count_bytes(benchmark::State& state, double bytes) {
  return {state, bytes, triad_bandwidth(num_threads()), "GB/s", "of_triad"};
}

}  // namespace hourglass::bench
