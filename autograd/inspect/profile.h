// Where the time goes.
#pragma once
#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "autograd/observe.h"

namespace hourglass {

/// While one lives, it times every kernel that this thread runs, on however many threads:
///
///   Profile profile;
///   for (int step = 0; step < 20; ++step) adam.step(grad(loss(), model.parameters()));
///   std::cout << profile;
///   profile.write_trace("step.json");    // for ui.perfetto.dev or chrome://tracing
///
/// Kernels are the ops of tensor/ (views cost nothing and are none), random draws and optimizers' updates. What is left
/// of the wall time is the tape's own work and the rest of the program.
class Profile : public Observer {
 public:
  /// Of all calls of an op in one direction.
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
  /// Since the Profile was made, and how much of that were kernels.
  double wall_seconds() const;
  double kernel_seconds() const;
  double coverage() const { return kernel_seconds() / wall_seconds(); }

  /// Kernels and the modules that they ran in, in the order in which they ran: Chrome's trace event format, JSON.
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

/// A table, with each op's share of the time, and how much of the wall time it explains.
std::ostream& operator<<(std::ostream& out, const Profile& profile);

}  // namespace hourglass
