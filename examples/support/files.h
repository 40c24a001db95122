// SPDX-License-Identifier: MIT
// Reading and writing whole files. No program ever sees half of one.
#pragma once
#include <filesystem>
#include <string_view>

#include "nn/file.h"

namespace hourglass::examples {

using nn::read_file;

/// Writes a file completely or not at all (see nn::NewFile). Makes its folder if necessary.
void write_file(const std::filesystem::path& path, std::string_view content);

/// Makes the folder, and those above it, unless it exists. A folder that cannot be written to is an Error.
void make_folder(const std::filesystem::path& path);

}  // namespace hourglass::examples
