// NumPy's files: .npy holds one array, .npz (a zip archive) several with names.
#pragma once
#include <filesystem>
#include <string_view>

#include "tensor/state_dict.h"

namespace hourglass::nn {

/// np.load(path): versions 1 to 3 of the format, C and Fortran order, either byte order. f4 and f8 become f32 and f64,
/// f2 f32, u1 and b1 u8, the other integers i64 (a u8 number of 2^63 or more is an error), and anything else (strings,
/// objects, complex numbers) is an error that names it. Strict: the header is one Python dict with the three keys, and
/// the file ends where the array does. Errors name file and byte, and come before memory is taken.
Tensor load_npy(const std::filesystem::path& path);
/// np.save(path, x). Appears whole or not at all, as every file here.
void save_npy(const std::filesystem::path& path, const Tensor& x);

/// All arrays of np.savez or np.savez_compressed, in the order of the file, named without ".npy". Checksums are
/// checked.
StateDict load_npz(const std::filesystem::path& path);
struct NpzOptions {
  bool compressed = false;  ///< np.savez_compressed
};
void save_npz(const std::filesystem::path& path, const StateDict& arrays, NpzOptions options = {});

/// The same from memory; `name` begins the errors.
Tensor parse_npy(std::string_view bytes, std::string_view name);
StateDict parse_npz(std::string_view bytes, std::string_view name);

}  // namespace hourglass::nn
