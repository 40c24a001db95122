// SPDX-License-Identifier: MIT
// The reductions of one instruction set: two loops per line of reduce.def.
#include "tensor/kernels/reduce.h"

#include <concepts>
#include <cstddef>
#include <cstdint>

#include "tensor/kernels/fold.inl"

namespace hourglass {
namespace {

template <class In, class Acc>
constexpr ReduceKernelsOf<In, Acc> reduce_kernels_of() {
  ReduceKernelsOf<In, Acc> table{};
#define HOURGLASS_REDUCE(condition, name)                                                        \
  if constexpr (condition)                                                                       \
    table.entries[static_cast<std::size_t>(Reduce::name)] = {Fold<reduce_##name, In, Acc>::rows, \
                                                             Fold<reduce_##name, In, Acc>::columns};
#define REDUCE(name, start, take, combine) HOURGLASS_REDUCE(std::floating_point<Acc>, name)
#define REDUCE_ANY(name, start, take, combine) HOURGLASS_REDUCE((std::same_as<In, Acc>), name)
#define REDUCE_GROWING(name, start, take, combine) HOURGLASS_REDUCE(sizeof(Acc) > 1, name)
#include "tensor/kernels/reduce.def"
#undef HOURGLASS_REDUCE
  return table;
}

}  // namespace

namespace HOURGLASS_SET {
extern const ReduceKernels reduce_kernels;
constinit const ReduceKernels reduce_kernels{
    .f32 = reduce_kernels_of<float, float>(),
    .f64 = reduce_kernels_of<double, double>(),
    .i64 = reduce_kernels_of<std::int64_t, std::int64_t>(),
    .u8 = reduce_kernels_of<std::uint8_t, std::uint8_t>(),
    .u8_to_i64 = reduce_kernels_of<std::uint8_t, std::int64_t>(),
};
}  // namespace HOURGLASS_SET

}  // namespace hourglass
