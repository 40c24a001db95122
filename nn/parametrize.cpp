#include "nn/parametrize.h"

#include <algorithm>

#include "autograd/node.h"
#include "autograd/ops.h"

namespace hourglass::nn {
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
  module.reparametrize(name, {{name + "_g", norm_but(Var(weight), dim).value()}, {name + "_v", weight}}, {},
                       [dim](const Module::Originals& originals) {
                         const Var g = originals.parameters[0], v = originals.parameters[1];
                         return v * (g / norm_but(v, dim));
                       });
}
void remove_weight_norm(Module& module, const std::string& name) { module.restore_parameter(name); }

namespace {

// [outputs, all the rest]
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
  module.reparametrize(options.name, {{options.name + "_orig", weight}},
                       {{options.name + "_u", direction(shape[0])}, {options.name + "_v", direction(shape[1])}},
                       [options](const Module::Originals& originals) {
                         const Var w = originals.parameters[0], matrix = as_matrix(w, options.dim);
                         const Buffer &u = originals.buffers[0], &v = originals.buffers[1];
                         if (*originals.training && recording())
                           for (std::int64_t k = 0; k < options.n_power_iterations; ++k) {
                             v.set_value(unit(matmul(transpose(matrix.value()), u.value()), options.eps));
                             u.set_value(unit(matmul(matrix.value(), v.value()), options.eps));
                           }
                         return w / sum(constant(u.value()) * matmul(matrix, constant(v.value())));
                       });
}
void remove_spectral_norm(Module& module, const std::string& name) { module.restore_parameter(name); }

}  // namespace hourglass::nn
