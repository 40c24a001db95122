// SPDX-License-Identifier: MIT
// NumPy's files: .npy holds one array, .npz (a zip archive) several with names.
#pragma once
#include <filesystem>
#include <string_view>

#include "tensor/state_dict.h"

namespace hourglass::nn {

/// np.load(path): versions 1 to 3 of the format, C and Fortran order, either byte order.
/// f4 and f8 become f32 and f64, f2 becomes f32, u1 and b1 become u8, and the other integers become
/// i64 (a u8 number of 2^63 or more is an error). Any other type (strings, objects, complex
/// numbers) is an error that names it.
/// The header must be one Python dict with the three keys, and the file must end where the array
/// ends. Errors name the file and the byte. Sizes are checked before memory is allocated for the
/// array.
Tensor load_npy(const std::filesystem::path& path);
/// np.save(path, x). The file appears whole or not at all (see NewFile).
void save_npy(const std::filesystem::path& path, const Tensor& x);

/// All arrays of np.savez or np.savez_compressed, in the order of the file, named without ".npy". Checksums are
/// checked. Names that come twice or lead out of a folder (../x), and arrays that unpack to more than the limit
/// (limits.h), are errors.
StateDict load_npz(const std::filesystem::path& path);
struct NpzOptions {
  bool compressed = false;  ///< np.savez_compressed
};
void save_npz(const std::filesystem::path& path, const StateDict& arrays, NpzOptions options = {});

/// The same from memory. Errors begin with `name`.
Tensor parse_npy(std::string_view bytes, std::string_view name);
StateDict parse_npz(std::string_view bytes, std::string_view name);

}  // namespace hourglass::nn
