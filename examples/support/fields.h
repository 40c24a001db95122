// SPDX-License-Identifier: MIT
// What the readers of text files share, so that they agree: lines, fields, numbers and missing values.
#pragma once
#include <cstddef>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hourglass::examples {

/// A place in a text file, as errors show it: "x.csv: line 3, column 2".
struct Place {
  std::string_view file;
  std::size_t line = 0, column = 0;  ///< from 1; a column of 0 is not shown

  Place at_column(std::size_t number) const { return {file, line, number}; }
  friend std::ostream& operator<<(std::ostream& out, const Place& place);
};

/// The lines of a text, one after another. \n, \r\n and \r end a line. A byte order mark and blank lines are skipped.
class Lines {
 public:
  /// Errors begin with `file`, which must outlive the object, like `text`. UTF-16 is an error.
  Lines(std::string_view text, std::string_view file);
  /// The next line that is not blank, or nothing at the end. A line of spaces and tabs is blank, unless the tab is what
  /// separates fields.
  std::optional<std::string_view> next(char separator = '\0');
  /// The place of the line that next() returned last.
  Place place() const { return place_; }

 private:
  std::string_view rest_;
  Place place_;
};

/// Removes spaces and tabs at both ends.
std::string_view trim(std::string_view text);

/// A tab, if the first line has one, otherwise a comma.
char separator_in(std::string_view first_line);

/// At most this many fields in a line, attributes or classes: a file must not claim much more memory than it has bytes.
inline constexpr std::size_t kMostFields = std::size_t{1} << 20;

/// How a field may be quoted: "say ""x""" in tables, 'it\'s' or "it's" in ARFF.
enum class Quotes { table, arff };
/// The text of a field that begins with a quote at line[at]; `at` moves past the closing quote. Without one, an Error.
std::string quoted_field(std::string_view line, std::size_t& at, const Place& place, Quotes quotes);
bool is_quote(char c, Quotes quotes);
/// The fields of a line, without spaces around them. A field in quotes may have separators.
std::vector<std::string> fields_of(std::string_view line, char separator, const Place& place,
                                   Quotes quotes = Quotes::table);

/// Whether a field means a missing value: it is empty, "?", "NA" or "nan", in small or capital letters.
bool is_missing(std::string_view field);
/// All of `text` as a number, if it is one. What is too small is 0, what is too large an infinity. The words "nan" and
/// "inf" are not numbers.
std::optional<double> number_in(std::string_view text);
/// The same, but what is not a finite number, or larger than `most`, is an Error.
double parse_number(std::string_view text, const Place& place, double most);

}  // namespace hourglass::examples
