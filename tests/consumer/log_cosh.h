#pragma once
#include "autograd/var.h"

/// log cosh x: squares small errors and takes large ones as they are, without overflow.
hourglass::Var log_cosh(const hourglass::Var& x);
