// What is saved of the things in this folder: names and tensors, as of a module.
#pragma once
#include <string_view>
#include <vector>

#include "tensor/state_dict.h"

namespace hourglass::optim {

/// The tensors of `state` that have the names of `like`, in that order. Shapes and dtypes must agree, and nothing may
/// be missing; otherwise it is an error that begins with op and names the entry.
std::vector<Tensor> take_like(std::string_view op, const StateDict& state, const StateDict& like);

}  // namespace hourglass::optim
