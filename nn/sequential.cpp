// SPDX-License-Identifier: MIT
#include "nn/sequential.h"

namespace hourglass::nn {

Sequential::Sequential(std::initializer_list<Item> layers) {
  for (const Item& item : layers) append(std::move(item.layer_));
}

Var Sequential::forward(const Var& x) const {
  Var y = x;
  for (const Layer* layer : layers_) y = (*layer)(y);
  return y;
}

const Layer& Sequential::operator[](std::size_t i) const {
  check(i < size(), "sequential", "there is no layer ", i, " among ", size());
  return *layers_[i];
}

}  // namespace hourglass::nn
