// SPDX-License-Identifier: MIT
// Must not compile: int is no dtype.
#include "tensor/tensor.h"

hourglass::Tensor ints() { return hourglass::Tensor::from({1, 2, 3}); }
