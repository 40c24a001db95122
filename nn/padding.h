// SPDX-License-Identifier: MIT
// Padding: a frame around a signal or image, filled with a constant or with values of the signal.
#pragma once
#include <cstdint>
#include <vector>

#include "nn/layer.h"
#include "tensor/ops.h"

namespace hourglass::nn {

/// The values in the frame, for a row a b c d:
///   constant   0 0 | a b c d | 0 0        reflect   c b | a b c d | c b     (narrower than the row)
///   replicate  a a | a b c d | d d        circular  c d | a b c d | a b     (at most as wide)
enum class PadMode { constant, reflect, replicate, circular };

/// Pads the last axes of x, one Padding per axis, in the order of the axes. A negative padding removes elements; then
/// `circular` repeats what is left, as in PyTorch, and reflect and replicate still see the whole row.
Var pad(const Var& x, const std::vector<Padding>& paddings, PadMode mode, Scalar value = 0);

/// A layer that pads the last axes: one for [n, c, l] and [c, l], two for [n, c, h, w] and [c, h, w].
class Pad : public Layer {
 public:
  Var forward(const Var& x) const override;

 protected:
  Pad(const char* op, const std::vector<Padding>& paddings, PadMode mode, double value = 0)
      : op_(op), paddings_(paddings), mode_(mode), value_(value) {}

 private:
  const char* op_;
  std::vector<Padding> paddings_;
  PadMode mode_;
  double value_;
};

/// Paddings as PyTorch writes them: one number for all sides, or {left, right}, or
/// {left, right, top, bottom}.
struct Sides1d : std::vector<Padding> {
  Sides1d(std::int64_t all) : Sides1d(all, all) {}  // NOLINT(google-explicit-constructor): a number is a padding
  Sides1d(std::int64_t left, std::int64_t right) : vector{{left, right}} {}
};
struct Sides2d : std::vector<Padding> {
  Sides2d(std::int64_t all) : Sides2d(all, all, all, all) {}  // NOLINT(google-explicit-constructor)
  Sides2d(std::int64_t left, std::int64_t right, std::int64_t top, std::int64_t bottom)
      : vector{{top, bottom}, {left, right}} {}
};

// A table: the layer's name, the sides it takes, its op's name and mode.
#define HOURGLASS_PADDING(Name, Sides, op, mode)                  \
  class Name : public Pad {                                       \
   public:                                                        \
    explicit Name(Sides sides) : Pad(op, sides, PadMode::mode) {} \
  };
HOURGLASS_PADDING(ZeroPad1d, Sides1d, "zero_pad1d", constant)
HOURGLASS_PADDING(ZeroPad2d, Sides2d, "zero_pad2d", constant)
HOURGLASS_PADDING(ReflectionPad1d, Sides1d, "reflection_pad1d", reflect)
HOURGLASS_PADDING(ReflectionPad2d, Sides2d, "reflection_pad2d", reflect)
HOURGLASS_PADDING(ReplicationPad1d, Sides1d, "replication_pad1d", replicate)
HOURGLASS_PADDING(ReplicationPad2d, Sides2d, "replication_pad2d", replicate)
HOURGLASS_PADDING(CircularPad1d, Sides1d, "circular_pad1d", circular)
HOURGLASS_PADDING(CircularPad2d, Sides2d, "circular_pad2d", circular)
#undef HOURGLASS_PADDING

class ConstantPad1d : public Pad {
 public:
  ConstantPad1d(Sides1d sides, double value) : Pad("constant_pad1d", sides, PadMode::constant, value) {}
};
class ConstantPad2d : public Pad {
 public:
  ConstantPad2d(Sides2d sides, double value) : Pad("constant_pad2d", sides, PadMode::constant, value) {}
};

}  // namespace hourglass::nn
