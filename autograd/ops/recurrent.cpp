// SPDX-License-Identifier: MIT
// Recurrent cells: one kernel forward and one back. Higher derivatives come from the cell's formula, written in other
// ops. Those are rarely needed, and a hand-written second derivative of a cell would fill a page.
#include "autograd/grad.h"
#include "autograd/node.h"
#include "autograd/ops.h"
#include "autograd/ops/flow.h"
#include "autograd/ops/shield.h"

namespace hourglass {
namespace {

// A kernel computes the gradients of all inputs at once, in one tensor: joined along axis 1 if the inputs are matrices
// with the same number of rows, otherwise flattened and joined. So the inputs become one node, whose rules give each
// input its part. The value of this node is not used and takes no memory.
enum class Join { columns, flat };
Var join_inputs(Join how, const std::vector<Var>& inputs) {
  static constexpr Op op{"joined", "a cell's inputs, side by side", {"dy/dx = 1: its own columns of g"}};
  const auto part = [how](const Var& x, std::int64_t begin) {
    return wrt(x, [how, begin, shape = x.shape()](const Var& g) {
      if (how == Join::columns) return slice(g, 1, begin, begin + shape[1]);
      return reshape(slice(g, 0, begin, begin + numel(shape)), shape);
    });
  };
  std::vector<decltype(part(Var(), 0))> edges;
  std::int64_t width = 0;
  for (const Var& x : inputs) {
    edges.push_back(part(x, width));
    width += how == Join::columns ? x.size(1) : x.numel();
  }
  const Shape shape = how == Join::columns ? Shape{inputs[0].size(0), width} : Shape{width};
  return record(op, expand(scalar(0, inputs[0].dtype()), shape), std::move(edges));
}

// The same gradient of the joined inputs, by differentiating the formula, so it can be differentiated in turn. Aliases
// mark where the formula begins: the walk must stop there, before the ops that computed the inputs.
template <class Formula>
Var gradient_of_formula(Join how, Formula&& formula, const std::vector<Var>& inputs, const Var& g) {
  std::vector<Var> aliases;
  for (const Var& x : inputs) aliases.push_back(alias(x));
  const Var y = formula(aliases);
  std::vector<Var> gradients =
      grad(std::span<const Var>(&y, 1), std::span<const Var>(&g, 1), aliases, {.create_graph = true});
  if (how == Join::columns) return concat(gradients, 1);
  for (Var& part : gradients) part = reshape(part, {part.numel()});
  return concat(gradients, 0);
}

// [2, rows, n]: h' and c'
Var lstm_formula(const std::vector<Var>& in) {
  const Var &gates = in[0], &c = in[1];
  const std::vector<Var> gate = split(gates, c.size(1), 1);
  const Var next = sigmoid(gate[1]) * c + sigmoid(gate[0]) * tanh(gate[2]);
  return stack({sigmoid(gate[3]) * tanh(next), next});
}
// [2, time, rows, n]: h and c of every step
Var lstm_sequence_formula(const std::vector<Var>& in) {
  Var h = in[2], c = in[3];
  std::vector<Var> hs, cs;
  for (std::int64_t t = 0; t < in[0].size(0); ++t) {
    const Var next = lstm_formula({linear(h, in[1]) + select(in[0], 0, t), c});
    hs.push_back(h = select(next, 0, 0));
    cs.push_back(c = select(next, 0, 1));
  }
  return stack({stack(hs), stack(cs)});
}
Var gru_formula(const std::vector<Var>& in) {
  const std::vector<Var> x = split(in[0], in[2].size(1), 1), y = split(in[1], in[2].size(1), 1);
  const Var r = sigmoid(x[0] + y[0]), z = sigmoid(x[1] + y[1]), n = tanh(x[2] + r * y[2]);
  return n + z * (in[2] - n);
}

}  // namespace

LstmState lstm_cell(const Var& gates, const Var& c) {
  static constexpr Op op{
      "lstm_cell", "σ(o) tanh(c'), c' = σ(f) c + σ(i) tanh(g)", {"all inputs at once, by one kernel"}};
  Tensor value = lstm_cell(gates.value(), c.value());
  const Var both = record(op, std::move(value), wrt(join_inputs(Join::columns, {gates, c}), [gates, c](const Var& g) {
                            const Var by_row = permute(g, {1, 0, 2});
                            const Var x = shielded(gates, by_row, 1), state = shielded(c, by_row, 1);
                            if (!recording()) return constant(lstm_cell_grad(g.value(), x.value(), state.value()));
                            return gradient_of_formula(Join::columns, lstm_formula, {x, state}, g);
                          }));
  return {select(both, 0, 0), select(both, 0, 1)};
}

LstmState lstm_sequence(const Var& gates, const Var& weight, const Var& h, const Var& c) {
  static constexpr Op op{"lstm_sequence", "lstm_cell, step after step", {"all inputs at once, by one kernel"}};
  const LstmSequence run = lstm_sequence(gates.value(), weight.value(), h.value(), c.value());
  const std::vector<Var> inputs{gates, weight, h, c};
  const Var both = record(
      op, run.states, wrt(join_inputs(Join::flat, inputs), [inputs, run](const Var& g) {
        if (recording() && run.gates.size(0) > 0) {
          std::vector<Var> clean;
          for (const Var& x : inputs) clean.push_back(shielded(x, g, 0));
          return gradient_of_formula(Join::flat, lstm_sequence_formula, clean, g);
        }
        return constant(lstm_sequence_grad(g.value(), run, inputs[1].value(), inputs[2].value(), inputs[3].value()));
      }));
  return {select(both, 0, 0), select(both, 0, 1)};
}

Var gru_cell(const Var& input_gates, const Var& hidden_gates, const Var& h) {
  static constexpr Op op{"gru_cell", "(1 - z) n + z h", {"all inputs at once, by one kernel"}};
  Tensor value = gru_cell(input_gates.value(), hidden_gates.value(), h.value());
  return record(
      op, std::move(value),
      wrt(join_inputs(Join::columns, {input_gates, hidden_gates, h}), [input_gates, hidden_gates, h](const Var& g) {
        const Var x = shielded(input_gates, g, 1), y = shielded(hidden_gates, g, 1), state = shielded(h, g, 1);
        if (!recording()) return constant(gru_cell_grad(g.value(), x.value(), y.value(), state.value()));
        return gradient_of_formula(Join::columns, gru_formula, {x, y, state}, g);
      }));
}

}  // namespace hourglass
