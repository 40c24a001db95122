// SPDX-License-Identifier: MIT
#include "examples/support/fields.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <ostream>
#include <system_error>

#include "nn/io/limits.h"
#include "tensor/error.h"

namespace hourglass::examples {
namespace {

// Whether a number with too large an exponent, in either direction, is below 1.
bool is_tiny(std::string_view text) {
  const std::size_t e = std::min(text.find_first_of("eE"), text.size());
  int exponent = 0;
  if (e < text.size()) {
    std::string_view digits = text.substr(e + 1);
    if (digits.starts_with('+')) digits.remove_prefix(1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    if (error == std::errc::result_out_of_range) return digits.starts_with('-');
  }
  const std::string_view mantissa = text.substr(0, e);
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size()), lead = mantissa.find_first_of("123456789");
  return lead == std::string_view::npos ||
         static_cast<std::int64_t>(point) - static_cast<std::int64_t>(lead) + exponent < 0;
}

bool same_word(std::string_view field, std::string_view word) {
  return field.size() == word.size() && std::equal(field.begin(), field.end(), word.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b;
         });
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Place& place) {
  out << place.file << ": line " << place.line;
  return place.column > 0 ? out << ", column " << place.column : out;
}

Lines::Lines(std::string_view text, std::string_view file) : rest_(text), place_{file} {
  check(!text.starts_with("\xff\xfe") && !text.starts_with("\xfe\xff"), file, "the text is UTF-16; expected UTF-8");
  if (text.starts_with("\xef\xbb\xbf")) rest_.remove_prefix(3);  // a byte order mark
}

std::optional<std::string_view> Lines::next(char separator) {
  while (!rest_.empty()) {
    const std::size_t end = std::min(rest_.find_first_of("\r\n"), rest_.size());
    const std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end);
    if (!rest_.empty()) rest_.remove_prefix(rest_.starts_with("\r\n") ? 2 : 1);
    ++place_.line;
    if (line.find_first_not_of(separator == '\t' ? " " : " \t") != std::string_view::npos) return line;
  }
  return std::nullopt;
}

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

char separator_in(std::string_view first_line) { return first_line.find('\t') != std::string_view::npos ? '\t' : ','; }

bool is_quote(char c, Quotes quotes) { return c == '"' || (c == '\'' && quotes == Quotes::arff); }

std::string quoted_field(std::string_view line, std::size_t& at, const Place& place, Quotes quotes) {
  const char quote = line[at++];
  std::string field;
  for (; at < line.size(); ++at) {
    const bool escapes = line[at] == (quotes == Quotes::table ? quote : '\\') && at + 1 < line.size() &&
                         (quotes == Quotes::arff || line[at + 1] == quote);
    if (escapes) ++at;
    else if (line[at] == quote) return ++at, field;
    field += line[at];
  }
  fail(join(place), "a quote is not closed");
}

std::vector<std::string> fields_of(std::string_view line, char separator, const Place& place, Quotes quotes) {
  std::vector<std::string> fields;
  std::size_t at = 0;
  while (true) {
    if (fields.size() == kMostFields)
      fail(join(place), "has more than the ", kMostFields, " fields that are supported");
    while (at < line.size() && (line[at] == ' ' || (line[at] == '\t' && separator != '\t'))) ++at;
    const bool in_quotes = at < line.size() && is_quote(line[at], quotes);
    std::string field = in_quotes ? quoted_field(line, at, place, quotes) : "";
    const std::size_t end = std::min(line.find(separator, at), line.size());
    const std::string_view plain = trim(line.substr(at, end - at));
    if (!in_quotes) field = plain;
    else if (!plain.empty()) fail(join(place), "there is text between a quote and the next separator");
    fields.push_back(std::move(field));
    if (end == line.size()) return fields;
    at = end + 1;
  }
}

bool is_missing(std::string_view field) {
  const std::string_view word = trim(field);
  return word.empty() || word == "?" || same_word(word, "na") || same_word(word, "nan");
}

std::optional<double> number_in(std::string_view text) {
  text = trim(text);
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  const std::string_view size = text.substr(text.starts_with('-') ? 1 : 0);
  if (size.empty() || std::string_view("0123456789.").find(size[0]) == std::string_view::npos) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument) return std::nullopt;
  if (error == std::errc()) return value;
  return std::copysign(is_tiny(size) ? 0 : std::numeric_limits<double>::infinity(), text[0] == '-' ? -1.0 : 1.0);
}

double parse_number(std::string_view text, const Place& place, double most) {
  const std::optional<double> value = number_in(text);
  if (!value) fail(join(place), "expected a number, got '", nn::one_line(text, 40), "'");
  if (!(std::abs(*value) <= most)) fail(join(place), "the number is too large: ", nn::one_line(text, 40));
  return *value;
}

}  // namespace hourglass::examples
