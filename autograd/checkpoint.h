// SPDX-License-Identifier: MIT
// checkpoint: less memory for more time. A part of a computation forgets its steps and repeats them on the way back.
#pragma once
#include <span>
#include <vector>

#include "autograd/function.h"
#include "autograd/var.h"

namespace hourglass {

/// Computes f(inputs) and keeps only the inputs and the result. When it is differentiated, f runs once more and is
/// recorded, and the walk goes back through this record. Training takes a third more work. A chain of n steps, cut into
/// √n parts, needs memory for about √n steps instead of n (Chen et al. 2016, "Training deep nets with sublinear memory
/// cost").
///
/// Derivatives of every order are those of f(inputs), also with respect to parameters and other Vars that f captures. f
/// draws the same random numbers both times, from any stream. f must not depend on anything else that changes between
/// the two runs. It must not change anything either: a running mean would be updated twice.
Var checkpoint(const FunctionOfMany& f, std::span<const Var> inputs);
Var checkpoint(const Function& f, const Var& input);
/// The same for an f with several results, all of one dtype.
std::vector<Var> checkpoint(const std::function<std::vector<Var>(const std::vector<Var>&)>& f,
                            std::span<const Var> inputs);

}  // namespace hourglass
