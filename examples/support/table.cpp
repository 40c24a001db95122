// SPDX-License-Identifier: MIT
#include "examples/support/table.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>

#include "examples/support/fields.h"
#include "examples/support/files.h"
#include "nn/io/limits.h"
#include "tensor/ops.h"

namespace hourglass::examples {
namespace {

// Whether a field of the first line is the name of a column.
bool is_name(std::string_view field) {
  constexpr std::array infinities{"inf", "Inf", "INF", "-inf", "-Inf", "-INF"};
  return !is_missing(field) && !number_in(field) &&
         std::find(infinities.begin(), infinities.end(), trim(field)) == infinities.end();
}

Table table_in(std::string_view text, std::string_view name, const TableOptions& options) {
  Lines lines(text, name);
  std::optional<std::string_view> line = lines.next();
  check(line.has_value(), name, "the file is empty");
  const char separator = options.separator != '\0' ? options.separator : separator_in(*line);
  std::vector<std::string> fields = fields_of(*line, separator, lines.place());
  const std::size_t width = fields.size();
  Table table;
  if (std::any_of(fields.begin(), fields.end(), is_name)) {
    table.columns = std::move(fields);
    line = lines.next(separator);
  }
  std::vector<double> values;
  std::int64_t rows = 0;
  for (; line; line = lines.next(separator), ++rows) {
    fields = fields_of(*line, separator, lines.place());
    if (fields.size() != width)
      fail(join(lines.place()), "has ", fields.size(), " fields, but the first line has ", width);
    for (std::size_t k = 0; k < width; ++k) {
      const bool missing = options.missing_allowed && is_missing(fields[k]);
      values.push_back(
          missing ? std::numeric_limits<double>::quiet_NaN()
                  : parse_number(fields[k], lines.place().at_column(k + 1), std::numeric_limits<double>::max()));
    }
  }
  check(rows > 0, name, "there is no row of numbers");
  table.values = Tensor::from(values, {rows, static_cast<std::int64_t>(width)});
  return table;
}

}  // namespace

Tensor Table::column(std::string_view name) const {
  const auto found = std::find(columns.begin(), columns.end(), name);
  std::string known;
  if (found == columns.end())
    for (const std::string& one : columns) known += (known.empty() ? "" : ", ") + one;
  check(found != columns.end(), "table", "there is no column '", name, "'; there are ",
        known.empty() ? "none with names" : known);
  check(std::find(found + 1, columns.end(), name) == columns.end(), "table", "several columns are called '", name, "'");
  return contiguous(select(values, 1, found - columns.begin()));
}

Table parse_table(std::string_view text, std::string_view name, const TableOptions& options) {
  return nn::within_memory(name, text.size(), [&] { return table_in(text, name, options); });
}

Table read_table(const std::filesystem::path& path, const TableOptions& options) {
  return parse_table(read_file(path), path.string(), options);
}

}  // namespace hourglass::examples
