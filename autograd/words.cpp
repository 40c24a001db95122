#include "autograd/words.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <vector>

namespace hourglass {
namespace {

struct Words {
  std::string_view formula;
  std::vector<std::string_view> derivatives;  // by input; the last one serves all that follow
};

// g is the gradient by y. The rules themselves stand beside the ops, in ops_*.cpp; a test fails where an op that they
// record has no line here.
const std::unordered_map<std::string_view, Words>& table() {
  // clang-format off
  static const std::unordered_map<std::string_view, Words> words{
      // ---- where the tape begins
      {"variable", {"given", {}}},
      {"parameter", {"given", {}}},
      // ---- one operand
      {"neg", {"-x", {"dy/dx = -1"}}},
      {"abs", {"|x|", {"dy/dx = sign x, 0 at 0"}}},
      {"square", {"x²", {"dy/dx = 2 x"}}},
      {"reciprocal", {"1 / x", {"dy/dx = -y²"}}},
      {"sqrt", {"√x", {"dy/dx = 1 / (2 y)"}}},
      {"rsqrt", {"1 / √x", {"dy/dx = -y³ / 2"}}},
      {"exp", {"e^x", {"dy/dx = y"}}},
      {"expm1", {"e^x - 1", {"dy/dx = y + 1"}}},
      {"log", {"log x", {"dy/dx = 1 / x"}}},
      {"log1p", {"log(1 + x)", {"dy/dx = 1 / (1 + x)"}}},
      {"log2", {"log₂ x", {"dy/dx = 1 / (x log 2)"}}},
      {"log10", {"log₁₀ x", {"dy/dx = 1 / (x log 10)"}}},
      {"sin", {"sin x", {"dy/dx = cos x"}}},
      {"cos", {"cos x", {"dy/dx = -sin x"}}},
      {"tan", {"tan x", {"dy/dx = 1 + y²"}}},
      {"asin", {"asin x", {"dy/dx = 1 / √(1 - x²)"}}},
      {"acos", {"acos x", {"dy/dx = -1 / √(1 - x²)"}}},
      {"atan", {"atan x", {"dy/dx = 1 / (1 + x²)"}}},
      {"sinh", {"sinh x", {"dy/dx = cosh x"}}},
      {"cosh", {"cosh x", {"dy/dx = sinh x"}}},
      {"tanh", {"tanh x", {"dy/dx = 1 - y²"}}},
      {"erf", {"erf x", {"dy/dx = 2/√π e^-x²"}}},
      {"lgamma", {"log |Γ(x)|", {"dy/dx = digamma(x)"}}},
      {"digamma", {"digamma(x)", {"dy/dx = polygamma(1, x)"}}},
      {"polygamma", {"polygamma(n, x)", {"dy/dx = polygamma(n + 1, x)"}}},
      {"sign", {"sign x", {"dy/dx = 0: flat between steps"}}},
      {"floor", {"⌊x⌋", {"dy/dx = 0: flat between steps"}}},
      {"ceil", {"⌈x⌉", {"dy/dx = 0: flat between steps"}}},
      {"round", {"x rounded", {"dy/dx = 0: flat between steps"}}},
      {"trunc", {"x without its fraction", {"dy/dx = 0: flat between steps"}}},
      // ---- activations
      {"relu", {"max(x, 0)", {"dy/dx = 1 where y > 0, else 0"}}},
      {"relu_grad", {"g₁ where y₁ > 0, else 0", {"dy/dg₁ = 1 where y₁ > 0, else 0"}}},
      {"sigmoid", {"1 / (1 + e^-x)", {"dy/dx = y (1 - y)"}}},
      {"sigmoid_grad", {"g₁ s (1 - s)", {"dy/dg₁ = s (1 - s)", "dy/ds = g₁ (1 - 2 s)"}}},
      {"tanh_grad", {"g₁ (1 - t²)", {"dy/dg₁ = 1 - t²", "dy/dt = -2 g₁ t"}}},
      {"log_sigmoid", {"log sigmoid(x)", {"dy/dx = sigmoid(-x)"}}},
      {"softplus", {"log(1 + e^x)", {"dy/dx = sigmoid(x)"}}},
      {"softplus_grad", {"g₁ sigmoid(x)", {"dy/dg₁ = sigmoid(x)", "dy/dx = g₁ s (1 - s), s = sigmoid(x)"}}},
      {"softsign", {"x / (1 + |x|)", {"dy/dx = 1 / (1 + |x|)²"}}},
      {"silu", {"x sigmoid(x)", {"dy/dx = s (1 + x (1 - s)), s = sigmoid(x)"}}},
      {"silu_grad", {"g₁ silu'(x)", {"dy/dg₁ = silu'(x)", "dy/dx = g₁ silu''(x)"}}},
      {"gelu", {"x Φ(x)", {"dy/dx = Φ(x) + x φ(x)"}}},
      {"gelu_grad", {"g₁ gelu'(x)", {"dy/dg₁ = gelu'(x)", "dy/dx = g₁ φ(x) (2 - x²)"}}},
      {"leaky_relu", {"x, or slope x where x < 0", {"dy/dx = 1 where x > 0, else the slope"}}},
      {"elu", {"x, or α (e^x - 1) where x < 0", {"dy/dx = 1 where x > 0, else α e^x"}}},
      // ---- two and three operands
      {"add", {"a + b", {"dy/da = 1", "dy/db = 1"}}},
      {"sub", {"a - b", {"dy/da = 1", "dy/db = -1"}}},
      {"mul", {"a b", {"dy/da = b", "dy/db = a"}}},
      {"div", {"a / b", {"dy/da = 1 / b", "dy/db = -y / b"}}},
      {"strong_mul", {"a b, 0 where a is 0", {"dy/da = b", "dy/db = a"}}},
      {"strong_div", {"a / b, 0 where a is 0", {"dy/da = 1 / b", "dy/db = -y / b"}}},
      {"pow", {"a^b", {"dy/da = b a^(b - 1)", "dy/db = y log a"}}},
      {"maximum", {"the larger of a and b", {"dy/da = 1 where a > b, ½ where equal", "dy/db = 1 where b > a, ½ where equal"}}},
      {"minimum", {"the smaller of a and b", {"dy/da = 1 where a < b, ½ where equal", "dy/db = 1 where b < a, ½ where equal"}}},
      {"clamp", {"x, cut off at low and high", {"dy/dx = 1 where low ≤ x ≤ high, else 0"}}},
      {"atan2", {"the angle of (b, a)", {"dy/da = b / (a² + b²)", "dy/db = -a / (a² + b²)"}}},
      {"logaddexp", {"log(e^a + e^b)", {"dy/da = sigmoid(a - b)", "dy/db = sigmoid(b - a)"}}},
      {"lerp", {"a + w (b - a)", {"dy/da = 1 - w", "dy/db = w", "dy/dw = b - a"}}},
      {"mul_add", {"a b + c", {"dy/da = b", "dy/db = a", "dy/dc = 1"}}},
      {"where", {"a where the mask is 1, else b", {"dy/da = mask", "dy/db = 1 - mask"}}},
      {"masked_fill", {"x, or a number where the mask is 1", {"dy/dx = 1 - mask"}}},
      // ---- losses
      {"bce_with_logits", {"softplus(x) - x t", {"dy/dx = sigmoid(x) - t", "dy/dt = -x"}}},
      {"bce_with_logits_grad", {"g₁ (sigmoid(x) - t)", {"dy/dx = g₁ s (1 - s), s = sigmoid(x)", "dy/dt = -g₁", "dy/dg₁ = sigmoid(x) - t"}}},
      {"bce_with_logits_sum", {"Σ softplus(x) - x t", {"dy/dx = sigmoid(x) - t", "dy/dt = -x"}}},
      {"bce", {"-t log p - (1 - t) log(1 - p)", {"dy/dp = (p - t) / (p (1 - p))", "dy/dt = log(1 - p) - log p"}}},
      {"squared_difference", {"(a - b)²", {"dy/da = 2 (a - b)", "dy/db = 2 (b - a)"}}},
      {"squared_difference_grad", {"2 g₁ (a - b)", {"dy/da = 2 g₁", "dy/db = -2 g₁", "dy/dg₁ = 2 (a - b)"}}},
      {"squared_difference_sum", {"Σ (a - b)²", {"dy/da = 2 (a - b)", "dy/db = 2 (b - a)"}}},
      // ---- linear: what the adjoint does with g
      {"sum", {"Σ x", {"dy/dx = 1: g goes to every element that was added"}}},
      {"sum_to", {"x, summed to a smaller shape", {"dy/dx = 1: g goes to every element that was added"}}},
      {"broadcast_to", {"x, repeated", {"dy/dx = 1: the copies' g are added up"}}},
      {"expand", {"x, repeated", {"dy/dx = 1: the copies' g are added up"}}},
      {"cumsum", {"sums of x up to each place", {"dy/dx = 1 from its place on: sums of g from the end"}}},
      {"reshape", {"x in another shape", {"dy/dx = 1: g in x's shape"}}},
      {"permute", {"x with axes in another order", {"dy/dx = 1: g with axes in x's order"}}},
      {"transpose", {"xᵀ", {"dy/dx = 1: gᵀ"}}},
      {"flip", {"x turned round", {"dy/dx = 1: g turned back"}}},
      {"contiguous", {"x, copied", {"dy/dx = 1"}}},
      {"to", {"x in another dtype", {"dy/dx = 1: g in x's dtype"}}},
      {"slice", {"a part of x", {"dy/dx = 1 where it was cut out: g among zeros"}}},
      {"embed_slice", {"x among zeros", {"dy/dx = 1: the part of g where x was put"}}},
      {"unfold", {"windows of x", {"dy/dx = 1: an element's windows are added up"}}},
      {"fold", {"windows, added up", {"dy/dx = 1: the windows of g"}}},
      {"index_select", {"rows of x that an index picks", {"dy/dx = 1 where picked: g is added to the rows"}}},
      {"index_add", {"x, with rows of s added", {"dy/dx = 1", "dy/ds = 1: the rows of g that the index picks"}}},
      {"gather", {"elements of x that an index picks", {"dy/dx = 1 where picked: g is added to them"}}},
      {"scatter_add", {"x, with elements of s added", {"dy/dx = 1", "dy/ds = 1: the elements of g that the index picks"}}},
      {"triu", {"x above the diagonal", {"dy/dx = 1 above the diagonal, else 0"}}},
      {"tril", {"x below the diagonal", {"dy/dx = 1 below the diagonal, else 0"}}},
      {"concat", {"the inputs, end to end", {"dy/dx = 1: its own part of g"}}},
      {"pad", {"x with a frame", {"dy/dx = 1: g without the frame"}}},
      {"resample", {"weighted sums of x", {"dy/dx = the weights, transposed"}}},
      {"max_over_taps", {"the largest x in each window", {"dy/dx = 1 where the largest was, else 0"}}},
      // ---- bilinear
      {"matmul", {"A B", {"dy/dA = B: g Bᵀ", "dy/dB = A: Aᵀ g"}}},
      {"linear", {"x Wᵀ + b", {"dy/dx = W: g W", "dy/dW = x: gᵀ x", "dy/db = 1: g, summed over rows"}}},
      {"conv1d", {"x ∗ w + b", {"dy/dx = w: conv_transpose1d(g, w)", "dy/dw = x: conv1d_weight(x, g)", "dy/db = 1: g, summed over all but channels"}}},
      {"conv2d", {"x ∗ w + b", {"dy/dx = w: conv_transpose2d(g, w)", "dy/dw = x: conv2d_weight(x, g)", "dy/db = 1: g, summed over all but channels"}}},
      {"conv_transpose1d", {"x ∗ᵀ w + b", {"dy/dx = w: conv1d(g, w)", "dy/dw = x: conv1d_weight(g, x)", "dy/db = 1: g, summed over all but channels"}}},
      {"conv_transpose2d", {"x ∗ᵀ w + b", {"dy/dx = w: conv2d(g, w)", "dy/dw = x: conv2d_weight(g, x)", "dy/db = 1: g, summed over all but channels"}}},
      {"conv1d_weight", {"⟨x, g₁⟩ at each offset", {"dy/dx = g₁: conv_transpose1d(g₁, g)", "dy/dg₁ = x: conv1d(x, g)"}}},
      {"conv2d_weight", {"⟨x, g₁⟩ at each offset", {"dy/dx = g₁: conv_transpose2d(g₁, g)", "dy/dg₁ = x: conv2d(x, g)"}}},
      {"cholesky", {"L of L Lᵀ = x", {"dy/dx = L⁻ᵀ Φ(Lᵀ g) L⁻¹, symmetric"}}},
      {"solve_triangular", {"A⁻¹ B", {"dy/dA = -(A⁻ᵀ g) yᵀ", "dy/dB = A⁻ᵀ g"}}},
      // ---- reducing, normalising
      {"max", {"the largest x", {"dy/dx = 1 at the largest; equals share"}}},
      {"min", {"the smallest x", {"dy/dx = 1 at the smallest; equals share"}}},
      {"norm", {"√(Σ x²)", {"dy/dx = x / y, 0 at 0"}}},
      {"logsumexp", {"log Σ e^x", {"dy/dx = e^(x - y)"}}},
      {"softmax", {"e^x / Σ e^x", {"dy/dx = y (1 - y) and -y yⱼ: y (g - Σ g y)"}}},
      {"softmax_grad", {"p (g₁ - Σ g₁ p)", {"dy/dg₁: p (g - Σ g p)", "dy/dp: g (g₁ - Σ g₁ p) - g₁ Σ g p"}}},
      {"log_softmax", {"x - log Σ e^x", {"dy/dx: g - e^y Σ g"}}},
      {"log_softmax_grad", {"g₁ - e^l Σ g₁", {"dy/dg₁: g - Σ g e^l", "dy/dl = -e^l Σ g₁"}}},
      {"standardize", {"(x - mean) / deviation", {"dy/dx: (g - mean g - y mean(g y)) / deviation"}}},
      {"standardize_grad", {"(g₁ - mean g₁ - z mean(g₁ z)) / deviation", {"dy/dg₁: the same with g in place of g₁", "dy/dx: by way of z and of the deviation"}}},
      {"sum_of_squares", {"Σ x²", {"dy/dx = 2 x"}}},
      {"quadratic_form", {"a M aᵀ", {"dy/da = 2 a M", "dy/dM = aᵀ a"}}},
      // ---- recurrent cells
      {"joined", {"a cell's inputs, side by side", {"dy/dx = 1: its own columns of g"}}},
      {"alias", {"x", {"dy/dx = 1"}}},
      {"lstm_cell", {"σ(o) tanh(c'), c' = σ(f) c + σ(i) tanh(g)", {"all inputs at once, by one kernel"}}},
      {"lstm_sequence", {"lstm_cell, step after step", {"all inputs at once, by one kernel"}}},
      {"gru_cell", {"(1 - z) n + z h", {"all inputs at once, by one kernel"}}},
      // ---- changed on purpose
      {"argument", {"x, as an argument", {"dy/dx = 1"}}},
      {"copy", {"x", {"dy/dx = 1"}}},
      {"scale_gradient", {"x", {"g times a factor, whatever dy/dx is"}}},
      {"straight_through", {"a step of x", {"g as it is, as if dy/dx were 1"}}},
      {"on_gradient", {"x", {"what the hook makes of g"}}},
      {"checkpoint", {"f(x), not kept", {"f runs again, recorded, and is walked back through"}}},
      // ---- chance
      {"sample", {"a draw", {"g as it is, or nothing, by the estimator"}}},
      {"log_standard_gamma", {"the logarithm of a gamma number", {"dy/da = -F_a / F_y: the draw keeps its place in the distribution"}}},
      {"gamma_ratio", {"derivatives of the gamma distribution by its shape, over its density", {"dy/da: the next derivative", "dy/dx: by the density's slope"}}},
      {"implicit_sample", {"a draw", {"-F_θ / p: the draw keeps its place in the distribution"}}},
      {"first_order", {"a weight", {"not known: an error"}}},
      {"pair", {"0", {"(f(b) - f(b')) times the pair's weight"}}},
  };
  // clang-format on
  return words;
}

}  // namespace

std::string_view formula_of(std::string_view op) {
  const auto found = table().find(op);
  return found == table().end() ? std::string_view() : found->second.formula;
}

std::string_view derivative_of(std::string_view op, int input) {
  const auto found = table().find(op);
  if (found == table().end() || found->second.derivatives.empty() || input < 0) return {};
  const auto& all = found->second.derivatives;
  return all[std::min(static_cast<std::size_t>(input), all.size() - 1)];
}

}  // namespace hourglass
