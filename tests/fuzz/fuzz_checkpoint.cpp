// SPDX-License-Identifier: MIT
// A run loads an untrusted checkpoint, with any checksum: it continues from it, or refuses it
// without any change.
#include <cstdlib>

#include "nn/checkpoint.h"
#include "nn/linear.h"
#include "optim/adam.h"
#include "tests/fuzz/file.h"
#include "tests/fuzz/fuzz.h"

using namespace hourglass;

FUZZ(bytes) {
  const MemoryFile file(bytes);
  const nn::Safetensors found = nn::load_safetensors(file.path());
  Rng noise(1);
  nn::Linear model(2, 1, noise);
  optim::Adam adam(model.parameters());
  std::int64_t epoch = 0;
  double best = 0;
  nn::Checkpoint run;
  run.add("model", model);
  run.add("adam", adam);
  run.add("noise", noise);
  run.add("epoch", epoch);
  run.add("best", best);
  try {
    run.load_state_dict(found.tensors);
  } catch (const Error&) {
    if (epoch != 0 || best != 0 || adam.steps() != 0) std::abort();
    throw;
  }
}
