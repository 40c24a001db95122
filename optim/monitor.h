// SPDX-License-Identifier: MIT
// Watches a figure during training: when it stops improving, reduces the learning rate, or stops and keeps the best
// weights.
#pragma once
#include <cstdint>

#include "optim/state.h"

namespace hourglass::optim {

/// Whether a figure is good when it is small (a loss) or when it is large (an accuracy).
enum class Mode { min, max };

/// The best figure so far, and the number of epochs since then. A figure is better if it is better by more than the
/// threshold: an absolute difference, or, if relative, a fraction of |best|. NaN is never better. (PyTorch 1.13 takes
/// a fraction of a negative best in the wrong direction, so that a worse figure counts as better.)
class Best {
 public:
  Best(Mode mode, double threshold, bool relative);
  /// Adds a figure; true if it is the best so far.
  bool step(double value);
  double value() const { return value_; }
  std::int64_t waited() const { return waited_; }
  void reset_wait() { waited_ = 0; }

  StateDict state_dict() const;
  void load_state_dict(const StateDict& state);

 private:
  Mode mode_;
  double threshold_;
  bool relative_;
  double value_;
  std::int64_t waited_ = 0;
};

struct ReduceLROnPlateauOptions {
  Mode mode = Mode::min;
  double factor = 0.1;
  /// Epochs without improvement before the rate is reduced.
  std::int64_t patience = 10;
  /// An improvement must be larger than this: a fraction of the best value if `relative`, otherwise a difference.
  double threshold = 1e-4;
  bool relative = true;
  /// Epochs to ignore after a reduction.
  std::int64_t cooldown = 0;
  double min_lr = 0;
  /// A smaller reduction is skipped.
  double eps = 1e-8;
};

/// Multiplies the learning rate by `factor` when a figure has not improved for more than `patience` epochs, as
/// PyTorch's does:
///
///   optim::ReduceLROnPlateau plateau(1e-3, {.patience = 5});
///   adam.set_lr(plateau.step(test_loss));
class ReduceLROnPlateau {
 public:
  explicit ReduceLROnPlateau(double lr, ReduceLROnPlateauOptions options = {});
  /// Adds an epoch's figure and returns the learning rate from now on.
  double step(double value);
  double lr() const { return lr_; }

  StateDict state_dict() const;
  void load_state_dict(const StateDict& state);

 private:
  ReduceLROnPlateauOptions options_;
  double lr_;
  Best best_;
  std::int64_t cooling_ = 0;
};

struct EarlyStoppingOptions {
  /// Epochs in a row without improvement before training stops.
  std::int64_t patience = 10;
  /// An improvement must be larger than this.
  double min_delta = 0;
  Mode mode = Mode::min;
};

/// Ends training when a figure stops improving, and keeps the weights of the best epoch (Prechelt 1998, "Early
/// stopping, but when?"):
///
///   optim::EarlyStopping stopping({.patience = 5});
///   for (...) {
///     ...
///     if (stopping.step(validation_loss, model.state_dict())) break;
///   }
///   model.load_state_dict(stopping.best());
///
/// The figure should come from validation data, which are used neither for training nor for testing.
class EarlyStopping {
 public:
  explicit EarlyStopping(EarlyStoppingOptions options = {});
  /// Adds an epoch's figure, and keeps the weights if it is the best so far; true when it is time to stop.
  bool step(double value, StateDict weights);

  bool should_stop() const { return figure_.waited() >= options_.patience; }
  /// Weights, figure and number (counted from 1) of the best epoch; none, infinity and 0 before the first.
  const StateDict& best() const { return weights_; }
  double best_value() const { return figure_.value(); }
  std::int64_t best_epoch() const { return best_epoch_; }

  StateDict state_dict() const;
  void load_state_dict(const StateDict& state);

 private:
  StateDict numbers() const;

  EarlyStoppingOptions options_;
  Best figure_;
  StateDict weights_;
  std::int64_t epochs_ = 0, best_epoch_ = 0;
};

}  // namespace hourglass::optim
