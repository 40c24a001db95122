// SPDX-License-Identifier: MIT
// Rows of numbers from the files that people have: pictures, arrays of NumPy, tables and IDX files.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "examples/support/folder.h"
#include "tensor/tensor.h"

namespace hourglass::examples {

struct FileRows {
  Tensor values{};  ///< f32[n, channels, height, width]; bytes and pictures are in [0, 1], other numbers as they are
  Tensor labels{};  ///< i64[n], indices of `classes`; empty if there are no classes
  std::vector<std::string> classes{};
  std::vector<std::string> columns{};  ///< of a table with a heading
  std::vector<std::string> names{};    ///< of the rows: the files of pictures; otherwise empty
};

struct RowOptions {
  int channels = 0;             ///< of pictures: 1, 3 or as they are; see read_picture_folder
  PictureSize resize{};         ///< of pictures
  bool series = false;          ///< .tsv, .csv, .txt and .arff are series with classes, see read_series
  std::string label{};          ///< the column of a table that has the classes: its name, or its number from 1 on
  Shape row{};                  ///< [channels, height, width]: rows [n, d] of as many numbers become of this shape
  bool label_optional = false;  ///< a table may lack the column of this name
};

/// Reads one file or several, and puts their rows one below the other. What a file is, its ending says:
///
///     a folder                 its pictures, see read_picture_folder; .png, .jpg, .jpeg: a picture
///     .csv .tsv .txt           a table, a row in each line: [n, 1, 1, columns]
///     .npy                     [n, d] is like a table; [n, h, w], [n, h, w, 1 or 3] and [n, 1 or 3, h, w] are pictures
///     .npz                     the array of this kind, if it is the only one
///     -ubyte, with .gz or not  IDX, [n, h, w]
///
/// An Error names a file of another kind, of another size than those before it, without a row, and with a value that is
/// missing or not finite.
FileRows read_rows(const std::vector<std::filesystem::path>& paths, const RowOptions& options = {});

/// The parts of a set. Files that are divided into training and test rows by their makers stay so.
struct FileSet {
  FileRows train, test;
};
/// A folder with train/ and test/; an .npz with x_train and x_test, and with y_train and y_test or without, as Keras
/// has it; otherwise read_rows(), of which a fifth, drawn by chance, becomes the test set.
FileSet read_set(const std::filesystem::path& path, const RowOptions& options, std::uint64_t seed);

}  // namespace hourglass::examples
