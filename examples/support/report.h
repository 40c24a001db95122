// A run as a web page.
#pragma once
#include <string>

#include "examples/support/run.h"

namespace hourglass::examples {

/// "test_neg_elbo 247.4 nats / image  (to beat: 247.05, PyTorch's VAE example, within 0.5 %: holds)"
std::string describe(const Result& result);

/// The whole page: pictures inside, nothing fetched from anywhere, light or dark as the reader's system is.
std::string html_report(const Record& record, const Result* headline);

}  // namespace hourglass::examples
