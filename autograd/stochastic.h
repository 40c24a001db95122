// SPDX-License-Identifier: MIT
// Random draws as nodes of the tape, and estimators of their gradients.
#pragma once
#include "autograd/distributions/stochastic.h"
