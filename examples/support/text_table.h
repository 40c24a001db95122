// SPDX-License-Identifier: MIT
// Rows of text as a table: in columns for the terminal, and as CSV.
#pragma once
#include <string>
#include <vector>

namespace hourglass::examples {

using Rows = std::vector<std::vector<std::string>>;

/// Columns as wide as their widest cell, two spaces apart. All rows have the same number of cells.
std::string in_columns(const Rows& rows);
/// Cells that hold a comma, a quote, a line end or spaces at their ends are quoted.
std::string to_csv(const Rows& rows);

}  // namespace hourglass::examples
