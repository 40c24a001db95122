#include "examples/support/series.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>

#include "examples/support/files.h"
#include "examples/support/table.h"
#include "tensor/error.h"

namespace hourglass::examples {
namespace {

constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();

// Collects rows of any length and their labels.
struct LabelledRows {
  std::vector<std::vector<float>> values;
  std::vector<std::int64_t> labels;

  SeriesData padded(std::vector<std::string> classes) const {
    std::size_t longest = 0;
    for (const auto& row : values) longest = std::max(longest, row.size());
    SeriesData data;
    data.classes = std::move(classes);
    data.values = Tensor({static_cast<std::int64_t>(values.size()), static_cast<std::int64_t>(longest)});
    float* to = data.values.mutable_data<float>();
    std::vector<std::int64_t> lengths;
    for (const auto& row : values) {
      std::fill(std::copy(row.begin(), row.end(), to), to + longest, kMissing);
      to += longest;
      lengths.push_back(static_cast<std::int64_t>(row.size()));
    }
    data.labels = Tensor::from(labels);
    data.lengths = Tensor::from(lengths);
    return data;
  }
};

// A value of a series; NaN if it is missing.
float value_of(std::string_view field, bool missing, std::string_view where) {
  if (missing) return kMissing;
  const double value = parse_number(field, where);
  check(std::abs(value) <= double{std::numeric_limits<float>::max()}, where, "the number is too large: ", field);
  return static_cast<float>(value);
}

void drop_missing_end(std::vector<float>& row) {
  while (!row.empty() && std::isnan(row.back())) row.pop_back();
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(trim(text.substr(0, end)));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return result;
}

}  // namespace

SeriesData parse_series_tsv(std::string_view text, std::string_view name) {
  const std::vector<std::string_view> lines = lines_of(text);
  check(!lines.empty(), name, "the file is empty");
  const char separator = lines[0].find('\t') != std::string_view::npos ? '\t' : ',';
  LabelledRows rows;
  std::vector<double> labels;
  std::size_t width = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string where = join(name, ": line ", i + 1);
    const std::vector<std::string_view> fields = split(lines[i], separator);
    if (i == 0) width = fields.size();
    check(fields.size() >= 2, where, "expected a label and a series, got ", fields.size(), " field");
    check(fields.size() == width, where, "has ", fields.size(), " fields, but the first line has ", width);
    labels.push_back(parse_number(fields[0], where + ", the label"));
    std::vector<float> row;
    for (std::size_t k = 1; k < width; ++k)
      row.push_back(value_of(fields[k], lower(fields[k]) == "nan", join(where, ", column ", k + 1)));
    drop_missing_end(row);
    rows.values.push_back(std::move(row));
  }
  std::map<double, std::int64_t> numbered;
  for (const double label : labels) numbered[label] = 0;
  std::vector<std::string> classes;
  for (auto& [label, number] : numbered) {
    number = static_cast<std::int64_t>(classes.size());
    classes.push_back(join(label));
  }
  for (const double label : labels) rows.labels.push_back(numbered[label]);
  return rows.padded(std::move(classes));
}

SeriesData parse_series_arff(std::string_view text, std::string_view name) {
  LabelledRows rows;
  std::vector<std::string> classes;
  std::size_t numeric = 0, attributes = 0;
  bool in_data = false, relation = false;
  const std::vector<std::string_view> lines = lines_of(text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string where = join(name, ": line ", i + 1);
    const std::string_view line = trim(lines[i]);
    if (line.empty() || line.starts_with('%')) continue;
    if (!in_data) {
      const std::string keyword = lower(line.substr(0, line.find_first_of(" \t")));
      if (keyword == "@relation") {
        check(!relation, where, "a second @relation");
        relation = true;
      } else if (keyword == "@attribute") {
        check(classes.empty(), where, "another @attribute behind the one that lists the classes");
        ++attributes;
        const std::size_t open = line.find('{');
        if (open == std::string_view::npos) {
          const std::string type = lower(line.substr(line.find_last_of(" \t") + 1));
          check(type == "numeric" || type == "real" || type == "integer", where,
                "expected a numeric attribute, or a list of classes in braces");
          ++numeric;
        } else {
          check(line.ends_with('}'), where, "the list of classes is not closed");
          for (const std::string_view one : split(line.substr(open + 1, line.size() - open - 2), ',')) {
            check(!one.empty(), where, "a class without a name");
            check(std::find(classes.begin(), classes.end(), one) == classes.end(), where, "the class ", one,
                  " comes twice");
            classes.emplace_back(one);
          }
        }
      } else if (keyword == "@data") {
        check(relation, where, "@data before @relation");
        check(numeric >= 1 && !classes.empty(), where,
              "expected numeric attributes and a list of classes before @data");
        in_data = true;
      } else {
        fail(where, "expected @relation, @attribute or @data");
      }
      continue;
    }
    const std::vector<std::string_view> fields = split(line, ',');
    check(fields.size() == attributes, where, "has ", fields.size(), " fields for ", attributes, " attributes");
    std::vector<float> row;
    for (std::size_t k = 0; k < numeric; ++k)
      row.push_back(value_of(fields[k], fields[k] == "?", join(where, ", column ", k + 1)));
    drop_missing_end(row);
    const auto label = std::find(classes.begin(), classes.end(), fields.back());
    check(label != classes.end(), where, "'", fields.back().substr(0, 40), "' is not one of the classes");
    rows.values.push_back(std::move(row));
    rows.labels.push_back(label - classes.begin());
  }
  check(in_data, name, "there is no @data");
  return rows.padded(std::move(classes));
}

SeriesData read_series(const std::filesystem::path& path) {
  const std::string ending = path.extension().string(), text = read_file(path);
  if (ending == ".arff") return parse_series_arff(text, path.string());
  check(ending == ".tsv" || ending == ".txt" || ending == ".csv", path.string(),
        "the ending tells the format, and is none of .tsv, .txt, .csv and .arff");
  return parse_series_tsv(text, path.string());
}

}  // namespace hourglass::examples
