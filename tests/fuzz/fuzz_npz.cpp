// SPDX-License-Identifier: MIT
#include "nn/npy.h"
#include "tests/fuzz/fuzz.h"

FUZZ(bytes) { hourglass::nn::parse_npz(bytes, "fuzz"); }
