// SPDX-License-Identifier: MIT
// The same network with different settings: a price, a target or a number of units, one network for each.
#pragma once
#include <deque>
#include <string>
#include <vector>

#include "examples/support/metrics/reconstruction.h"
#include "examples/support/trained.h"
#include "tensor/ops.h"

namespace hourglass::examples {

/// What a step makes smaller, and what is reported of it.
struct Objective {
  Var loss;
  Metrics metrics;
};

/// Networks that start from the same random numbers, differ in one setting, and are trained side by side on the same
/// batches.
template <class Model>
class Sweep {
 public:
  struct Entry : Trained<Model> {
    double setting;
    std::string label;  ///< "λ 0.001"

    Entry(Run& run, const std::string& name, double lr, Model initial, double value, std::string text)
        : Trained<Model>(run, name, lr, std::move(initial)), setting(value), label(std::move(text)) {}
  };

  /// make(setting, init) gives the Model of a setting; each gets its own copy of `init`. `symbol` is what the setting
  /// is called in curves and pictures.
  template <class Make>
  Sweep(Run& run, const std::string& symbol, const std::vector<double>& settings, double lr, const Rng& init,
        const Make& make) {
    for (const double setting : settings) {
      Rng own = init;
      entries_.emplace_back(run, join("model", entries_.size()), lr, make(setting, own), setting,
                            join(symbol, ' ', setting));
    }
  }

  std::deque<Entry>& entries() { return entries_; }

  /// The network with the setting in the middle.
  const Model& middle() const { return entries_[entries_.size() / 2].model; }

  /// One step of each network down objective(model, setting). Returns the metrics of all, with their settings:
  /// "loss[λ 0.001]".
  template <class F>
  Metrics step(const F& objective) {
    Metrics all;
    for (Entry& entry : entries_) {
      const Objective own = objective(entry.model, entry.setting);
      entry.step(own.loss);
      for (const auto& [name, value] : own.metrics) all.add(join(name, '[', entry.label, ']'), value);
    }
    return all;
  }

  /// measure(model) of each, under this name and its setting.
  template <class F>
  Metrics measure(const std::string& name, const F& measure) const {
    Metrics all;
    for (const Entry& entry : entries_) all.add(join(name, '[', entry.label, ']'), measure(entry.model));
    return all;
  }

  /// Draws images, and below them the outputs of each network.
  void draw_reconstructions(Run& run, const Tensor& images, const std::string& caption) const {
    std::vector<Tensor> rows{images};
    std::vector<std::string> labels{"input"};
    for (const Entry& entry : entries_) {
      rows.push_back(outputs_of(entry.model, images));
      labels.push_back(entry.label);
    }
    run.images("reconstructions", concat(rows, 0), {.row_labels = labels}, caption);
  }

 private:
  std::deque<Entry> entries_;
};

}  // namespace hourglass::examples
