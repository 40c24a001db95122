// SPDX-License-Identifier: MIT
// Which photographs are learnt from, and which are held out; the generated set.
#include <algorithm>
#include <array>
#include <cmath>
#include <iostream>
#include <numbers>
#include <system_error>
#include <utility>

#include "examples/support/photos.h"
#include "tensor/error.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"

namespace hourglass::examples {
namespace fs = std::filesystem;
namespace {

// The photographs among the wallpapers (the others are drawn), and pictures of scikit-image in colour.
constexpr const char* kWallpapers = "/usr/share/wallpapers";
constexpr const char* kSkimage = "/usr/lib/python3/dist-packages/skimage/data";
constexpr std::array kTrainPhotos{"Autumn",      "BytheWater",   "ColdRipple", "ColorfulCups",
                                  "DarkestHour", "EveningGlow",  "FallenLeaf", "Grey",
                                  "Kite",        "OneStandsOut", "Path",       "summer_1am"};
constexpr std::array kValidationPhotos{"motorcycle_left.png", "hubble_deep_field.jpg", "ihc.png"};
constexpr std::array kTestPhotos{"astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg"};

// The files of the packages. Empty if any is missing.
struct PhotoFiles {
  std::vector<PhotoFile> train, validation, test;
};
PhotoFiles installed_photos() {
  PhotoFiles files;
  std::error_code unreadable;
  for (const char* name : kTrainPhotos) {
    const fs::path file = fs::path(kWallpapers) / name / "contents/images/2560x1600.jpg";
    if (!fs::exists(file, unreadable)) return {};
    files.train.push_back({file, name});
  }
  const auto of_skimage = [&](const auto& names, std::vector<PhotoFile>& to) {
    for (const char* name : names) {
      const fs::path file = fs::path(kSkimage) / name;
      if (!fs::exists(file, unreadable)) return false;
      to.push_back({file, file.stem().string()});
    }
    return true;
  };
  if (!of_skimage(kValidationPhotos, files.validation) || !of_skimage(kTestPhotos, files.test)) return {};
  return files;
}

// Moves `count` of the items, drawn by chance, to a list of their own. Both lists keep their order.
template <class T>
std::vector<T> draw_out(std::vector<T>& items, std::int64_t count, Rng rng) {
  const Tensor order = rng.permutation(std::ssize(items));
  std::vector<bool> drawn(items.size(), false);
  for (const std::int64_t i : order.span<std::int64_t>().first(static_cast<std::size_t>(count)))
    drawn[static_cast<std::size_t>(i)] = true;
  std::vector<T> out, rest;
  for (std::size_t i = 0; i < items.size(); ++i) (drawn[i] ? out : rest).push_back(std::move(items[i]));
  items = std::move(rest);
  return out;
}

void read_photo_folder(PhotoSet& set, const DataOptions& options, std::int64_t longest) {
  const fs::path folder = options.name;
  const ReadOptions read{
      .channels = options.grey ? 1 : 0, .longest = longest, .skip_unreadable = options.skip_unreadable};
  const Rng rng = Rng(0).split("held out");
  const bool is_divided = fs::is_directory(folder / "train") && fs::is_directory(folder / "test");
  std::vector<PhotoFile> files = find_photos({is_divided ? folder / "train" : folder}), tests;
  // (What is held out is decided by the files, before any is read.)
  check(is_divided || files.size() >= 3, options.name, "has ", files.size(),
        " pictures; at least three are needed, to learn from, to validate and to test");
  if (is_divided) tests = find_photos({folder / "test"});
  else tests = draw_out(files, std::max<std::int64_t>(1, std::ssize(files) / 5), rng.split("test"));
  check(files.size() >= 2, options.name, "has one picture to learn from; at least two are needed");
  const std::int64_t most = std::min(options.validation, std::ssize(files) / 7);
  std::vector<PhotoFile> validation = draw_out(files, std::max<std::int64_t>(1, most), rng.split("validation"));
  set.train = read_photos(files, read);
  set.validation = read_photos(validation, read);
  set.test = read_photos(tests, read);
  check(!set.train.empty() && !set.validation.empty() && !set.test.empty(), options.name,
        "too few pictures can be read: ", set.train.size(), " to learn from, ", set.validation.size(), " to validate, ",
        set.test.size(), " to test");
  set.name = set.origin = options.name;
}

void keep_first(std::vector<Photo>& photos, std::int64_t limit) {
  if (limit > 0 && std::ssize(photos) > limit) photos.resize(static_cast<std::size_t>(limit));
}

// ---- dead leaves

struct Leaf {
  float x, y, radius, gradient_x, gradient_y, wave_x, wave_y, phase, contrast;
  std::array<float, 3> colour;
};

Leaf next_leaf(Rng& rng, std::int64_t height, std::int64_t width) {
  // Radii of density r^-3 between a and b: 1 / r² is uniform between 1 / b² and 1 / a².
  constexpr double kSmallest = 3, kLargest = 120;
  const std::vector<double> u = rng.uniform({12}, 0, 1, Dtype::f64).to_vector<double>();
  const double inverse = 1 / (kLargest * kLargest) + u[0] * (1 / (kSmallest * kSmallest) - 1 / (kLargest * kLargest));
  const double radius = 1 / std::sqrt(inverse), margin = radius;
  const double angle = 2 * std::numbers::pi * u[3], direction = 2 * std::numbers::pi * u[4];
  const double period = 3 + 15 * u[5] * u[5], slope = 0.25 * u[6] / radius;
  Leaf leaf{.x = static_cast<float>(-margin + u[1] * (static_cast<double>(width) + 2 * margin)),
            .y = static_cast<float>(-margin + u[2] * (static_cast<double>(height) + 2 * margin)),
            .radius = static_cast<float>(radius),
            .gradient_x = static_cast<float>(slope * std::cos(angle)),
            .gradient_y = static_cast<float>(slope * std::sin(angle)),
            .wave_x = static_cast<float>(2 * std::numbers::pi / period * std::cos(direction)),
            .wave_y = static_cast<float>(2 * std::numbers::pi / period * std::sin(direction)),
            .phase = static_cast<float>(2 * std::numbers::pi * u[7]),
            .contrast = static_cast<float>(0.15 * u[8] * u[8]),
            .colour = {}};
  // The three channels of natural pictures go together.
  const double brightness = 0.1 + 0.8 * u[9];
  const std::array<double, 3> shift{u[10] - 0.5, -0.5 * (u[10] - 0.5) + 0.5 * (u[11] - 0.5), u[11] - 0.5};
  for (std::size_t c = 0; c < 3; ++c) leaf.colour[c] = static_cast<float>(brightness + 0.35 * shift[c]);
  return leaf;
}

// From front to back: a leaf colours the samples that are still free. Two samples a pixel in each direction, whose
// averages make edges smooth.
Photo dead_leaves(std::int64_t channels, Rng rng) {
  constexpr std::int64_t kSamples = 2, kMostLeaves = 20'000;
  const std::int64_t height = 128 + rng.below(129), width = 128 + rng.below(129), rows = kSamples * height,
                     columns = kSamples * width;
  Tensor pixels = full({3, rows, columns}, 0.5);
  float* values = pixels.mutable_data<float>();
  std::vector<bool> taken(static_cast<std::size_t>(rows * columns), false);
  std::int64_t free = rows * columns;
  for (std::int64_t count = 0; count < kMostLeaves && free > rows * columns / 1000; ++count) {
    const Leaf leaf = next_leaf(rng, height, width);
    const auto first = [](float from) { return std::max<std::int64_t>(0, static_cast<std::int64_t>(from * kSamples)); };
    const auto last = [](float to, std::int64_t end) {
      return std::min(end, static_cast<std::int64_t>(std::ceil(to * kSamples)));
    };
    const std::int64_t bottom = last(leaf.y + leaf.radius, rows), right = last(leaf.x + leaf.radius, columns);
    for (std::int64_t i = first(leaf.y - leaf.radius); i < bottom; ++i)
      for (std::int64_t j = first(leaf.x - leaf.radius); j < right; ++j) {
        const float x = (static_cast<float>(j) + 0.5f) / kSamples - leaf.x,
                    y = (static_cast<float>(i) + 0.5f) / kSamples - leaf.y;
        const std::int64_t at = i * columns + j;
        if (x * x + y * y > leaf.radius * leaf.radius || taken[static_cast<std::size_t>(at)]) continue;
        taken[static_cast<std::size_t>(at)] = true;
        --free;
        const float light = leaf.gradient_x * x + leaf.gradient_y * y +
                            leaf.contrast * std::sin(leaf.wave_x * x + leaf.wave_y * y + leaf.phase);
        for (std::int64_t c = 0; c < 3; ++c)
          values[c * rows * columns + at] = leaf.colour[static_cast<std::size_t>(c)] + light;
      }
  }
  Tensor picture = mean(reshape(pixels, {3, height, kSamples, width, kSamples}), {2, 4});
  if (channels == 1) picture = mean(picture, {0}, true);
  return {"", to(clamp(picture * 255 + 0.5, 0, 255), Dtype::u8)};
}

}  // namespace

std::vector<Photo> generate_photos(std::int64_t count, std::int64_t channels, std::uint64_t seed) {
  check(channels == 1 || channels == 3, "generate_photos", "pictures have 1 or 3 channels, not ", channels);
  std::vector<Photo> photos(static_cast<std::size_t>(count));
  const Rng rng = Rng(seed).split("dead leaves");
  parallel_for(count, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      photos[static_cast<std::size_t>(i)] = dead_leaves(channels, rng.split(static_cast<std::uint64_t>(i)));
      photos[static_cast<std::size_t>(i)].name = join("leaves ", i + 1);
    }
  });
  return photos;
}

PhotoSet load_photos(const DataOptions& options, std::int64_t longest) {
  PhotoSet set;
  set.channels = options.grey ? 1 : 3;
  if (!options.apply.empty()) {
    if (!options.trained_on.empty()) set.channels = options.trained_on[0];
    set.name = set.origin = "pictures of --apply";
    return set;
  }
  bool generate = options.name == "generated";
  if (options.name == "photos") {
    const PhotoFiles files = installed_photos();
    generate = files.test.empty();
    if (generate)
      std::cerr << "photos: the photographs are missing, so generated pictures take their place. To install them: "
                   "examples/data.sh photos"
                << std::endl;
    const ReadOptions read{.channels = static_cast<int>(set.channels), .longest = longest};
    set.train = read_photos(files.train, read);
    set.validation = read_photos(files.validation, read);
    set.test = read_photos(files.test, read);
    set.name = "photos";
    set.origin = join("photographs from ", kWallpapers, " and ", kSkimage);
  } else if (!generate) {
    read_photo_folder(set, options, longest);
    set.channels = set.train[0].pixels.size(0);
    for (std::vector<Photo>* part : {&set.train, &set.validation, &set.test})
      for (Photo& photo : *part) set.channels = std::max(set.channels, photo.pixels.size(0));
  }
  if (generate) {
    set.train = generate_photos(32, set.channels);
    set.test.assign(set.train.begin() + 28, set.train.end());
    set.validation.assign(set.train.begin() + 24, set.train.begin() + 28);
    set.train.resize(24);
    set.name = "generated";
    set.origin = "generated pictures (dead leaves)";
  }
  for (std::vector<Photo>* part : {&set.train, &set.validation, &set.test}) {
    keep_first(*part, options.limit);
    // A part may be grey throughout, in a set that has colour.
    for (Photo& photo : *part)
      if (photo.pixels.size(0) < set.channels)
        photo.pixels = contiguous(expand(photo.pixels, {set.channels, photo.height(), photo.width()}));
  }
  if (options.limit > 0) set.name += join(", first ", options.limit);
  return set;
}

}  // namespace hourglass::examples
