// The same network with a row of settings: a price, a target or an amount of noise, one network for each.
#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "autograd/grad.h"
#include "examples/support/metrics/reconstruction.h"
#include "examples/support/run.h"
#include "examples/support/text.h"
#include "optim/adam.h"
#include "tensor/ops.h"

namespace hourglass::examples {

/// What a step is to make smaller, and what is reported of it.
struct Objective {
  Var loss;
  Metrics metrics;
};

/// Networks that begin alike, differ in one number each, and are trained side by side on the same batches.
template <class Model>
class Sweep {
 public:
  struct Entry {
    double setting;
    std::unique_ptr<Model> model;
    std::unique_ptr<optim::Adam> adam;
  };

  /// make(setting, init), a std::unique_ptr<Model>, for each setting, with an Adam; both are in the run's checkpoints.
  /// The letter is what the setting is called in curves and pictures.
  template <class Make>
  Sweep(Run& run, std::string letter, const std::vector<double>& settings, double lr, const Rng& rng, Make&& make)
      : letter_(std::move(letter)) {
    for (const double setting : settings) {
      Rng init = rng.split("init");
      std::unique_ptr<Model> model = make(setting, init);
      auto adam = std::make_unique<optim::Adam>(model->parameters(), optim::AdamOptions{.lr = lr});
      run.keep(join("model", entries_.size()), *model, join("adam", entries_.size()), *adam);
      entries_.push_back({setting, std::move(model), std::move(adam)});
    }
  }

  const std::vector<Entry>& entries() const { return entries_; }

  /// A step of each down objective(model, setting). The metrics of all, with their settings: "loss[λ 0.001]".
  template <class F>
  Metrics step(F&& objective) const {
    Metrics metrics;
    for (const Entry& entry : entries_) {
      const Objective of_batch = objective(*entry.model, entry.setting);
      entry.adam->step(grad(of_batch.loss, entry.model->parameters()));
      for (const auto& [name, value] : of_batch.metrics) metrics.add(join(name, '[', label(entry), ']'), value);
    }
    return metrics;
  }

  /// measure(model) of each, called name and its setting.
  template <class F>
  Metrics measure(const std::string& name, F&& measure) const {
    Metrics metrics;
    for (const Entry& entry : entries_) metrics.add(join(name, '[', label(entry), ']'), measure(*entry.model));
    return metrics;
  }

  /// Images, and below them what comes back from each network.
  void draw_reconstructions(Run& run, const Tensor& images, const std::string& caption) const {
    std::vector<Tensor> rows{images};
    std::vector<std::string> labels{"input"};
    for (const Entry& entry : entries_) {
      rows.push_back(outputs_of(*entry.model, images));
      labels.push_back(label(entry));
    }
    run.picture("reconstructions", image_grid(concat(rows, 0), {.row_labels = labels}), caption);
  }

 private:
  std::string label(const Entry& entry) const { return letter_ + " " + number(entry.setting); }

  std::string letter_;
  std::vector<Entry> entries_;
};

}  // namespace hourglass::examples
