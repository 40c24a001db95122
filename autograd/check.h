// SPDX-License-Identifier: MIT
// check_gradients: derivatives against finite differences.
#pragma once
#include "autograd/derivatives/check_gradients.h"
