// SPDX-License-Identifier: MIT
#include "nn/parametrize.h"

#include <algorithm>
#include <utility>

#include "autograd/node.h"
#include "autograd/ops.h"

namespace hourglass::nn {

// A friend of Module: gives this file access to a module's parameters.
class Parametrization {
 public:
  static void replace(Module& module, const std::string& name, const StateDict& parameters, const StateDict& buffers,
                      std::function<Var(const Originals&)> compute) {
    auto& own = module.parameters_;
    const auto at = std::find_if(own.begin(), own.end(), [&](const Parameter& p) { return p.name() == name; });
    check(at != own.end(), "reparametrize", "there is no parameter '", name, "'");
    for (const auto& [key, value] : parameters) module.check_name(key);
    for (const auto& [key, value] : buffers) module.check_name(key);
    Module::Derived derived{*at, {}};
    own.erase(at);
    Originals originals{{}, {}, module.training_};
    for (const auto& [key, value] : parameters) {
      originals.parameters.push_back(module.parameter(key, value));
      derived.originals.push_back(key);
    }
    for (const auto& [key, value] : buffers) {
      originals.buffers.push_back(module.buffer(key, value));
      derived.originals.push_back(key);
    }
    derived.parameter.derive([originals, compute = std::move(compute)] { return compute(originals); });
    module.derived_.push_back(std::move(derived));
  }

  static void restore(Module& module, const std::string& name) {
    auto& all = module.derived_;
    const auto at = std::find_if(all.begin(), all.end(), [&](const auto& d) { return d.parameter.name() == name; });
    check(at != all.end(), "restore_parameter", "'", name, "' is not computed from other parameters");
    const auto is_original = [&](const auto& thing) {
      return std::find(at->originals.begin(), at->originals.end(), thing.name()) != at->originals.end();
    };
    const Tensor value = at->parameter.value();
    for (const std::string& original : at->originals) module.names_.erase(original);
    std::erase_if(module.parameters_, is_original);
    std::erase_if(module.buffers_, is_original);
    at->parameter.restore(value);
    module.parameters_.push_back(at->parameter);
    all.erase(at);
  }
};

void reparametrize(Module& module, const std::string& name, const StateDict& parameters, const StateDict& buffers,
                   std::function<Var(const Originals&)> compute) {
  Parametrization::replace(module, name, parameters, buffers, std::move(compute));
}
void restore_parameter(Module& module, const std::string& name) { Parametrization::restore(module, name); }

namespace {

Parameter find(const char* op, const Module& module, const std::string& name) {
  for (const Parameter& p : module.parameters())
    if (p.name() == name) return p;
  fail(op, "the module has no parameter '", name, "'");
}

Var norm_but(const Var& v, int dim) {
  const Axes axes = axes_but(v.dim(), dim);
  return axes.empty() ? abs(v) : norm(v, axes, dim >= 0);
}

}  // namespace

void weight_norm(Module& module, const std::string& name, int dim) {
  const Tensor weight = find("weight_norm", module, name).value();
  check(dim >= -1 && dim < weight.dim(), "weight_norm", "there is no axis ", dim, " in ", describe(weight));
  reparametrize(module, name, {{name + "_g", norm_but(Var(weight), dim).value()}, {name + "_v", weight}}, {},
                [dim](const Originals& originals) {
                  const Var g = originals.parameters[0], v = originals.parameters[1];
                  const Var length = norm_but(v, dim);
                  const Tensor zero = length.value() == 0;  // no direction: the weight is 0, and stays so
                  return v * where(zero, 0, g / where(zero, 1, length));
                });
}
void remove_weight_norm(Module& module, const std::string& name) { restore_parameter(module, name); }

namespace {

// [outputs, everything else]
Var as_matrix(const Var& w, int dim) { return flatten(dim == 0 ? w : transpose(w, 0, dim), 1); }
Tensor unit(const Tensor& x, double eps) { return x / std::max(norm(x).item(), eps); }

}  // namespace

void spectral_norm(Module& module, Rng& rng, const SpectralNormOptions& options) {
  const Tensor weight = find("spectral_norm", module, options.name).value();
  check(options.dim >= 0 && options.dim < weight.dim() && weight.dim() >= 2 && weight.numel() > 0, "spectral_norm",
        "needs a matrix and one of its axes, got axis ", options.dim, " of ", describe(weight));
  check(options.n_power_iterations > 0, "spectral_norm", "needs at least 1 power iteration, got ",
        options.n_power_iterations);
  const Shape shape = as_matrix(Var(weight), options.dim).shape();
  const auto direction = [&](std::int64_t size) { return unit(rng.normal({size}, 0, 1, weight.dtype()), options.eps); };
  reparametrize(module, options.name, {{options.name + "_orig", weight}},
                {{options.name + "_u", direction(shape[0])}, {options.name + "_v", direction(shape[1])}},
                [options](const Originals& originals) {
                  const Var w = originals.parameters[0], matrix = as_matrix(w, options.dim);
                  const Buffer &u = originals.buffers[0], &v = originals.buffers[1];
                  if (*originals.training && recording())
                    for (std::int64_t k = 0; k < options.n_power_iterations; ++k) {
                      v.set_value(unit(matmul(transpose(matrix.value()), u.value()), options.eps));
                      u.set_value(unit(matmul(matrix.value(), v.value()), options.eps));
                    }
                  const Var largest = sum(constant(u.value()) * matmul(matrix, constant(v.value())));
                  return w / where(largest.value() == 0, 1, largest);
                });
}
void remove_spectral_norm(Module& module, const std::string& name) { restore_parameter(module, name); }

}  // namespace hourglass::nn
