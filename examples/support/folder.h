// SPDX-License-Identifier: MIT
// A folder of PNG and JPEG pictures as a data set, with a subfolder for each class.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace hourglass::examples {

/// Height and width in pixels; 0 x 0: as they are.
struct PictureSize {
  std::int64_t height = 0, width = 0;
};

struct PictureFolder {
  Tensor images;                     ///< f32[n, channels, height, width], in [0, 1]
  Tensor labels;                     ///< i64[n], indices of `classes`; empty if there are no classes
  std::vector<std::string> classes;  ///< names of the subfolders, sorted; empty if there are none
  std::vector<std::string> files;    ///< path of each picture, relative to the folder
};

/// Reads all .png, .jpg and .jpeg files of the subfolders of `path` (cats/1.png, dogs/2.jpg: the classes are cats and
/// dogs), sorted by name. If there are no subfolders, reads the files in `path` itself. All pictures must have the same
/// size, or are stretched to the given one: by averages over areas if both sides shrink, else linearly. channels is 1
/// (grey), 3 (red, green, blue), or 0: 3 if any picture has colour, otherwise 1. Other files and deeper folders are
/// errors, so nothing is skipped silently.
PictureFolder read_picture_folder(const std::filesystem::path& path, int channels = 0, PictureSize size = {});

/// The same of some files, as one tensor f32[n, channels, height, width].
Tensor read_pictures(const std::vector<std::filesystem::path>& files, int channels = 0, PictureSize size = {});

/// Whether a file's name ends as that of a picture: .png, .jpg or .jpeg, in small or capital letters.
bool is_picture(const std::filesystem::path& file);

}  // namespace hourglass::examples
