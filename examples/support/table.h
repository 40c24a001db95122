// SPDX-License-Identifier: MIT
// Reads tables of numbers: CSV and TSV.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/tensor.h"

namespace hourglass::examples {

/// Columns of numbers, with names.
struct Table {
  std::vector<std::string> columns;  ///< from the first line, unless it has numbers only; otherwise empty
  Tensor values;                     ///< f64[rows, columns]; missing values, if allowed, are NaN
  std::vector<std::string> labels;   ///< the text of the label column, if the options name one: it is not in values

  /// One column, f64[rows]. For an unknown name, the Error lists the known ones. A name that several columns have is an
  /// Error, too.
  Tensor column(std::string_view name) const;
};

struct TableOptions {
  char separator = '\0';         ///< '\0': a tab if the first line has one, otherwise a comma
  bool missing_allowed = false;  ///< missing values (is_missing in fields.h) become NaN; otherwise they are errors
  std::string label{};           ///< a column that may hold any text: its name, or its number from 1 on
  bool label_optional = false;   ///< a column of this name need not be there
};

/// Reads numbers, a row in each line; blank lines are skipped. Every row has as many fields as the first. A field may be
/// in quotes ("1.5"). "nan" and "inf" are not numbers. Strict: a field that is not a number, or is one too many, is an
/// Error with file, line and column. A file without a row of numbers is an Error.
Table read_table(const std::filesystem::path& path, const TableOptions& options = {});

/// The same from memory. Errors begin with `name`.
Table parse_table(std::string_view text, std::string_view name, const TableOptions& options = {});

}  // namespace hourglass::examples
