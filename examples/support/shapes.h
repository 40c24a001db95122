// SPDX-License-Identifier: MIT
// A generated image set: the causes of each image are known.
#pragma once
#include <cstdint>

#include "examples/support/datasets.h"

namespace hourglass::examples {

/// Ten classes of strokes (circle, star, spiral, ...), 28 x 28, white on black, each at a random place, size, rotation,
/// thickness and brightness. These are the set's factors. Image i depends on the seed and i alone: a smaller set is
/// the beginning of a larger one.
ImageData generate_shapes(std::int64_t train_count = 12'000, std::int64_t test_count = 2'000, std::uint64_t seed = 0);

}  // namespace hourglass::examples
