// SPDX-License-Identifier: MIT
// JPEG files.
#pragma once
#include <filesystem>
#include <string_view>

#include "examples/support/png.h"

namespace hourglass::examples {

/// The pixels of a JPEG file, converted to grey (channels = 1) or colour (3), or as they are in the file (0). A file that
/// is damaged or cut off, or whose colours are not grey or red, green and blue (CMYK), is an Error that begins with
/// `name`.
Image decode_jpeg(std::string_view bytes, std::string_view name, int channels = 0);
Image read_jpeg(const std::filesystem::path& path, int channels = 0);

}  // namespace hourglass::examples
