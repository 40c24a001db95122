// SPDX-License-Identifier: MIT
// An observer that keeps what it sees.
#pragma once
#include <vector>

#include "autograd/observe.h"

namespace hourglass::test {

/// All ops of this thread, in the order in which they ran.
class Collector : public Observer {
 public:
  struct Seen {
    const Op& op;
    std::vector<Operand> operands;
  };
  void on_op(const OpEvent& event) override {
    ops.push_back({event.op, {event.operands.begin(), event.operands.end()}});
  }
  std::vector<Seen> ops;
};

}  // namespace hourglass::test
