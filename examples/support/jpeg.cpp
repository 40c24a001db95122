// SPDX-License-Identifier: MIT
#include "examples/support/jpeg.h"

#include <cstdint>
#include <memory>

#include <turbojpeg.h>

#include "examples/support/files.h"

namespace hourglass::examples {

Image decode_jpeg(std::string_view bytes, std::string_view name, int channels) {
  check(channels == 0 || channels == 1 || channels == 3, name, "pictures have 1 or 3 channels, not ", channels);
  const auto close = [](void* decoder) { tjDestroy(decoder); };
  const std::unique_ptr<void, decltype(close)> decoder(tjInitDecompress(), close);
  // A warning is a file that is cut off or damaged: libjpeg would fill in what is missing.
  const auto done = [&](int status) {
    check(decoder && status == 0, name, "is no complete JPEG file: ", tjGetErrorStr2(decoder.get()));
  };
  const auto* const data = reinterpret_cast<const unsigned char*>(bytes.data());
  Image image;
  int subsampling = 0, colours = 0;
  done(tjDecompressHeader3(decoder.get(), data, bytes.size(), &image.width, &image.height, &subsampling, &colours));
  check(colours == TJCS_GRAY || colours == TJCS_YCbCr || colours == TJCS_RGB, name,
        "has CMYK colours; only grey and red, green, blue are read");
  image.channels = channels != 0 ? channels : colours == TJCS_GRAY ? 1 : 3;
  // Checked before memory is allocated. A block of 8 x 8 pixels takes at least one bit.
  const std::uint64_t pixels = std::uint64_t(image.width) * std::uint64_t(image.height);
  check(pixels <= 512 * std::uint64_t{bytes.size()}, name, image.width, " x ", image.height, " pixels cannot be in ",
        bytes.size(), " bytes");
  image.pixels.resize(pixels * std::uint64_t(image.channels));
  done(tjDecompress2(decoder.get(), data, bytes.size(), image.pixels.data(), image.width, 0, image.height,
                     image.channels == 1 ? TJPF_GRAY : TJPF_RGB, TJFLAG_ACCURATEDCT));
  return image;
}

Image read_jpeg(const std::filesystem::path& path, int channels) {
  return decode_jpeg(read_file(path), path.string(), channels);
}

}  // namespace hourglass::examples
