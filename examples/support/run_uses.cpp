// SPDX-License-Identifier: MIT
// The part of Run that is about trained models: saving them, saving what they make, applying them to new data.
#include <algorithm>
#include <iostream>
#include <utility>

#include "examples/support/run.h"
#include "examples/support/run_json.h"
#include "examples/support/text.h"
#include "nn/context.h"
#include "tensor/ops.h"

namespace hourglass::examples {
namespace {

// The entries of one module in the file of all: "vae.hidden.weight" becomes "hidden.weight" of "vae".
StateDict entries_of_module(const StateDict& all, const std::string& name) {
  StateDict part;
  for (const auto& [entry, value] : all)
    if (entry.starts_with(name + ".")) part.emplace_back(entry.substr(name.size() + 1), value);
  return part;
}

}  // namespace

void Run::keep_model(const std::string& name, nn::Module& model) {
  modules_.emplace_back(name, &model);
  record_.models.emplace_back(name, model.summary());
}

void Run::use(const Tensor& rows, Uses uses) {
  uses_ = std::move(uses);
  for (const std::string& file : record_.args.save) output_of(file, *uses_, rows_.labels.numel() > 0);
  if (record_.args.data.apply.empty()) rows_.values = rows;
  else apply(rows);
}

// What a program does after training may change its models.
void Run::note_trained() {
  trained_.emplace();
  for (const auto& [name, module] : modules_)
    for (auto& [entry, value] : module->state_dict()) trained_->emplace_back(name + "." + entry, value);
}

// Back to the models as they were after training. Numbers of the code that are the same for all rows tell nothing; among
// ReLUs these are dead units, whose gradient is 0 as well.
void Run::restore_trained() {
  for (const auto& [name, module] : modules_) {
    module->load_state_dict(entries_of_module(*trained_, name));
    module->eval();
  }
  if (!uses_->codes || rows_.values.size(0) < 2) return;
  const Tensor codes = of_rows(uses_->codes, slice(rows_.values, 0, 0, 5000));
  if (codes.dim() != 2 || !is_floating(codes.dtype())) return;
  const auto dead = static_cast<std::int64_t>(sum(max(codes, {0}) == min(codes, {0})).item());
  fact("dead_numbers_of_code", dead);
  if (dead > 0 && !record_.args.quiet)
    std::cout << "warning: " << dead << " of " << codes.size(1) << " numbers of the code are the same for all rows"
              << std::endl;
}

void Run::save_model() {
  StateDict state = *trained_;
  if (rows_.scaling) {
    state.emplace_back("data.shift", rows_.scaling->shift());
    state.emplace_back("data.scale", rows_.scaling->scale());
  }
  const std::vector<std::int64_t> row(rows_.values.shape().begin() + 1, rows_.values.shape().end());
  nn::save_checkpoint(path("model.safetensors"), state,
                      model_metadata(record_, image_[0] > 0 ? image_ : Shape(row), classes_));
  write_outputs(record_.args.save);
}

void Run::write_outputs(const std::vector<std::string>& files) {
  const Rng rng = Rng(record_.args.seed).split("saved samples");
  for (const std::string& file : files) {
    const Output output = output_of(file, *uses_, rows_.labels.numel() > 0);
    const std::string line = write_output(output, *uses_, rows_, record_.args.samples, rng, record_.args.out);
    if (!record_.args.quiet) std::cout << "saved: " << path(line).string() << '\n';
  }
}

// Programs that make their own data read the files here; those that load a set have read them with it.
void Run::read_new_rows(const Tensor& like) {
  const DataOptions& data = record_.args.data;
  const int channels = data.trained_on.size() == 3 ? static_cast<int>(data.trained_on[0]) : 1;
  FileRows files = read_rows(data.apply, {.channels = channels,
                                          .resize = data.resize,
                                          .label = data.label,
                                          .row = data.trained_on,
                                          .label_optional = true});
  const Shape& shape = files.values.shape();
  rows_ = {.values = like.dim() == 2 ? flatten(files.values, 1) : files.values,
           .labels = files.labels,
           .image = {shape[1], shape[2], shape[3]},
           .names = std::move(files.names),
           .columns = std::move(files.columns)};
  image_ = rows_.image;
  check(uses_->any_size || rows_.values.numel() / shape[0] == numel(data.trained_on), data.apply.front().string(),
        other_size(data.trained_on, rows_.image));
}

void Run::load_model() {
  const std::filesystem::path& from = record_.args.model;
  nn::in_context(from.string(), [&] {
    for (const auto& [name, module] : modules_) {
      module->load_state_dict(entries_of_module(record_.args.weights, name));
      module->eval();
    }
  });
  fact("model", from.string());
}

void Run::apply(const Tensor& like) {
  const Args& args = record_.args;
  load_model();
  if (args.about.own_data) read_new_rows(like);
  else rows_.values = like;
  fact("rows", rows_.values.size(0));
  record_.args.about.title += ", applied to new data";
  if (uses_->scores || uses_->reconstructions) rows_.scores = scores_of(*uses_, rows_.values);
  write_outputs(args.save.empty() ? usual_outputs(*uses_) : args.save);
  describe_outputs();
  if (uses_->applied) uses_->applied(rows_);
  finish();
  throw Applied();
}

// The report's part: the first rows, and the strangest ones.
void Run::describe_outputs() {
  const Tensor& x = rows_.values;
  if (uses_->reconstructions) {
    const Tensor few = slice(x, 0, 0, 10), outputs = of_rows(uses_->reconstructions, few);
    if (few.shape() == outputs.shape())
      images("reconstructions", concat({flatten(few, 1), flatten(outputs, 1)}, 0),
             {.columns = static_cast<int>(few.size(0)), .row_labels = {"input", "output"}},
             "The first rows, and what the model makes of them.");
  }
  const Tensor& scores = rows_.scores;
  if (scores.numel() == 0) return;
  const Tensor order = argsort(scores, 0, true);
  Rows table{{"row", "score"}};
  for (const std::int64_t i : slice(order, 0, 0, 10).to_vector<std::int64_t>())
    table.push_back({name_of(rows_, i), number(select(scores, 0, i).item())});
  this->table("strangest", table, "The rows with the largest scores: those that the model reconstructs worst.");
  result("mean_score", mean(scores).item());
}

}  // namespace hourglass::examples
