// SPDX-License-Identifier: MIT
#include "nn/recurrent.h"

#include <cmath>
#include <utility>

#include "autograd/ops.h"
#include "tensor/checked.h"

namespace hourglass::nn {
namespace {

using States = Recurrent::States;

// ---- one step

States tanh_step(const Var& from_input, const Var& from_hidden, const States&) {
  return {tanh(from_input + from_hidden)};
}
States relu_step(const Var& from_input, const Var& from_hidden, const States&) {
  return {relu(from_input + from_hidden)};
}
Recurrent::Step rnn_step(RecurrentNonlinearity nonlinearity) {
  return nonlinearity == RecurrentNonlinearity::tanh ? tanh_step : relu_step;
}

States gru_step(const Var& from_input, const Var& from_hidden, const States& states) {
  return {gru_cell(from_input, from_hidden, states[0])};
}
States lstm_step(const Var& from_input, const Var& from_hidden, const States& states) {
  const LstmState next = lstm_cell(from_input + from_hidden, states[1]);
  return {next.h, next.c};
}
States lstm_steps(const Var& from_input, const Var& weight_hh, const States& states) {
  const LstmState all = lstm_sequence(from_input, weight_hh, states[0], states[1]);
  return {all.h, all.c};
}

// ---- weights

// The parameters of one layer and direction; make(name, shape) registers one of them.
template <class Make>
RecurrentWeights make_weights(std::int64_t rows, std::int64_t in, std::int64_t hidden, bool bias,
                              const std::string& suffix, Make&& make) {
  RecurrentWeights w{make("weight_ih" + suffix, {rows, in}), make("weight_hh" + suffix, {rows, hidden}), {}, {}};
  if (bias) w.bias_ih = make("bias_ih" + suffix, {rows});
  if (bias) w.bias_hh = make("bias_hh" + suffix, {rows});
  return w;
}

void check_sizes(const char* op, std::int64_t input_size, std::int64_t hidden_size) {
  check(input_size > 0 && hidden_size > 0, op, "needs sizes of at least 1, got ", input_size, " inputs and ",
        hidden_size, " hidden");
}

Var affine(const Var& x, const Var& weight, const std::optional<Var>& bias) {
  return bias ? linear(x, weight, *bias) : linear(x, weight);
}

}  // namespace

// ---- sequences

Recurrent::Recurrent(const char* op, int states, std::int64_t gates, Step step, Sequence sequence,
                     std::int64_t input_size, std::int64_t hidden_size, Rng& rng, const RecurrentOptions& options)
    : op_(op),
      state_count_(static_cast<std::size_t>(states)),
      step_(step),
      sequence_(sequence),
      input_size_(input_size),
      hidden_size_(hidden_size),
      options_(options) {
  check_sizes(op, input_size, hidden_size);
  check(options.num_layers > 0, op, "needs at least 1 layer, got ", options.num_layers);
  const double bound = 1 / std::sqrt(static_cast<double>(hidden_size));
  const auto make = [&](const std::string& name, const Shape& shape) {
    return parameter(name, rng.uniform(shape, -bound, bound, options.dtype));
  };
  reserve(op, weights_, Checked(op, options.num_layers) * directions());
  const std::int64_t rows = Checked(op, gates) * hidden_size, inputs = Checked(op, hidden_size) * directions();
  for (std::int64_t layer = 0; layer < options.num_layers; ++layer)
    for (const bool backwards : {false, true}) {
      if (backwards && !options.bidirectional) continue;
      weights_.push_back(make_weights(rows, layer == 0 ? input_size : inputs, hidden_size, options.bias,
                                      join("_l", layer, backwards ? "_reverse" : ""), make));
    }
  if (options.dropout > 0) dropout_ = &child<Dropout>("dropout", rng, options.dropout);
}

// One layer in one direction. Returns the outputs of all steps, and sets `states` to the last
// states. counts[t] is u8[n, 1]: whether step t of each sequence counts. `counts` is empty if all
// steps count.
Var Recurrent::read(const Var& x, const RecurrentWeights& weights, States& states,
                    const std::vector<Tensor>& counts) const {
  const std::int64_t steps = x.size(0);
  const Var weight_hh = weights.weight_hh;  // read once, because it may be computed from others
  const bool as_one = sequence_ && counts.empty();
  std::optional<Var> input_bias = weights.bias_ih, hidden_bias = weights.bias_hh;
  if (as_one && input_bias) input_bias = *input_bias + *std::exchange(hidden_bias, std::nullopt);

  // One matrix product for all steps, or for a single step if all steps have the same input.
  const bool repeated = steps > 1 && x.value().strides()[0] == 0;
  const Var first = affine(repeated ? slice(x, 0, 0, 1) : x, weights.weight_ih, input_bias);
  const Var inputs = repeated ? expand(first, {steps, first.size(1), first.size(2)}) : first;
  if (as_one) {
    const States all = sequence_(inputs, weight_hh, states);
    for (std::size_t s = 0; s < states.size(); ++s) states[s] = select(all[s], 0, steps - 1);
    return all[0];
  }
  std::vector<Var> outputs;
  for (std::int64_t t = 0; t < steps; ++t) {
    States next = step_(select(inputs, 0, t), affine(states[0], weight_hh, hidden_bias), states);
    outputs.push_back(next[0]);
    if (!counts.empty()) {
      const Tensor& here = counts[static_cast<std::size_t>(t)];
      for (std::size_t s = 0; s < states.size(); ++s) next[s] = where(here, next[s], states[s]);
      outputs.back() = where(here, outputs.back(), 0);
    }
    states = std::move(next);
  }
  return stack(outputs);
}

// x is [time, n, in].
Recurrent::Run Recurrent::run_batch(const Var& x, const std::vector<std::optional<Var>>& first,
                                    const std::optional<Tensor>& lengths) const {
  const std::int64_t steps = x.size(0), n = x.size(1), sets = static_cast<std::int64_t>(weights_.size());
  Var layer_input = x;
  std::vector<Tensor> counts;
  if (lengths) {
    check(lengths->dtype() == Dtype::i64 && lengths->dim() == 1 && lengths->numel() == n, op_, "lengths must be i64[",
          n, "], got ", describe(*lengths));
    check(n == 0 || (min(*lengths).item() >= 0 && max(*lengths).item() <= static_cast<double>(steps)), op_,
          "lengths must be 0 to ", steps, ", which is the number of steps, got ", *lengths);
    for (std::int64_t t = 0; t < steps; ++t) counts.push_back(reshape(*lengths > t, {n, 1}));
    // Even a NaN after the end of a sequence has no influence.
    if (steps > 0) layer_input = where(stack(counts), x, 0);
  }
  const Shape shape{sets, n, hidden_size_};
  for (const std::optional<Var>& state : first)
    if (state)
      check(state->shape() == shape && state->dtype() == x.dtype(), op_, "initial states must be ", x.dtype(), shape,
            ", got ", describe(*state));
  const Var zero = constant(zeros({n, hidden_size_}, x.dtype()));

  std::vector<std::vector<Var>> last(state_count_);  // one entry per set of weights
  for (std::int64_t layer = 0; layer < options_.num_layers; ++layer) {
    std::vector<Var> sides;
    for (int direction = 0; direction < directions(); ++direction) {
      const std::int64_t set = layer * directions() + direction;
      States states;
      for (const std::optional<Var>& state : first) states.push_back(state ? select(*state, 0, set) : zero);
      const RecurrentWeights& weights = weights_[static_cast<std::size_t>(set)];
      if (direction == 0) {
        sides.push_back(read(layer_input, weights, states, counts));
      } else {
        const std::vector<Tensor> counts_backwards(counts.rbegin(), counts.rend());
        sides.push_back(flip(read(flip(layer_input, {0}), weights, states, counts_backwards), {0}));
      }
      for (std::size_t s = 0; s < states.size(); ++s) last[s].push_back(states[s]);
    }
    layer_input = sides.size() == 1 ? sides[0] : concat(sides, -1);
    if (dropout_ && layer + 1 < options_.num_layers) layer_input = (*dropout_)(layer_input);
  }
  Run result{layer_input, {}};
  for (const std::vector<Var>& states : last) result.states.push_back(stack(states));
  return result;
}

Recurrent::Run Recurrent::run(const Var& x, const SequenceOptions& sequence) const {
  return in_context(name(), [&] {
    const bool single = x.dim() == 2;
    const int time = options_.batch_first && !single ? 1 : 0;
    check((single || x.dim() == 3) && x.size(-1) == input_size_, op_, "expects ",
          options_.batch_first ? "[n, time, " : "[time, n, ", input_size_, "], got ", describe(x));
    check(x.size(time) > 0, op_, "needs at least 1 step, got ", describe(x));
    check(!sequence.c || state_count_ == 2, op_, "only an LSTM has c");
    check(!single || !sequence.lengths, op_, "lengths are only for batches; slice a single sequence instead");
    std::vector<std::optional<Var>> first{sequence.h, sequence.c};
    first.resize(state_count_);
    if (single) {
      for (std::optional<Var>& state : first)
        if (state) state = unsqueeze(*state, 1);
      Run one = run_batch(unsqueeze(x, 1), first, {});
      one.output = squeeze(one.output, 1);
      for (Var& state : one.states) state = squeeze(state, 1);
      return one;
    }
    if (!options_.batch_first) return run_batch(x, first, sequence.lengths);
    Run batch = run_batch(transpose(x, 0, 1), first, sequence.lengths);
    batch.output = transpose(batch.output, 0, 1);
    return batch;
  });
}

RNN::RNN(std::int64_t input_size, std::int64_t hidden_size, Rng& rng, RecurrentOptions options)
    : Recurrent("rnn", 1, 1, rnn_step(options.nonlinearity), nullptr, input_size, hidden_size, rng, options) {}
GRU::GRU(std::int64_t input_size, std::int64_t hidden_size, Rng& rng, RecurrentOptions options)
    : Recurrent("gru", 1, 3, gru_step, nullptr, input_size, hidden_size, rng, options) {}
LSTM::LSTM(std::int64_t input_size, std::int64_t hidden_size, Rng& rng, RecurrentOptions options)
    : Recurrent("lstm", 2, 4, lstm_step, lstm_steps, input_size, hidden_size, rng, options) {}

RNN::Output RNN::operator()(const Var& x, const SequenceOptions& sequence) const {
  const Run result = run(x, sequence);
  return {result.output, result.states[0]};
}
GRU::Output GRU::operator()(const Var& x, const SequenceOptions& sequence) const {
  const Run result = run(x, sequence);
  return {result.output, result.states[0]};
}
LSTM::Output LSTM::operator()(const Var& x, const SequenceOptions& sequence) const {
  const Run result = run(x, sequence);
  return {result.output, result.states[0], result.states[1]};
}

// ---- cells

Cell::Cell(const char* op, std::int64_t gates, Recurrent::Step step, std::int64_t input_size, std::int64_t hidden_size,
           Rng& rng, const CellOptions& options)
    : op_(op), step_(step), input_size_(input_size), hidden_size_(hidden_size), weights_([&] {
        check_sizes(op, input_size, hidden_size);
        const double bound = 1 / std::sqrt(static_cast<double>(hidden_size));
        return make_weights(Checked(op, gates) * hidden_size, input_size, hidden_size, options.bias, "",
                            [&](const std::string& name, const Shape& shape) {
                              return parameter(name, rng.uniform(shape, -bound, bound, options.dtype));
                            });
      }()) {}

Recurrent::States Cell::next(const Var& x, const std::vector<std::optional<Var>>& given) const {
  return in_context(name(), [&] {
    check((x.dim() == 1 || x.dim() == 2) && x.size(-1) == input_size_, op_, "expects [n, ", input_size_, "] or [",
          input_size_, "], got ", describe(x));
    Shape shape = x.shape();
    shape.back() = hidden_size_;
    const Shape rows{x.dim() == 1 ? 1 : x.size(0), hidden_size_};
    Recurrent::States states;
    for (const std::optional<Var>& state : given) {
      check(!state || state->shape() == shape, op_, "x is ", describe(x), ", so states must be ", shape, ", got ",
            describe(state.value_or(Var())));
      states.push_back(state ? reshape(*state, rows) : constant(zeros(rows, x.dtype())));
    }
    const Var inputs = affine(reshape(x, {rows[0], input_size_}), weights_.weight_ih, weights_.bias_ih);
    Recurrent::States after = step_(inputs, affine(states[0], weights_.weight_hh, weights_.bias_hh), states);
    for (Var& state : after) state = reshape(state, shape);
    return after;
  });
}

RNNCell::RNNCell(std::int64_t input_size, std::int64_t hidden_size, Rng& rng, CellOptions options)
    : Cell("rnn_cell", 1, rnn_step(options.nonlinearity), input_size, hidden_size, rng, options) {}
GRUCell::GRUCell(std::int64_t input_size, std::int64_t hidden_size, Rng& rng, CellOptions options)
    : Cell("gru_cell", 3, gru_step, input_size, hidden_size, rng, options) {}
LSTMCell::LSTMCell(std::int64_t input_size, std::int64_t hidden_size, Rng& rng, CellOptions options)
    : Cell("lstm_cell", 4, lstm_step, input_size, hidden_size, rng, options) {}
LSTMCell::States LSTMCell::operator()(const Var& x) const {
  const Recurrent::States result = next(x, {{}, {}});
  return {result[0], result[1]};
}
LSTMCell::States LSTMCell::operator()(const Var& x, const States& states) const {
  const Recurrent::States result = next(x, {states.h, states.c});
  return {result[0], result[1]};
}

}  // namespace hourglass::nn
