// SPDX-License-Identifier: MIT
// Sequential: layers one after another.
#pragma once
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nn/layer.h"

namespace hourglass::nn {

/// Children are named "0", "1", ... as in PyTorch. Without layers it returns its input.
///
///   nn::Sequential encoder{nn::Conv2d(1, 16, {.kernel = 4, .stride = 2}, rng), nn::ReLU(), nn::Flatten(),
///                          nn::Linear(16 * 13 * 13, 32, rng)};
///
/// C++ evaluates a braced list from left to right, so the layers draw their weights from `rng` in
/// the order in which they are written. (C++ leaves the order of arguments in parentheses open, so
/// `Sequential(a, b)` does not compile.) A Sequential in the list is one layer. Braces nest it,
/// parentheses move it (`Sequential(std::move(other))`).
class Sequential : public Layer {
 public:
  /// A layer of a braced list.
  class Item {
   public:
    template <std::derived_from<Layer> L>
    Item(L layer) : layer_(std::make_unique<L>(std::move(layer))) {}

   private:
    friend class Sequential;
    mutable std::unique_ptr<Layer> layer_;  // mutable, because the elements of an initializer_list are const
  };

  Sequential() = default;
  Sequential(std::initializer_list<Item> layers);

  /// Appends a layer: encoder.add(nn::Linear(784, 128, rng)).
  template <std::derived_from<Layer> L>
  L& add(L layer) {
    return append(std::make_unique<L>(std::move(layer)));
  }
  /// Makes the layer from its constructor's arguments: encoder.add<nn::Linear>(784, 128, rng). An error in the
  /// constructor then starts with the layer's number.
  template <std::derived_from<Layer> L, class... Args>
  L& add(Args&&... args) {
    return append(in_context(next_name(), [&] { return std::make_unique<L>(std::forward<Args>(args)...); }));
  }
  Var forward(const Var& x) const override;

  std::size_t size() const { return layers_.size(); }
  const Layer& operator[](std::size_t i) const;
  /// Layers in order: for (const Layer* layer : encoder).
  auto begin() const { return layers_.begin(); }
  auto end() const { return layers_.end(); }

 private:
  std::string next_name() const { return std::to_string(size()); }
  template <class L>
  L& append(std::unique_ptr<L> layer) {
    L& added = child(next_name(), std::move(layer));
    layers_.push_back(&added);
    return added;
  }

  std::vector<const Layer*> layers_;
};

}  // namespace hourglass::nn
