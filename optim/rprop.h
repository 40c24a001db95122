// SPDX-License-Identifier: MIT
// Resilient propagation: only the signs of gradients count.
#pragma once
#include <utility>
#include <vector>

#include "optim/optimizer.h"

namespace hourglass::optim {

struct RpropOptions {
  double lr = 1e-2;  ///< the initial step size of every number
  /// η- and η+: the factor of a step size when the sign changes, and when it stays.
  std::pair<double, double> etas{0.5, 1.2};
  /// The smallest and the largest step size.
  std::pair<double, double> step_sizes{1e-6, 50};
  /// Follows the gradient up rather than down.
  bool maximize = false;
};

/// Every number has its own step size and moves this far against the sign of its gradient. The size grows while the
/// sign stays the same. When the sign changes, the number has jumped over a minimum: the size shrinks, and the number
/// stays where it is for one step. Use it with gradients of the whole data set, because noise changes signs (Riedmiller
/// & Braun 1993, "A direct adaptive method for faster backpropagation learning: the RPROP algorithm").
class Rprop : public OptimizerWith<RpropOptions> {
 public:
  explicit Rprop(std::vector<Parameter> parameters, RpropOptions options = {}) : OptimizerWith("rprop") {
    add_param_group(std::move(parameters), options);
  }

 private:
  std::vector<Memory> memory(const RpropOptions& o) const override;
  void update(const RpropOptions& o, std::int64_t t, std::span<const UpdateItem> items) const override;
};

}  // namespace hourglass::optim
