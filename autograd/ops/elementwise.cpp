// The first kind of primitive: the rule is calculus. A rule that names y uses the op's output, and x need not be kept.
#include <cmath>
#include <numbers>

#include "autograd/node.h"
#include "autograd/ops.h"

namespace hourglass {

// ---- one operand

Var neg(const Var& x) {
  return record("neg", neg(x.value()), wrt(x, [](const Var& g) { return -g; }));
}
Var abs(const Var& x) {
  return record("abs", abs(x.value()), wrt(x, [x](const Var& g) { return g * sign(x); }));
}
Var square(const Var& x) {
  return record("square", square(x.value()), wrt(x, [x](const Var& g) { return strong_mul(g, x) * 2; }));
}
Var reciprocal(const Var& x) {
  return record("reciprocal", reciprocal(x.value()),
                wrt(x, [](const Var& g, const Var& y) { return -strong_mul(g, square(y)); }));
}
Var sqrt(const Var& x) {
  return record("sqrt", sqrt(x.value()), wrt(x, [](const Var& g, const Var& y) { return strong_div(g * 0.5, y); }));
}
Var rsqrt(const Var& x) {
  return record("rsqrt", rsqrt(x.value()),
                wrt(x, [](const Var& g, const Var& y) { return strong_mul(g * -0.5, y * square(y)); }));
}
Var exp(const Var& x) {
  return record("exp", exp(x.value()), wrt(x, [](const Var& g, const Var& y) { return strong_mul(g, y); }));
}
Var expm1(const Var& x) {
  return record("expm1", expm1(x.value()), wrt(x, [](const Var& g, const Var& y) { return strong_mul(g, y + 1); }));
}
Var log(const Var& x) {
  return record("log", log(x.value()), wrt(x, [x](const Var& g) { return strong_div(g, x); }));
}
Var log1p(const Var& x) {
  return record("log1p", log1p(x.value()), wrt(x, [x](const Var& g) { return strong_div(g, x + 1); }));
}
Var log2(const Var& x) {
  return record("log2", log2(x.value()), wrt(x, [x](const Var& g) { return strong_div(g, x * std::numbers::ln2); }));
}
Var log10(const Var& x) {
  return record("log10", log10(x.value()), wrt(x, [x](const Var& g) { return strong_div(g, x * std::numbers::ln10); }));
}
Var sin(const Var& x) {
  return record("sin", sin(x.value()), wrt(x, [x](const Var& g) { return g * cos(x); }));
}
Var cos(const Var& x) {
  return record("cos", cos(x.value()), wrt(x, [x](const Var& g) { return -g * sin(x); }));
}
Var tan(const Var& x) {
  return record("tan", tan(x.value()), wrt(x, [](const Var& g, const Var& y) { return g * (square(y) + 1); }));
}
Var asin(const Var& x) {
  return record("asin", asin(x.value()), wrt(x, [x](const Var& g) { return strong_mul(g, rsqrt(1 - square(x))); }));
}
Var acos(const Var& x) {
  return record("acos", acos(x.value()), wrt(x, [x](const Var& g) { return -strong_mul(g, rsqrt(1 - square(x))); }));
}
Var atan(const Var& x) {
  return record("atan", atan(x.value()), wrt(x, [x](const Var& g) { return g / (square(x) + 1); }));
}
Var sinh(const Var& x) {
  return record("sinh", sinh(x.value()), wrt(x, [x](const Var& g) { return strong_mul(g, cosh(x)); }));
}
Var cosh(const Var& x) {
  return record("cosh", cosh(x.value()), wrt(x, [x](const Var& g) { return strong_mul(g, sinh(x)); }));
}
Var tanh(const Var& x) {
  return record("tanh", tanh(x.value()), wrt(x, [](const Var& g, const Var& y) { return tanh_grad(g, y); }));
}
Var erf(const Var& x) {
  return record("erf", erf(x.value()),
                wrt(x, [x](const Var& g) { return g * exp(-square(x)) * (2 * std::numbers::inv_sqrtpi); }));
}
Var lgamma(const Var& x) {
  return record("lgamma", lgamma(x.value()), wrt(x, [x](const Var& g) { return g * digamma(x); }));
}
Var digamma(const Var& x) {
  return record("digamma", digamma(x.value()), wrt(x, [x](const Var& g) { return g * polygamma(1, x); }));
}
Var polygamma(std::int64_t n, const Var& x) {
  check(n >= 0, "polygamma", "needs an order of at least 0, got ", n);
  return record("polygamma", polygamma(n, x.value()), wrt(x, [n, x](const Var& g) { return g * polygamma(n + 1, x); }));
}

namespace {
// Steps are flat: what they pass back is 0 whatever comes in.
Var record_step(std::string_view op, Tensor value, const Var& x) {
  return record(op, std::move(value), wrt(x, [](const Var& g) { return constant(zeros_like(g.value())); }));
}
}  // namespace
Var sign(const Var& x) { return record_step("sign", sign(x.value()), x); }
Var floor(const Var& x) { return record_step("floor", floor(x.value()), x); }
Var ceil(const Var& x) { return record_step("ceil", ceil(x.value()), x); }
Var round(const Var& x) { return record_step("round", round(x.value()), x); }
Var trunc(const Var& x) { return record_step("trunc", trunc(x.value()), x); }

// ---- activations

Var relu(const Var& x) {
  return record("relu", relu(x.value()), wrt(x, [](const Var& g, const Var& y) { return relu_grad(g, y.value()); }));
}
Var relu_grad(const Var& g, const Tensor& y) {
  return record("relu_grad", relu_grad(g.value(), y), wrt(g, [y](const Var& h) { return relu_grad(h, y); }));
}
Var sigmoid(const Var& x) {
  return record("sigmoid", sigmoid(x.value()), wrt(x, [](const Var& g, const Var& y) { return sigmoid_grad(g, y); }));
}
Var sigmoid_grad(const Var& g, const Var& y) {
  return record("sigmoid_grad", sigmoid_grad(g.value(), y.value()),
                wrt(g, [y](const Var& h) { return sigmoid_grad(h, y); }),
                wrt(y, [g, y](const Var& h) { return h * g * (1 - y * 2); }));
}
Var tanh_grad(const Var& g, const Var& y) {
  return record("tanh_grad", tanh_grad(g.value(), y.value()), wrt(g, [y](const Var& h) { return tanh_grad(h, y); }),
                wrt(y, [g, y](const Var& h) { return h * g * y * -2; }));
}
Var log_sigmoid(const Var& x) {
  return record("log_sigmoid", log_sigmoid(x.value()), wrt(x, [x](const Var& g) { return softplus_grad(g, -x); }));
}
Var softplus(const Var& x) {
  return record("softplus", softplus(x.value()), wrt(x, [x](const Var& g) { return softplus_grad(g, x); }));
}
Var softplus_grad(const Var& g, const Var& x) {
  return record("softplus_grad", softplus_grad(g.value(), x.value()),
                wrt(g, [x](const Var& h) { return softplus_grad(h, x); }),
                wrt(x, [g, x](const Var& h) { return sigmoid_grad(h * g, sigmoid(x)); }));
}
Var softsign(const Var& x) {
  return record("softsign", softsign(x.value()), wrt(x, [x](const Var& g) { return g / square(abs(x) + 1); }));
}
Var silu(const Var& x) {
  return record("silu", silu(x.value()), wrt(x, [x](const Var& g) { return silu_grad(g, x); }));
}
Var silu_grad(const Var& g, const Var& x) {
  return record("silu_grad", silu_grad(g.value(), x.value()), wrt(g, [x](const Var& h) { return silu_grad(h, x); }),
                wrt(x, [g, x](const Var& h) {  // f'' = s (1 - s) (2 + x (1 - 2 s))
                  const Var s = sigmoid(x);
                  return sigmoid_grad(h * g, s) * (x * (1 - s * 2) + 2);
                }));
}
Var gelu(const Var& x) {
  return record("gelu", gelu(x.value()), wrt(x, [x](const Var& g) { return gelu_grad(g, x); }));
}
Var gelu_grad(const Var& g, const Var& x) {
  return record("gelu_grad", gelu_grad(g.value(), x.value()), wrt(g, [x](const Var& h) { return gelu_grad(h, x); }),
                wrt(x, [g, x](const Var& h) {  // f'' = φ(x) (2 - x²)
                  const Var density = exp(square(x) * -0.5) * (std::numbers::inv_sqrtpi / std::numbers::sqrt2);
                  return h * g * density * (2 - square(x));
                }));
}
Var leaky_relu(const Var& x, double slope) {
  return record("leaky_relu", leaky_relu(x.value(), slope),
                wrt(x, [x, slope](const Var& g) { return where(x.value() > 0, g, g * slope); }));
}
Var elu(const Var& x, double alpha) {
  return record("elu", elu(x.value(), alpha),
                wrt(x, [x, alpha](const Var& g) {  // e^x of the negative ones only: of others it may be infinite
                  return where(x.value() > 0, g, g * exp(where(x.value() < 0, x, 0)) * alpha);
                }));
}

// ---- two operands

Var add(const Var& a, const Var& b) {
  return record("add", add(a.value(), b.value()), wrt(a, [](const Var& g) { return g; }),
                wrt(b, [](const Var& g) { return g; }));
}
Var sub(const Var& a, const Var& b) {
  return record("sub", sub(a.value(), b.value()), wrt(a, [](const Var& g) { return g; }),
                wrt(b, [](const Var& g) { return -g; }));
}
Var mul(const Var& a, const Var& b) {
  return record("mul", mul(a.value(), b.value()), wrt(a, [b](const Var& g) { return strong_mul(g, b); }),
                wrt(b, [a](const Var& g) { return strong_mul(g, a); }));
}
Var div(const Var& a, const Var& b) {
  return record("div", div(a.value(), b.value()), wrt(a, [b](const Var& g) { return strong_div(g, b); }),
                wrt(b, [b](const Var& g, const Var& y) { return -strong_div(strong_mul(g, y), b); }));
}
// A strong zero stays 0 whatever it meets, at every order: by d, what g makes 0 does not change.
Var strong_mul(const Var& g, const Var& d) {
  return record("strong_mul", strong_mul(g.value(), d.value()), wrt(g, [d](const Var& h) { return strong_mul(h, d); }),
                wrt(d, [g](const Var& h) { return strong_mul(g, h); }));
}
Var strong_div(const Var& g, const Var& d) {
  return record("strong_div", strong_div(g.value(), d.value()), wrt(g, [d](const Var& h) { return strong_div(h, d); }),
                wrt(d, [d](const Var& h, const Var& y) { return -strong_div(strong_mul(y, h), d); }));
}
Var add(const Var& a, Scalar b) {
  return record("add", add(a.value(), b), wrt(a, [](const Var& g) { return g; }));
}
Var sub(const Var& a, Scalar b) {
  return record("sub", sub(a.value(), b), wrt(a, [](const Var& g) { return g; }));
}
Var sub(Scalar a, const Var& b) {
  return record("sub", sub(a, b.value()), wrt(b, [](const Var& g) { return -g; }));
}
Var mul(const Var& a, Scalar b) {
  return record("mul", mul(a.value(), b), wrt(a, [b](const Var& g) { return g * b; }));
}
Var div(const Var& a, Scalar b) {
  return record("div", div(a.value(), b), wrt(a, [b](const Var& g) { return g / b; }));
}
Var div(Scalar a, const Var& b) {
  return record("div", div(a, b.value()),
                wrt(b, [b](const Var& g, const Var& y) { return -strong_div(strong_mul(g, y), b); }));
}

Var pow(const Var& a, const Var& b) {
  return record("pow", pow(a.value(), b.value()),
                wrt(a, [a, b](const Var& g) { return where(b.value() == 0, 0, strong_mul(g, b * pow(a, b - 1))); }),
                wrt(b, [a, b](const Var& g, const Var& y) {  // 0^b is 0 for every b > 0: flat, though log 0 is not
                  return strong_mul(strong_mul(g, y), log(where(logical_and(a.value() == 0, b.value() >= 0), 1, a)));
                }));
}
Var pow(const Var& a, double exponent) {
  return record("pow", pow(a.value(), exponent), wrt(a, [a, exponent](const Var& g) {
                  return exponent == 0 ? constant(zeros_like(g.value()))
                                       : strong_mul(g, pow(a, exponent - 1)) * exponent;
                }));
}

namespace {
// 0 where x loses, one half where the two are equal, and 1 where it wins or where either is NaN.
Var share(const Tensor& loses, const Tensor& ties, Dtype dtype) {
  return constant(1 - to(loses, dtype) - to(ties, dtype) * 0.5);
}
}  // namespace
Var maximum(const Var& a, const Var& b) {
  const auto of = [](const Var& x, const Var& other) {
    return share(x.value() < other.value(), x.value() == other.value(), x.dtype());
  };
  return record("maximum", maximum(a.value(), b.value()), wrt(a, [a, b, of](const Var& g) { return g * of(a, b); }),
                wrt(b, [a, b, of](const Var& g) { return g * of(b, a); }));
}
Var minimum(const Var& a, const Var& b) {
  const auto of = [](const Var& x, const Var& other) {
    return share(x.value() > other.value(), x.value() == other.value(), x.dtype());
  };
  return record("minimum", minimum(a.value(), b.value()), wrt(a, [a, b, of](const Var& g) { return g * of(a, b); }),
                wrt(b, [a, b, of](const Var& g) { return g * of(b, a); }));
}
Var maximum(const Var& a, Scalar b) { return maximum(a, constant(scalar(b, a.dtype()))); }
Var minimum(const Var& a, Scalar b) { return minimum(a, constant(scalar(b, a.dtype()))); }
Var clamp(const Var& x, Scalar low, Scalar high) {
  return record("clamp", clamp(x.value(), low, high), wrt(x, [x, low, high](const Var& g) {
                  return where(logical_and(x.value() >= low, x.value() <= high), g, 0);
                }));
}

Var atan2(const Var& y, const Var& x) {
  return record("atan2", atan2(y.value(), x.value()),
                wrt(y, [y, x](const Var& g) { return strong_div(strong_mul(g, x), square(x) + square(y)); }),
                wrt(x, [y, x](const Var& g) { return -strong_div(strong_mul(g, y), square(x) + square(y)); }));
}
Var logaddexp(const Var& a, const Var& b) {
  return record("logaddexp", logaddexp(a.value(), b.value()),
                wrt(a, [a, b](const Var& g) { return softplus_grad(g, a - b); }),
                wrt(b, [a, b](const Var& g) { return softplus_grad(g, b - a); }));
}

// ---- three operands

Var lerp(const Var& a, const Var& b, const Var& weight) {
  return record(
      "lerp", lerp(a.value(), b.value(), weight.value()), wrt(a, [weight](const Var& g) { return g * (1 - weight); }),
      wrt(b, [weight](const Var& g) { return g * weight; }), wrt(weight, [a, b](const Var& g) { return g * (b - a); }));
}
Var mul_add(const Var& a, const Var& b, const Var& c) {
  return record("mul_add", mul_add(a.value(), b.value(), c.value()),
                wrt(a, [b](const Var& g) { return strong_mul(g, b); }),
                wrt(b, [a](const Var& g) { return strong_mul(g, a); }), wrt(c, [](const Var& g) { return g; }));
}
Var where(const Tensor& mask, const Var& a, const Var& b) {
  return record("where", where(mask, a.value(), b.value()), wrt(a, [mask](const Var& g) { return where(mask, g, 0); }),
                wrt(b, [mask](const Var& g) { return where(mask, 0, g); }));
}
Var where(const Tensor& mask, const Var& a, Scalar b) {
  return record("where", where(mask, a.value(), b), wrt(a, [mask](const Var& g) { return where(mask, g, 0); }));
}
Var where(const Tensor& mask, Scalar a, const Var& b) {
  return record("where", where(mask, a, b.value()), wrt(b, [mask](const Var& g) { return where(mask, 0, g); }));
}
Var masked_fill(const Var& x, const Tensor& mask, Scalar value) {
  return record("masked_fill", masked_fill(x.value(), mask, value),
                wrt(x, [mask](const Var& g) { return masked_fill(g, mask, 0); }));
}

// ---- losses per element

Var bce_with_logits(const Var& logits, const Var& targets) {
  return record("bce_with_logits", bce_with_logits(logits.value(), targets.value()),
                wrt(logits, [logits, targets](const Var& g) { return bce_with_logits_grad(logits, targets, g); }),
                wrt(targets, [logits](const Var& g) { return -g * logits; }));
}
Var bce_with_logits_grad(const Var& logits, const Var& targets, const Var& g) {
  return record("bce_with_logits_grad", bce_with_logits_grad(logits.value(), targets.value(), g.value()),
                wrt(logits, [logits, g](const Var& h) { return sigmoid_grad(h * g, sigmoid(logits)); }),
                wrt(targets, [g](const Var& h) { return -h * g; }),
                wrt(g, [logits, targets](const Var& h) { return bce_with_logits_grad(logits, targets, h); }));
}
Var bce(const Var& probabilities, const Var& targets) {
  return record("bce", bce(probabilities.value(), targets.value()),
                wrt(probabilities,
                    [probabilities, targets](const Var& g) {  // PyTorch's guard against division by zero
                      const Var spread = maximum(probabilities * (1 - probabilities), 1e-12);
                      return g * (probabilities - targets) / spread;
                    }),
                wrt(targets, [probabilities](const Var& g) {
                  return g * (maximum(log1p(-probabilities), -100) - maximum(log(probabilities), -100));
                }));
}
Var squared_difference(const Var& a, const Var& b) {
  return record("squared_difference", squared_difference(a.value(), b.value()),
                wrt(a, [a, b](const Var& g) { return squared_difference_grad(a, b, g); }),
                wrt(b, [a, b](const Var& g) { return squared_difference_grad(b, a, g); }));
}
Var squared_difference_grad(const Var& a, const Var& b, const Var& g) {
  return record("squared_difference_grad", squared_difference_grad(a.value(), b.value(), g.value()),
                wrt(a, [g](const Var& h) { return h * g * 2; }), wrt(b, [g](const Var& h) { return h * g * -2; }),
                wrt(g, [a, b](const Var& h) { return squared_difference_grad(a, b, h); }));
}

// The slopes are constants: gradients that are to be differentiated in turn are computed from the operands.
Var bce_with_logits_sum(const Var& logits, const Var& targets) {
  const bool needed = recording() && logits.needs_gradient();
  const auto [sum, slopes] = bce_with_logits_sum(logits.value(), targets.value(), needed);
  return record("bce_with_logits_sum", sum,
                wrt(logits,
                    [logits, targets, slopes = slopes](const Var& g) {
                      return recording() ? bce_with_logits_grad(logits, targets, g) : strong_mul(g, constant(slopes));
                    }),
                wrt(targets, [logits](const Var& g) { return -g * logits; }));
}
Var squared_difference_sum(const Var& a, const Var& b) {
  const bool needed = recording() && a.needs_gradient();
  const auto [sum, slopes] = squared_difference_sum(a.value(), b.value(), needed);
  return record("squared_difference_sum", sum,
                wrt(a,
                    [a, b, slopes = slopes](const Var& g) {
                      return recording() ? squared_difference_grad(a, b, g) : strong_mul(g, constant(slopes));
                    }),
                wrt(b, [a, b](const Var& g) { return squared_difference_grad(b, a, g); }));
}

}  // namespace hourglass
