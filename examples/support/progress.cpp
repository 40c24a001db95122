// SPDX-License-Identifier: MIT
#include "examples/support/progress.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <string_view>
#include <utility>

#include <sys/ioctl.h>
#include <unistd.h>

#include "examples/support/text.h"

namespace hourglass::examples {
namespace {

constexpr double kBarEvery = 0.1;   // seconds
constexpr double kPlainEvery = 30;  // in a log, during long epochs

/// Whether stderr is a terminal on which a line can be overwritten. Lines go to stdout, so that the bar is also shown
/// with `program > log`.
bool has_terminal() {
  const char* terminal = std::getenv("TERM");
  return ::isatty(STDERR_FILENO) != 0 && terminal != nullptr && std::string_view(terminal) != "dumb";
}

std::size_t terminal_width() {
  ::winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

std::string metrics_text(const Metrics& metrics) {
  std::string text;
  for (const auto& [name, value] : metrics) text += "  " + name + " " + number(value, 5);
  return text;
}

}  // namespace

Progress::Progress(std::int64_t epochs, std::int64_t steps_per_epoch, bool quiet)
    : epochs_(epochs),
      steps_(std::max<std::int64_t>(steps_per_epoch, 1)),
      quiet_(quiet),
      bar_(!quiet && has_terminal()) {}

void Progress::step(const Metrics& metrics, std::int64_t images) {
  ++step_;
  images_ += images;
  sums_.accumulate(metrics, static_cast<double>(images));
  if (!quiet_) show();
}

void Progress::resume(std::int64_t epoch, std::int64_t step, Metrics sums, std::int64_t images) {
  epoch_ = epoch;
  step_ = step;
  sums_ = std::move(sums);
  images_ = images;
  begun_ = done();
}

double Progress::done() const {
  return static_cast<double>((epoch_ - 1) * steps_ + step_) / static_cast<double>(epochs_ * steps_);
}

Metrics Progress::means() const { return sums_ / static_cast<double>(images_); }

std::string Progress::position() const { return "epoch " + std::to_string(epoch_) + "/" + std::to_string(epochs_); }

void Progress::show() {
  const double now = clock_.seconds();
  if (now - shown_at_ < (bar_ ? kBarEvery : kPlainEvery)) return;
  shown_at_ = now;

  const std::string step = std::to_string(step_) + "/" + std::to_string(steps_);
  const std::string rest = metrics_text(means()) + "  " + duration(epoch_seconds()) + "  ETA " +
                           duration(now * std::max(1 - done(), 0.0) / std::max(done() - begun_, 1e-9));
  if (!bar_) {
    std::cout << position() << "  step " << step << rest << std::endl;
    return;
  }
  constexpr std::int64_t kCells = 24;
  const auto full = static_cast<std::size_t>(std::clamp<std::int64_t>(kCells * step_ / steps_, 0, kCells));
  std::string line = position() + " [" + std::string(full, '=') + std::string(kCells - full, ' ') + "] " + step + rest;
  line.resize(std::min(line.size(), terminal_width() - 1));  // a line that wraps could not be overwritten
  std::cerr << "\r\x1b[K" << line << std::flush;
  on_screen_ = true;
}

void Progress::clear() {
  if (on_screen_) std::cerr << "\r\x1b[K" << std::flush;
  on_screen_ = false;
}

void Progress::finish_epoch(const Metrics& metrics) {
  clear();
  if (!quiet_) std::cout << position() << metrics_text(metrics) << "  " << duration(epoch_seconds()) << std::endl;
  ++epoch_;
  step_ = 0;
  sums_ = {};
  images_ = 0;
  epoch_clock_ = Stopwatch();
}

}  // namespace hourglass::examples
