// SPDX-License-Identifier: MIT
// One SIMD loop per line of elementwise.def, for one type of numbers.
#pragma once
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "tensor/kernels/elementwise.h"
#include "tensor/kernels/math.inl"
#include "tensor/kernels/simd.inl"
#include "tensor/kernels/special.inl"

namespace hourglass {
namespace {

// A formula becomes a type. Its apply() works on registers and on single numbers alike.
#define HOURGLASS_FORMULA(kind, name, parameters, formula)                                  \
  struct kind##_##name {                                                                    \
    template <class V>                                                                      \
    [[gnu::always_inline]] static auto apply parameters {                                   \
      using T = typename ElementOf<V>::type;                                                \
      [[maybe_unused]] const V zero(T(0)), one(T(1)), two(T(2)), half(static_cast<T>(0.5)); \
      return formula;                                                                       \
    }                                                                                       \
  };
#define UNARY(name, formula) HOURGLASS_FORMULA(unary, name, (V x), formula)
#define UNARY_ANY UNARY
#define BINARY(name, formula) HOURGLASS_FORMULA(binary, name, (V a, V b), formula)
#define BINARY_ANY BINARY
#define TERNARY(name, formula) HOURGLASS_FORMULA(ternary, name, (V a, V b, V c), formula)
#define COMPARE(name, formula) HOURGLASS_FORMULA(compare, name, (V a, V b), formula)
#include "tensor/kernels/elementwise.def"

// The loop of one formula, over whole registers: input k advances by step[k]. Nothing else is compiled once per
// formula.
template <class T>
using RegisterLoop = void (*)(const T* const* in, const std::int64_t* step, T* out, T* end, bool streamed);
template <class Formula, class T, std::size_t... K>
void register_loop(const T* const* in, const std::int64_t* step, T* out, T* end, bool streamed) {
  using V = Batch<T>;
  const T* at[] = {in[K]...};
  const std::int64_t stride[] = {step[K]...};
  for (; out != end; out += V::size) {
    const V result = Formula::template apply<V>(V::load_unaligned(at[K])...);
    if (streamed) stream<T>(result, out);
    else result.store_unaligned(out);
    ((at[K] += stride[K]), ...);
  }
}

// Steps of 0 and 1. A repeated number becomes a register full of copies that the loop never moves past. The tail is
// padded and goes through the same loop, so a value never depends on where a chunk ends.
template <class T, std::size_t N>
void map_steps(RegisterLoop<T> loop, const T* const* in, const std::int64_t* step, T* out, std::int64_t n,
               Stores stores) {
  using V = Batch<T>;
  constexpr auto width = static_cast<std::int64_t>(V::size);
  alignas(64) T copies[N][V::size], last[V::size];
  const T* at[N];
  std::int64_t stride[N];
  for (std::size_t k = 0; k < N; ++k) {
    at[k] = in[k];
    stride[k] = step[k] * width;
    if (stride[k] != 0) continue;
    V(*in[k]).store_aligned(copies[k]);
    at[k] = copies[k];
  }
  const bool streamed = stores == Stores::streamed && reinterpret_cast<std::uintptr_t>(out) % sizeof(V) == 0;
  const std::int64_t rest = n % width, whole = n - rest;
  loop(at, stride, out, out + whole, streamed);
  if (streamed) streams_done();
  if (rest == 0) return;
  for (std::size_t k = 0; k < N; ++k) {
    if (stride[k] == 0) continue;
    for (std::int64_t j = 0; j < width; ++j) copies[k][j] = in[k][whole + (j < rest ? j : 0)];
    at[k] = copies[k];
  }
  loop(at, stride, last, last + width, false);
  for (std::int64_t j = 0; j < rest; ++j) out[whole + j] = last[j];
}

// Operands with gaps are gathered block by block, in a buffer that stays in the first-level cache.
template <class T, std::size_t N>
[[gnu::noinline]] void map_any_steps(RegisterLoop<T> loop, const T* const* in, const std::int64_t* step, T* out,
                                     std::int64_t n, Stores stores) {
  bool gaps = false;
  for (std::size_t k = 0; k < N; ++k) gaps |= step[k] != 0 && step[k] != 1;
  if (!gaps) return map_steps<T, N>(loop, in, step, out, n, stores);
  constexpr std::int64_t block = 256;
  alignas(64) T gathered[N][block];
  for (std::int64_t begin = 0; begin < n; begin += block) {
    const std::int64_t count = n - begin < block ? n - begin : block;
    const T* at[N];
    std::int64_t stride[N];
    for (std::size_t k = 0; k < N; ++k) {
      at[k] = in[k] + begin * step[k];
      stride[k] = step[k] == 0 ? 0 : 1;
      if (stride[k] == step[k]) continue;
      for (std::int64_t i = 0; i < count; ++i) gathered[k][i] = at[k][i * step[k]];
      at[k] = gathered[k];
    }
    map_steps<T, N>(loop, at, stride, out + begin, count, stores);
  }
}

// Integers, and formulas that give u8, in plain loops. The compiler vectorises the loops in which
// it knows that a step is 1 or 0.
template <class Formula, class In, class Out>
void map_plain(const In* const* in, const std::int64_t* step, Out* out, std::int64_t n, std::index_sequence<0>) {
  const In* const a = in[0];
  const std::int64_t sa = step[0];
  for (std::int64_t i = 0; i < n; ++i) out[i] = static_cast<Out>(Formula::template apply<In>(a[i * sa]));
}
template <class Formula, class In, class Out>
void map_plain(const In* const* in, const std::int64_t* step, Out* out, std::int64_t n, std::index_sequence<0, 1>) {
  const In *const a = in[0], *const b = in[1];
  const std::int64_t sa = step[0], sb = step[1];
  const auto value = [](In x, In y) { return static_cast<Out>(Formula::template apply<In>(x, y)); };
  if (sa == 1 && sb == 1) {
    for (std::int64_t i = 0; i < n; ++i) out[i] = value(a[i], b[i]);
  } else if (sa == 1 && sb == 0) {
    const In y = *b;
    for (std::int64_t i = 0; i < n; ++i) out[i] = value(a[i], y);
  } else {
    for (std::int64_t i = 0; i < n; ++i) out[i] = value(a[i * sa], b[i * sb]);
  }
}

template <class Formula, class T, std::size_t... K>
void map(const T* const* in, const std::int64_t* step, T* out, std::int64_t n, Stores stores,
         std::index_sequence<K...> operands) {
  if constexpr (std::is_floating_point_v<T>)
    map_any_steps<T, sizeof...(K)>(register_loop<Formula, T, K...>, in, step, out, n, stores);
  else map_plain<Formula>(in, step, out, n, operands);
}
template <class Formula, class T, std::size_t N>
void map(const T* const* in, const std::int64_t* step, T* out, std::int64_t n, Stores stores) {
  map<Formula>(in, step, out, n, stores, std::make_index_sequence<N>{});
}

template <class Formula, class T>
void compare(const T* const* in, const std::int64_t* step, std::uint8_t* out, std::int64_t n, Stores) {
  map_plain<Formula>(in, step, out, n, std::index_sequence<0, 1>{});
}

template <class T>
void where_loop(const std::uint8_t* mask, const T* a, const T* b, const std::int64_t* step, T* out, std::int64_t n) {
  const std::int64_t sm = step[0], sa = step[1], sb = step[2];
  if (sm == 1 && sa == 1 && sb == 1) {
    for (std::int64_t i = 0; i < n; ++i) out[i] = mask[i] ? a[i] : b[i];
  } else if (sm == 1 && sa == 1 && sb == 0) {
    const T y = *b;
    for (std::int64_t i = 0; i < n; ++i) out[i] = mask[i] ? a[i] : y;
  } else if (sm == 1 && sa == 0 && sb == 1) {
    const T x = *a;
    for (std::int64_t i = 0; i < n; ++i) out[i] = mask[i] ? x : b[i];
  } else {
    for (std::int64_t i = 0; i < n; ++i) out[i] = mask[i * sm] ? a[i * sa] : b[i * sb];
  }
}

// The lists are filled in the order of the enumerations, which come from the same lines. Null: the
// formula is not defined for this T.
template <class T>
constexpr ElementwiseKernelsOf<T> elementwise_kernels_of() {
  constexpr bool real = std::is_floating_point_v<T>;
  ElementwiseKernelsOf<T> table{};
#define HOURGLASS_REAL(list, Kind, kind, name, count) \
  if constexpr (real) table.list.entries[static_cast<std::size_t>(Kind::name)] = map<kind##_##name, T, count>;
#define HOURGLASS_ANY(list, Kind, kind, name, count) \
  table.list.entries[static_cast<std::size_t>(Kind::name)] = map<kind##_##name, T, count>;
#define UNARY(name, formula) HOURGLASS_REAL(unary, Unary, unary, name, 1)
#define UNARY_ANY(name, formula) HOURGLASS_ANY(unary, Unary, unary, name, 1)
#define BINARY(name, formula) HOURGLASS_REAL(binary, Binary, binary, name, 2)
#define BINARY_ANY(name, formula) HOURGLASS_ANY(binary, Binary, binary, name, 2)
#define TERNARY(name, formula) HOURGLASS_REAL(ternary, Ternary, ternary, name, 3)
#define COMPARE(name, formula) \
  table.compare.entries[static_cast<std::size_t>(Compare::name)] = compare<compare_##name, T>;
#include "tensor/kernels/elementwise.def"
#undef HOURGLASS_REAL
#undef HOURGLASS_ANY
  table.where = where_loop<T>;
  return table;
}

}  // namespace

}  // namespace hourglass
