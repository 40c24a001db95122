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

  /// One column, f64[rows]. For an unknown name, the Error lists the known ones.
  Tensor column(std::string_view name) const;
};

struct TableOptions {
  char separator = '\0';         ///< '\0': a tab if the first line has one, otherwise a comma
  bool missing_allowed = false;  ///< empty fields, "?", "NA" and "nan" become NaN; otherwise they are errors
};

/// Reads numbers, a row in each line. Every row has as many fields as the first. A field may be in quotes ("1.5").
/// "nan" and "inf" are not numbers. Strict: a field that is not a number, or is one too many, is an Error with file,
/// line and column.
Table read_table(const std::filesystem::path& path, const TableOptions& options = {});

/// The same from memory. Errors begin with `name`.
Table parse_table(std::string_view text, std::string_view name, const TableOptions& options = {});

/// Splits text into lines, without their ends (\n or \r\n). What follows the last end is a line if it is not empty.
std::vector<std::string_view> lines_of(std::string_view text);
/// Removes spaces and tabs at both ends.
std::string_view trim(std::string_view text);
/// All of `text` as one finite number. Otherwise an Error that begins with `where`.
double parse_number(std::string_view text, std::string_view where);

}  // namespace hourglass::examples
