// Derivatives of functions: products with the Jacobian, whole Jacobians and Hessians, and the size of a Jacobian.
//
// They take a function of Vars and the point at which to differentiate it. The function may use other Vars, parameters
// say: they count as constants here, but everything returned can be differentiated by them in turn (and by the point),
// unless recording is off: inside NoGrad these are numbers, and memory is given back as they are computed.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "autograd/var.h"
#include "tensor/random.h"

namespace hourglass {

using Function = std::function<Var(const Var&)>;
using FunctionOfMany = std::function<Var(const std::vector<Var>&)>;

/// What a function gives, and a product of its derivative.
struct Product {
  Var value, product;
};
struct Products {
  Var value;
  std::vector<Var> products;
};

/// Jᵀu for J = df/dx: reverse mode, about as dear as f itself. u has the shape of f(x), the product that of x.
Product vjp(const Function& f, const Var& x, const Var& u);
Products vjp(const FunctionOfMany& f, std::span<const Var> xs, const Var& u);
/// J v: forward mode, the directional derivative along v. v has the shape of x, the product that of f(x). Of many
/// arguments, the sum over all of them.
Product jvp(const Function& f, const Var& x, const Var& v);
Product jvp(const FunctionOfMany& f, std::span<const Var> xs, std::span<const Var> vs);

struct JacobianOptions {
  /// How many rows are computed in one walk, as one batch of cotangents. 0: as many as keep the largest value on the
  /// way near 2^18 elements, which fit a cache.
  std::int64_t chunk = 0;
};

/// All partial derivatives of f by x: [shape of f(x)..., shape of x...].
Var jacobian(const Function& f, const Var& x, JacobianOptions options = {});
std::vector<Var> jacobian(const FunctionOfMany& f, std::span<const Var> xs, JacobianOptions options = {});
/// The Jacobian of each sample. f maps [batch, ...in] to [batch, ...out] and treats samples apart, so that sample b of
/// the output depends on sample b of the input alone: [batch, ...out, ...in]. (Batch normalisation in training mode
/// does not treat them apart.)
Var batch_jacobian(const Function& f, const Var& x, JacobianOptions options = {});
/// All second derivatives of f, which gives one number: [shape of x..., shape of x...].
Var hessian(const Function& f, const Var& x, JacobianOptions options = {});
/// Blocks [i][j] = d²f / dx_i dx_j.
std::vector<std::vector<Var>> hessian(const FunctionOfMany& f, std::span<const Var> xs, JacobianOptions options = {});

/// H v for the Hessian H of f, which gives one number: the gradient's derivative along v. About two gradients' work.
Product hvp(const Function& f, const Var& x, const Var& v);
/// The same for a value that has been computed already, as a loss has: hvp(loss, parameters, directions). Its graph is
/// kept.
std::vector<Var> hvp(const Var& y, std::span<const Var> xs, std::span<const Var> vs);

/// How ‖J‖² is computed, for J = dh/dx of one sample with m outputs and n inputs.
enum class JacobianNorm {
  exact,  ///< J itself, row by row, in batches of cotangents; m vector-Jacobian products. For any f
  gram,   ///< for an f that begins with an affine layer W x + b: Σ a W Wᵀ aᵀ over the rows a of dh/d(W x + b)
  closed_form,  ///< for h = s(W x + b) with s elementwise: Σ s'² ‖row of W‖² (Rifai et al. 2011, section 3)
  hutchinson,   ///< an unbiased estimate, the mean of ‖vᵀJ‖² over random v (Hutchinson 1990). For any f
  forward,      ///< J column by column; n Jacobian-vector products. For any f, and for fewer inputs than outputs
};
/// Of Hutchinson's v: independent, mean 0, variance 1. Signs have the smaller variance.
enum class Probe { rademacher, normal };

struct JacobianNormOptions {
  JacobianNorm method = JacobianNorm::exact;
  /// Of hutchinson: how many v, from which distribution, drawn by whom.
  std::int64_t samples = 1;
  Probe distribution = Probe::rademacher;
  Rng* rng = nullptr;
  /// How many rows (columns, samples) are computed in one walk; 0 as in JacobianOptions.
  std::int64_t chunk = 0;
  /// Forget each chunk's steps and compute them again when they are differentiated: memory for one chunk instead of
  /// all, for a third more work. Unless told, where all chunks together would keep more than 2^26 numbers.
  std::optional<bool> recompute{};
};

/// ‖J‖²_F = Σ_ij (∂h_i/∂x_j)² of each sample, [batch], for h = f(x): what a contractive autoencoder adds to its loss
/// (Rifai et al. 2011, "Contractive auto-encoders"). f maps [batch, ...] to [batch, ...] and treats samples apart.
/// Not to be confused with ‖1ᵀJ‖², the gradient of the sum of all outputs, which one walk gives.
Var squared_jacobian_norm(const Function& f, const Var& x, const JacobianNormOptions& options = {});

}  // namespace hourglass
