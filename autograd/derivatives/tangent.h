// SPDX-License-Identifier: MIT
// Forward mode: tangents are pushed along the tape, oldest node first.
#pragma once
#include <span>

#include "autograd/var.h"

namespace hourglass {

/// The tangent of y when the xs have these tangents. `many`: tangents have a leading axis, many at once.
Var tangent_of(const Var& y, std::span<const Var> xs, std::span<const Var> tangents, bool many);

}  // namespace hourglass
