// SPDX-License-Identifier: MIT
// IDX, the format of MNIST and similar sets: a magic number, the extents, then the elements, all big-endian.
#pragma once
#include <filesystem>

#include "tensor/tensor.h"

namespace hourglass::examples {

/// Reads an IDX file, gzipped or not (decided by its first bytes, not by its name). Unsigned bytes become u8, signed
/// integers i64, floats and doubles f32 and f64. Strict: a file that is not exactly one array is an Error with the
/// file, the byte (counted after decompression) and what was expected there. So is a gzip file that unpacks to more than
/// the limit (nn/limits.h).
///
///     bytes 0-1   0
///     byte  2     element type: 08 u8, 09 i8, 0b i16, 0c i32, 0d f32, 0e f64
///     byte  3     number of axes
///     bytes 4-    one 32-bit extent per axis, then the elements in row-major order
Tensor read_idx(const std::filesystem::path& path);

}  // namespace hourglass::examples
