// SPDX-License-Identifier: MIT
// Shows how training is going: a bar on a terminal, elsewhere a line for each epoch, nothing with --quiet.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>

#include "examples/support/metrics.h"

namespace hourglass::examples {

class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Averages the metrics of an epoch and shows how much of it is done.
class Progress {
 public:
  Progress(std::int64_t epochs, std::int64_t steps_per_epoch, bool quiet);

  /// A training step is done. Its metrics join the epoch's averages, weighted by the number of images.
  void step(const Metrics& metrics, std::int64_t images = 1);
  /// Continues in the middle of an epoch, after `step` steps with these sums over this number of images.
  void resume(std::int64_t epoch, std::int64_t step, Metrics sums, std::int64_t images);
  /// The averages of this epoch so far.
  Metrics means() const;
  /// The epoch is done: prints its line with these metrics and starts the next epoch.
  void finish_epoch(const Metrics& metrics);
  /// Removes the bar from the terminal, so that other lines can be printed.
  void clear();

  std::int64_t epoch() const { return epoch_; }    ///< the current one, from 1
  std::int64_t steps() const { return step_; }     ///< done in it
  std::int64_t images() const { return images_; }  ///< of these steps
  const Metrics& sums() const { return sums_; }    ///< over these images
  double epoch_seconds() const { return epoch_clock_.seconds(); }

 private:
  void show();
  std::string position() const;
  double done() const;  // as a part of all steps

  const std::int64_t epochs_, steps_;
  const bool quiet_, bar_;
  std::int64_t epoch_ = 1;
  std::int64_t step_ = 0;
  double begun_ = 0;  // the part of all steps that was done before a resumed run
  Metrics sums_;
  std::int64_t images_ = 0;
  Stopwatch clock_, epoch_clock_;
  double shown_at_ = 0;  // on clock_
  bool on_screen_ = false;
};

}  // namespace hourglass::examples
