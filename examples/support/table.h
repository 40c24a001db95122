// Tables of numbers as text: CSV and TSV.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/tensor.h"

namespace hourglass::examples {

/// Columns of numbers under names.
struct Table {
  std::vector<std::string> columns;  ///< from the first line, if it is not all numbers; otherwise empty
  Tensor values;                     ///< f64[rows, columns]; NaN where something is missing, if that was allowed

  /// One column, f64[rows]; a name that is not there is an Error that lists those that are.
  Tensor column(std::string_view name) const;
};

struct TableOptions {
  char separator = '\0';         ///< '\0': a tab if the first line has one, otherwise a comma
  bool missing_allowed = false;  ///< empty fields, "?", "NA" and "nan" become NaN; otherwise they are errors
};

/// Reads numbers, one row a line: every row has as many fields as the first. A field may be in quotes ("1.5"). "nan"
/// and "inf" are no numbers. Strict: whatever is not a number, or is one too many, is an Error with file, line and
/// column.
Table read_table(const std::filesystem::path& path, const TableOptions& options = {});

/// The same from memory; `name` begins the errors.
Table parse_table(std::string_view text, std::string_view name, const TableOptions& options = {});

/// Splits text into lines without their ends (\n or \r\n); what follows the last end is a line only if it is not empty.
std::vector<std::string_view> lines_of(std::string_view text);
/// Without spaces and tabs at both ends.
std::string_view trim(std::string_view text);
/// The whole of `text` as one finite number; `where...` begins the Error if it is none.
double parse_number(std::string_view text, std::string_view where);

}  // namespace hourglass::examples
