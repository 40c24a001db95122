// SPDX-License-Identifier: MIT
// Every check that every row of layer_table gets.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <regex>
#include <set>

#include <doctest/doctest.h>

#include "autograd/check.h"
#include "autograd/grad.h"
#include "autograd/ops.h"
#include "tensor/storage.h"
#include "tests/error_of.h"
#include "tests/paths.h"
#include "tests/reference_data.h"
#include "tests/tables/layer_table.h"
#include "tests/tables/op_checks.h"

using namespace hourglass;
using namespace hourglass::test;

namespace {

// A row's module in f64, with the weights of pytorch_layers.py's fill(): tensor k of the state dict
// is ramp(shape, 5 + k) / 2. Variances, and the mean of KlSparsity, are positive.
class Subject {
 public:
  Subject(const LayerRow& row, const std::vector<Tensor>& inputs, bool training) : row_(&row), box_(new Box) {
    Rng rng = Rng(3).split(row.name);
    module_ = &row.make(*box_, rng);
    if (!inputs.empty()) {  // lazy shapes
      const NoGrad no_grad;
      row.call(*module_, constants(with_dtype(inputs, Dtype::f32)));
    }
    module_->to(Dtype::f64);
    StateDict state = module_->state_dict();
    for (std::size_t k = 0; k < state.size(); ++k) {
      auto& [key, value] = state[k];
      if (key.ends_with("num_batches_tracked")) value = zeros_like(value);
      if (key.ends_with("mask") || !is_floating(value.dtype())) continue;
      const Tensor numbers = ramp(value.shape(), 5 + static_cast<int>(k), Dtype::f64) / 2;
      value = key.ends_with("running_var") || key == "mean" ? abs(numbers) + 0.5 : numbers;
    }
    module_->load_state_dict(state);
    module_->train(training);
    for (const nn::Buffer& buffer : module_->buffers()) buffers_.push_back(buffer.value());
    for (const nn::RandomState& own : module_->random_states()) random_states_.push_back(own.rng().state());
  }

  nn::Module& module() const { return *module_; }
  Vars operator()(const Vars& inputs) const { return row_->call(*module_, inputs); }

  // Restores the state from before the first call.
  void rewind() const {
    const std::vector<nn::Buffer> buffers = module_->buffers();
    for (std::size_t k = 0; k < buffers.size(); ++k) buffers[k].set_value(buffers_[k]);
    const std::vector<nn::RandomState> own = module_->random_states();
    for (std::size_t k = 0; k < own.size(); ++k) own[k].rng().restore(random_states_[k]);
  }

  static Vars constants(const std::vector<Tensor>& inputs) { return {inputs.begin(), inputs.end()}; }

 private:
  const LayerRow* row_;
  std::unique_ptr<Box> box_;
  nn::Module* module_;
  std::vector<Tensor> buffers_;
  std::vector<Rng::State> random_states_;
};

std::vector<Tensor> draw(const LayerRow& row) {
  std::vector<Tensor> inputs;
  for (std::size_t i = 0; i < row.inputs.size(); ++i)
    inputs.push_back(row.inputs[i].draw(row.inputs[i].shape, Rng(1).split(row.name).split(i)));
  return inputs;
}

// Outputs; y's gradients by inputs and then parameters, where y = Σ ⟨output k, ramp(shape, 11 + k)⟩; the gradients of
// Σ |dy/dinput|² / 2 by the same; floating-point buffers afterwards. What pytorch_layers.py writes down.
std::vector<Part> examine(const Subject& subject, const std::vector<Tensor>& inputs, bool penalty = true) {
  subject.rewind();
  Vars all, xs;
  for (const Tensor& x : inputs) {
    all.push_back(is_floating(x.dtype()) ? variable(x) : constant(x));
    if (is_floating(x.dtype())) xs.push_back(all.back());
  }
  const std::size_t count = xs.size();
  std::vector<Part> parts;
  const Vars outputs = subject(all);
  Var y = constant(scalar(0, Dtype::f64));
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    parts.push_back({join("output ", k), outputs[k].value()});
    y = y + sum(outputs[k] * constant(ramp(outputs[k].shape(), 11 + static_cast<int>(k), Dtype::f64)));
  }
  for (const Parameter& p : subject.module().parameters()) xs.push_back(p);
  if (!xs.empty() && y.needs_gradient()) {
    const Vars first = grad(y, xs, {.create_graph = true, .allow_unused = true});
    for (std::size_t k = 0; k < xs.size(); ++k) parts.push_back({join("gradient ", k), first[k].value()});
    Var squares = constant(scalar(0, Dtype::f64));
    for (std::size_t k = 0; k < count; ++k) squares = squares + sum(square(first[k])) * 0.5;
    for (std::size_t k = 0; penalty && k < xs.size(); ++k) {
      const bool flat = !squares.needs_gradient();
      const GradOptions options{.retain_graph = true, .allow_unused = true};
      parts.push_back(
          {join("penalty's gradient ", k), flat ? zeros_like(xs[k].value()) : grad(squares, xs[k], options).value()});
    }
  }
  for (const nn::Buffer& b : subject.module().buffers())
    if (is_floating(b.value().dtype())) parts.push_back({b.name(), b.value()});
  return parts;
}

// Checks all rows, also after one has failed.
template <class Check>
void for_each_row(Check&& check_row) {
  for (const LayerRow& row : layer_table()) {
    try {
      check_row(row);
    } catch (const Error& error) {
      FAIL_CHECK(row.name, ": ", std::string(error.what()));
    }
  }
}

// ---- the reference files

const std::vector<Json>& layer_cases() {
  static const std::vector<Json> all = [] {
    std::vector<Json> cases = reference_data("pytorch_layers.json").items();
    for (const Json& one : reference_data("pytorch_sequences.json").items()) cases.push_back(one);
    return cases;
  }();
  return all;
}

std::vector<Part> wanted_parts(const Json& one, const Subject& subject, const std::vector<Tensor>& inputs) {
  std::vector<Part> parts;
  for (const Tensor& y : tensors_of(one["outputs"])) parts.push_back({join("output ", parts.size()), y});
  std::vector<Shape> shapes;
  for (const Tensor& x : inputs)
    if (is_floating(x.dtype())) shapes.push_back(x.shape());
  for (const Parameter& p : subject.module().parameters()) shapes.push_back(p.shape());
  for (const auto& [key, what] : {std::pair{"gradients", "gradient "}, {"penalty", "penalty's gradient "}})
    if (one.contains(key))
      for (std::size_t k = 0; k < shapes.size(); ++k)
        parts.push_back({join(what, k), tensor_of(one[key][k], shapes[k])});
  std::size_t k = 0;
  for (const nn::Buffer& b : subject.module().buffers())
    if (is_floating(b.value().dtype())) parts.push_back({b.name(), tensor_of(one["buffers"][k++], b.value().shape())});
  return parts;
}

}  // namespace

TEST_CASE("outputs, gradients and gradients of a penalty are PyTorch's, also for views") {
  for (std::size_t i = 0; i < layer_cases().size(); ++i) {
    const Json& one = layer_cases()[i];
    const std::string name = one["row"].text();
    const bool training = one["train"].flag();
    std::string where = join("case ", i, ", ", name, training ? "" : " in evaluation");
    try {
      const std::vector<Tensor> inputs = tensors_of(one["inputs"]);
      const Subject subject(layer_named(name), inputs, training);
      std::vector<std::pair<std::string, Shape>> keys, wanted_keys;
      for (const auto& [key, value] : subject.module().state_dict()) keys.emplace_back(key, value.shape());
      for (const Json& key : one["keys"].items()) wanted_keys.emplace_back(key[0].text(), shape_of(key[1]));
      CHECK_MESSAGE(keys == wanted_keys, where);

      const std::vector<Part> wanted = wanted_parts(one, subject, inputs);
      const bool penalty = one.contains("penalty");
      check_close(where, examine(subject, inputs, penalty), wanted, 1e-12);
      for (std::size_t kind = 0; kind < views(inputs[0]).size(); ++kind) {
        std::vector<Tensor> viewed;
        for (const Tensor& x : inputs) viewed.push_back(views(x)[kind].tensor);
        check_close(where + ", " + views(inputs[0])[kind].name, examine(subject, viewed, penalty), wanted, 1e-12);
      }
    } catch (const Error& error) {
      FAIL_CHECK(where, ": ", std::string(error.what()));
    }
  }
}

TEST_CASE("derivatives of layers by inputs and parameters agree with finite differences, in training and evaluation") {
  for_each_row([](const LayerRow& row) {
    const std::vector<Tensor> inputs = draw(row);
    for (const bool training : {true, false}) {
      if (row.options.exact == Exact::never || (training && row.options.exact != Exact::always)) continue;
      const Subject subject(row, inputs, training);
      const std::size_t variables = inputs.size() - static_cast<std::size_t>(row.options.constants);
      const auto varies = [&](std::size_t i) { return i < variables && is_floating(inputs[i].dtype()); };
      std::vector<Tensor> points;
      for (std::size_t i = 0; i < inputs.size(); ++i)
        if (varies(i)) points.push_back(inputs[i]);
      const std::vector<Parameter> parameters = subject.module().parameters();
      for (const Parameter& p : parameters) points.push_back(p.value());
      const auto f = [&](const Vars& xs) {
        subject.rewind();
        auto next = xs.begin();
        Vars all;
        for (std::size_t i = 0; i < inputs.size(); ++i) all.push_back(varies(i) ? *next++ : constant(inputs[i]));
        for (const Parameter& p : parameters) p.derive([x = *next++] { return x; });
        Var joined = constant(zeros({0}, Dtype::f64));
        for (const Var& y : subject(all)) joined = concat({joined, flatten(y)}, 0);
        return joined;
      };
      check_gradients(f, points, {.order = 2, .name = row.name + (training ? "" : " in evaluation")});
    }
  });
}

TEST_CASE("layers give the same for views as for contiguous inputs") {
  for_each_row([](const LayerRow& row) {
    const std::vector<Tensor> inputs = draw(row);
    const Subject subject(row, inputs, true);
    const std::vector<Part> wanted = examine(subject, inputs);
    for (std::size_t i = 0; i < inputs.size(); ++i)
      for (const View& view : views(inputs[i])) {
        std::vector<Tensor> viewed = inputs;
        viewed[i] = view.tensor;
        check_close(join(row.name, ", input ", i, " ", view.name), examine(subject, viewed), wanted, 1e-12);
      }
  });
}

TEST_CASE("layers work on an empty batch") {
  for_each_row([](const LayerRow& row) {
    if (!row.options.batch) return;
    const std::vector<Tensor> inputs = draw(row);
    std::vector<Tensor> empty;
    for (const Tensor& x : inputs) empty.push_back(slice(x, x.dim() == 1 ? 0 : *row.options.batch, 0, 0));
    for (const bool training : {true, false}) {
      const Subject subject(row, inputs, training);
      const std::vector<Part> before = examine(subject, inputs), parts = examine(subject, empty);
      for (std::size_t k = 0; k < parts.size(); ++k) {
        if (parts[k].what.starts_with("output")) CHECK_MESSAGE(parts[k].tensor.numel() == 0, row.name);
        else if (parts[k].what.find("gradient") != std::string::npos && parts[k].tensor.numel() > 0)
          CHECK_MESSAGE(equal(parts[k].tensor, zeros_like(parts[k].tensor)), row.name, ": ", parts[k].what);
        CHECK_MESSAGE(parts[k].tensor.dim() == before[k].tensor.dim(), row.name);
      }
      for (const nn::Buffer& b : subject.module().buffers())
        CHECK_MESSAGE(any(isnan(to(b.value(), Dtype::f64))).item() == 0, row.name);
    }
  });
}

TEST_CASE("a bad shape gives an error that begins with the layer's path") {
  for_each_row([](const LayerRow& row) {
    if (!row.options.bad) return;
    const std::vector<Tensor> inputs = draw(row);
    const Subject subject(row, inputs, true);
    std::vector<Tensor> bad = inputs;
    bad[0] = ones(*row.options.bad, Dtype::f64);
    const std::string message = error_of([&] { subject(Subject::constants(bad)); });
    CHECK_MESSAGE(message.starts_with("layer: "), row.name, ": ", message);
    // It shows the shape, or the number of axes if the layer asks for an axis that is missing.
    const bool shown = message.find(join(*row.options.bad)) != std::string::npos ||
                       message.find(join("out of range for ", row.options.bad->size(), " ax")) != std::string::npos;
    CHECK_MESSAGE(shown, row.name, ": ", message);
  });
}

TEST_CASE("layers leave no memory in use, and an f32 layer stays f32") {
  for_each_row([](const LayerRow& row) {
    const std::vector<Tensor> inputs = with_dtype(draw(row), Dtype::f32);
    const std::int64_t before = memory::bytes_in_use();
    {
      Box box;
      Rng rng(1);
      nn::Module& module = row.make(box, rng);
      Vars all;
      for (const Tensor& x : inputs) all.push_back(is_floating(x.dtype()) ? variable(x) : constant(x));
      for (const Var& y : row.call(module, all)) CHECK_MESSAGE(y.dtype() == Dtype::f32, row.name);
    }
    check(memory::bytes_in_use() == before, row.name, memory::bytes_in_use() - before, " bytes are left in use");
  });
}

TEST_CASE("names of layer rows are unique, and every PyTorch case belongs to a row") {
  std::set<std::string> names;
  for (const LayerRow& row : layer_table()) CHECK_MESSAGE(names.insert(row.name).second, row.name);
  for (const Json& one : layer_cases()) CHECK_MESSAGE(names.contains(one["row"].text()), one["row"].text());
}

TEST_CASE("every layer row has a PyTorch case, unless PyTorch lacks the layer's noise") {
  // Their moments are tested in test_nn_behaviour.cpp, and without training they are the identity.
  std::set<std::string> without{"GaussianNoise", "MaskingNoise", "SaltAndPepperNoise"};
  std::set<std::string> with;
  for (const Json& one : layer_cases()) with.insert(one["row"].text());
  for (const LayerRow& row : layer_table())
    CHECK_MESSAGE(with.contains(row.name) != without.contains(row.name), row.name);
}

TEST_CASE("every layer, loss and penalty of nn/ has a row that begins with its name") {
  // Base classes.
  const std::set<std::string> bases{
      "Layer", "ChannelNorm",   "BatchNorm", "InstanceNorm", "Conv",           "Noise",
      "Pad",   "ConvTranspose", "Recurrent", "Cell",         "EmbeddingTable", "TransformerParts"};
  // Layers that accept every shape, and so have no bad shape.
  const std::set<std::string> any_shape{"Identity",
                                        "ReLU",
                                        "ReLU6",
                                        "LeakyReLU",
                                        "ELU",
                                        "CELU",
                                        "SELU",
                                        "SiLU",
                                        "Mish",
                                        "GELU",
                                        "Softsign",
                                        "Tanh",
                                        "Sigmoid",
                                        "LogSigmoid",
                                        "Hardsigmoid",
                                        "Hardswish",
                                        "Hardtanh",
                                        "Hardshrink",
                                        "Softshrink",
                                        "Tanhshrink",
                                        "Threshold",
                                        "Softplus",
                                        "Softmin",
                                        "RReLU",
                                        "Dropout",
                                        "AlphaDropout",
                                        "GaussianNoise",
                                        "MaskingNoise",
                                        "SaltAndPepperNoise"};
  const std::regex layer(R"(class (\w+) : public .*|HOURGLASS_\w+\((\w+), .*)"), function(R"(Var (\w+)\(.*)");
  int found = 0;
  for (const auto& entry : std::filesystem::directory_iterator(test::source_path("nn"))) {
    if (entry.path().extension() != ".h") continue;
    const bool functions = entry.path().stem() == "losses" || entry.path().stem() == "penalties";
    std::ifstream header(entry.path());
    std::smatch match;
    for (std::string line; std::getline(header, line);) {
      const bool is_layer = std::regex_match(line, match, layer);
      if (!is_layer && !(functions && std::regex_match(line, match, function))) continue;
      const std::string name = match[1].matched ? match[1] : match[2];
      if (bases.contains(name)) continue;
      ++found;
      int rows = 0, with_batch = 0, with_bad = 0;
      for (const LayerRow& row : layer_table()) {
        if (row.name != name && !row.name.starts_with(name + " ") && !row.name.starts_with(name + ",")) continue;
        ++rows;
        with_batch += row.options.batch.has_value();
        with_bad += row.options.bad.has_value();
      }
      CAPTURE(name);
      CHECK_MESSAGE(rows > 0, "there is none in tests/tables/layer_table.cpp");
      if (!is_layer) continue;
      // KlSparsity takes a mean over the batch, which must not be empty.
      CHECK_MESSAGE((with_batch > 0 || name == "KlSparsity"), "none of its rows is tried on a batch of nothing");
      CHECK_MESSAGE((with_bad > 0) != any_shape.contains(name), "one of its rows must have a shape that is an error");
    }
  }
  CHECK(found > 100);
}
