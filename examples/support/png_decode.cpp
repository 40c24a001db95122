// SPDX-License-Identifier: MIT
// Reads PNG files. The pixels are those that Pillow's convert("L") and convert("RGB") give: transparency is dropped,
// gamma chunks are not applied, 16 bits lose their lower 8, and grey is (299 red + 587 green + 114 blue) / 1000.
#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdlib>
#include <cstring>
#include <new>

#include <png.h>

#include "examples/support/files.h"
#include "examples/support/png.h"
#include "nn/io/inflate.h"
#include "nn/io/limits.h"

namespace hourglass::examples {
namespace {

constexpr std::uint32_t kMostSide = 1u << 20;

class PngReader {
 public:
  PngReader(std::string_view bytes, std::string_view name) : rest_(bytes), size_(bytes.size()), name_(name) {
    png_ = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, this, on_error, on_warning, this, allocate, release);
    info_ = png_ == nullptr ? nullptr : png_create_info_struct(png_);
    if (info_ != nullptr) return;
    png_destroy_read_struct(&png_, nullptr, nullptr);
    throw std::bad_alloc();
  }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }

  /// Grey or red, green, blue, as the file has it.
  Image read() {
    attempt([this] {
      png_set_user_limits(png_, kMostSide, kMostSide);
      // Comments, profiles and other chunks that change no pixel are skipped: libpng would allocate whatever length they
      // claim, and unpack them.
      png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
      png_set_read_fn(png_, this, take);
      png_read_info(png_, info_);
    });
    const std::uint32_t width = png_get_image_width(png_, info_), height = png_get_image_height(png_, info_);
    // Checked before memory is allocated: a damaged header may ask for any amount. A pixel may take one bit.
    const std::uint64_t pixels = std::uint64_t{width} * height;
    check(pixels <= 8 * nn::kMostPerDeflatedByte * size_, name_, "byte 16: ", width, " x ", height,
          " pixels cannot be in ", size_, " bytes");
    attempt([this] {
      const int type = png_get_color_type(png_, info_);
      if (type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png_);
      if (type == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(png_);
      png_set_strip_16(png_);
      png_set_strip_alpha(png_);
      png_set_interlace_handling(png_);
      png_read_update_info(png_, info_);
    });
    Image image{static_cast<int>(width), static_cast<int>(height), png_get_channels(png_, info_), {}};
    const std::size_t row = png_get_rowbytes(png_, info_);
    check(row == width * static_cast<std::size_t>(image.channels), name_, "the PNG file has pixels of an unknown kind");
    nn::UnpackBudget(name_, size_).take(row * height);
    image.pixels.resize(row * height);
    std::vector<png_bytep> rows(height);
    for (std::size_t y = 0; y < height; ++y) rows[y] = image.pixels.data() + y * row;
    attempt([this, to = rows.data()] {
      png_read_image(png_, to);
      png_read_end(png_, nullptr);
    });
    return image;
  }

 private:
  // libpng reports an error by a jump, so a step must not own anything.
  template <class Step>
  [[gnu::noinline]] void attempt(const Step& step) {
    if (setjmp(png_jmpbuf(png_)) == 0) {
      step();
      return;
    }
    if (out_of_memory_) throw std::bad_alloc();
    fail(name_, "the PNG file is damaged: ", nn::one_line(message_.data()));
  }
  static PngReader& self(png_voidp pointer) { return *static_cast<PngReader*>(pointer); }
  [[noreturn]] static void on_error(png_structp png, png_const_charp message) {
    auto& to = self(png_get_error_ptr(png)).message_;
    std::strncpy(to.data(), message, to.size() - 1);
    png_longjmp(png, 1);
  }
  static void on_warning(png_structp, png_const_charp) {}
  static png_voidp allocate(png_structp png, png_alloc_size_t bytes) {
    void* const memory = std::malloc(bytes);
    if (memory == nullptr) self(png_get_mem_ptr(png)).out_of_memory_ = true;
    return memory;
  }
  static void release(png_structp, png_voidp memory) { std::free(memory); }
  static void take(png_structp png, png_bytep to, png_size_t count) {
    std::string_view& rest = self(png_get_io_ptr(png)).rest_;
    if (count > rest.size()) png_error(png, "it is cut off");
    std::memcpy(to, rest.data(), count);
    rest.remove_prefix(count);
  }

  std::string_view rest_;
  std::uint64_t size_;
  std::string_view name_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::array<char, 128> message_{};
  bool out_of_memory_ = false;
};

Image to_grey(const Image& colour) {
  Image grey{colour.width, colour.height, 1, std::vector<std::uint8_t>(colour.pixels.size() / 3)};
  // The weights are fractions of 2^16, and the sum is rounded.
  for (std::size_t i = 0; i < grey.pixels.size(); ++i) {
    const std::uint8_t* const rgb = &colour.pixels[3 * i];
    grey.pixels[i] = static_cast<std::uint8_t>((19595u * rgb[0] + 38470u * rgb[1] + 7471u * rgb[2] + 32768u) >> 16);
  }
  return grey;
}

Image to_colour(const Image& grey) {
  Image colour{grey.width, grey.height, 3, std::vector<std::uint8_t>(grey.pixels.size() * 3)};
  for (std::size_t i = 0; i < colour.pixels.size(); ++i) colour.pixels[i] = grey.pixels[i / 3];
  return colour;
}

}  // namespace

Image decode_png(std::string_view bytes, std::string_view name, int channels) {
  check(channels == 0 || channels == 1 || channels == 3, name, "pictures have 1 or 3 channels, not ", channels);
  check(bytes.starts_with("\x89PNG\r\n\x1a\n"), name, "byte 0: expected PNG's signature");
  // The last chunk is empty and called IEND. libpng does not look at what follows it.
  constexpr std::string_view kLast("\0\0\0\0IEND\xae\x42\x60\x82", 12);
  check(bytes.ends_with(kLast), name, "byte ", bytes.size(),
        ": the file does not end as a PNG file does: it is cut off, or more follows");
  return nn::within_memory(name, bytes.size(), [&] {
    const Image image = PngReader(bytes, name).read();
    if (channels == 0 || channels == image.channels) return image;
    return channels == 1 ? to_grey(image) : to_colour(image);
  });
}

Image read_png(const std::filesystem::path& path, int channels) {
  return decode_png(read_file(path), path.string(), channels);
}

}  // namespace hourglass::examples
