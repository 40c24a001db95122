#include "optim/state.h"

#include <algorithm>

namespace hourglass::optim {

std::vector<Tensor> take_like(std::string_view op, const StateDict& state, const StateDict& like) {
  std::vector<Tensor> taken;
  for (const auto& [name, mine] : like) {
    const auto found =
        std::find_if(state.begin(), state.end(), [&, &name = name](const auto& entry) { return entry.first == name; });
    check(found != state.end(), op, "load_state_dict: ", name, " is missing");
    const Tensor& value = found->second;
    check(value.shape() == mine.shape() && value.dtype() == mine.dtype(), op, "load_state_dict: ", name, " is ",
          describe(mine), " here and ", describe(value), " there");
    taken.push_back(value);
  }
  return taken;
}

}  // namespace hourglass::optim
