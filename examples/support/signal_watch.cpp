// SPDX-License-Identifier: MIT
#include "examples/support/signal_watch.h"

#include <array>
#include <csignal>

namespace hourglass::examples {
namespace {

constexpr std::array kWatched{SIGINT, SIGTERM, SIGHUP};
volatile std::sig_atomic_t noted_signal = 0;  // a signal handler may write to this type only
extern "C" void note_signal(int signal) {
  noted_signal = signal;
  std::signal(signal, SIG_DFL);
}

}  // namespace

SignalWatch::SignalWatch() {
  noted_signal = 0;
  for (const int signal : kWatched) std::signal(signal, note_signal);
}
SignalWatch::~SignalWatch() {
  for (const int signal : kWatched) std::signal(signal, SIG_DFL);
}
int SignalWatch::noted() { return noted_signal; }

}  // namespace hourglass::examples
