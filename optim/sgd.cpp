#include "optim/sgd.h"

namespace hourglass::optim {

SGD::SGD(std::vector<Parameter> parameters, SGDOptions options)
    : Optimizer("sgd", std::move(parameters), options.lr,
                options.momentum == 0 ? std::vector<std::string>{} : std::vector<std::string>{"momentum_buffer"}),
      options_(options) {
  check(options.momentum >= 0, "sgd", "momentum must not be negative, got ", options.momentum);
  check(options.weight_decay >= 0, "sgd", "weight_decay must not be negative, got ", options.weight_decay);
  check(!options.nesterov || (options.momentum > 0 && options.dampening == 0), "sgd",
        "nesterov needs a momentum and no dampening");
}

void SGD::update(std::span<const UpdateItem> items) const {
  const SGDOptions& o = options_;
  if (o.momentum == 0) return hourglass::update(SgdUpdate{.lr = lr(), .weight_decay = o.weight_decay}, items);
  hourglass::update(SgdMomentumUpdate{.lr = lr(),
                                      .weight_decay = o.weight_decay,
                                      .momentum = o.momentum,
                                      .gain = steps() == 1 ? 1 : 1 - o.dampening,
                                      .along_g = o.nesterov ? 1.0 : 0.0,
                                      .along_u = o.nesterov ? o.momentum : 1},
                    items);
}

}  // namespace hourglass::optim
