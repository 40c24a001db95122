// SPDX-License-Identifier: MIT
// Ctrl-C during training: the signal is noted, and the run is saved before the program ends.
#pragma once

namespace hourglass::examples {

/// While an object lives, the first SIGINT, SIGTERM or SIGHUP is only noted. A second one ends the program at once.
class SignalWatch {
 public:
  SignalWatch();
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;
  /// The signal that came, or 0.
  static int noted();
};

}  // namespace hourglass::examples
