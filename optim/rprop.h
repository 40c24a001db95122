// Resilient propagation: only the signs of gradients count.
#pragma once
#include <utility>
#include <vector>

#include "optim/optimizer.h"

namespace hourglass::optim {

struct RpropOptions {
  double lr = 1e-2;  ///< the step size that every number begins with
  /// What a step size is multiplied with when the sign changes, and when it does not.
  std::pair<double, double> etas{0.5, 1.2};
  /// The smallest and the largest step size.
  std::pair<double, double> step_sizes{1e-6, 50};
  /// Goes up rather than down.
  bool maximize = false;
};

/// Every number has a step size of its own and goes that far against the sign of its gradient. The size grows while the
/// sign stays the same; when it changes, a minimum was jumped over: the size shrinks, and the number stays where it is
/// for a step. For gradients of the whole data set, since noise turns signs (Riedmiller & Braun 1993, "A direct
/// adaptive method for faster backpropagation learning: the RPROP algorithm").
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
