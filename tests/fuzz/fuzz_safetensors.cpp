// SPDX-License-Identifier: MIT
#include "nn/checkpoint.h"
#include "tests/fuzz/file.h"
#include "tests/fuzz/fuzz.h"

FUZZ(bytes) {
  const MemoryFile file(bytes);
  hourglass::nn::load_safetensors(file.path());
  hourglass::nn::load_checkpoint(file.path());
}
