// The table of layers and losses that test_nn_layers.cpp checks: a row for each, or for each face of it.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nn/sequential.h"
#include "tests/tables/op_table.h"

namespace hourglass::test {

/// A module that lets tests put anything into it.
struct Box : nn::Module {
  using Module::buffer;
  using Module::child;
  using Module::parameter;
};

/// When a row's gradients are derivatives. Not where a gradient is altered on purpose, nor in training where the layer
/// follows its weights by something that counts as a constant.
enum class Exact { always, in_evaluation, never };

struct LayerOptions {
  /// The axis of the samples, on all inputs; none if the row is not tried on a batch of nothing.
  std::optional<int> batch = 0;
  /// A shape of the first input that is an error.
  std::optional<Shape> bad{};
  /// How many of the last inputs are constants to the function, though they are numbers.
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
/// An error where there is none of that name.
const LayerRow& layer_named(const std::string& name);

}  // namespace hourglass::test
