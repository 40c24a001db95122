// SPDX-License-Identifier: MIT
#include "optim/state.h"

#include <unordered_map>

namespace hourglass::optim {

std::vector<Tensor> take_like(std::string_view op, const StateDict& state, const StateDict& like,
                              const std::vector<std::string>& names) {
  std::unordered_map<std::string_view, const Tensor*> given;
  for (const auto& [key, value] : state)
    check(given.emplace(key, &value).second, op, "load_state_dict: ", key, " is given twice");
  std::vector<Tensor> taken;
  for (const auto& [key, mine] : like) {
    const std::string& name = names.empty() ? key : names[taken.size()];
    const auto found = given.find(key);
    check(found != given.end(), op, "load_state_dict: ", name, " is missing");
    const Tensor& value = *found->second;
    check(value.shape() == mine.shape() && value.dtype() == mine.dtype(), op, "load_state_dict: ", name, " is ",
          describe(mine), " here and ", describe(value), " there");
    taken.push_back(value);
  }
  return taken;
}

}  // namespace hourglass::optim
