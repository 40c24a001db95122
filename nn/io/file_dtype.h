// SPDX-License-Identifier: MIT
// The types of elements in files: more than the four that tensors have.
#pragma once
#include <cstdint>
#include <iosfwd>
#include <optional>

#include "tensor/dtype.h"

namespace hourglass::nn {

/// f16 is the half precision of IEEE 754, bf16 the upper half of an f32. Each bool is a byte.
enum class FileDtype : std::uint8_t { f64, f32, f16, bf16, i64, i32, i16, i8, u64, u32, u16, u8, boolean };

/// As files call it: F16, BF16, BOOL.
std::ostream& operator<<(std::ostream& out, FileDtype dtype);

/// What the elements of a file become. Without a wish, f64, i64 and u8 stay as they are, f32 and both halves become f32,
/// bools become u8 (0 or 1), and the other integers i64. All of this is exact. An integer that the dtype cannot hold (a
/// u64 of 2^63 or more, or a wish for u8) is an error that names it; f64 is rounded to f32 on request.
struct LoadDtypes {
  std::optional<Dtype> floats = {};    ///< f32 or f64
  std::optional<Dtype> integers = {};  ///< i64 or u8; bools, too
};

/// What the elements of tensors become in a file. Without a wish they stay as they are. Floats are rounded to the nearest,
/// ties to even; what is too large becomes infinite. An integer that the type cannot hold is an error that names it.
struct SaveDtypes {
  std::optional<FileDtype> floats = {};    ///< f64 to bf16, for tensors of f32 and f64
  std::optional<FileDtype> integers = {};  ///< i64 to boolean, for tensors of i64 and u8
};

}  // namespace hourglass::nn
