// SPDX-License-Identifier: MIT
// Every program that learns from images learns from pictures of any shape, grey or in colour.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <turbojpeg.h>

#include "examples/support/datasets.h"
#include "examples/support/folder.h"
#include "examples/support/jpeg.h"
#include "examples/support/png.h"
#include "tensor/ops.h"
#include "tensor/random.h"
#include "tests/error_of.h"
#include "tests/examples/example_runs.h"
#include "tests/project/source_tree.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

// Bars at random places, in two classes: a (lying) and b (standing).
void write_bars(const TemporaryFolder& folder, int height, int width, int channels) {
  Rng rng(1);
  for (int i = 0; i < 120; ++i) {
    const bool standing = i % 2 == 1;
    const std::int64_t place = rng.below(standing ? width : height), colour = rng.below(channels);
    Image image{.width = width, .height = height, .channels = channels, .pixels = {}};
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x)
        for (int c = 0; c < channels; ++c)
          image.pixels.push_back((standing ? x : y) == place && c == colour ? 255 : static_cast<std::uint8_t>(x + y));
    write(folder / ((standing ? "b/" : "a/") + std::to_string(i) + ".png"), encode_png(image));
  }
}

// The bytes of a JPEG file of the best quality.
std::string encode_jpeg(const Image& image) {
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  tjhandle encoder = tjInitCompress();
  const bool grey = image.channels == 1;
  REQUIRE(tjCompress2(encoder, image.pixels.data(), image.width, 0, image.height, grey ? TJPF_GRAY : TJPF_RGB, &bytes,
                      &size, grey ? TJSAMP_GRAY : TJSAMP_444, 100, 0) == 0);
  std::string file(reinterpret_cast<char*>(bytes), size);
  tjFree(bytes);
  tjDestroy(encoder);
  return file;
}

// A picture whose colour changes slowly, which JPEG keeps within one or two of 255 levels.
Image slope(int height, int width, int channels) {
  Image image{.width = width, .height = height, .channels = channels, .pixels = {}};
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < channels; ++c) image.pixels.push_back(static_cast<std::uint8_t>(40 + 3 * x + 5 * y + 30 * c));
  return image;
}

}  // namespace

TEST_CASE("JPEG pictures are read in grey and in colour; damaged ones are named") {
  for (const int channels : {1, 3}) {
    const Image picture = slope(9, 17, channels);
    const std::string bytes = encode_jpeg(picture);
    const Image same = decode_jpeg(bytes, "a.jpg");
    REQUIRE(same.width == 17);
    REQUIRE(same.height == 9);
    REQUIRE(same.channels == channels);
    int worst = 0;
    for (std::size_t i = 0; i < picture.pixels.size(); ++i)
      worst = std::max(worst, std::abs(int{same.pixels[i]} - int{picture.pixels[i]}));
    CHECK(worst <= 3);
    CHECK(decode_jpeg(bytes, "a.jpg", 4 - channels).channels == 4 - channels);
    for (std::size_t length : {std::size_t{0}, std::size_t{10}, bytes.size() / 2, bytes.size() - 3}) {
      CAPTURE(length);
      CHECK(error_of([&] { decode_jpeg(bytes.substr(0, length), "a.jpg"); }).starts_with("a.jpg: is no complete JPEG"));
    }
  }
  // A header that asks for 65500 x 65500 pixels.
  std::string bytes = encode_jpeg(slope(8, 8, 1));
  const std::size_t frame = bytes.find("\xff\xc0");
  REQUIRE(frame != std::string::npos);
  bytes.replace(frame + 5, 4, "\xff\xdc\xff\xdc");
  CHECK(error_of([&] { decode_jpeg(bytes, "a.jpg"); }).find("65500 x 65500 pixels cannot be in") != std::string::npos);
}

TEST_CASE("a folder with one coloured picture is read in colour") {
  const TemporaryFolder folder;
  write(folder / "1.png", encode_png(slope(4, 6, 1)));
  write(folder / "2.JPG", encode_jpeg(slope(4, 6, 3)));
  const PictureFolder data = read_picture_folder(folder.path());
  CHECK(data.images.shape() == Shape{2, 3, 4, 6});
  const Tensor grey = index_select(data.images, 0, Tensor::from<std::int64_t>({0}));
  CHECK(equal(slice(grey, 1, 0, 1), slice(grey, 1, 2, 3)));  // grey: all channels are equal
  CHECK(read_picture_folder(folder.path(), 1).images.shape() == Shape{2, 1, 4, 6});
}

TEST_CASE("programs that learn from images accept pictures of any height and width, grey or in colour") {
  struct Size {
    int height, width, channels;
  };
  for (const auto& [height, width, channels] : {Size{12, 8, 1}, Size{4, 16, 3}}) {
    const TemporaryFolder pictures;
    write_bars(pictures, height, width, channels);
    int programs = 0;
    for (const test::File& file : test::files()) {
      if (!file.path.starts_with("examples/variants/") && !file.path.starts_with("examples/studies/")) continue;
      if (file.text.find("load_images(") == std::string::npos) continue;
      const std::string name =
          file.path.substr(file.path.rfind('/') + 1, file.path.rfind('.') - file.path.rfind('/') - 1);
      CAPTURE(name);
      ++programs;
      const TemporaryFolder out;
      summary_of(name, {"--data", "folder", "--data-dir", pictures.path(), "--epochs", "1", "--batch-size", "16"}, out);
      if (name == "undercomplete") {  // ten inputs above ten outputs
        const Image drawn = read_png(out / "out" / "reconstructions.png");
        CHECK(drawn.channels == channels);
        CHECK(drawn.height == 2 + 2 * (3 * height + 2));
      }
    }
    CHECK(programs >= 15);
  }
}

TEST_CASE("a program with one image or three ends well, or says how many it needs") {
  for (const char* limit : {"1", "3"})
    for (const char* name :
         {"conditional_vae", "adversarial", "variational", "wae", "linear", "vq_vae", "without_kl"}) {
      const TemporaryFolder out;
      const std::vector<std::string> flags{"--data",  "generated", "--limit", limit,   "--epochs", "1",
                                           "--quiet", "--threads", "1",       "--out", out / "out"};
      const int code = Process(name, flags, out / "log").wait();
      const std::string said = nn::read_file(out / "log");
      CAPTURE(name);
      CAPTURE(limit);
      CAPTURE(said);
      CHECK((code == 0 || (code == 2 && contains(said, std::string(name) + "") && contains(said, "need") &&
                           contains(said, ", got "))));
    }
}
