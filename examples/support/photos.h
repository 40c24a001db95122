// SPDX-License-Identifier: MIT
// Whole photographs of any size: a set of them, training crops, and pictures as tensors and back.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "examples/support/datasets.h"
#include "examples/support/loader.h"
#include "examples/support/png.h"
#include "tensor/random.h"
#include "tensor/tensor.h"

namespace hourglass::examples {

/// A picture as it is kept in memory: a byte for each pixel and channel, a quarter of what floats take.
struct Photo {
  std::string name;  ///< its file, relative to the folder that was given
  Tensor pixels;     ///< u8[channels, height, width]; channels are 1 (grey) or 3 (red, green, blue)
  std::int64_t height() const { return pixels.size(1); }
  std::int64_t width() const { return pixels.size(2); }
};

/// f32[channels, height, width] in [0, 1], and the opposite, which rounds and clamps; NaN becomes 0.
Tensor values_of(const Photo& photo);
Image to_image(const Tensor& picture);
/// The middle of the picture [..., height, width], at most `longest` pixels high and wide.
Tensor middle_of(const Tensor& picture, std::int64_t longest);

struct ReadOptions {
  int channels = 0;              ///< 1 or 3: all pictures become grey or coloured; 0: 3 if any has colour
  std::int64_t longest = 0;      ///< pixels: a longer picture is reduced, see reduced(); 0: none is
  bool skip_unreadable = false;  ///< a damaged picture is named on stderr and left out
};

/// The pictures among files and folders, in the order of the arguments and, in a folder, of their paths. Folders are
/// walked to the bottom; files in them with other endings than .png, .jpg and .jpeg, names that begin with a dot, and
/// links to a picture that was met before are left alone. A path that does not exist and no picture at all are an Error.
struct PhotoFile {
  std::filesystem::path path;
  std::string name;  ///< relative to the folder that was walked
};
std::vector<PhotoFile> find_photos(const std::vector<std::filesystem::path>& paths);
/// Reads one picture. Its first bytes say whether it is PNG or JPEG. A file that is neither, or damaged, is an Error
/// that names it; if such files are to be skipped, the result has no pixels.
Photo read_photo(const PhotoFile& file, const ReadOptions& options);
/// Reads them one after another, so that a single one is in memory before it is reduced.
std::vector<Photo> read_photos(const std::vector<PhotoFile>& files, const ReadOptions& options);
/// Averages over squares of k x k pixels, with the smallest k that makes no side longer than `longest`. Up to k - 1
/// pixels at the right and lower edge are cut off.
Photo reduced(const Photo& photo, std::int64_t longest);

/// A model learns from crops of the training pictures. Validation and test pictures are held out as a whole: no part
/// of them is ever seen in training.
struct PhotoSet {
  std::vector<Photo> train, validation, test;
  std::int64_t channels = 3;
  std::string name, origin;  ///< as in ImageData
};

/// The set that the options name:
///   photos     photographs of Debian's packages plasma-workspace-wallpapers (training) and python3-skimage (validation
///              and test, a list), which `examples/data.sh photos` installs. If they are missing, the generated set
///              takes their place, and a line on stderr says so.
///   generated  generate_photos(), 24 + 4 + 4 of them
///   a folder   of pictures of any sizes, see find_photos. If it has train/ and test/, these are the parts; otherwise a
///              fifth of the pictures, drawn by chance from their order by name (always the same ones), is held out for
///              testing. At most options.validation pictures, and at most a seventh, but at least one, are taken from
///              the training pictures in the same way for validation. Fewer than three pictures are an Error.
/// options.limit is a number of pictures for each part. Training pictures longer than `longest` pixels are reduced, and
/// so are the others: 1280 pixels of 2560 are sharper and take a quarter of the memory (30 pictures 100 MB). With
/// options.apply nothing is read, and `channels` is what the model was trained on.
PhotoSet load_photos(const DataOptions& options, std::int64_t longest = 1280);

/// Pictures with the statistics of photographs: "dead leaves", discs that hide one another, whose radii r have the
/// density r^-3, so that the picture looks the same at every scale (Lee, Mumford & Huang 2001, "Occlusion models for
/// natural images"). Each disc has a colour, a gradient of it and a texture of stripes. Sides are 128 to 256 pixels.
/// Picture i depends on the seed and i alone.
std::vector<Photo> generate_photos(std::int64_t count, std::int64_t channels, std::uint64_t seed = 0);

/// `count` crops f32[count, channels, size, size] in [0, 1], each from a random place: a picture is chosen by its
/// number of pixels. With `turn` each is one of the eight that quarter turns and a mirror make. Beyond the edge of a
/// picture that is smaller than a crop, the picture is reflected.
Tensor random_crops(const std::vector<Photo>& photos, std::int64_t count, std::int64_t size, Rng& rng,
                    bool turn = true);

struct CropOptions {
  std::int64_t size = 64;
  std::int64_t per_epoch = 1600;  ///< how many crops an epoch has
  std::int64_t batch_size = 16;
  std::uint64_t seed = 0;
  bool turn = true;
};
/// Batches of random crops, made in a background thread. They depend on the seed, the epoch and the number of the batch
/// alone, so that a run can be resumed, and threads make no difference.
Loader crops_of(std::vector<Photo> photos, const CropOptions& options);

}  // namespace hourglass::examples
