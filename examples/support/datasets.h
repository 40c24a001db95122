// SPDX-License-Identifier: MIT
// The sets that the examples learn from: Fashion-MNIST, MNIST, a set that is generated, and files of the user's.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "examples/support/rows.h"
#include "examples/support/transforms.h"
#include "tensor/tensor.h"

namespace hourglass::examples {

/// Images, one in each row. A model learns from the training images. Choices, such as when to stop and which epoch was
/// best, are made on the validation images, so that the test images, which are looked at once at the end, stay unseen.
struct ImageData {
  Tensor train_images;  ///< f32[n, channels * height * width], in [0, 1]
  Tensor train_labels;  ///< i64[n]
  Tensor validation_images;
  Tensor validation_labels;
  Tensor test_images;
  Tensor test_labels;
  int channels = 1;  ///< 1: grey; 3: red, green, blue, one plane after another
  int height = 28;
  int width = 28;
  Shape image_shape() const { return {channels, height, width}; }
  Transform transform{};               ///< of each training batch, see Binarize; loader_of passes it on
  std::string name{};                  ///< "fashion-mnist"; with a limit "fashion-mnist, first 1000"
  std::vector<std::string> classes;    ///< their names, by label
  std::string origin;                  ///< where the images came from, in words
  std::vector<std::string> columns{};  ///< names of the numbers, if the images are the rows of a table with a heading
  /// Of the images: their files, if each has one.
  std::vector<std::string> train_names{}, validation_names{}, test_names{};
  /// How numbers that were not in [0, 1] became so; outputs of a model in the data's own units are its inverse.
  std::optional<Scaling> scaling{};

  /// The factors of each generated image, f32[n, factors]. Empty for images that were read.
  Tensor train_factors;
  Tensor validation_factors;
  Tensor test_factors;
  std::vector<std::string> factors;

  /// The reference value, if this is the set on which it was measured, without a limit. Otherwise empty.
  std::optional<double> reference_on(std::string_view dataset, double value) const;
};

/// Whether grey pixels become 0 or 1, as the figures of many papers need. threshold: what is above 1/2 is 1. by_chance: a
/// pixel is 1 with the probability that it is bright, drawn once for all (Larochelle & Murray 2011). at_each_step: the
/// same, but drawn again for each training batch (Burda et al. 2016); validation and test images are drawn once.
enum class Binarize : std::uint8_t { none, threshold, by_chance, at_each_step };

struct DataOptions {
  std::string name = "fashion-mnist";  ///< or "mnist", "generated", "folder", or the path of a file or folder
  std::filesystem::path folder{};      ///< the only place to look; empty: the usual places, see load_images
  std::filesystem::path series{};      ///< a file of series instead: a row each, see read_series
  std::string label{};                 ///< the column of a table that has the classes, see RowOptions
  std::int64_t limit = 0;              ///< at most this many training, validation and test images; 0: all
  std::int64_t validation =
      5000;                ///< number of training images that become validation images, at most a seventh of all
  std::uint64_t seed = 0;  ///< of the generated set
  bool grey = false;       ///< coloured pictures of the user's become grey
  PictureSize resize{};    ///< of the user's pictures, which may then have different sizes
  Binarize binarize = Binarize::none;

  /// Files to which a trained model is applied. They are all that is loaded, as training, validation and test images.
  std::vector<std::filesystem::path> apply{};
  Shape trained_on{};                  ///< the shape of an image that the model knows: pictures become grey or coloured
  std::vector<std::string> classes{};  ///< that the model knows
  std::optional<Scaling> scaling{};    ///< that it was trained with
  bool skip_unreadable = false;        ///< whole photographs that are damaged are named and left out, see load_photos
};

/// Loads the set. MNIST and Fashion-MNIST are four IDX files, gzipped or not. They are read from the given folder;
/// without one, from the first of $HOURGLASS_DATA, /usr/share/datasets (where Debian's package dataset-fashion-mnist
/// puts them) and ~/.cache/hourglass that has them, directly or in a folder of the set's name. If Fashion-MNIST is in
/// none of these, the generated set takes its place, and a line on stderr says so. Files that are missing in a given
/// folder, and damaged files, are an Error.
///
/// A path is read by read_set (rows.h), and so is the given folder for "folder". Its pictures are in colour if any of
/// them is and `grey` is not set. A row of a table is an image of height 1. Numbers that leave [0, 1] are scaled to it:
/// each column of a table by its own smallest and largest value, all pixels and all values of series by theirs. These come from the
/// training rows; the few test values beyond them are clamped.
ImageData load_images(const DataOptions& options = {});

/// The message about rows that a trained model cannot take: the shape that it knows, and the one that came.
std::string other_size(const Shape& known, const Shape& got);

}  // namespace hourglass::examples
