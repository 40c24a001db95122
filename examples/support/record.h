// SPDX-License-Identifier: MIT
// All that a run has collected: summary.json and report.html are written from it.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "examples/support/args.h"
#include "examples/support/metrics.h"
#include "examples/support/result.h"

namespace hourglass::examples {

struct Record {
  struct Epoch {
    std::int64_t number;  ///< from 1
    double seconds;
    Metrics metrics;
  };
  struct Exhibit {
    std::string name, caption;
    std::string content;  ///< the bytes of the file
    bool svg;             ///< otherwise PNG
    int width;            ///< of a PNG, in pixels
  };
  struct Table {
    std::string name, caption;
    std::vector<std::vector<std::string>> rows;  ///< the first one is the heading
  };

  Args args;
  std::vector<std::pair<std::string, Value>> facts;
  std::vector<std::pair<std::string, std::string>> models;  ///< names and summaries of what is trained
  std::string started;                                      ///< 2026-03-01 09:30 UTC
  std::string version;                                      ///< of Hourglass
  std::vector<Result> results;
  std::vector<Epoch> epochs;
  std::vector<Exhibit> exhibits;
  std::vector<Table> tables;
  double seconds = 0;
};

}  // namespace hourglass::examples
