// Recurrent cells: one kernel forward and one back. Higher derivatives come from the cell's formula, written in other
// ops: who asks for those does so rarely, and a hand-written second derivative of a cell would fill a page.
#include "autograd/grad.h"
#include "autograd/node.h"
#include "autograd/ops.h"

namespace hourglass {
namespace {

// A kernel gives the gradients of all inputs at once, side by side in one tensor. So the inputs [rows, ...] become one
// node, which gives each its columns. Nobody looks at the node's own value, and it takes no memory.
Var joined(const std::vector<Var>& inputs) {
  const auto columns = [](const Var& x, std::int64_t begin) {
    return wrt(x, [begin, end = begin + x.size(1)](const Var& g) { return slice(g, 1, begin, end); });
  };
  std::vector<decltype(columns(Var(), 0))> edges;
  std::int64_t width = 0;
  for (const Var& x : inputs) {
    edges.push_back(columns(x, width));
    width += x.size(1);
  }
  const Tensor nothing = expand(scalar(0, inputs[0].dtype()), {inputs[0].size(0), width});
  return record("joined", nothing, std::move(edges));
}

// The same as joined inputs' gradient, by differentiating the formula, and so differentiable itself. Aliases mark where
// the formula begins: the walk must not go on to what the inputs were computed from.
template <class Formula>
Var gradient_of_formula(Formula&& formula, const std::vector<Var>& inputs, const Var& g) {
  std::vector<Var> aliases;
  for (const Var& x : inputs)
    aliases.push_back(x.needs_gradient() ? record("alias", x.value(), wrt(x, [](const Var& h) { return h; }))
                                         : variable(x.value()));
  const Var y = formula(aliases);
  return concat(grad(std::span<const Var>(&y, 1), std::span<const Var>(&g, 1), aliases, {.create_graph = true}), 1);
}

// [2, rows, n]: h' and c'
Var lstm_formula(const std::vector<Var>& in) {
  const Var &gates = in[0], &c = in[1];
  const std::vector<Var> gate = split(gates, c.size(1), 1);
  const Var next = sigmoid(gate[1]) * c + sigmoid(gate[0]) * tanh(gate[2]);
  return stack({sigmoid(gate[3]) * tanh(next), next});
}
Var gru_formula(const std::vector<Var>& in) {
  const std::vector<Var> x = split(in[0], in[2].size(1), 1), y = split(in[1], in[2].size(1), 1);
  const Var r = sigmoid(x[0] + y[0]), z = sigmoid(x[1] + y[1]), n = tanh(x[2] + r * y[2]);
  return n + z * (in[2] - n);
}

}  // namespace

LstmState lstm_cell(const Var& gates, const Var& c) {
  Tensor value = lstm_cell(gates.value(), c.value());
  const Var both = record("lstm_cell", std::move(value), wrt(joined({gates, c}), [gates, c](const Var& g) {
                            if (!recording()) return constant(lstm_cell_grad(g.value(), gates.value(), c.value()));
                            return gradient_of_formula(lstm_formula, {gates, c}, g);
                          }));
  return {select(both, 0, 0), select(both, 0, 1)};
}

Var gru_cell(const Var& input_gates, const Var& hidden_gates, const Var& h) {
  Tensor value = gru_cell(input_gates.value(), hidden_gates.value(), h.value());
  return record("gru_cell", std::move(value),
                wrt(joined({input_gates, hidden_gates, h}), [input_gates, hidden_gates, h](const Var& g) {
                  if (!recording())
                    return constant(gru_cell_grad(g.value(), input_gates.value(), hidden_gates.value(), h.value()));
                  return gradient_of_formula(gru_formula, {input_gates, hidden_gates, h}, g);
                }));
}

}  // namespace hourglass
