// The third kind of primitive: the op is linear in each of two operands. With T(x, w, g) = ⟨g, x ∗ w⟩, a number that is
// linear in all three, each operand's rule is T with that operand taken away, which is the same kind of op again.
#include "autograd/node.h"
#include "autograd/ops.h"

namespace hourglass {

// For Y = A B, T = tr(Gᵀ A B): the rules are G Bᵀ and Aᵀ G. Transposes are views, which cost nothing. The engine sums
// over batch axes that were broadcast.
Var matmul(const Var& a, const Var& b) {
  if (a.dim() == 0 || b.dim() == 0) matmul(a.value(), b.value());  // complains
  if (a.dim() == 1) return squeeze(matmul(unsqueeze(a, 0), b), b.dim() == 1 ? 0 : -2);
  if (b.dim() == 1) return squeeze(matmul(a, unsqueeze(b, 1)), -1);
  if (a.dim() > 2 && b.dim() == 2 && a.size(-1) == b.size(0)) {  // one tall product, and one for b's gradient
    Shape shape = a.shape();
    shape.back() = b.size(1);
    return reshape(matmul(flatten(a, 0, -2), b), shape);
  }
  return record("matmul", matmul(a.value(), b.value()), wrt(a, [b](const Var& g) { return matmul(g, transpose(b)); }),
                wrt(b, [a](const Var& g) { return matmul(transpose(a), g); }));
}

// y = x Wᵀ + b, with the bias added while y is still in registers. x [..., in] is seen as one matrix.
namespace {
Var rows_of(const Var& x) { return x.dim() == 2 ? x : x.dim() == 1 ? unsqueeze(x, 0) : flatten(x, 0, -2); }
Var weight_gradient(const Var& g, const Var& x) {
  if (x.dim() == 2) return matmul(transpose(g), x);
  return matmul(transpose(rows_of(g)), rows_of(x));
}
}  // namespace
Var linear(const Var& x, const Var& weight) {
  return record("linear", linear(x.value(), weight.value()),
                wrt(x, [weight](const Var& g) { return matmul(g, weight); }),
                wrt(weight, [x](const Var& g) { return weight_gradient(g, x); }));
}
Var linear(const Var& x, const Var& weight, const Var& bias) {
  return record("linear", linear(x.value(), weight.value(), &bias.value()),
                wrt(x, [weight](const Var& g) { return matmul(g, weight); }),
                wrt(weight, [x](const Var& g) { return weight_gradient(g, x); }),
                wrt(bias, [](const Var& g) { return g; }));
}

}  // namespace hourglass
