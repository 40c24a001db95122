// checkpoint: memory for time. A part of a computation forgets its steps and takes them again on the way back.
#pragma once
#include <functional>
#include <span>
#include <vector>

#include "autograd/var.h"

namespace hourglass {

/// f(inputs), of which only the inputs and the result are kept. When it is differentiated, f runs once more, and what
/// it records then is walked: a third more work, and the memory of a chain of n steps falls to that of √n when it is
/// cut into √n parts (Chen et al. 2016, "Training deep nets with sublinear memory cost").
///
/// Derivatives of any order are those of f(inputs), also by parameters and other Vars that f captures. f draws the same
/// random numbers both times, from whichever streams. It must not depend on anything else that changes in between, nor
/// change anything: a running mean would be updated twice.
Var checkpoint(const std::function<Var(const std::vector<Var>&)>& f, std::span<const Var> inputs);
Var checkpoint(const std::function<Var(const Var&)>& f, const Var& input);
/// The same for an f with several results, all of one dtype.
std::vector<Var> checkpoint(const std::function<std::vector<Var>(const std::vector<Var>&)>& f,
                            std::span<const Var> inputs);

}  // namespace hourglass
