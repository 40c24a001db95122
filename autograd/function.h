// SPDX-License-Identifier: MIT
// The types of functions that the engine and the derivatives take.
#pragma once
#include <functional>
#include <vector>

#include "autograd/var.h"

namespace hourglass {

using Function = std::function<Var(const Var&)>;
using FunctionOfMany = std::function<Var(const std::vector<Var>&)>;

}  // namespace hourglass
