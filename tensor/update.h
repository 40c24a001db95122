// What an optimizer does to its tensors: one pass over all of them, in which every number is read and written once.
#pragma once
#include <span>

#include "tensor/tensor.h"

namespace hourglass {

/// A parameter, its gradient and what the optimizer remembers of it: as many tensors as the rule names after the
/// parameter, in that order. All have one shape and one dtype, f32 or f64; the gradient may be any view.
struct UpdateItem {
  Tensor& value;
  const Tensor& gradient;
  std::span<Tensor> memory;
};

// Of each paragraph of kernels/update.def, `struct AdamUpdate { double rate, beta1, ...; };` with the constants of one
// step, and the function that takes the step. Whoever shares memory with a value keeps the numbers from before.
#define HOURGLASS_LIST(...) __VA_ARGS__
#define UPDATE(Name, written, constants, ...) \
  struct Name##Update {                       \
    double HOURGLASS_LIST constants;          \
  };                                          \
  void update(const Name##Update& step, std::span<const UpdateItem> items);
#include "tensor/kernels/update.def"
#undef HOURGLASS_LIST

}  // namespace hourglass
