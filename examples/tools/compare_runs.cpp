// SPDX-License-Identifier: MIT
// Several runs side by side: their figures in one table, their curves in shared plots.
//
//   compare_runs runs/variational runs/variational-2 runs/iwae --out runs/compared
//
// Writes compare.html, figures.csv (a line for each run: the flags in which they differ, then the results) and
// curves.csv (run, epoch, metric, value). A run that is under way has its curves.
#include <iostream>

#include "examples/support/args.h"
#include "examples/support/files.h"
#include "examples/support/report.h"
#include "examples/support/run_json.h"
#include "examples/support/text_table.h"

using namespace hourglass::examples;

int main(int argc, char** argv) {
  std::vector<std::string> folders;
  std::string out = "runs/compared";
  Program program({.name = "compare_runs",
                   .title = "Runs compared",
                   .summary = "Puts the figures and curves of several runs on one page.",
                   .trains = false,
                   .draws = false});
  program.positional("DIR", folders, "folders of runs");
  program.flag("--out", out, "folder for compare.html, figures.csv and curves.csv");
  return program.run(argc, argv, [&](const Args&) {
    std::vector<FinishedRun> runs;
    for (const std::string& folder : folders) runs.push_back(read_run(folder));
    const Rows figures = figures_of(runs);
    const std::filesystem::path to = out;
    write_file(to / "figures.csv", to_csv(figures));
    write_file(to / "curves.csv", to_csv(curves_of(runs)));
    write_file(to / "compare.html", html_comparison(runs, to));
    std::cout << in_columns(figures) << "page: " << (to / "compare.html").string() << std::endl;
  });
}
