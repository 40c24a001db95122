#include "examples/support/table.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <system_error>

#include "examples/support/files.h"
#include "tensor/ops.h"

namespace hourglass::examples {
namespace {

std::optional<double> number_in(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  // from_chars also reads "nan" and "inf"; 1e999 is out of range for it.
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

// A field as errors show it.
std::string shown(std::string_view field) {
  std::string text(field.substr(0, 40));
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 32 || c == 127) c = '?';
  return "'" + text + (field.size() > 40 ? "...'" : "'");
}

bool is_missing(std::string_view field) {
  const auto same = [&](std::string_view word) {
    return field.size() == word.size() && std::equal(field.begin(), field.end(), word.begin(), [](char a, char b) {
             return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b;
           });
  };
  return field.empty() || field == "?" || same("na") || same("nan");
}

// The fields of a line. A field in quotes may contain separators, and "" for a quote.
std::vector<std::string> fields_of(std::string_view line, char separator, std::string_view where) {
  std::vector<std::string> fields;
  std::size_t at = 0;
  while (true) {
    std::string field;
    while (at < line.size() && (line[at] == ' ' || (line[at] == '\t' && separator != '\t'))) ++at;
    if (at < line.size() && line[at] == '"') {
      for (++at;; ++at) {
        check(at < line.size(), where, "a quote is not closed");
        if (line[at] != '"') field += line[at];
        else if (line.substr(at + 1).starts_with('"')) field += line[at++];
        else break;
      }
      const std::size_t end = std::min(line.find(separator, ++at), line.size());
      check(trim(line.substr(at, end - at)).empty(), where, "there is text between a quote and the next separator");
      at = end;
    } else {
      const std::size_t end = std::min(line.find(separator, at), line.size());
      field = trim(line.substr(at, end - at));
      at = end;
    }
    fields.push_back(std::move(field));
    if (at == line.size()) return fields;
    ++at;
  }
}

}  // namespace

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

double parse_number(std::string_view text, std::string_view where) {
  const std::optional<double> value = number_in(text);
  check(value.has_value(), where, "expected a number, got ", shown(text));
  return *value;
}

Tensor Table::column(std::string_view name) const {
  const auto found = std::find(columns.begin(), columns.end(), name);
  std::string known;
  for (const std::string& one : columns) known += (known.empty() ? "" : ", ") + one;
  check(found != columns.end(), "table", "there is no column '", name, "'; there are ",
        known.empty() ? "none with names" : known);
  return contiguous(select(values, 1, found - columns.begin()));
}

Table parse_table(std::string_view text, std::string_view name, const TableOptions& options) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // a byte order mark
  const std::vector<std::string_view> lines = lines_of(text);
  check(!lines.empty(), name, "the file is empty");
  const char separator = options.separator != '\0'                       ? options.separator
                         : lines[0].find('\t') != std::string_view::npos ? '\t'
                                                                         : ',';
  Table table;
  std::vector<double> values;
  std::size_t width = 0;
  std::int64_t rows = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string where = join(name, ": line ", i + 1);
    check(!trim(lines[i]).empty(), where, "is empty");
    const std::vector<std::string> fields = fields_of(lines[i], separator, where);
    if (i == 0) {
      width = fields.size();
      const bool heading =
          std::any_of(fields.begin(), fields.end(), [](const auto& f) { return !is_missing(f) && !number_in(f); });
      if (heading) {
        table.columns = fields;
        continue;
      }
    }
    check(fields.size() == width, where, "has ", fields.size(), " fields, but the first line has ", width);
    for (std::size_t k = 0; k < width; ++k) {
      const bool missing = options.missing_allowed && is_missing(fields[k]);
      values.push_back(missing ? std::numeric_limits<double>::quiet_NaN()
                               : parse_number(fields[k], join(where, ", column ", k + 1)));
    }
    ++rows;
  }
  table.values = Tensor::from(values, {rows, static_cast<std::int64_t>(width)});
  return table;
}

Table read_table(const std::filesystem::path& path, const TableOptions& options) {
  return parse_table(read_file(path), path.string(), options);
}

}  // namespace hourglass::examples
