// SPDX-License-Identifier: MIT
// What a trained model is used for, and the files in which its outputs are kept.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "examples/support/transforms.h"
#include "tensor/tensor.h"

namespace hourglass::examples {

struct OutputRows;

/// What a model makes of rows of numbers. What it cannot make stays empty. The functions are called with some rows at a
/// time, without a graph, and while all modules of the run are in evaluation mode.
struct Uses {
  using OfRows = std::function<Tensor(const Tensor& rows)>;
  OfRows codes{};            ///< [n, ...]
  OfRows reconstructions{};  ///< like the rows
  OfRows scores{};           ///< [n], how strange each row is; if empty, the mean squared error of its reconstruction
  std::function<Tensor(std::int64_t count, Rng& rng)> samples{};  ///< new rows [count, d]
  /// What else the program does with the rows of --apply: it may draw pictures and write tables.
  std::function<void(const OutputRows& rows)> applied{};
  bool any_size = false;  ///< takes rows of another size than those that it was trained on
};

/// A file that --save names: "codes.npy", "scores.csv", "samples.png".
struct Output {
  std::string what;    ///< codes, reconstructions, scores, samples, inputs or labels
  std::string format;  ///< npy: an array; csv: a line for each row; png: a picture for each row, in a folder
};
/// An Error for a name that is none of these, or whose output the model cannot make.
Output output_of(const std::string& file_name, const Uses& uses, bool has_labels);
/// What is saved if the user says nothing: codes.npy, reconstructions.npy and scores.csv, as far as there are.
std::vector<std::string> usual_outputs(const Uses& uses);

/// The rows that outputs are made of, and what is known of them.
struct OutputRows {
  Tensor values{};                     ///< as the model takes them
  Tensor labels{};                     ///< i64[n], if known
  Shape image{};                       ///< [channels, height, width], if a row is a picture or one of a table
  std::vector<std::string> names{};    ///< of the rows; if empty, they are numbered from 1
  std::vector<std::string> columns{};  ///< of a table
  std::optional<Scaling> scaling{};    ///< outputs like the rows go back to the units of the data
  Tensor scores{};                     ///< f32[n], if they are known already
};

/// The name of a row, or its number.
std::string name_of(const OutputRows& rows, std::int64_t row);
/// f of all rows, a thousand at a time and without a graph.
Tensor of_rows(const Uses::OfRows& f, const Tensor& rows);
/// The scores, f32[n]; see Uses.
Tensor scores_of(const Uses& uses, const Tensor& rows);

/// Makes an output and writes it to the folder. Arrays of pictures are [n, channels, height, width]. Returns a line that
/// describes the file: "codes.npy f32[10000, 32]".
std::string write_output(const Output& output, const Uses& uses, const OutputRows& rows, std::int64_t samples, Rng rng,
                         const std::filesystem::path& folder);

}  // namespace hourglass::examples
