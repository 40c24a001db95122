#include "examples/support/folder.h"

#include <algorithm>
#include <cstdint>
#include <system_error>

#include "examples/support/png.h"
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

  float* to = nullptr;
  int width = 0, height = 0;
  for (const fs::path& file : files) {
    check(file.extension() == ".png" || file.extension() == ".PNG", file.string(), "is no .png file");
    const Image image = read_png(file, channels);
    if (to == nullptr) {
      channels = image.channels;
      width = image.width;
      height = image.height;
      data.images = Tensor({static_cast<std::int64_t>(files.size()), channels, height, width});
      to = data.images.mutable_data<float>();
    }
    check(image.width == width && image.height == height, file.string(), "is ", image.width, " x ", image.height,
          " pixels, but those before it ", width, " x ", height);
    for (int c = 0; c < channels; ++c)
      for (int i = 0; i < width * height; ++i)
        *to++ = static_cast<float>(image.pixels[static_cast<std::size_t>(i * channels + c)]) / 255;
    data.files.push_back(fs::relative(file, path).generic_string());
  }
  if (has_classes) data.labels = Tensor::from(labels);
  return data;
}

}  // namespace hourglass::examples
