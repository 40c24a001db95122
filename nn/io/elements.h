// SPDX-License-Identifier: MIT
// The elements of files: one table of their types, for all formats.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "nn/io/file_dtype.h"
#include "tensor/tensor.h"

namespace hourglass::nn {

/// A type of elements in files: its names, and how elements become those of a tensor and back.
struct FileType {
  FileDtype dtype;
  std::string_view safetensors, numpy;  ///< F16 and f2; empty if the format has no such type
  std::size_t size;                     ///< bytes of an element
  Dtype natural;  ///< the dtype of a tensor that holds all its values, unless the caller wishes another
  /// Element first + i of x, for i < count, from or to the bytes at i * size. x is contiguous, and of floats if and
  /// only if the type is.
  void (*read)(const char* from, bool big_endian, Tensor& x, std::int64_t first, std::int64_t count);
  void (*write)(const Tensor& x, std::int64_t first, std::int64_t count, char* to);

  bool is_floating() const { return hourglass::is_floating(natural); }
  /// What it becomes in memory.
  Dtype loaded_as(const LoadDtypes& wishes) const;
};

/// A column of the table: one format's names.
using FormatName = std::string_view FileType::*;

/// The type that a format calls so, or null.
const FileType* find_type(FormatName format, std::string_view name);
/// All types of a format: "F64, F32, ...".
std::string all_types(FormatName format);
/// What a tensor of this dtype becomes in a file of the format. An error that begins with op names a wish that cannot be.
const FileType& saved_as(std::string_view op, FormatName format, Dtype dtype, const SaveDtypes& wishes);

}  // namespace hourglass::nn
