// SPDX-License-Identifier: MIT
// How a row of the layer table is written, for the files that share the table.
#pragma once
#include <tuple>
#include <type_traits>
#include <utility>

#include "nn/activations.h"
#include "nn/losses.h"
#include "nn/shaping.h"
#include "tests/tables/layer_table.h"

namespace hourglass::test {

using nn::Reduction;
using Inputs = std::vector<Input>;
using Options = LayerOptions;

using Make = std::function<nn::Module&(Box& box, Rng& rng)>;
using Call = std::function<Vars(const nn::Module& module, const Vars& inputs)>;

// Code that rows share is in plain functions, which are compiled once. So a table of 190 rows
// compiles in seconds.
inline LayerRow row_of(std::string name, Inputs inputs, Make make, Call call, const Options& options) {
  return {std::move(name), std::move(inputs), std::move(make), std::move(call), options};
}
inline Vars call_layer(const nn::Module& module, const Vars& v) {
  return {dynamic_cast<const nn::Layer&>(module)(v[0])};
}
inline nn::Module& make_identity(Box& box, Rng&) { return box.child("layer", nn::Identity()); }

// A row for a module: make(box, rng) and call(module, inputs).
template <class Make, class Call>
LayerRow module(std::string name, Inputs inputs, Make make, Call call, const Options& options = {}) {
  using M = std::remove_reference_t<decltype(make(std::declval<Box&>(), std::declval<Rng&>()))>;
  return row_of(
      std::move(name), std::move(inputs), std::move(make),
      [call](const nn::Module& m, const Vars& v) { return Vars(call(dynamic_cast<const M&>(m), v)); }, options);
}
// A row for a Layer made of the arguments.
template <class L, class... Args>
LayerRow layer(std::string name, const Input& input, const Options& options, Args... args) {
  return row_of(
      std::move(name), {input}, [=](Box& box, Rng&) -> nn::Module& { return box.child<L>("layer", args...); },
      call_layer, options);
}
// The same with the Rng after the `first` arguments, where layers have it.
template <class L, class... Args>
LayerRow random_layer(std::string name, const Input& input, const Options& options, auto first, Args... args) {
  return row_of(
      std::move(name), {input},
      [=](Box& box, Rng& rng) -> nn::Module& {
        return std::apply([&](auto... sizes) -> L& { return box.child<L>("layer", sizes..., rng, args...); }, first);
      },
      call_layer, options);
}
// A row for a function of the inputs.
inline LayerRow function(std::string name, Inputs inputs, std::function<Var(const Vars&)> f, const Options& options) {
  return row_of(
      std::move(name), std::move(inputs), make_identity,
      [f = std::move(f)](const nn::Module&, const Vars& v) { return Vars{f(v)}; }, options);
}

template <class... Sizes>
auto sizes(Sizes... all) {
  return std::tuple<std::conditional_t<std::is_integral_v<Sizes>, std::int64_t, Sizes>...>(all...);
}

inline const Input kRows = uniform({3, 4}, -2, 2), kSequences = uniform({2, 3, 4}, -2, 2),
                   kImages = uniform({2, 2, 3, 4}, -2, 2);

/// Adds the rows of layers for sequences: embeddings, recurrent networks, attention.
void add_sequence_rows(std::vector<LayerRow>& rows);

}  // namespace hourglass::test
