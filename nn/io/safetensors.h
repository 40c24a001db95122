// SPDX-License-Identifier: MIT
// safetensors: a file format for weights. PyTorch reads and writes it, too
// (safetensors.torch.save_file).
//
//   8 bytes    length n of the header, little-endian
//   n bytes    JSON: {"encoder.weight": {"dtype": "F32", "shape": [32, 784], "data_offsets": [0, 100352]}, ...}
//   the rest   the elements of all tensors, row-major, without gaps; offsets count from here
#pragma once
#include <filesystem>
#include <map>
#include <string>

#include "nn/io/file_dtype.h"
#include "tensor/state_dict.h"

namespace hourglass::nn {

/// Strings in the header, by key.
using Metadata = std::map<std::string, std::string>;

/// The file appears whole or not at all: it is written under another name, flushed to the disk and renamed.
///   save_safetensors("vae.safetensors", model.state_dict(), {}, {.floats = FileDtype::bf16});
void save_safetensors(const std::filesystem::path& path, const StateDict& tensors, const Metadata& metadata = {},
                      SaveDtypes dtypes = {});

struct Safetensors {
  StateDict tensors;
  Metadata metadata;
};
/// Reads F64, F32, F16, BF16, integers with and without a sign, and BOOL; LoadDtypes says what they become. Files are not
/// trusted: any deviation from the format is an error that names the file and the tensor. It comes before memory is
/// allocated for tensors. The data are converted in parts, so no second copy of them is in memory.
///   model.load_state_dict(load_safetensors("vae.safetensors").tensors);
Safetensors load_safetensors(const std::filesystem::path& path, LoadDtypes dtypes = {});

}  // namespace hourglass::nn
