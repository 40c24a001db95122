// SPDX-License-Identifier: MIT
#include "examples/support/png.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include <png.h>

#include "examples/support/files.h"
#include "examples/support/font.h"
#include "tensor/ops.h"

namespace hourglass::examples {
namespace {

constexpr std::uint8_t kBackground = 40;  // dark grey, to be seen next to an image's own black
constexpr std::uint8_t kText = 225;
constexpr std::array<std::uint8_t, 3> kNaN{255, 0, 255};
constexpr int kMargin = 4;

struct Layout {
  std::int64_t count = 0, height = 0, width = 0, channels = 1;
};

Layout layout_of(const Tensor& images, const GridOptions& options) {
  const Shape& shape = images.shape();
  const auto refuse = [&](const std::string& why) { fail("image_grid", why, ", got ", hourglass::describe(images)); };
  if (images.dim() == 3) return {shape[0], shape[1], shape[2], 1};
  if (images.dim() == 4) {
    if (shape[1] != 1 && shape[1] != 3) refuse("needs 1 or 3 channels [n, channels, h, w]");
    return {shape[0], shape[2], shape[3], shape[1]};
  }
  if (images.dim() != 2) refuse("needs images [n, h * w], [n, h, w] or [n, channels, h, w]");

  const auto side = static_cast<std::int64_t>(std::llround(std::sqrt(static_cast<double>(shape[1]))));
  const std::int64_t height = options.height > 0 ? options.height : options.width > 0 ? shape[1] / options.width : side;
  const std::int64_t width = options.width > 0 ? options.width : height > 0 ? shape[1] / height : 0;
  if (height * width != shape[1])
    refuse(join("rows of ", shape[1], " numbers are no images of ", height, " x ", width, "; give .height and .width"));
  return {shape[0], height, width, 1};
}

/// The values of one image that become black and white.
struct Levels {
  double low, high;
};

Levels levels_of(const double* values, std::int64_t count, const GridOptions& options) {
  if (!options.normalize) return {options.low, options.high};
  double low = INFINITY, high = -INFINITY;
  for (std::int64_t i = 0; i < count; ++i) {
    if (!std::isfinite(values[i])) continue;
    low = std::min(low, values[i]);
    high = std::max(high, values[i]);
  }
  if (low < high) return {low, high};
  return {low - 0.5, low + 0.5};  // all values are equal: medium grey
}

std::uint8_t brightness(double value, Levels levels) {
  const double unit = (value - levels.low) / (levels.high - levels.low);
  return static_cast<std::uint8_t>(std::lround(255 * std::clamp(unit, 0.0, 1.0)));
}

int widest(const std::vector<std::string>& labels, int scale) {
  int width = 0;
  for (const std::string& label : labels) width = std::max(width, text_width(label, scale));
  return width;
}

/// Fills the square of a pixel with a colour. A grey picture takes its first channel.
void fill_square(Image& picture, int left, int top, int side, const std::array<std::uint8_t, 3>& colour) {
  for (int y = top; y < top + side; ++y) {
    for (int x = left; x < left + side; ++x) {
      const std::ptrdiff_t at = (std::ptrdiff_t{y} * picture.width + x) * picture.channels;
      std::copy_n(colour.begin(), picture.channels, picture.pixels.begin() + at);
    }
  }
}

}  // namespace

Tensor planes_of(const Image& image, std::int64_t channels) {
  Tensor planes({channels, image.height, image.width}, Dtype::u8);
  std::uint8_t* to = planes.mutable_data<std::uint8_t>();
  const auto count = static_cast<std::size_t>(image.height) * static_cast<std::size_t>(image.width),
             step = static_cast<std::size_t>(image.channels);
  for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c)
    for (std::size_t i = 0; i < count; ++i) *to++ = image.pixels[i * step + std::min(c, step - 1)];
  return planes;
}

Image image_grid(const Tensor& images, const GridOptions& options) {
  const Layout one = layout_of(images, options);
  check(one.count > 0 && one.height > 0 && one.width > 0, "image_grid", "there is nothing to show in ",
        hourglass::describe(images));
  check(options.columns >= 1 && options.scale >= 1 && options.gap >= 0, "image_grid",
        "columns and scale must be at least 1, gap at least 0");
  check(options.low < options.high || options.normalize, "image_grid", "low must be below high, got ", options.low,
        " and ", options.high);
  const std::vector<double> values = to(images, Dtype::f64).to_vector<double>();
  const std::int64_t per_channel = one.height * one.width, per_image = per_channel * one.channels;
  const bool any_nan = std::any_of(values.begin(), values.end(), [](double v) { return std::isnan(v); });

  // A cell is an image with its label below. It is as wide as the wider of the two.
  const int columns = static_cast<int>(std::min<std::int64_t>(options.columns, one.count));
  const int rows = static_cast<int>((one.count + columns - 1) / columns);
  const int image_width = static_cast<int>(one.width) * options.scale,
            image_height = static_cast<int>(one.height) * options.scale;
  const int letters = image_width >= 56 ? 2 : 1;
  const int line = text_height(letters) + kMargin;
  const int label_width = std::max(widest(options.labels, letters), widest(options.column_labels, letters));
  const int cell_width = std::max(image_width, label_width == 0 ? 0 : label_width + 4 * kMargin);
  const int cell_height = image_height + (options.labels.empty() ? 0 : line);
  const int left = options.row_labels.empty() ? options.gap : widest(options.row_labels, letters) + 2 * kMargin;
  const int top = options.column_labels.empty() ? options.gap : line + kMargin;

  Image picture;
  const std::int64_t width = left + std::int64_t{columns} * (cell_width + options.gap);
  const std::int64_t height = top + std::int64_t{rows} * (cell_height + options.gap);
  check(width <= 30'000 && height <= 30'000, "image_grid", "a picture of ", width, " x ", height,
        " pixels is too large; show fewer images or a smaller scale");
  picture.width = static_cast<int>(width);
  picture.height = static_cast<int>(height);
  picture.channels = one.channels == 3 || any_nan ? 3 : 1;
  picture.pixels.assign(static_cast<std::size_t>(width * height * picture.channels), kBackground);

  const auto x_of = [&](int column) { return left + column * (cell_width + options.gap); };
  const auto y_of = [&](int row) { return top + row * (cell_height + options.gap); };
  const auto write = [&](int x, int y, const std::string& text) { draw_text(picture, x, y, text, kText, letters); };
  const auto write_centred = [&](int column, int y, const std::string& text) {
    write(x_of(column) + (cell_width - text_width(text, letters)) / 2, y, text);
  };

  for (std::int64_t i = 0; i < one.count; ++i) {
    const int row = static_cast<int>(i) / columns, column = static_cast<int>(i) % columns;
    const double* image = values.data() + i * per_image;
    const Levels levels = levels_of(image, per_image, options);
    const int x0 = x_of(column) + (cell_width - image_width) / 2, y0 = y_of(row);
    for (int y = 0; y < one.height; ++y) {
      for (int x = 0; x < one.width; ++x) {
        std::array<std::uint8_t, 3> colour{};
        bool nan = false;
        for (std::size_t c = 0; c < 3; ++c) {
          const double value =
              image[(one.channels == 3 ? static_cast<std::int64_t>(c) : 0) * per_channel + y * one.width + x];
          nan |= std::isnan(value);
          if (!nan) colour[c] = brightness(value, levels);
        }
        fill_square(picture, x0 + x * options.scale, y0 + y * options.scale, options.scale, nan ? kNaN : colour);
      }
    }
    if (static_cast<std::size_t>(i) < options.labels.size())
      write_centred(column, y0 + image_height + kMargin, options.labels[static_cast<std::size_t>(i)]);
  }
  for (std::size_t column = 0; column < std::min<std::size_t>(options.column_labels.size(), columns); ++column)
    write_centred(static_cast<int>(column), kMargin, options.column_labels[column]);
  for (std::size_t row = 0; row < std::min<std::size_t>(options.row_labels.size(), rows); ++row)
    write(kMargin, y_of(static_cast<int>(row)) + (image_height - text_height(letters)) / 2, options.row_labels[row]);
  return picture;
}

std::string encode_png(const Image& image) {
  check(image.width > 0 && image.height > 0 && (image.channels == 1 || image.channels == 3) &&
            image.pixels.size() == std::size_t(image.width) * std::size_t(image.height) * std::size_t(image.channels),
        "png", image.pixels.size(), " bytes are not an image of ", image.width, " x ", image.height, " with ",
        image.channels, " channels");
  png_image header{};
  header.version = PNG_IMAGE_VERSION;
  header.width = static_cast<png_uint_32>(image.width);
  header.height = static_cast<png_uint_32>(image.height);
  header.format = image.channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;

  // The worst case: scan lines stored without compression, and the headers of zlib and PNG.
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(header);
  std::string bytes(size, '\0');
  const int ok = png_image_write_to_memory(&header, bytes.data(), &size, 0, image.pixels.data(), 0, nullptr);
  check(ok != 0, "png", header.message);
  bytes.resize(size);
  return bytes;
}

void write_png(const std::filesystem::path& path, const Image& image) { write_file(path, encode_png(image)); }

}  // namespace hourglass::examples
