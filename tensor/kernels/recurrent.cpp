// SPDX-License-Identifier: MIT
// One time step of recurrent networks. The lanes of a register are hidden units: all gates of these units are read and
// their results written before the next units follow.
#include "tensor/kernels/recurrent.h"

#include <cstdint>

#include "tensor/kernels/exp_log.inl"
#include "tensor/kernels/simd.inl"

namespace hourglass {
namespace {

// Neighbouring numbers: a register full, or fewer at the end of a row.
template <class T>
struct UnitLanes {
  static constexpr std::int64_t width = static_cast<std::int64_t>(Batch<T>::size);
  std::int64_t count;

  Batch<T> load(const T* from) const {
    if (count == width) return Batch<T>::load_unaligned(from);
    alignas(64) T lanes[width]{};
    for (std::int64_t k = 0; k < count; ++k) lanes[k] = from[k];
    return Batch<T>::load_aligned(lanes);
  }
  void store(const Batch<T>& x, T* to) const {
    if (count == width) return x.store_unaligned(to);
    alignas(64) T lanes[width];
    x.store_aligned(lanes);
    for (std::int64_t k = 0; k < count; ++k) to[k] = lanes[k];
  }
};

// f(row, unit, lanes) for all units of the rows.
template <class T, class F>
void for_each_unit(std::int64_t begin, std::int64_t end, std::int64_t n, F&& f) {
  for (std::int64_t row = begin; row < end; ++row)
    for (std::int64_t unit = 0; unit < n; unit += UnitLanes<T>::width)
      f(row, unit, UnitLanes<T>{n - unit < UnitLanes<T>::width ? n - unit : UnitLanes<T>::width});
}

// Slopes of σ and tanh, computed from their values.
template <class V>
V sigmoid_slope(const V& y) {
  return y * (V(1) - y);
}
template <class V>
V tanh_slope(const V& y) {
  return V(1) - y * y;
}

template <class T>
void lstm(const T* gates, const T* c, std::int64_t begin, std::int64_t end, std::int64_t n, T* h_next, T* c_next) {
  for_each_unit<T>(begin, end, n, [&](std::int64_t row, std::int64_t unit, UnitLanes<T> lanes) {
    const T* const gate = gates + row * 4 * n + unit;
    const std::int64_t at = row * n + unit;
    const Batch<T> kept = sigmoid(lanes.load(gate + n)) * lanes.load(c + at);
    const Batch<T> next = kept + sigmoid(lanes.load(gate)) * tanh(lanes.load(gate + 2 * n));
    lanes.store(next, c_next + at);
    lanes.store(sigmoid(lanes.load(gate + 3 * n)) * tanh(next), h_next + at);
  });
}

template <class T>
void lstm_gradient(const T* dh, const T* dc, const T* gates, const T* c, std::int64_t begin, std::int64_t end,
                   std::int64_t n, T* by_gates, std::int64_t by_gates_step, T* by_c, std::int64_t by_c_step) {
  using V = Batch<T>;
  for_each_unit<T>(begin, end, n, [&](std::int64_t row, std::int64_t unit, UnitLanes<T> lanes) {
    const T* const gate = gates + row * 4 * n + unit;
    const std::int64_t at = row * n + unit;
    const V i = sigmoid(lanes.load(gate)), f = sigmoid(lanes.load(gate + n));
    const V g = tanh(lanes.load(gate + 2 * n)), o = sigmoid(lanes.load(gate + 3 * n));
    const V before = lanes.load(c + at), y = tanh(f * before + i * g);
    const V by_h = lanes.load(dh + at);
    const V by_next = lanes.load(dc + at) + by_h * o * tanh_slope(y);
    T* const to = by_gates + row * by_gates_step + unit;
    lanes.store(by_next * g * sigmoid_slope(i), to);
    lanes.store(by_next * before * sigmoid_slope(f), to + n);
    lanes.store(by_next * i * tanh_slope(g), to + 2 * n);
    lanes.store(by_h * y * sigmoid_slope(o), to + 3 * n);
    lanes.store(by_next * f, by_c + row * by_c_step + unit);
  });
}

template <class T>
void gru(const T* input_gates, const T* hidden_gates, const T* h, std::int64_t begin, std::int64_t end, std::int64_t n,
         T* h_next) {
  using V = Batch<T>;
  for_each_unit<T>(begin, end, n, [&](std::int64_t row, std::int64_t unit, UnitLanes<T> lanes) {
    const T *const x = input_gates + row * 3 * n + unit, *const y = hidden_gates + row * 3 * n + unit;
    const std::int64_t at = row * n + unit;
    const V r = sigmoid(lanes.load(x) + lanes.load(y)), z = sigmoid(lanes.load(x + n) + lanes.load(y + n));
    const V fresh = tanh(lanes.load(x + 2 * n) + r * lanes.load(y + 2 * n));
    lanes.store(fresh + z * (lanes.load(h + at) - fresh), h_next + at);
  });
}

template <class T>
void gru_gradient(const T* dh, const T* input_gates, const T* hidden_gates, const T* h, std::int64_t begin,
                  std::int64_t end, std::int64_t n, T* out) {
  using V = Batch<T>;
  for_each_unit<T>(begin, end, n, [&](std::int64_t row, std::int64_t unit, UnitLanes<T> lanes) {
    const T *const x = input_gates + row * 3 * n + unit, *const y = hidden_gates + row * 3 * n + unit;
    const std::int64_t at = row * n + unit;
    const V r = sigmoid(lanes.load(x) + lanes.load(y)), z = sigmoid(lanes.load(x + n) + lanes.load(y + n));
    const V gated = lanes.load(y + 2 * n), fresh = tanh(lanes.load(x + 2 * n) + r * gated);
    const V g = lanes.load(dh + at);
    const V by_fresh = g * (V(1) - z) * tanh_slope(fresh);
    const V by_r = by_fresh * gated * sigmoid_slope(r);
    const V by_z = g * (lanes.load(h + at) - fresh) * sigmoid_slope(z);
    T* const to = out + row * 7 * n + unit;
    lanes.store(by_r, to);
    lanes.store(by_z, to + n);
    lanes.store(by_fresh, to + 2 * n);
    lanes.store(by_r, to + 3 * n);
    lanes.store(by_z, to + 4 * n);
    lanes.store(by_fresh * r, to + 5 * n);
    lanes.store(g * z, to + 6 * n);
  });
}

template <class T>
constexpr RecurrentKernelsOf<T> recurrent_kernels_of() {
  return {.lstm = lstm<T>, .lstm_gradient = lstm_gradient<T>, .gru = gru<T>, .gru_gradient = gru_gradient<T>};
}

}  // namespace

namespace HOURGLASS_SET {
extern const RecurrentKernels recurrent_kernels;
constinit const RecurrentKernels recurrent_kernels{recurrent_kernels_of<float>(), recurrent_kernels_of<double>()};
}  // namespace HOURGLASS_SET

}  // namespace hourglass
