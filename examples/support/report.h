// SPDX-License-Identifier: MIT
// A run as a web page, and several runs on one.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "examples/support/record.h"
#include "examples/support/run_json.h"
#include "examples/support/text_table.h"

namespace hourglass::examples {

/// The whole page: pictures are inside, nothing is fetched, and it is light or dark as the reader's system is.
std::string html_report(const Record& record, const Result* headline);

/// A row for each run: its folder, the flags in which the runs differ, their results and seconds. A cell is empty where
/// a run has no such number.
Rows figures_of(const std::vector<FinishedRun>& runs);
/// A row for each number: run, epoch, metric, value.
Rows curves_of(const std::vector<FinishedRun>& runs);
/// Both on a page: the table, and a plot for each metric with a curve for each run. Links lead from the folder `from`.
std::string html_comparison(const std::vector<FinishedRun>& runs, const std::filesystem::path& from);

}  // namespace hourglass::examples
