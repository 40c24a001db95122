// SPDX-License-Identifier: MIT
// Reading a state dict.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "tensor/state_dict.h"

namespace hourglass::optim {

/// The tensors of `state` under the keys of `like`, in the order of `like`. A missing key, or a different
/// shape or dtype, is an error that begins with op and names the entry: by `names`, in the order of `like`, if given.
std::vector<Tensor> take_like(std::string_view op, const StateDict& state, const StateDict& like,
                              const std::vector<std::string>& names = {});

}  // namespace hourglass::optim
