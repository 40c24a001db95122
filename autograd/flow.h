// SPDX-License-Identifier: MIT
// Gradients changed on purpose: straight_through, scale_gradient, on_gradient.
#pragma once
#include "autograd/ops/flow.h"
