// SPDX-License-Identifier: MIT
// One step of an optimizer: a pass over all its tensors that reads and writes each number once.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "tensor/parallel.h"
#include "tensor/tensor.h"

namespace hourglass {

/// A parameter, its gradient, and the tensors that the optimizer remembers of it. All have one shape and one dtype, f32
/// or f64. The gradient may be any view.
struct UpdateItem {
  Tensor& value;
  const Tensor& gradient;
  std::span<Tensor> memory;
};

// The built-in updates. A paragraph of kernels/update.def becomes `struct AdamUpdate { double step_size, beta1, ...; }`
// with the constants of one step, and a function that takes the step. Tensors that share the memory keep their old
// values.
#define HOURGLASS_LIST(...) __VA_ARGS__
#define UPDATE(Name, written, constants, ...) \
  struct Name##Update {                       \
    double HOURGLASS_LIST constants;          \
  };                                          \
  void update(const Name##Update& step, std::span<const UpdateItem> items);
#include "tensor/kernels/update.def"
#undef HOURGLASS_LIST

namespace detail {

/// A loop over n numbers: written[0] are a parameter's, the others what is remembered of them.
template <class T>
using UpdateLoop = FunctionRef<void(T* const* written, const T* gradient, std::int64_t n)>;

/// Checks the items and runs the loop of their dtype over chunks of them, on several threads. An item has `written`
/// tensors that change: its value and its memory. `op` is the name in a profile.
void update_in_chunks(std::string_view op, std::size_t written, std::span<const UpdateItem> items,
                      UpdateLoop<float> f32, UpdateLoop<double> f64);

template <std::size_t>
using Number = double&;

/// How many numbers of memory a step takes after p and g.
template <class Step, std::size_t count = 0>
constexpr std::size_t memory_of_step() {
  static_assert(count < 16, "a step takes (double& p, double g, double& memory...), with at most 15 numbers of memory");
  constexpr bool fits = []<std::size_t... M>(std::index_sequence<M...>) {
    return std::is_invocable_v<const Step&, double&, double, Number<M>...>;
  }
  (std::make_index_sequence<count>{});
  if constexpr (fits) return count;
  else return memory_of_step<Step, count + 1>();
}

template <class Step, std::size_t... M>
void for_each_number(std::span<const UpdateItem> items, const Step& step, std::index_sequence<M...>) {
  const auto loop = [&]<class T>(T* const* written, const T* gradient, std::int64_t n) {
    T* const tensors[] = {written[0], written[M + 1]...};
    for (std::int64_t i = 0; i < n; ++i) {
      double numbers[] = {tensors[0][i], tensors[M + 1][i]...};
      step(numbers[0], static_cast<double>(gradient[i]), numbers[M + 1]...);
      tensors[0][i] = static_cast<T>(numbers[0]);
      ((tensors[M + 1][i] = static_cast<T>(numbers[M + 1])), ...);
    }
  };
  update_in_chunks("update", 1 + sizeof...(M), items, loop, loop);
}

}  // namespace detail

/// An update of your own. Calls step(p, g, m...) for each number of the items: p is the
/// parameter's, g the gradient's, and m... are those of the items' memory. This is Adagrad:
///
///   for_each_number(items, [lr](double& p, double g, double& s) {
///     s += g * g;
///     p -= lr * g / (std::sqrt(s) + 1e-10);
///   });
///
/// Numbers are doubles, and are rounded to the dtype of the items when they are written back. Several threads call step
/// at the same time; the result does not depend on how many. Tensors that share the memory keep their old values.
template <class Step>
void for_each_number(std::span<const UpdateItem> items, const Step& step) {
  detail::for_each_number(items, step, std::make_index_sequence<detail::memory_of_step<Step>()>{});
}

}  // namespace hourglass
