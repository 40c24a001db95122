// SPDX-License-Identifier: MIT
// Kernels that work on whole rows: softmax, standardizing and summed losses.
#include "tensor/kernels/rows.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>

#include "tensor/kernels/exp_log.inl"
#include "tensor/kernels/fold.inl"
#include "tensor/kernels/simd.inl"

namespace hourglass {
namespace {

// y[j] = f(x[j] ...) for each of n numbers of some rows, where f takes and gives registers. y may be one of the rows.
template <class T, class F, class... Rows>
void map_row(std::int64_t n, T* y, F&& f, const Rows*... x) {
  using Read = Fold<reduce_sum, T, T>;
  constexpr int width = Read::width;
  if (n < width) {
    const int count = static_cast<int>(n);
    if (count > 0) Read::store_some(f(Read::load_some(x, count)...), y, count);
    return;
  }
  const auto last = f(Read::load(x + n - width)...);  // before anything is stored
  for (std::int64_t j = 0; j + width <= n; j += width) Read::store(f(Read::load(x + j)...), y + j);
  if (n % width != 0) Read::store(last, y + n - width);
}

// A row of gradients that is 0 throughout stays 0, whatever it would be multiplied by: the softmax of numbers that are
// all -∞ is NaN. Most rows begin with another number, so the test costs next to nothing.
template <class T>
bool is_zero(const T* g, std::int64_t n) {
  for (std::int64_t j = 0; j < n; ++j)
    if (!(g[j] == 0)) return false;
  return true;
}
template <class T>
void fill_zero(T* y, std::int64_t n) {
  for (std::int64_t j = 0; j < n; ++j) y[j] = 0;
}

// The row is in the first-level cache after its maximum is found, so the passes that follow cost no memory traffic.
template <class T>
void softmax_rows(const T* x, std::int64_t row_stride, std::int64_t rows, std::int64_t n, T* y) {
  for (; rows > 0; --rows, x += row_stride, y += n) {
    const Batch<T> highest(Fold<reduce_max, T, T>::fold_row(x, n, 0));
    map_row(
        n, y, [&](Batch<T> v) { return exp(v - highest); }, x);
    const Batch<T> total(Fold<reduce_sum, T, T>::fold_row(y, n, 0));
    map_row(
        n, y, [&](Batch<T> v) { return v / total; }, y);
  }
}
template <class T>
void log_softmax_rows(const T* x, std::int64_t row_stride, std::int64_t rows, std::int64_t n, T* y) {
  for (; rows > 0; --rows, x += row_stride, y += n) {
    const T highest = Fold<reduce_max, T, T>::fold_row(x, n, 0);
    const T log_total = std::log(Fold<reduce_sum_of_exps, T, T>::fold_row(x, n, highest));
    map_row(
        n, y, [&](Batch<T> v) { return (v - Batch<T>(highest)) - Batch<T>(log_total); }, x);
  }
}

// ---- standardizing: a row is read two or three times, after the first time from the cache

// Σ over a row of each of the K registers that f(x, y) returns; y is a second array of the same layout. Numbers are
// summed in registers block by block (runs shorter than a block are joined), and the blocks in double.
template <int K, class T, class F>
std::array<double, K> sums_of_row(const T* x, const T* y, const RowLayout& row, F&& f) {
  using Read = Fold<reduce_sum, T, T>;
  using V = Batch<T>;
  constexpr int width = Read::width, registers = 4;
  constexpr std::int64_t block = std::int64_t{64} * registers * width;
  std::array<double, K> totals{};
  V sums[K][registers];
  for (auto& sum : sums)
    for (V& s : sum) s = V(T(0));
  const auto add = [&](int r, const std::array<V, K>& terms) {
    for (int i = 0; i < K; ++i) sums[i][r] += terms[i];
  };
  std::int64_t added = 0;
  for (std::int64_t k = 0; k < row.segments; ++k, x += row.segment_stride, y += row.segment_stride)
    for (std::int64_t begin = 0; begin < row.n; begin += block) {
      const std::int64_t end = begin + block < row.n ? begin + block : row.n;
      std::int64_t j = begin;
      for (; j + registers * width <= end; j += registers * width)
        for (int r = 0; r < registers; ++r) add(r, f(Read::load(x + j + r * width), Read::load(y + j + r * width)));
      for (; j + width <= end; j += width) add(0, f(Read::load(x + j), Read::load(y + j)));
      if (j < end) {  // a last register, which overlaps the one before
        const int count = static_cast<int>(end - j);
        const bool alone = row.n < width;
        std::array<V, K> terms = alone ? f(Read::load_some(x, count), Read::load_some(y, count))
                                       : f(Read::load(x + end - width), Read::load(y + end - width));
        for (V& term : terms) term = alone ? Read::first_lanes(term, count) : Read::last_lanes(term, count);
        add(0, terms);
      }
      added += end - begin;
      if (added < block && k + 1 < row.segments) continue;
      added = 0;
      for (int i = 0; i < K; ++i) {
        alignas(64) T lanes[width];
        ((sums[i][0] + sums[i][1]) + (sums[i][2] + sums[i][3])).store_aligned(lanes);
        for (const T lane : lanes) totals[i] += static_cast<double>(lane);
        for (V& s : sums[i]) s = V(T(0));
      }
    }
  return totals;
}

// The mean is center + rest. A single T would have a rounding error, which all results would share, and which grows
// with the mean. scale = 1 / √(variance + eps).
template <class T>
struct Moments {
  Batch<T> center, rest, scale;

  Batch<T> centered(const Batch<T>& x) const { return (x - center) - rest; }
};
// One pass gives both mean and variance, from deviations around the mean of the first few numbers. If that is far from
// the mean of all, the variance is a small difference of large squares, and there is a second pass.
template <class T>
Moments<T> moments_of_row(const T* x, const RowLayout& row, double eps) {
  using V = Batch<T>;
  const auto mean = [](double sum, const RowLayout& of) { return sum / static_cast<double>(of.segments * of.n); };
  const RowLayout first{0, 1, 0, row.n < 256 ? row.n : 256};
  const auto [sum] = sums_of_row<1>(x, x, first, [](V v, V) { return std::array<V, 1>{v}; });
  V center(static_cast<T>(mean(sum, first)));
  double rest = 0, variance = 0;
  for (int pass = 0; pass == 0 || (pass == 1 && rest * rest > 4 * variance); ++pass) {
    center += V(static_cast<T>(rest));
    const auto [squares, rests] = sums_of_row<2>(x, x, row, [&](V v, V) {
      const V d = v - center;
      return std::array<V, 2>{d * d, d};
    });
    rest = mean(rests, row);
    variance = mean(squares, row) - rest * rest;
  }
  if (variance < 0) variance = 0;  // a rounding error
  return {center, V(static_cast<T>(rest)), V(static_cast<T>(1 / std::sqrt(variance + eps)))};
}

template <class T>
void standardize_rows(const T* x, const RowLayout& row, std::int64_t begin, std::int64_t end, double eps, T* y) {
  for (std::int64_t i = begin; i < end; ++i) {
    const T* const from = x + i * row.row_stride;
    const Moments<T> moments = moments_of_row(from, row, eps);
    for (std::int64_t k = 0; k < row.segments; ++k)
      map_row(
          row.n, y + i * row.row_stride + k * row.segment_stride,
          [&](Batch<T> v) { return moments.centered(v) * moments.scale; }, from + k * row.segment_stride);
  }
}

// With z the standardized row: dx = scale (g - mean(g) - z mean(g z)).
template <class T>
void standardize_rows_grad(const T* g, const T* x, const RowLayout& row, std::int64_t begin, std::int64_t end,
                           double eps, T* dx) {
  using V = Batch<T>;
  const double count = static_cast<double>(row.segments * row.n);
  for (std::int64_t i = begin; i < end; ++i) {
    const T *const from = x + i * row.row_stride, *const gs = g + i * row.row_stride;
    bool zero = true;
    for (std::int64_t k = 0; zero && k < row.segments; ++k) zero = is_zero(gs + k * row.segment_stride, row.n);
    if (zero) {
      for (std::int64_t k = 0; k < row.segments; ++k)
        fill_zero(dx + i * row.row_stride + k * row.segment_stride, row.n);
      continue;
    }
    const Moments<T> moments = moments_of_row(from, row, eps);
    const auto [sum, product] = sums_of_row<2>(gs, from, row, [&](V gv, V v) {
      return std::array<V, 2>{gv, gv * moments.centered(v)};
    });
    const V mean(static_cast<T>(sum / count));
    const V slope = V(static_cast<T>(product / count)) * moments.scale * moments.scale;
    for (std::int64_t k = 0; k < row.segments; ++k) {
      const std::int64_t at = k * row.segment_stride;
      map_row(
          row.n, dx + i * row.row_stride + at,
          [&](V gv, V v) { return moments.scale * ((gv - mean) - slope * moments.centered(v)); }, gs + at, from + at);
    }
  }
}

// ---- gradients of softmax

template <class T>
void softmax_grad_rows(const T* g, const T* y, std::int64_t rows, std::int64_t n, T* dx) {
  using V = Batch<T>;
  for (; rows > 0; --rows, g += n, y += n, dx += n) {
    if (is_zero(g, n)) {
      fill_zero(dx, n);
      continue;
    }
    const auto [total] = sums_of_row<1>(g, y, {n, 1, 0, n}, [](V gv, V v) { return std::array<V, 1>{gv * v}; });
    const V sum(static_cast<T>(total));
    map_row(
        n, dx, [&](V gv, V v) { return v * (gv - sum); }, g, y);
  }
}
template <class T>
void log_softmax_grad_rows(const T* g, const T* y, std::int64_t rows, std::int64_t n, T* dx) {
  using V = Batch<T>;
  for (; rows > 0; --rows, g += n, y += n, dx += n) {
    const T total = Fold<reduce_sum, T, T>::fold_row(g, n, 0);
    if (total == 0) {
      for (std::int64_t j = 0; j < n; ++j) dx[j] = g[j];
      continue;
    }
    const V sum(total);
    map_row(
        n, dx, [&](V gv, V v) { return gv - exp(v) * sum; }, g, y);
  }
}

// ---- losses, with their slopes

template <class T>
struct LossTerm {
  Batch<T> value, slope;
};
// softplus(x) - x t and sigmoid(x) - t. With e = e^-|x|, softplus is max(x, 0) + log(1 + e), and the sigmoid 1 / (1 +
// e) or e / (1 + e).
struct bce_with_logits {
  static constexpr bool of_probabilities = true;  // targets lie in [0, 1]
  template <class T>
  [[gnu::always_inline]] static LossTerm<T> term(const Batch<T>& x, const Batch<T>& t) {
    using V = Batch<T>;
    const V e = decay(abs(x));
    return {at_least(x, V(0)) - x * t + log1p_within(e), select(x < V(0), e, V(1)) / (V(1) + e) - t};
  }
};
struct squared_difference {
  static constexpr bool of_probabilities = false;
  template <class T>
  [[gnu::always_inline]] static LossTerm<T> term(const Batch<T>& a, const Batch<T>& b) {
    const Batch<T> d = a - b;
    return {d * d, d + d};
  }
};

// Sums in a register block by block, and the blocks in double.
template <class Loss, class T>
double sum_of_losses(const T* a, const T* b, std::int64_t n, T* slopes) {
  using Read = Fold<reduce_sum, T, T>;
  constexpr int width = Read::width;
  constexpr std::int64_t block = std::int64_t{64} * width;
  double total = 0;
  Batch<T> least(T(0)), most(T(1));
  for (std::int64_t begin = 0; begin < n; begin += block) {
    const std::int64_t end = begin + block < n ? begin + block : n;
    Batch<T> sum(T(0));
    for (std::int64_t j = begin; j < end; j += width) {
      const int count = end - j < width ? static_cast<int>(end - j) : width;
      const bool whole = count == width;
      const Batch<T> target = whole ? Read::load(b + j) : Read::load_some(b + j, count);
      const LossTerm<T> term =
          Loss::template term<T>(whole ? Read::load(a + j) : Read::load_some(a + j, count), target);
      if constexpr (Loss::of_probabilities) {
        least = at_most(target, least);
        most = at_least(target, most);
      }
      sum += whole ? term.value : Read::first_lanes(term.value, count);
      if (slopes == nullptr) continue;
      if (whole) Read::store(term.slope, slopes + j);
      else Read::store_some(term.slope, slopes + j, count);
    }
    alignas(64) T lanes[width];
    sum.store_aligned(lanes);
    for (const T lane : lanes) total += static_cast<double>(lane);
  }
  if constexpr (Loss::of_probabilities) {
    alignas(64) T lows[width], highs[width];
    least.store_aligned(lows);
    most.store_aligned(highs);
    for (int k = 0; k < width; ++k)
      if (lows[k] < 0 || highs[k] > 1) return std::numeric_limits<double>::quiet_NaN();
  }
  return total;
}

template <class T>
constexpr RowKernelsOf<T> row_kernels_of{
    .softmax = softmax_rows<T>,
    .log_softmax = log_softmax_rows<T>,
    .softmax_grad = softmax_grad_rows<T>,
    .log_softmax_grad = log_softmax_grad_rows<T>,
    .standardize = standardize_rows<T>,
    .standardize_grad = standardize_rows_grad<T>,
    .bce_with_logits = sum_of_losses<bce_with_logits, T>,
    .squared_difference = sum_of_losses<squared_difference, T>,
};

}  // namespace

namespace HOURGLASS_SET {
extern const RowKernels row_kernels;
constinit const RowKernels row_kernels{row_kernels_of<float>, row_kernels_of<double>};
}  // namespace HOURGLASS_SET

}  // namespace hourglass
