// SPDX-License-Identifier: MIT
// Distributions.
#pragma once
#include "autograd/distributions/distributions.h"
