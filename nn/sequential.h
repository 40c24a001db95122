// Sequential: layers one after another.
#pragma once
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "nn/layer.h"

namespace hourglass::nn {

/// Children are named "0", "1", ... as in PyTorch. Without any it gives back its input.
///
///   nn::Sequential encoder;
///   encoder.add<nn::Linear>(784, 128, rng);
///   encoder.add<nn::ReLU>();
class Sequential : public Layer {
 public:
  /// Makes a layer from the arguments, and puts it behind the others.
  template <class L, class... Args>
  L& add(Args&&... args) {
    L& layer = child<L>(std::to_string(size()), std::forward<Args>(args)...);
    layers_.push_back(&layer);
    return layer;
  }
  Var forward(const Var& x) const override;

  std::size_t size() const { return layers_.size(); }
  const Layer& operator[](std::size_t i) const;
  /// Layers in order: for (const Layer* layer : encoder).
  auto begin() const { return layers_.begin(); }
  auto end() const { return layers_.end(); }

 private:
  std::vector<const Layer*> layers_;
};

}  // namespace hourglass::nn
