// SPDX-License-Identifier: MIT
// Elementwise ops: find the common shape, iterate over the operands together, and hand long runs to the kernels.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <utility>

#include "tensor/iterate.h"
#include "tensor/kernels/kernels.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tensor/work.h"

namespace hourglass {
namespace {

// Elements of a chunk. Starting a second thread costs about 5 µs, as long as 16384 additions take.
constexpr std::int64_t kElementwiseGrain = 16384;

// Results of this size or more bypass the caches. With 16 MB of f32 on a core with 2 MB of cache, x * 2 takes 1.1 ms
// instead of 1.6, x + y 1.4 instead of 1.6 (bench/elementwise). Results that the next op finds in the cache are
// smaller.
constexpr std::int64_t kStreamedBytes = std::int64_t{8} << 20;

// An operand as seen from the result: where it starts, and its strides over the result's shape (all 0 for a number).
template <class T>
struct Operand {
  const T* data;
  Strides strides;
  Storage copy{};  // the memory of `data`, if it is not the operand's own
};

// Whether x jumps from cache line to cache line along the result's rows, and returns to the same lines in the next row.
bool jumps(const Tensor& x) {
  const int last = x.dim() - 1;
  return x.numel() >= 4096 && x.shape()[last] > 1 && std::abs(x.strides()[last]) >= 16;
}

template <class T>
Operand<T> operand(const Tensor& x, const Shape& shape) {
  if (jumps(x)) {  // after a copy in tiles, an addition of 4 M elements takes a third of the time
    const Tensor copy = contiguous(x);
    return {copy.data<T>(), broadcast_strides(copy, shape), copy.storage()};
  }
  return {x.data<T>(), x.shape() == shape ? x.strides() : broadcast_strides(x, shape)};
}
template <class T>
Operand<T> operand(const T& number, const Shape& shape) {
  return {&number, Axes::filled(shape.size(), 0)};
}

// Calls run(offsets, steps, position, count) for runs that cover the whole shape, in parallel if it is large.
template <std::size_t N, class Run>
void for_each_run(const TensorIterator<N>& iterator, std::int64_t numel, Run&& run) {
  const std::array<std::int64_t, N> steps = iterator.steps();
  parallel_for(numel, kElementwiseGrain, [&](std::int64_t begin, std::int64_t end) {
    iterator.for_each_run(begin, end,
                          [&](std::int64_t position, const std::array<std::int64_t, N>& offsets, std::int64_t count) {
                            run(offsets, steps, position, count);
                          });
  });
}

// `dying`, if given, is an operand that the caller no longer needs. If its memory has no other owner, the result
// overwrites it: its lines are in the cache already, and a large result need not be fetched before it is overwritten.
bool can_hold(const Tensor* dying, const Shape& shape, Dtype dtype) {
  return dying != nullptr && dying->dtype() == dtype && dying->shape() == shape && dying->is_contiguous() &&
         !dying->storage().shared();
}

template <class Out, class In, std::size_t N>
Tensor apply(std::string_view op, ElementwiseKernel<In, Out> kernel, const Shape& shape,
             const std::array<Operand<In>, N>& operands, Tensor* dying = nullptr) {
  check(kernel != nullptr, op, "needs f32 or f64, got ", dtype_of<In>, "; convert with to(x, Dtype::f32)");
  const bool reuse = can_hold(dying, shape, dtype_of<Out>);
  Tensor result = reuse ? std::move(*dying) : Tensor(shape, dtype_of<Out>);
  if (reuse && detail::watch != nullptr) [[unlikely]]
    detail::note_bytes(detail::bytes_of(result));
  if (result.numel() == 0) return result;
  Out* const out = result.template mutable_data<Out>();
  std::array<Strides, N> strides;
  for (std::size_t k = 0; k < N; ++k) strides[k] = operands[k].strides;
  const TensorIterator<N> iterator(result.shape(), strides);
  // Storing half a cache line past the caches costs more than a whole one, so every run must begin with a line.
  const auto bytes = [](std::int64_t count) { return count * static_cast<std::int64_t>(sizeof(Out)); };
  const bool streamed = !reuse && bytes(result.numel()) >= kStreamedBytes &&
                        (iterator.shape().size() == 1 || bytes(iterator.shape().back()) % 64 == 0);
  const Stores stores = streamed ? Stores::streamed : Stores::cached;
  for_each_run(iterator, result.numel(),
               [&](const std::array<std::int64_t, N>& offsets, const std::array<std::int64_t, N>& steps,
                   std::int64_t position, std::int64_t count) {
                 std::array<const In*, N> in;
                 for (std::size_t k = 0; k < N; ++k) in[k] = operands[k].data + offsets[k];
                 kernel(in.data(), steps.data(), out + position, count, stores);
               });
  return result;
}

template <class T>
const ElementwiseKernelsOf<T>& table() {
  return kernels().elementwise.of<T>();
}
template <class T>
auto kernel_of(Binary op) {
  return table<T>().binary[op];
}
template <class T>
auto kernel_of(Compare op) {
  return table<T>().compare[op];
}
template <class T, class Op>
using ResultOf = std::conditional_t<std::is_same_v<Op, Compare>, std::uint8_t, T>;

Tensor unary(std::string_view name, Unary op, const Tensor& x, Tensor* dying = nullptr) {
  const Work work(name, x.numel(), x);
  return dispatch(x.dtype(), [&]<class T>() {
    return apply<T, T, 1>(name, table<T>().unary[op], x.shape(), {operand<T>(x, x.shape())}, dying);
  });
}

template <class Op>
Tensor binary(std::string_view name, Op op, const Tensor& a, const Tensor& b, Tensor* dying = nullptr) {
  check_same_dtype(name, a, b);
  const Shape shape = broadcast_shapes(name, a, b);
  const Work work(name, detail::watch != nullptr ? numel(shape) : 0, a, b);
  return dispatch(a.dtype(), [&]<class T>() {
    return apply<ResultOf<T, Op>, T, 2>(name, kernel_of<T>(op), shape, {operand<T>(a, shape), operand<T>(b, shape)},
                                        dying);
  });
}
template <class Op>
Tensor binary(std::string_view name, Op op, const Tensor& a, Scalar b, Tensor* dying = nullptr) {
  const Work work(name, a.numel(), a);
  return dispatch(a.dtype(), [&]<class T>() {
    const T number = b.to<T>(name);
    const Shape& shape = a.shape();
    return apply<ResultOf<T, Op>, T, 2>(name, kernel_of<T>(op), shape,
                                        {operand<T>(a, shape), operand<T>(number, shape)}, dying);
  });
}
template <class Op>
Tensor binary(std::string_view name, Op op, Scalar a, const Tensor& b, Tensor* dying = nullptr) {
  const Work work(name, b.numel(), b);
  return dispatch(b.dtype(), [&]<class T>() {
    const T number = a.to<T>(name);
    const Shape& shape = b.shape();
    return apply<ResultOf<T, Op>, T, 2>(name, kernel_of<T>(op), shape,
                                        {operand<T>(number, shape), operand<T>(b, shape)}, dying);
  });
}

Tensor ternary(std::string_view name, Ternary op, const Tensor& a, const Tensor& b, const Tensor& c) {
  check_same_dtype(name, a, b);
  check_same_dtype(name, a, c);
  Shape shape = broadcast_shapes(name, a, b);
  if (c.shape() != shape) {
    const int clash = try_broadcast(shape, c.shape(), shape);
    check(clash == 0, name, "cannot broadcast ", describe(a), " and ", describe(b), " with ", describe(c));
  }
  const Work work(name, detail::watch != nullptr ? numel(shape) : 0, a, b, c);
  return dispatch(a.dtype(), [&]<class T>() {
    return apply<T, T, 3>(name, table<T>().ternary[op], shape,
                          {operand<T>(a, shape), operand<T>(b, shape), operand<T>(c, shape)});
  });
}

// where() for operands that may be tensors or numbers.
template <class T>
Tensor choose(const Tensor& mask, const Operand<T>& a, const Operand<T>& b, const Shape& shape) {
  Tensor result(shape, dtype_of<T>);
  T* const out = result.mutable_data<T>();
  const Operand<std::uint8_t> m = operand<std::uint8_t>(mask, shape);
  const auto kernel = table<T>().where;
  if (result.numel() == 0) return result;
  for_each_run<3>(TensorIterator<3>(shape, {m.strides, a.strides, b.strides}), result.numel(),
                  [&](const std::array<std::int64_t, 3>& offsets, const std::array<std::int64_t, 3>& steps,
                      std::int64_t position, std::int64_t count) {
                    kernel(m.data + offsets[0], a.data + offsets[1], b.data + offsets[2], steps.data(), out + position,
                           count);
                  });
  return result;
}

void check_mask(std::string_view op, const Tensor& mask) {
  check(mask.dtype() == Dtype::u8, op, "the mask must be u8, got ", describe(mask));
}

}  // namespace

#define UNARY(name, formula)                                            \
  Tensor name(const Tensor& x) { return unary(#name, Unary::name, x); } \
  Tensor name(Tensor&& x) { return unary(#name, Unary::name, x, &x); }
#define UNARY_ANY UNARY
#define HOURGLASS_BINARY(name, Kind)                                                        \
  Tensor name(const Tensor& a, const Tensor& b) { return binary(#name, Kind::name, a, b); } \
  Tensor name(const Tensor& a, Scalar b) { return binary(#name, Kind::name, a, b); }        \
  Tensor name(Scalar a, const Tensor& b) { return binary(#name, Kind::name, a, b); }
#define BINARY(name, formula)                                                                \
  HOURGLASS_BINARY(name, Binary)                                                             \
  Tensor name(Tensor&& a, const Tensor& b) { return binary(#name, Binary::name, a, b, &a); } \
  Tensor name(const Tensor& a, Tensor&& b) { return binary(#name, Binary::name, a, b, &b); } \
  Tensor name(Tensor&& a, Tensor&& b) { return binary(#name, Binary::name, a, b, &a); }      \
  Tensor name(Tensor&& a, Scalar b) { return binary(#name, Binary::name, a, b, &a); }        \
  Tensor name(Scalar a, Tensor&& b) { return binary(#name, Binary::name, a, b, &b); }
#define BINARY_ANY BINARY
#define COMPARE(name, formula) HOURGLASS_BINARY(name, Compare)
#define TERNARY(name, formula) \
  Tensor name(const Tensor& a, const Tensor& b, const Tensor& c) { return ternary(#name, Ternary::name, a, b, c); }
#include "tensor/kernels/elementwise.def"
#undef HOURGLASS_BINARY

Tensor clamp(const Tensor& x, Scalar low, Scalar high) { return minimum(maximum(x, low), high); }

Tensor where(const Tensor& mask, const Tensor& a, const Tensor& b) {
  check_mask("where", mask);
  check_same_dtype("where", a, b);
  Shape shape = broadcast_shapes("where", a, b);
  const int clash = try_broadcast(shape, mask.shape(), shape);
  check(clash == 0, "where", "cannot broadcast mask ", describe(mask), " with ", describe(a), " and ", describe(b));
  const Work work("where", 0, mask, a, b);
  return dispatch(a.dtype(),
                  [&]<class T>() { return choose<T>(mask, operand<T>(a, shape), operand<T>(b, shape), shape); });
}
Tensor where(const Tensor& mask, const Tensor& a, Scalar b) {
  check_mask("where", mask);
  const Shape shape = broadcast_shapes("where", mask, a);
  const Work work("where", 0, mask, a);
  return dispatch(a.dtype(), [&]<class T>() {
    const T number = b.to<T>("where");
    return choose<T>(mask, operand<T>(a, shape), operand<T>(number, shape), shape);
  });
}
Tensor where(const Tensor& mask, Scalar a, const Tensor& b) {
  const Work work("where", 0, mask, b);
  return where(logical_not(mask), b, a);
}
Tensor masked_fill(const Tensor& x, const Tensor& mask, Scalar value) {
  check_mask("masked_fill", mask);
  check(broadcast_shapes("masked_fill", x, mask) == x.shape(), "masked_fill", "mask ", describe(mask),
        " does not broadcast to ", describe(x));
  const Work work("masked_fill", 0, mask, x);
  return where(mask, value, x);
}

Tensor isnan(const Tensor& x) { return x != x; }
Tensor isinf(const Tensor& x) {
  if (!is_floating(x.dtype())) return zeros(x.shape(), Dtype::u8);
  return abs(x) == std::numeric_limits<double>::infinity();
}
Tensor isfinite(const Tensor& x) {
  if (!is_floating(x.dtype())) return ones(x.shape(), Dtype::u8);
  return abs(x) < std::numeric_limits<double>::infinity();
}

namespace {
Tensor truth(std::string_view op, const Tensor& x) {
  check_mask(op, x);
  return x != 0;
}
}  // namespace

Tensor logical_and(const Tensor& a, const Tensor& b) { return truth("logical_and", a) * truth("logical_and", b); }
Tensor logical_or(const Tensor& a, const Tensor& b) { return maximum(truth("logical_or", a), truth("logical_or", b)); }
Tensor logical_xor(const Tensor& a, const Tensor& b) { return truth("logical_xor", a) != truth("logical_xor", b); }
Tensor logical_not(const Tensor& x) {
  check_mask("logical_not", x);
  return x == 0;
}

bool equal(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() && all(a == b).item() != 0;
}

}  // namespace hourglass
