// SPDX-License-Identifier: MIT
// Sorting along an axis, whole or the first elements only.
#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <new>
#include <numeric>
#include <span>
#include <utility>

#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tensor/picks.h"
#include "tensor/work.h"

namespace hourglass {
namespace {

// An unsigned number in the same order as x, NaN last: integers are compared faster. The bits of an IEEE number are in
// the order of its magnitude, so negative numbers have all their bits flipped, and the others their sign.
template <class T>
auto sort_key(T x) {
  if constexpr (std::is_floating_point_v<T>) {
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    constexpr Bits sign = Bits{1} << (8 * sizeof(T) - 1);
    if (x != x) return std::numeric_limits<Bits>::max();
    const Bits bits = std::bit_cast<Bits>(x + T(0));  // -0 + 0 is 0, and the two are equal
    return static_cast<Bits>(bits & sign ? ~bits : bits | sign);
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<std::uint64_t>(x) ^ std::uint64_t{1} << 63;
  } else {
    return x;
  }
}

template <class Key, class Place>
using Places = std::span<std::pair<Key, Place>>;  // keys, and their positions

// Sorts by a few bits at a time from the lowest, keeping the order of equal bits: there is no comparison to mispredict.
// Numbers go back and forth between the two spans; the result is the one where they end.
template <std::size_t bits, class Key, class Place>
Places<Key, Place> radix_sort(Places<Key, Place> places, Places<Key, Place> moved) {
  constexpr std::size_t digits = std::size_t{1} << bits;
  for (std::size_t shift = 0; shift < 8 * sizeof(Key); shift += bits) {
    const auto digit = [shift](const auto& place) {
      return static_cast<std::size_t>(place.first >> shift) & (digits - 1);
    };
    std::array<std::size_t, digits + 1> start{};
    for (const auto& place : places) ++start[digit(place) + 1];
    if (start[digit(places[0]) + 1] == places.size()) continue;  // all have the same bits here
    std::partial_sum(start.begin(), start.end(), start.begin());
    for (const auto& place : places) moved[start[digit(place)]++] = place;
    std::swap(places, moved);
  }
  return places;
}

// The first k elements of one line in order, and their positions; k is the size of `values`. Equal elements keep their
// order, because pairs are compared, and then the positions decide. Pairs are short if positions are (Place).
template <class Place, class T>
void sort_line(std::span<const T> line, bool descending, std::span<T> values, std::span<std::int64_t> indices) {
  constexpr std::size_t few = 64;      // from here on radix_sort is faster: 784 f32 take 6 µs, by std::sort 29
  constexpr std::size_t many = 16384;  // from here on fewer, longer digits are: 1 M f32 take half the time
  using Key = decltype(sort_key(T{}));
  using Pair = std::pair<Key, Place>;
  const Storage memory(2 * line.size() * sizeof(Pair));  // of the pool: memory of the system comes page by page
  Pair* const pairs = reinterpret_cast<Pair*>(memory.data());
  Places<Key, Place> order(pairs, line.size()), moved(pairs + line.size(), line.size());
  for (std::size_t j = 0; j < line.size(); ++j) {
    const Key key = sort_key(line[j]);
    new (&order[j]) Pair(descending ? static_cast<Key>(~key) : key, static_cast<Place>(j));
  }
  if (values.size() < line.size())
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(values.size()), order.end());
  else if (line.size() < few) std::sort(order.begin(), order.end());
  else order = line.size() < many ? radix_sort<8>(order, moved) : radix_sort<11>(order, moved);
  for (std::size_t j = 0; j < values.size(); ++j) {
    indices[j] = static_cast<std::int64_t>(order[j].second);
    values[j] = line[static_cast<std::size_t>(order[j].second)];
  }
}

Sorted sort_lines(std::string_view op, const Tensor& x, std::int64_t k, std::int64_t axis, bool descending) {
  const Work work(op, 0, x);
  if (x.dim() == 0) {
    const Sorted one = sort_lines(op, at_least_1d(x), k, axis, descending);
    return {reshape(one.values, {}), reshape(one.indices, {})};
  }
  const int at = normalize_axis(op, axis, x.dim());
  const Tensor lines = contiguous(transpose(x, at, -1));
  const std::int64_t length = x.shape()[at];
  Shape shape = lines.shape();
  shape.back() = k;
  Tensor values(shape, x.dtype()), indices(shape, Dtype::i64);
  if (values.numel() != 0) {
    dispatch(x.dtype(), [&]<class T>() {
      const T* const in = lines.data<T>();
      T* const out = values.mutable_data<T>();
      std::int64_t* const positions = indices.mutable_data<std::int64_t>();
      const auto sort = length >> 32 != 0 ? sort_line<std::int64_t, T> : sort_line<std::uint32_t, T>;
      const auto line = [](auto* start, std::int64_t size) { return std::span(start, static_cast<std::size_t>(size)); };
      parallel_for(lines.numel() / length, kGatherGrain / 8 / length + 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i)
          sort(line(in + i * length, length), descending, line(out + i * k, k), line(positions + i * k, k));
      });
    });
  }
  return {contiguous(transpose(values, at, -1)), contiguous(transpose(indices, at, -1))};
}

}  // namespace

Sorted sort(const Tensor& x, std::int64_t axis, bool descending) {
  return sort_lines("sort", x, x.dim() == 0 ? 1 : x.shape()[normalize_axis("sort", axis, x.dim())], axis, descending);
}
Tensor argsort(const Tensor& x, std::int64_t axis, bool descending) { return sort(x, axis, descending).indices; }

Sorted top_k(const Tensor& x, std::int64_t k, std::int64_t axis, bool largest) {
  const int at = normalize_axis("top_k", axis, std::max(1, x.dim()));
  const std::int64_t extent = x.dim() == 0 ? 1 : x.shape()[at];
  check(k >= (x.dim() == 0 ? 1 : 0) && k <= extent, "top_k", "cannot pick ", k, " from axis ", at, " of ", describe(x),
        " (extent ", extent, ")");
  return sort_lines("top_k", x, k, axis, largest);
}

}  // namespace hourglass
