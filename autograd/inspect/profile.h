// SPDX-License-Identifier: MIT
// Profile: where the time goes.
#pragma once
#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "autograd/observe.h"

namespace hourglass {

/// Times every kernel that this thread starts while the Profile lives, on any number of threads:
///
///   Profile profile;
///   for (int step = 0; step < 20; ++step) adam.step(grad(loss(), model.parameters()));
///   std::cout << profile;
///   profile.write_trace("step.json");    // for ui.perfetto.dev or chrome://tracing
///
/// Kernels are the ops of tensor/ (without views, which cost nothing), random draws and optimizers' updates. The rest
/// of the wall time is the work of the tape and of the program.
class Profile : public Observer {
 public:
  /// Sums over all calls of an op in one direction.
  struct Row {
    std::string op;
    bool backward;  ///< called by a walk back
    std::int64_t calls = 0;
    double seconds = 0;
    double flops = 0;        ///< floating-point operations: 2 m n k for a product, one an element for elementwise ops
    std::int64_t bytes = 0;  ///< of operands and results, each counted once
  };

  Profile();

  /// The most expensive first.
  std::vector<Row> rows() const;
  /// The time since the Profile was made, and the part of it that kernels took.
  double wall_seconds() const;
  double kernel_seconds() const;
  double coverage() const { return kernel_seconds() / wall_seconds(); }

  /// Kernels and their modules in the order of time, as JSON in Chrome's trace event format.
  std::string trace_json() const;
  void write_trace(const std::string& path) const;

  void on_work(const WorkDone& work) override;
  void on_scope(std::string_view name, bool begins) override;

 private:
  using Clock = std::chrono::steady_clock;
  struct Event {
    std::string name;
    enum class Kind { kernel, scope_begin, scope_end } kind;
    bool backward;
    Clock::time_point begin, end;
    double flops = 0;
    std::int64_t bytes = 0;
  };
  Clock::time_point start_;
  std::vector<Event> events_;
};

/// A table with each op's share of the kernels' time, and the kernels' share of the wall time.
std::ostream& operator<<(std::ostream& out, const Profile& profile);

}  // namespace hourglass
