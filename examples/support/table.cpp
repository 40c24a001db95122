// SPDX-License-Identifier: MIT
#include "examples/support/table.h"

#include <algorithm>
#include <array>
#include <cmath>
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

// The place of the label column: by its name, or else by its number, from 1.
std::size_t label_column(const std::string& label, const std::vector<std::string>& first_line, std::string_view file) {
  const auto named = std::find(first_line.begin(), first_line.end(), label);
  if (is_name(label) && named != first_line.end()) return static_cast<std::size_t>(named - first_line.begin());
  const auto width = static_cast<double>(first_line.size());
  const std::optional<double> number = number_in(label);
  check(number && *number >= 1 && *number <= width && *number == std::floor(*number), file, "there is no column '",
        nn::one_line(label), "' for the label: expected a name in the first line, or a number from 1 to ", width);
  return static_cast<std::size_t>(*number) - 1;
}

Table table_in(std::string_view text, std::string_view name, const TableOptions& options) {
  Lines lines(text, name);
  std::optional<std::string_view> line = lines.next();
  check(line.has_value(), name, "the file is empty");
  const char separator = options.separator != '\0' ? options.separator : separator_in(*line);
  std::vector<std::string> fields = fields_of(*line, separator, lines.place());
  const std::size_t width = fields.size();
  const bool may_lack = options.label_optional && is_name(options.label);
  const bool labelled =
      !options.label.empty() && !(may_lack && std::find(fields.begin(), fields.end(), options.label) == fields.end());
  const std::size_t label = labelled ? label_column(options.label, fields, name) : width;
  check(!labelled || width > 1, name, "the label is the only column");
  bool has_heading = labelled && fields[label] == options.label && is_name(options.label);
  for (std::size_t k = 0; k < width; ++k) has_heading = has_heading || (k != label && is_name(fields[k]));
  Table table;
  if (has_heading) {
    table.columns = std::move(fields);
    if (labelled) table.columns.erase(table.columns.begin() + static_cast<std::ptrdiff_t>(label));
    line = lines.next(separator);
  }
  std::vector<double> values;
  std::int64_t rows = 0;
  for (; line; line = lines.next(separator), ++rows) {
    fields = fields_of(*line, separator, lines.place());
    if (fields.size() != width)
      fail(join(lines.place()), "has ", fields.size(), " fields, but the first line has ", width);
    for (std::size_t k = 0; k < width; ++k) {
      if (k == label) {
        table.labels.push_back(fields[k]);
        continue;
      }
      const bool missing = options.missing_allowed && is_missing(fields[k]);
      values.push_back(
          missing ? std::numeric_limits<double>::quiet_NaN()
                  : parse_number(fields[k], lines.place().at_column(k + 1), std::numeric_limits<double>::max()));
    }
  }
  check(rows > 0, name, "there is no row of numbers");
  table.values = Tensor::from(values, {rows, static_cast<std::int64_t>(width - (labelled ? 1 : 0))});
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
