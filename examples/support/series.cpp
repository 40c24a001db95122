// SPDX-License-Identifier: MIT
#include "examples/support/series.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
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

// The classes of these labels, and the place of each label among them.
std::pair<std::vector<std::string>, std::vector<std::int64_t>> numbered(const std::vector<std::string>& labels) {
  std::vector<std::string> names = labels;
  // Too large a number has no name that is a number: it is a word.
  const bool are_numbers = std::all_of(labels.begin(), labels.end(), [](const std::string& label) {
    const std::optional<double> number = number_in(label);
    return number && std::isfinite(*number);
  });
  if (are_numbers)
    for (std::string& name : names) name = name_of(*number_in(name));  // 1 and 1.0 are one class
  std::vector<std::string> classes;
  std::unordered_map<std::string, std::int64_t> places;
  for (const std::string& name : names)
    if (places.emplace(name, 0).second) classes.push_back(name);
  if (are_numbers)
    std::sort(classes.begin(), classes.end(),
              [](const std::string& a, const std::string& b) { return *number_in(a) < *number_in(b); });
  for (std::size_t i = 0; i < classes.size(); ++i) places[classes[i]] = static_cast<std::int64_t>(i);
  std::vector<std::int64_t> numbers;
  for (const std::string& name : names) numbers.push_back(places[name]);
  return {std::move(classes), std::move(numbers)};
}

SeriesData tsv_in(std::string_view text, std::string_view name, const SeriesOptions& options) {
  Lines lines(text, name);
  std::optional<std::string_view> line = lines.next();
  check(line.has_value(), name, "the file is empty");
  const char separator = separator_in(*line);
  LabelledRows rows;
  std::vector<std::string> labels;
  std::size_t width = 0;
  for (; line; line = lines.next(separator)) {
    const Place place = lines.place();
    std::vector<std::string> fields = fields_of(*line, separator, place);
    if (fields.size() < 2) fail(join(place), "expected a label and a series, got ", fields.size(), " field");
    if (width != 0 && fields.size() != width)
      fail(join(place), "has ", fields.size(), " fields, but the first line has ", width);
    const std::size_t label = options.label_last ? fields.size() - 1 : 0, first = options.label_last ? 0 : 1;
    const auto is_word = [](const std::string& field) { return !is_missing(field) && !number_in(field); };
    const auto begin = fields.begin() + static_cast<std::ptrdiff_t>(first), end = begin + std::ssize(fields) - 1;
    const bool is_heading = width == 0 && std::any_of(begin, end, is_word);
    width = fields.size();
    if (is_heading) continue;
    if (is_missing(fields[label])) fail(join(place.at_column(label + 1)), "the label is missing");
    labels.push_back(std::move(fields[label]));
    std::vector<float> row;
    for (std::size_t k = first; k < first + width - 1; ++k) row.push_back(value_of(fields[k], place.at_column(k + 1)));
    rows.add(std::move(row));
  }
  auto [classes, numbers] = numbered(labels);
  rows.labels = std::move(numbers);
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

SeriesData parse_series_tsv(std::string_view text, std::string_view name, const SeriesOptions& options) {
  return nn::within_memory(name, text.size(), [&] { return tsv_in(text, name, options); });
}

SeriesData parse_series_arff(std::string_view text, std::string_view name) {
  return nn::within_memory(name, text.size(), [&] {
    ArffReader reader(name);
    Lines lines(text, name);
    while (const auto line = lines.next()) reader.read(trim(*line), lines.place());
    return std::move(reader).finish();
  });
}

SeriesData read_series(const std::filesystem::path& path, const SeriesOptions& options) {
  const std::string ending = path.extension().string(), text = read_file(path);
  if (ending == ".arff") return parse_series_arff(text, path.string());
  check(ending == ".tsv" || ending == ".txt" || ending == ".csv", path.string(),
        "the ending tells the format, and is none of .tsv, .txt, .csv and .arff");
  return parse_series_tsv(text, path.string(), options);
}

}  // namespace hourglass::examples
