// SPDX-License-Identifier: MIT
#include "examples/support/png.h"
#include "tests/fuzz/fuzz.h"

FUZZ(bytes) { hourglass::examples::decode_png(bytes, "fuzz"); }
