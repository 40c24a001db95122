// Time series with labels, as the UCR archive keeps them.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/tensor.h"

namespace hourglass::examples {

/// Series of one variable, all padded to the longest.
struct SeriesData {
  Tensor values;   ///< f32[n, length]; NaN behind the end of a shorter series, and where one is missing
  Tensor labels;   ///< i64[n], indices of `classes`
  Tensor lengths;  ///< i64[n]
  std::vector<std::string> classes;  ///< in order of their numbers if they are numbers, else as the file lists them
};

/// Reads a UCR file by its ending. .tsv (and .txt): a line is a label and the series, separated by tabs (or commas);
/// NaN may stand behind the end of a series and for a missing value. .arff: the attributes are numeric but for the last
/// one, which lists the classes; ? is a missing value. Strict: errors name file, line and column. (Dau et al. 2019,
/// "The UCR time series archive"; Witten & Frank 2005, "Data mining", section 2.4 for ARFF.)
SeriesData read_series(const std::filesystem::path& path);

/// The same from memory; `name` begins the errors.
SeriesData parse_series_tsv(std::string_view text, std::string_view name);
SeriesData parse_series_arff(std::string_view text, std::string_view name);

}  // namespace hourglass::examples
