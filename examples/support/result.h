// SPDX-License-Identifier: MIT
// A final number of a run, and the reference that it is compared with.
#pragma once
#include <optional>
#include <string>

namespace hourglass::examples {

/// How a result compares with its reference. near: on either side, at most `within` away.
enum class Better { lower, higher, near };

struct ResultOptions {
  std::optional<double> reference{};  ///< the number to beat, if there is one
  std::string reference_name{};       ///< "PCA-32, clipped"
  Better better = Better::lower;
  double within = 0;   ///< tolerance, as a part of the reference: 0.1 accepts what is worse by up to 10 %
  std::string unit{};  ///< "nats / image"
};

struct Result {
  std::string name{};
  double value = 0;
  ResultOptions options;

  /// Whether the result beats its reference. Empty without a reference; false for NaN.
  std::optional<bool> holds() const;
};

/// "at most 0.01449 + 10 %, PCA-32". Needs a reference.
std::string to_beat(const Result& result);

/// "test_neg_elbo 247.4 nats / image (to beat: 247.05 ± 0.5 %, PyTorch's VAE example: holds)"
std::string describe(const Result& result);

}  // namespace hourglass::examples
