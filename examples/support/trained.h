// SPDX-License-Identifier: MIT
// A model and the optimizer that trains it.
#pragma once
#include <string>
#include <utility>

#include "autograd/grad.h"
#include "examples/support/run.h"
#include "optim/adam.h"

namespace hourglass::examples {

/// A model and its Adam. The run keeps both, as `name` and `name_adam`.
///
///     Trained<MlpVae> vae(run, "vae", args.lr, pixels, hidden, code, init);
///     ...
///     const double loss = vae.step(objective(vae.model, x));
///
/// The run refers to it, so it cannot be moved. Put several into a std::deque.
template <class Model>
struct Trained {
  Model model;
  optim::Adam adam;

  /// The model is made from the arguments after the options.
  template <class... Args>
  Trained(Run& run, const std::string& name, const optim::AdamOptions& options, Args&&... args)
      : model(std::forward<Args>(args)...), adam(model.parameters(), options) {
    run.keep(name, model, name + "_adam", adam);
  }
  template <class... Args>
  Trained(Run& run, const std::string& name, double lr, Args&&... args)
      : Trained(run, name, optim::AdamOptions{.lr = lr}, std::forward<Args>(args)...) {}
  Trained(const Trained&) = delete;
  Trained& operator=(const Trained&) = delete;

  /// One step down the gradient of the loss. Returns the loss.
  double step(const Var& loss) {
    adam.step(grad(loss, model.parameters()));
    return loss.item();
  }
};

}  // namespace hourglass::examples
