// Reading a state dict.
#pragma once
#include <string_view>
#include <vector>

#include "tensor/state_dict.h"

namespace hourglass::optim {

/// The tensors of `state` under the names of `like`, in the order of `like`. A missing name or a different shape or
/// dtype is an error that begins with op and names the entry.
std::vector<Tensor> take_like(std::string_view op, const StateDict& state, const StateDict& like);

}  // namespace hourglass::optim
