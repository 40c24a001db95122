// SPDX-License-Identifier: MIT
#include "examples/support/folder.h"

#include <algorithm>
#include <cstdint>
#include <system_error>

#include "autograd/ops.h"
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
  check(is_picture(file), file.string(), "is no .png, .jpg or .jpeg file");
  return lower(file.extension().string()) == ".png" ? read_png(file, channels) : read_jpeg(file, channels);
}

Tensor resized(const Tensor& picture, PictureSize size) {
  if (size.height == 0 || (size.height == picture.size(1) && size.width == picture.size(2))) return picture;
  const Var x = constant(unsqueeze(picture, 0));
  const bool shrinks = size.height <= picture.size(1) && size.width <= picture.size(2);
  const Var y = shrinks ? adaptive_avg_pool2d(x, {size.height, size.width})
                        : interpolate(x, {.size = {size.height, size.width}, .mode = InterpolateMode::bilinear});
  return clamp(squeeze(y.value(), 0), 0, 1);
}

}  // namespace

bool is_picture(const fs::path& file) {
  const std::string ending = lower(file.extension().string());
  return ending == ".png" || ending == ".jpg" || ending == ".jpeg";
}

Tensor read_pictures(const std::vector<fs::path>& files, int channels, PictureSize size) {
  const bool resizes = size.height > 0 && size.width > 0;
  std::vector<Image> images;
  for (const fs::path& file : files) {
    images.push_back(read_picture(file, channels));
    const Image &first = images.front(), &image = images.back();
    check(resizes || (image.width == first.width && image.height == first.height), file.string(), "is ", image.width,
          " x ", image.height, " pixels, but those before it ", first.width, " x ", first.height,
          "; --resize makes all equal");
  }
  if (channels == 0)
    for (const Image& image : images) channels = std::max(channels, image.channels);
  std::vector<Tensor> pictures;
  for (const Image& image : images) pictures.push_back(resized(to(planes_of(image, channels), Dtype::f32) / 255, size));
  return stack(pictures, 0);
}

PictureFolder read_picture_folder(const fs::path& path, int channels, PictureSize size) {
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

  for (const fs::path& file : files) data.files.push_back(fs::relative(file, path).generic_string());
  data.images = read_pictures(files, channels, size);
  if (has_classes) data.labels = Tensor::from(labels);
  return data;
}

}  // namespace hourglass::examples
