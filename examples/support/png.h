// SPDX-License-Identifier: MIT
// Pictures: tensors laid out as a grid of images, and PNG files.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/tensor.h"

namespace hourglass::examples {

/// 8-bit pixels, row by row from the top left; grey (1 channel) or red, green, blue (3).
struct Image {
  int width = 0;
  int height = 0;
  int channels = 1;
  std::vector<std::uint8_t> pixels;
};

/// The pixels of an image as u8[channels, height, width], one plane after another. Grey is equal in all channels.
Tensor planes_of(const Image& image, std::int64_t channels);

struct GridOptions {
  int columns = 10;
  int scale = 3;   ///< each pixel becomes a square of this side
  int gap = 2;     ///< between images
  int height = 0;  ///< of an image that is a row of numbers; 0: the image is square
  int width = 0;
  double low = 0;          ///< this value becomes black
  double high = 1;         ///< and this one white; values outside are clamped
  bool normalize = false;  ///< instead, stretch each image from its own minimum to its maximum, as for weights
  std::vector<std::string> row_labels{};     ///< left of the rows
  std::vector<std::string> column_labels{};  ///< above the columns
  std::vector<std::string> labels{};         ///< below the images
};

/// Images f32 or f64 [n, h * w], [n, h, w], [n, 1, h, w] or [n, 3, h, w] (red, green, blue) as one picture, filled row
/// by row. NaN is magenta. The result is grey unless it contains colour or NaN.
Image image_grid(const Tensor& images, const GridOptions& options = {});

/// The bytes of a PNG file.
std::string encode_png(const Image& image);
void write_png(const std::filesystem::path& path, const Image& image);

/// The pixels of a PNG file of any kind, converted to grey (channels = 1) or colour (3), or as they are in the file
/// (0), as Pillow converts them: transparency is dropped, gamma is not applied, and of 16 bits the upper 8 remain.
/// Strict: a file that is damaged, cut off or followed by other bytes, whose header promises more pixels than it could
/// hold, or that unpacks to more than the limit (nn/limits.h), is an Error that begins with `name`.
Image decode_png(std::string_view bytes, std::string_view name, int channels = 0);
Image read_png(const std::filesystem::path& path, int channels = 0);

}  // namespace hourglass::examples
