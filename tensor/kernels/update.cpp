// SPDX-License-Identifier: MIT
// One SIMD loop for each paragraph of update.def.
#include "tensor/kernels/update.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "tensor/kernels/simd.inl"

namespace hourglass {
namespace {

// (a, b) becomes a, b. Declaring the names once as chars counts them.
#define HOURGLASS_LIST(...) __VA_ARGS__
#define UPDATE(Name, written_names, constant_names, ...)                   \
  struct Name##Formula {                                                   \
    struct Written {                                                       \
      char HOURGLASS_LIST written_names;                                   \
    };                                                                     \
    struct Constants {                                                     \
      char HOURGLASS_LIST constant_names;                                  \
    };                                                                     \
    template <class V>                                                     \
    static void apply(std::array<V, sizeof(Written)>& written, V g,        \
                      const std::array<V, sizeof(Constants)>& constants) { \
      auto& [HOURGLASS_LIST written_names] = written;                      \
      const auto& [HOURGLASS_LIST constant_names] = constants;             \
      __VA_ARGS__;                                                         \
    }                                                                      \
  };
#include "tensor/kernels/update.def"

template <class Formula, class T, std::size_t... W, std::size_t... C>
void update_loop(const double* numbers, T* const* written, const T* gradient, std::int64_t n, std::index_sequence<W...>,
                 std::index_sequence<C...>) {
  using V = Batch<T>;
  constexpr auto width = static_cast<std::int64_t>(V::size);
  const std::array<V, sizeof...(C)> constants{V(static_cast<T>(numbers[C]))...};
  const auto step = [&](T* const* at, const T* g) {
    std::array<V, sizeof...(W)> values{V::load_unaligned(at[W])...};
    Formula::apply(values, V::load_unaligned(g), constants);
    (values[W].store_unaligned(at[W]), ...);
  };
  T* at[] = {written[W]...};
  std::int64_t i = 0;
  for (; i + width <= n; i += width) {
    step(at, gradient + i);
    ((at[W] += width), ...);
  }
  if (i == n) return;
  // The tail goes through the same registers: a weight's value never depends on where a chunk ends.
  const auto rest = static_cast<std::size_t>(n - i);
  T padded[sizeof...(W)][V::size] = {}, padded_gradient[V::size] = {};
  std::memcpy(padded_gradient, gradient + i, rest * sizeof(T));
  (std::memcpy(padded[W], at[W], rest * sizeof(T)), ...);
  T* const padded_at[] = {padded[W]...};
  step(padded_at, padded_gradient);
  (std::memcpy(at[W], padded[W], rest * sizeof(T)), ...);
}

template <class Formula, class T>
void update_kernel(const double* constants, T* const* written, const T* gradient, std::int64_t n) {
  update_loop<Formula, T>(constants, written, gradient, n,
                          std::make_index_sequence<sizeof(typename Formula::Written)>{},
                          std::make_index_sequence<sizeof(typename Formula::Constants)>{});
}

#define UPDATE(Name, written, constants, ...) update_kernel<Name##Formula, T>,
template <class T>
constexpr UpdateKernelsOf<T> update_kernels_of() {
  return {{
#include "tensor/kernels/update.def"
  }};
}
#undef HOURGLASS_LIST

}  // namespace

namespace HOURGLASS_SET {
extern const UpdateKernels update_kernels;
constinit const UpdateKernels update_kernels{update_kernels_of<float>(), update_kernels_of<double>()};
}  // namespace HOURGLASS_SET

}  // namespace hourglass
