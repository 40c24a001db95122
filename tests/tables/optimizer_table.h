// SPDX-License-Identifier: MIT
// Every built-in optimizer, with default and with other options. A row gets every check of tests/optim/test_optim.cpp:
// threads, saving and resuming, and, if PyTorch 1.13 has the optimizer, 50 steps of PyTorch's.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "optim/optimizer.h"

namespace hourglass::test {

struct OptimizerRow {
  const char* name;  // as in tests/reference/data/pytorch_optim.json
  std::function<std::unique_ptr<optim::Optimizer>(std::vector<Parameter>)> make;
};

const std::vector<OptimizerRow>& optimizer_table();

}  // namespace hourglass::test
