// SPDX-License-Identifier: MIT
#include "examples/support/series.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "examples/support/fields.h"
#include "examples/support/files.h"
#include "examples/support/text.h"
#include "nn/io/limits.h"
#include "tensor/error.h"

namespace hourglass::examples {
namespace {

constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();

// Collects rows of any length and their labels.
struct LabelledRows {
  std::vector<std::vector<float>> values;
  std::vector<std::int64_t> labels;

  // What is missing at the end of a row is no part of the series.
  void add(std::vector<float> row) {
    while (!row.empty() && std::isnan(row.back())) row.pop_back();
    values.push_back(std::move(row));
  }
  SeriesData padded(std::string_view name, std::vector<std::string> classes) const {
    std::size_t longest = 0;
    for (const auto& row : values) longest = std::max(longest, row.size());
    check(longest > 0, name, "there is no series with a value");
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
float value_of(std::string_view field, const Place& place) {
  if (is_missing(field)) return kMissing;
  return static_cast<float>(parse_number(field, place, std::numeric_limits<float>::max()));
}

// The shortest text that is read as this number: labels that differ have names that differ.
std::string name_of(double label) {
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), label).ptr};
}

SeriesData tsv_in(std::string_view text, std::string_view name) {
  Lines lines(text, name);
  std::optional<std::string_view> line = lines.next();
  check(line.has_value(), name, "the file is empty");
  const char separator = separator_in(*line);
  LabelledRows rows;
  std::vector<double> labels;
  std::size_t width = 0;
  for (; line; line = lines.next(separator)) {
    const Place place = lines.place();
    const std::vector<std::string> fields = fields_of(*line, separator, place);
    if (width == 0) width = fields.size();
    if (fields.size() < 2) fail(join(place), "expected a label and a series, got ", fields.size(), " field");
    if (fields.size() != width) fail(join(place), "has ", fields.size(), " fields, but the first line has ", width);
    labels.push_back(parse_number(fields[0], place.at_column(1), std::numeric_limits<double>::max()));
    std::vector<float> row;
    for (std::size_t k = 1; k < width; ++k) row.push_back(value_of(fields[k], place.at_column(k + 1)));
    rows.add(std::move(row));
  }
  std::map<double, std::int64_t> numbered;
  for (const double label : labels) numbered[label] = 0;
  std::vector<std::string> classes;
  for (auto& [label, number] : numbered) {
    number = static_cast<std::int64_t>(classes.size());
    classes.push_back(name_of(label));
  }
  for (const double label : labels) rows.labels.push_back(numbered[label]);
  return rows.padded(name, std::move(classes));
}

// An ARFF file, line by line.
class ArffReader {
 public:
  explicit ArffReader(std::string_view name) : name_(name) {}

  void read(std::string_view line, const Place& place) {
    if (line.starts_with('%')) return;
    if (in_data_) {
      read_row(line, place);
      return;
    }
    const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
    const std::string keyword = lower(line.substr(0, std::min<std::size_t>(end, 20)));
    if (keyword == "@relation") {
      if (std::exchange(relation_, true)) fail(join(place), "a second @relation");
    } else if (keyword == "@attribute") {
      read_attribute(trim(line.substr(end)), place);
    } else if (keyword == "@data") {
      if (!relation_) fail(join(place), "@data before @relation");
      if (numeric_ == 0 || classes_.empty())
        fail(join(place), "expected numeric attributes and a list of classes before @data");
      in_data_ = true;
    } else {
      fail(join(place), "expected @relation, @attribute or @data");
    }
  }

  SeriesData finish() && {
    check(in_data_, name_, "there is no @data");
    return rows_.padded(name_, std::move(classes_));
  }

 private:
  // 'its name' and then its type: numeric, or {a, list, of classes}.
  void read_attribute(std::string_view text, const Place& place) {
    if (!classes_.empty()) fail(join(place), "another @attribute behind the one that lists the classes");
    std::size_t at = 0;
    if (!text.empty() && is_quote(text[0], Quotes::arff)) quoted_field(text, at, place, Quotes::arff);
    else at = std::min(text.find_first_of(" \t{"), text.size());
    if (at == 0) fail(join(place), "an @attribute needs a name");
    text = trim(text.substr(at));
    if (!text.starts_with('{')) {
      const std::string type = lower(text.substr(0, 20));
      if (type != "numeric" && type != "real" && type != "integer")
        fail(join(place), "expected a numeric attribute, or a list of classes in braces");
      if (++numeric_ >= kMostFields) fail(join(place), "more than the ", kMostFields, " attributes that are supported");
      return;
    }
    if (text.size() < 2 || !text.ends_with('}')) fail(join(place), "the list of classes is not closed");
    for (std::string& one : fields_of(text.substr(1, text.size() - 2), ',', place, Quotes::arff)) {
      if (one.empty()) fail(join(place), "a class without a name");
      if (!numbers_.emplace(one, static_cast<std::int64_t>(classes_.size())).second)
        fail(join(place), "the class ", nn::one_line(one, 40), " comes twice");
      classes_.push_back(std::move(one));
    }
  }

  void read_row(std::string_view line, const Place& place) {
    const std::vector<std::string> fields = fields_of(line, ',', place, Quotes::arff);
    if (fields.size() != numeric_ + 1)
      fail(join(place), "has ", fields.size(), " fields for ", numeric_ + 1, " attributes");
    std::vector<float> row;
    for (std::size_t k = 0; k < numeric_; ++k) row.push_back(value_of(fields[k], place.at_column(k + 1)));
    const auto label = numbers_.find(fields.back());
    if (label == numbers_.end()) fail(join(place), "'", nn::one_line(fields.back(), 40), "' is not one of the classes");
    rows_.add(std::move(row));
    rows_.labels.push_back(label->second);
  }

  std::string_view name_;
  LabelledRows rows_;
  std::vector<std::string> classes_;
  std::unordered_map<std::string, std::int64_t> numbers_;  // of the classes
  std::size_t numeric_ = 0;
  bool in_data_ = false, relation_ = false;
};

}  // namespace

SeriesData parse_series_tsv(std::string_view text, std::string_view name) {
  return nn::within_memory(name, text.size(), [&] { return tsv_in(text, name); });
}

SeriesData parse_series_arff(std::string_view text, std::string_view name) {
  return nn::within_memory(name, text.size(), [&] {
    ArffReader reader(name);
    Lines lines(text, name);
    while (const auto line = lines.next()) reader.read(trim(*line), lines.place());
    return std::move(reader).finish();
  });
}

SeriesData read_series(const std::filesystem::path& path) {
  const std::string ending = path.extension().string(), text = read_file(path);
  if (ending == ".arff") return parse_series_arff(text, path.string());
  check(ending == ".tsv" || ending == ".txt" || ending == ".csv", path.string(),
        "the ending tells the format, and is none of .tsv, .txt, .csv and .arff");
  return parse_series_tsv(text, path.string());
}

}  // namespace hourglass::examples
