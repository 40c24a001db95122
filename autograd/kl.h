// SPDX-License-Identifier: MIT
// kl(p, q): how far one distribution is from another.
#pragma once
#include "autograd/distributions/kl.h"
