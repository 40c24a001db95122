// SPDX-License-Identifier: MIT
// NumPy's files: .npy holds one array, .npz (a zip archive) several with names.
#pragma once
#include <filesystem>
#include <string_view>

#include "nn/io/file_dtype.h"
#include "tensor/state_dict.h"

namespace hourglass::nn {

/// np.load(path): versions 1 to 3 of the format, C and Fortran order, either byte order. Elements are f2 to f8, i1 to i8,
/// u1 to u8 and b1; LoadDtypes says what they become. Any other type (strings, objects, complex numbers) is an error
/// that names it.
/// The header must be one Python dict with the three keys, and the file must end where the array
/// ends. Errors name the file and the byte. Sizes are checked before memory is allocated for the
/// array.
Tensor load_npy(const std::filesystem::path& path, LoadDtypes dtypes = {});
/// np.save(path, x), little-endian. The file appears whole or not at all (see NewFile). NumPy has no bf16: it is an error.
///   save_npy("codes.npy", codes, {.floats = FileDtype::f16});
void save_npy(const std::filesystem::path& path, const Tensor& x, SaveDtypes dtypes = {});

/// All arrays of np.savez or np.savez_compressed, in the order of the file, named without ".npy". Checksums are
/// checked. Names that come twice or lead out of a folder (../x), and arrays that unpack to more than the limit
/// (limits.h), are errors. What counts is the size in memory, after conversion.
StateDict load_npz(const std::filesystem::path& path, LoadDtypes dtypes = {});
struct NpzOptions {
  bool compressed = false;  ///< np.savez_compressed
  SaveDtypes dtypes = {};
};
void save_npz(const std::filesystem::path& path, const StateDict& arrays, NpzOptions options = {});

/// The same from memory. Errors begin with `name`.
Tensor parse_npy(std::string_view bytes, std::string_view name, LoadDtypes dtypes = {});
StateDict parse_npz(std::string_view bytes, std::string_view name, LoadDtypes dtypes = {});

}  // namespace hourglass::nn
