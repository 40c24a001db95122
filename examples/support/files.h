// Whole files at once, read and written so that nobody ever sees half of one.
#pragma once
#include <filesystem>
#include <string_view>

#include "nn/file.h"

namespace hourglass::examples {

using nn::read_file;

/// All of a file at once, whole or not at all (see nn::NewFile). Makes the folder if need be.
void write_file(const std::filesystem::path& path, std::string_view content);

/// Makes the folder (and those above it) unless it is there. One that cannot be written to is an Error.
void make_folder(const std::filesystem::path& path);

}  // namespace hourglass::examples
