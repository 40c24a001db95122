// SPDX-License-Identifier: MIT
// Time series with labels, in the formats of the UCR archive.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/tensor.h"

namespace hourglass::examples {

/// Series of one variable, padded to the length of the longest.
struct SeriesData {
  Tensor values;                     ///< f32[n, length]; NaN after the end of a shorter series and for missing values
  Tensor labels;                     ///< i64[n], indices of `classes`
  Tensor lengths;                    ///< i64[n]
  std::vector<std::string> classes;  ///< sorted if all are numbers, otherwise in the order of the file
};

struct SeriesOptions {
  bool label_last = false;  ///< the label is the last field of a line, not the first
};

/// Reads a UCR file; its ending decides the format. .tsv (and .txt and .csv): each line is a label, a number or a name,
/// and the series, separated by tabs (or commas); a first line with words among the values is a heading. .arff: all
/// attributes are numeric except the last one, which lists the classes. Missing values (is_missing in fields.h) may be
/// anywhere, and fill the line after the end of a series. Blank lines are skipped. Strict: errors name file, line and
/// column; a file without a series is an error. (Dau et al. 2019, "The UCR time series archive"; Witten & Frank 2005,
/// "Data mining", section 2.4 for ARFF.)
SeriesData read_series(const std::filesystem::path& path, const SeriesOptions& options = {});

/// The same from memory. Errors begin with `name`.
SeriesData parse_series_tsv(std::string_view text, std::string_view name, const SeriesOptions& options = {});
SeriesData parse_series_arff(std::string_view text, std::string_view name);

}  // namespace hourglass::examples
