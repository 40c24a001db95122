// SPDX-License-Identifier: MIT
// A run as a web page.
#pragma once
#include <string>

#include "examples/support/record.h"

namespace hourglass::examples {

/// The whole page: pictures are inside, nothing is fetched, and it is light or dark as the reader's system is.
std::string html_report(const Record& record, const Result* headline);

}  // namespace hourglass::examples
