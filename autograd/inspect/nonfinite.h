// SPDX-License-Identifier: MIT
// TraceNonFinite: where the first NaN or infinity came from.
#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "autograd/inspect/call_site.h"
#include "autograd/inspect/statistics.h"
#include "autograd/observe.h"

namespace hourglass {

struct NonFiniteOptions {
  /// If set, throw at the first non-finite op. Otherwise remember it and continue; see report().
  bool fail = true;
  /// Report infinities as well as NaN.
  bool infinities = true;
  /// Watch the forward ops as well as those of gradients. (Some infinities are harmless: -∞ in a branch of `where` that
  /// is not taken, for example. What a rule computes there is harmless too, see strong_mul.)
  bool forward = true;
};

/// The first value that is not finite, and how it came about.
struct NonFinite {
  struct Input {
    std::string description;  // "f32[128, 20]"
    Statistics statistics;
  };
  std::string op;
  Statistics value;
  std::string description;
  std::vector<Input> inputs{};  ///< those that have rules; masks and indices are not listed
  bool backward = false;
  std::string derivative_of{};  ///< in a walk back: the op whose rule ran
  std::string path{}, line{};   ///< module and call site; in a walk back, those of that op's forward call

  /// The whole report, on several lines.
  std::string text() const;
};

/// Checks every value that this thread's ops compute while it lives:
///
///   const TraceNonFinite trace;
///   adam.step(grad(loss(batch), model.parameters()));   // throws at the op that gives the first NaN or infinity
///
/// Costs a pass over each result, and one to ten microseconds for each op's call site.
class TraceNonFinite : public Observer {
 public:
  explicit TraceNonFinite(NonFiniteOptions options = {}) : options_(options) {}
  /// The first one, if there was any.
  const std::optional<NonFinite>& report() const { return report_; }

  void on_op(const OpEvent& event) override;
  void on_share(const ShareEvent& event) override;

 private:
  struct Call {
    std::uint64_t node;
    CallStack stack;
    std::string path;
  };
  bool offends(const Tensor& value) const;
  void found(NonFinite what, const Node* rule_of, const CallStack& stack);

  NonFiniteOptions options_;
  std::optional<NonFinite> report_;
  std::deque<Call> calls_;  // of the latest nodes, oldest first
};

}  // namespace hourglass
