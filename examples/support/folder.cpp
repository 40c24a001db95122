// SPDX-License-Identifier: MIT
#include "examples/support/folder.h"

#include <algorithm>
#include <cstdint>
#include <system_error>

#include "examples/support/jpeg.h"
#include "examples/support/png.h"
#include "examples/support/text.h"
#include "tensor/error.h"

namespace hourglass::examples {
namespace fs = std::filesystem;
namespace {

// The entries of a folder, sorted. Names that begin with a dot are skipped: the system puts them there.
std::vector<fs::path> entries_of(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> entries;
  for (auto entry = fs::directory_iterator(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error))
    if (!entry->path().filename().string().starts_with('.')) entries.push_back(entry->path());
  check(!error, folder.string(), "cannot be read as a folder: ", error.message());
  std::sort(entries.begin(), entries.end());
  return entries;
}

Image read_picture(const fs::path& file, int channels) {
  const std::string ending = lower(file.extension().string());
  if (ending == ".png") return read_png(file, channels);
  check(ending == ".jpg" || ending == ".jpeg", file.string(), "is no .png, .jpg or .jpeg file");
  return read_jpeg(file, channels);
}

}  // namespace

PictureFolder read_picture_folder(const fs::path& path, int channels) {
  PictureFolder data;
  std::vector<fs::path> files;
  std::vector<std::int64_t> labels;
  std::vector<fs::path> top = entries_of(path);
  const bool has_classes = std::any_of(top.begin(), top.end(), [](const fs::path& p) { return fs::is_directory(p); });
  if (!has_classes) files = top;
  else
    for (const fs::path& folder : top) {
      check(fs::is_directory(folder), folder.string(), "expected nothing but folders, one for each class, beside it");
      for (const fs::path& file : entries_of(folder)) {
        files.push_back(file);
        labels.push_back(static_cast<std::int64_t>(data.classes.size()));
      }
      data.classes.push_back(folder.filename().string());
    }
  check(!files.empty(), path.string(), "holds no pictures");

  std::vector<Image> images;
  for (const fs::path& file : files) {
    images.push_back(read_picture(file, channels));
    const Image &first = images.front(), &image = images.back();
    check(image.width == first.width && image.height == first.height, file.string(), "is ", image.width, " x ",
          image.height, " pixels, but those before it ", first.width, " x ", first.height);
    data.files.push_back(fs::relative(file, path).generic_string());
  }
  if (channels == 0)
    for (const Image& image : images) channels = std::max(channels, image.channels);
  const std::int64_t height = images.front().height, width = images.front().width, area = height * width;
  data.images = Tensor({std::ssize(images), channels, height, width});
  float* to = data.images.mutable_data<float>();
  for (const Image& image : images)
    for (int c = 0; c < channels; ++c)
      for (std::int64_t i = 0; i < area; ++i)
        *to++ = static_cast<float>(
                    image.pixels[static_cast<std::size_t>(i * image.channels + std::min(c, image.channels - 1))]) /
                255;  // grey is equal in all channels
  if (has_classes) data.labels = Tensor::from(labels);
  return data;
}

}  // namespace hourglass::examples
