// SPDX-License-Identifier: MIT
// StateDict: what a module, an optimizer or a file holds, as names and tensors.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "tensor/tensor.h"

namespace hourglass {

/// Names and tensors, in the order in which they were registered.
using StateDict = std::vector<std::pair<std::string, Tensor>>;

}  // namespace hourglass
