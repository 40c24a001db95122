// An observer that keeps what it sees.
#pragma once
#include <string>
#include <vector>

#include "autograd/observe.h"

namespace hourglass::test {

/// All ops of this thread, in the order in which they ran.
// All ops of this thread, as they come.
class Collector : public Observer {
 public:
  struct Op {
    std::string name;
    std::vector<Operand> operands;
  };
  void on_op(const OpEvent& event) override {
    ops.push_back({std::string(event.op), {event.operands.begin(), event.operands.end()}});
  }
  std::vector<Op> ops;
};

}  // namespace hourglass::test
