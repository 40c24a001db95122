// The image sets that the examples learn from: Fashion-MNIST, MNIST, and one that is drawn on the spot.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/tensor.h"

namespace hourglass::examples {

/// Grey images, one a row, split into a training and a test set.
struct ImageData {
  Tensor train_images;  ///< f32[n, height * width], in [0, 1]
  Tensor train_labels;  ///< i64[n]
  Tensor test_images;
  Tensor test_labels;
  int height = 28;
  int width = 28;
  std::string name{};                ///< "fashion-mnist"; with a limit "fashion-mnist, first 1000"
  std::vector<std::string> classes;  ///< what the labels stand for
  std::string origin;                ///< where the images came from, for people

  /// What each generated image was drawn from, f32[n, factors]; empty for data that was read.
  Tensor train_factors;
  Tensor test_factors;
  std::vector<std::string> factors;

  /// The figure to compare with, where this is the set it was measured on, and all of it; otherwise none.
  std::optional<double> reference_on(std::string_view dataset, double value) const;
};

struct DataOptions {
  std::string name = "fashion-mnist";  ///< or "mnist", "generated", "folder"
  std::filesystem::path folder{};      ///< looked in first and alone; empty: the usual places, see load_images
  std::int64_t limit = 0;              ///< use at most this many of the training and of the test images; 0: all
  std::uint64_t seed = 0;              ///< of the generated set
};

/// Loads the set. MNIST and Fashion-MNIST are four IDX files, gzipped or not, in the given folder, or else in the first
/// of $HOURGLASS_DATA, /usr/share/datasets (where Debian's dataset-fashion-mnist puts them) and ~/.cache/hourglass that
/// has them, in a folder of the set's name or there itself. Where Fashion-MNIST is in none of these, the generated set
/// serves, and a line on stderr says so. Missing in a folder that was given, or damaged anywhere, is an Error.
/// "folder" are PNG pictures in the given folder (see read_picture_folder), made grey: in train/ and test/, or a fifth
/// of them to test on.
ImageData load_images(const DataOptions& options = {});

}  // namespace hourglass::examples
