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

#include "tensor/state_dict.h"

namespace hourglass::nn {

/// Strings in the header, by key.
using Metadata = std::map<std::string, std::string>;

/// The file appears whole or not at all: it is written under another name, flushed to the disk and renamed.
void save_safetensors(const std::filesystem::path& path, const StateDict& tensors, const Metadata& metadata = {});

struct Safetensors {
  StateDict tensors;
  Metadata metadata;
};
/// Reads F32, F64, I64, U8 and BOOL (as u8). Files are not trusted: any deviation from the format
/// is an error that names the file and the tensor. It comes before memory is allocated for tensors.
///   model.load_state_dict(load_safetensors("vae.safetensors").tensors);
Safetensors load_safetensors(const std::filesystem::path& path);

}  // namespace hourglass::nn
