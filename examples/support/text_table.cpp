// SPDX-License-Identifier: MIT
#include "examples/support/text_table.h"

#include <algorithm>
#include <cstddef>

#include "examples/support/fields.h"
#include "tensor/text.h"

namespace hourglass::examples {

std::string in_columns(const Rows& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(row.size(), 0);
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i)
      text += row[i] + std::string(i + 1 < row.size() ? widths[i] - display_width(row[i]) + 2 : 0, ' ');
    text += '\n';
  }
  return text;
}

std::string to_csv(const Rows& rows) {
  std::string csv;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      std::string cell = row[i];
      for (std::size_t at = 0; (at = cell.find('"', at)) != std::string::npos; at += 2) cell.insert(at, 1, '"');
      const bool plain = cell.find_first_of(",\"\n\r") == std::string::npos && cell == trim(cell);
      csv += (i == 0 ? "" : ",") + (plain ? cell : '"' + cell + '"');
    }
    csv += '\n';
  }
  return csv;
}

}  // namespace hourglass::examples
