// SPDX-License-Identifier: MIT
// The table of layers and losses that test_nn_layers.cpp checks: one row or more for each.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nn/sequential.h"
#include "tests/tables/op_table.h"

namespace hourglass::test {

/// A module whose protected members tests can use.
struct Box : nn::Module {
  using Module::buffer;
  using Module::child;
  using Module::parameter;
};

/// When a row's gradients are the true derivatives. They are not if the layer changes a gradient on
/// purpose (never), or if a constant follows its weights during training (in_evaluation).
enum class Exact { always, in_evaluation, never };

struct LayerOptions {
  /// The axis of the samples, on all inputs; none if the row is not tried on an empty batch.
  std::optional<int> batch = 0;
  /// A shape of the first input that is an error.
  std::optional<Shape> bad{};
  /// The number of last inputs that are not differentiated by, although they are f32 or f64.
  int constants = 0;
  Exact exact = Exact::always;
};

struct LayerRow {
  std::string name;
  std::vector<Input> inputs;
  /// Makes the module as child "layer" of the box.
  std::function<nn::Module&(Box& box, Rng& rng)> make;
  std::function<Vars(const nn::Module& module, const Vars& inputs)> call;
  LayerOptions options{};
};

const std::vector<LayerRow>& layer_table();
/// An error if there is no row of that name.
const LayerRow& layer_named(const std::string& name);

}  // namespace hourglass::test
