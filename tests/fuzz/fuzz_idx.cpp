// SPDX-License-Identifier: MIT
#include "examples/support/idx.h"
#include "tests/fuzz/file.h"
#include "tests/fuzz/fuzz.h"

FUZZ(bytes) { hourglass::examples::read_idx(MemoryFile(bytes).path()); }
