// A folder of PNG pictures as a data set: one folder in it for each class.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace hourglass::examples {

struct PictureFolder {
  Tensor images;                     ///< f32[n, channels, height, width], in [0, 1]
  Tensor labels;                     ///< i64[n], indices of `classes`; empty if there are no classes
  std::vector<std::string> classes;  ///< names of the folders, in order; empty if the pictures lie in the folder itself
  std::vector<std::string> files;    ///< where each picture came from, from the folder on
};

/// Reads all .png files of the folders in `path` (cats/1.png, dogs/2.png: the classes are cats and dogs), or, if it has
/// none, those in `path` itself. In order of their names. All must have one size; channels is 1 (grey), 3, or 0: as the
/// first picture is. Other files, and folders in the folders, are errors: nothing is left out in silence.
PictureFolder read_picture_folder(const std::filesystem::path& path, int channels = 0);

}  // namespace hourglass::examples
