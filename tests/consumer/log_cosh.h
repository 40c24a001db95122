// SPDX-License-Identifier: MIT
#pragma once
#include "autograd/var.h"

/// log cosh x: about x² / 2 for small x and |x| for large x, without overflow.
hourglass::Var log_cosh(const hourglass::Var& x);
