// What is saved of the things in this folder: names and tensors, as of a module.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tensor/tensor.h"

#pragma GCC visibility push(default)
namespace hourglass::optim {

/// Names and tensors.
using StateDict = std::vector<std::pair<std::string, Tensor>>;

/// The tensors of `state` that have the names of `like`, in that order. Shapes and dtypes must agree, and nothing may
/// be missing; otherwise it is an error that begins with op and names the entry.
std::vector<Tensor> take_like(std::string_view op, const StateDict& state, const StateDict& like);

}  // namespace hourglass::optim
#pragma GCC visibility pop
