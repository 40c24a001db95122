// SPDX-License-Identifier: MIT
#include "examples/support/photos.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iostream>
#include <numeric>
#include <set>
#include <span>
#include <system_error>
#include <utility>

#include "examples/support/baselines/border.h"
#include "examples/support/files.h"
#include "examples/support/folder.h"
#include "examples/support/jpeg.h"
#include "tensor/error.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"

namespace hourglass::examples {
namespace fs = std::filesystem;
namespace {

// Hidden files and folders are left alone.
std::vector<fs::path> pictures_below(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code unreadable;
    const bool is_folder = entry->is_directory(unreadable);
    if (entry->path().filename().string().starts_with('.')) {
      if (is_folder) entry.disable_recursion_pending();
    } else if (!is_folder && is_picture(entry->path())) {
      found.push_back(entry->path());
    }
  }
  check(!error, folder.string(), "cannot be read as a folder: ", error.message());
  std::sort(found.begin(), found.end());
  return found;
}

// Where a crop comes from. turn: 0 to 7; bit 0 mirrors left and right, bit 1 top and bottom, bit 2 swaps both axes.
struct CropPlace {
  std::size_t photo;
  std::int64_t top, left, turn;
};

void copy_crop(const Photo& photo, const CropPlace& place, std::int64_t size, float* to) {
  const std::int64_t height = photo.height(), width = photo.width();
  const std::uint8_t* from = photo.pixels.data<std::uint8_t>();
  for (std::int64_t c = 0; c < photo.pixels.size(0); ++c)
    for (std::int64_t y = 0; y < size; ++y)
      for (std::int64_t x = 0; x < size; ++x) {
        std::int64_t row = (place.turn & 4) != 0 ? x : y, column = (place.turn & 4) != 0 ? y : x;
        if ((place.turn & 2) != 0) row = size - 1 - row;
        if ((place.turn & 1) != 0) column = size - 1 - column;
        row = reflected(place.top + row, height);
        column = reflected(place.left + column, width);
        *to++ = static_cast<float>(from[(c * height + row) * width + column]) / 255;
      }
}

}  // namespace

Tensor values_of(const Photo& photo) { return to(photo.pixels, Dtype::f32) / 255; }

Image to_image(const Tensor& picture) {
  check(picture.dim() == 3 && (picture.size(0) == 1 || picture.size(0) == 3), "to_image",
        "needs a picture [1 or 3, height, width], got ", describe(picture));
  check(picture.numel() > 0, "to_image", "the picture is empty: ", describe(picture));
  const Tensor numbers = contiguous(to(picture, Dtype::f32));
  const float* values = numbers.data<float>();
  Image image{.width = static_cast<int>(picture.size(2)),
              .height = static_cast<int>(picture.size(1)),
              .channels = static_cast<int>(picture.size(0)),
              .pixels = std::vector<std::uint8_t>(static_cast<std::size_t>(picture.numel()))};
  const std::int64_t channels = picture.size(0), count = picture.size(1) * picture.size(2);
  for (std::int64_t c = 0; c < channels; ++c)
    for (std::int64_t i = 0; i < count; ++i) {
      const float value = values[c * count + i];
      const float unit = value > 0 ? std::min(value, 1.0f) : 0;  // NaN is not above 0
      image.pixels[static_cast<std::size_t>(i * channels + c)] = static_cast<std::uint8_t>(std::lround(255 * unit));
    }
  return image;
}

Tensor middle_of(const Tensor& picture, std::int64_t longest) {
  Tensor part = picture;
  for (const int axis : {picture.dim() - 2, picture.dim() - 1}) {
    const std::int64_t extent = picture.size(axis), kept = std::min(extent, longest), first = (extent - kept) / 2;
    part = slice(part, axis, first, first + kept);
  }
  return part;
}

std::vector<PhotoFile> find_photos(const std::vector<fs::path>& paths) {
  std::vector<PhotoFile> files;
  std::set<fs::path> met;
  const auto add = [&](const fs::path& path, std::string name) {
    std::error_code unreadable;
    const fs::path real = fs::canonical(path, unreadable);
    if (unreadable || met.insert(real).second) files.push_back({path, std::move(name)});
  };
  for (const fs::path& path : paths) {
    std::error_code unreadable;
    check(fs::exists(path, unreadable), path.string(), "there is no such file or folder");
    if (!fs::is_directory(path)) add(path, path.filename().string());
    else
      for (const fs::path& file : pictures_below(path)) add(file, file.lexically_relative(path).generic_string());
  }
  check(!files.empty(), paths.empty() ? "photos" : paths[0].string(), "has no .png, .jpg or .jpeg files");
  return files;
}

Photo read_photo(const PhotoFile& file, const ReadOptions& options) {
  try {
    const std::string bytes = read_file(file.path), name = file.path.string();
    const bool png = bytes.starts_with("\x89PNG"), jpeg = bytes.starts_with("\xff\xd8");
    check(png || jpeg, name, "is no PNG and no JPEG picture");
    const Image image = png ? decode_png(bytes, name, options.channels) : decode_jpeg(bytes, name, options.channels);
    return reduced({file.name, planes_of(image, image.channels)}, options.longest);
  } catch (const Error& error) {
    if (!options.skip_unreadable) throw;
    std::cerr << "skipped: " << error.what() << std::endl;
    return {file.name, Tensor({1, 0, 0}, Dtype::u8)};
  }
}

std::vector<Photo> read_photos(const std::vector<PhotoFile>& files, const ReadOptions& options) {
  std::vector<Photo> photos;
  for (const PhotoFile& file : files)
    if (Photo photo = read_photo(file, options); photo.pixels.numel() > 0) photos.push_back(std::move(photo));
  std::int64_t channels = options.channels;
  for (const Photo& photo : photos) channels = std::max(channels, photo.pixels.size(0));
  for (Photo& photo : photos)
    if (photo.pixels.size(0) < channels)
      photo.pixels = contiguous(expand(photo.pixels, {channels, photo.height(), photo.width()}));
  return photos;
}

Photo reduced(const Photo& photo, std::int64_t longest) {
  const std::int64_t height = photo.height(), width = photo.width();
  const std::int64_t k = longest > 0 ? ceil_div(std::max(height, width), longest) : 1;
  if (k <= 1) return photo;
  // (The shorter side of a very long picture may be less than k.)
  const std::int64_t down = std::min(k, height), across = std::min(k, width), rows = height / down,
                     columns = width / across;
  const std::int64_t channels = photo.pixels.size(0), area = down * across;
  Tensor pixels({channels, rows, columns}, Dtype::u8);
  std::uint8_t* to = pixels.mutable_data<std::uint8_t>();
  const std::uint8_t* from = photo.pixels.data<std::uint8_t>();
  std::vector<std::int64_t> sums(static_cast<std::size_t>(columns));
  for (std::int64_t c = 0; c < channels; ++c)
    for (std::int64_t y = 0; y < rows; ++y) {
      std::fill(sums.begin(), sums.end(), area / 2);  // so that the division rounds
      for (std::int64_t i = 0; i < down; ++i) {
        const std::uint8_t* row = from + (c * height + y * down + i) * width;
        for (std::int64_t x = 0; x < columns * across; ++x) sums[static_cast<std::size_t>(x / across)] += row[x];
      }
      for (const std::int64_t sum : sums) *to++ = static_cast<std::uint8_t>(sum / area);
    }
  return {photo.name, pixels};
}

Tensor random_crops(const std::vector<Photo>& photos, std::int64_t count, std::int64_t size, Rng& rng, bool turn) {
  check(!photos.empty(), "random_crops", "there are no pictures");
  check(count >= 0 && size >= 1, "random_crops", "cannot cut ", count, " crops of ", size, " x ", size, " pixels");
  std::vector<std::int64_t> until;  // the pixels of this picture and of those before it
  for (const Photo& photo : photos) {
    check(photo.pixels.size(0) == photos[0].pixels.size(0) && photo.pixels.numel() > 0, photo.name, "is ",
          describe(photo.pixels), ", but the first picture is ", describe(photos[0].pixels));
    until.push_back((until.empty() ? 0 : until.back()) + photo.height() * photo.width());
  }
  std::vector<CropPlace> places;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t pixel = rng.below(until.back());
    const auto photo = static_cast<std::size_t>(std::upper_bound(until.begin(), until.end(), pixel) - until.begin());
    const auto start = [&](std::int64_t extent) { return extent > size ? rng.below(extent - size + 1) : 0; };
    const std::int64_t top = start(photos[photo].height()), left = start(photos[photo].width());
    places.push_back({photo, top, left, turn ? rng.below(8) : 0});
  }
  const std::int64_t channels = photos[0].pixels.size(0), length = channels * size * size;
  Tensor crops({count, channels, size, size});
  float* to = crops.mutable_data<float>();
  for (std::size_t i = 0; i < places.size(); ++i, to += length) copy_crop(photos[places[i].photo], places[i], size, to);
  return crops;
}

Loader crops_of(std::vector<Photo> photos, const CropOptions& options) {
  check(!photos.empty(), "crops_of", "there are no pictures to cut from");
  // The rows only count the crops; the transform makes them.
  return {
      zeros({options.per_epoch}),
      {},
      {.batch_size = options.batch_size,
       .seed = options.seed,
       .shuffle = false,
       .transform = [photos = std::move(photos), size = options.size, turn = options.turn](
                        const Tensor& rows, Rng& rng) { return random_crops(photos, rows.size(0), size, rng, turn); }}};
}

}  // namespace hourglass::examples
