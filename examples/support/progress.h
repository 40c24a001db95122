// How training is going: a bar on a terminal, a plain line an epoch elsewhere, nothing when told to be quiet.
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

/// Averages the training steps of an epoch and shows how far it is.
class Progress {
 public:
  Progress(std::int64_t epochs, std::int64_t steps_per_epoch, bool quiet);

  /// A step over so many images is done: the numbers join the epoch's averages, which are over images.
  void step(const Metrics& metrics, std::int64_t images = 1);
  /// Goes on in the middle: so many steps of this epoch are done, with these sums over so many images.
  void resume(std::int64_t epoch, std::int64_t step, Metrics sums, std::int64_t images);
  /// The averages in this epoch so far.
  Metrics means() const;
  /// The epoch is done: prints its line with these numbers and starts the next.
  void finish_epoch(const Metrics& metrics);
  /// Takes the bar off the terminal, so that other lines can be printed.
  void clear();

  std::int64_t epoch() const { return epoch_; }    ///< the one under way, from 1
  std::int64_t steps() const { return step_; }     ///< done in it
  std::int64_t images() const { return images_; }  ///< of these steps
  const Metrics& sums() const { return sums_; }    ///< over these images
  double epoch_seconds() const { return epoch_clock_.seconds(); }

 private:
  void show();
  std::string position() const;
  double done() const;  // the part of all steps

  const std::int64_t epochs_, steps_;
  const bool quiet_, bar_;
  std::int64_t epoch_ = 1;
  std::int64_t step_ = 0;
  double begun_ = 0;  // the part of all steps that an earlier run has done
  Metrics sums_;
  std::int64_t images_ = 0;
  Stopwatch clock_, epoch_clock_;
  double shown_at_ = 0;  // on clock_
  bool on_screen_ = false;
};

}  // namespace hourglass::examples
