// SPDX-License-Identifier: MIT
// Recurrent layers: a state that is carried from step to step.
//
//   RNN    h' = tanh(W_ih x + b_ih + W_hh h + b_hh)                       (or relu)
//   GRU    r, z = σ(...), σ(...)   n = tanh(W_in x + b_in + r ∘ (W_hn h + b_hn))   h' = (1 - z) ∘ n + z ∘ h
//   LSTM   i, f, g, o = σ, σ, tanh, σ of W_ih x + b_ih + W_hh h + b_hh     c' = f ∘ c + i ∘ g   h' = o ∘ tanh(c')
//
// The rows of the weights are sorted by gate, in the order above (Cho et al. 2014, "Learning phrase
// representations using RNN encoder-decoder"; Hochreiter & Schmidhuber 1997, "Long short-term
// memory").
//
// Parameters are weight_ih_l0 [gates · hidden, in], weight_hh_l0 [gates · hidden, hidden],
// bias_ih_l0 and bias_hh_l0. The layers above have l1, l2, ... in these names; the backward
// direction adds _reverse. All start uniform in ±1/√hidden.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "nn/dropout.h"
#include "nn/module.h"

namespace hourglass::nn {

enum class RecurrentNonlinearity { tanh, relu };
struct RecurrentOptions {
  /// The second layer reads the output of the first, and so on.
  std::int64_t num_layers = 1;
  bool bias = true;
  /// x and output are [n, time, ...] instead of [time, n, ...]. States keep their layout.
  bool batch_first = false;
  /// The probability that an element of a layer's output is dropped in training. The last layer's
  /// output is not dropped.
  double dropout = 0;
  /// A second set of weights reads every sequence backwards; the two outputs are concatenated.
  bool bidirectional = false;
  /// Only for RNN; GRU and LSTM have fixed nonlinearities.
  RecurrentNonlinearity nonlinearity = RecurrentNonlinearity::tanh;
  Dtype dtype = Dtype::f32;
};

struct SequenceOptions {
  /// The initial states, [layers · directions, n, hidden]; zeros if not given. Only an LSTM has c.
  std::optional<Var> h{}, c{};
  /// i64[n]: the length of each sequence. Steps after the end have no influence: their output is 0,
  /// the last state is that of the last step before the end, and the backward direction starts
  /// there. (This is PyTorch's pack_padded_sequence, but the sequences need not be sorted.)
  std::optional<Tensor> lengths{};
};

/// Weights of a layer that reads in one direction.
struct RecurrentWeights {
  Parameter weight_ih, weight_hh;
  std::optional<Parameter> bias_ih, bias_hh;
};

/// The base of RNN, GRU and LSTM. x is [time, n, in] or, for a single sequence, [time, in]; the
/// output is [time, n, directions · hidden].
class Recurrent : public Module {
 public:
  /// h and, for an LSTM, c; [n, hidden] each.
  using States = std::vector<Var>;
  /// One step, given the contributions of the input and of the previous h to the gates.
  using Step = States (*)(const Var& from_input, const Var& from_hidden, const States& states);
  /// All steps as one op, given the contributions of the inputs and of both biases. Returns the
  /// states after each step, [time, n, hidden].
  using Sequence = States (*)(const Var& from_input, const Var& weight_hh, const States& states);

 protected:
  struct Run {
    Var output;
    States states;  // [layers · directions, n, hidden] each
  };
  /// If `sequence` is null, the layer runs `step` in a loop.
  Recurrent(const char* op, int states, std::int64_t gates, Step step, Sequence sequence, std::int64_t input_size,
            std::int64_t hidden_size, Rng& rng, const RecurrentOptions& options);
  Run run(const Var& x, const SequenceOptions& sequence) const;

 private:
  Run run_batch(const Var& x, const std::vector<std::optional<Var>>& first, const std::optional<Tensor>& lengths) const;
  Var read(const Var& x, const RecurrentWeights& weights, States& states, const std::vector<Tensor>& counts) const;
  int directions() const { return options_.bidirectional ? 2 : 1; }

  const char* op_;
  std::size_t state_count_;
  Step step_;
  Sequence sequence_;
  std::int64_t input_size_, hidden_size_;
  RecurrentOptions options_;
  std::vector<RecurrentWeights> weights_;  // layer by layer, forwards before backwards
  Dropout* dropout_ = nullptr;
};

class RNN : public Recurrent {
 public:
  RNN(std::int64_t input_size, std::int64_t hidden_size, Rng& rng, RecurrentOptions options = {});
  struct Output {
    Var output, h;
  };
  Output operator()(const Var& x, const SequenceOptions& sequence = {}) const;
};

class GRU : public Recurrent {
 public:
  GRU(std::int64_t input_size, std::int64_t hidden_size, Rng& rng, RecurrentOptions options = {});
  struct Output {
    Var output, h;
  };
  Output operator()(const Var& x, const SequenceOptions& sequence = {}) const;
};

class LSTM : public Recurrent {
 public:
  LSTM(std::int64_t input_size, std::int64_t hidden_size, Rng& rng, RecurrentOptions options = {});
  struct Output {
    Var output, h, c;
  };
  Output operator()(const Var& x, const SequenceOptions& sequence = {}) const;
};

struct CellOptions {
  bool bias = true;
  /// Only for RNNCell.
  RecurrentNonlinearity nonlinearity = RecurrentNonlinearity::tanh;
  Dtype dtype = Dtype::f32;
};
/// One step as a module, for your own loops: x [n, in] (or [in]) and states [n, hidden]. Parameters
/// are weight_ih, weight_hh, bias_ih and bias_hh.
class Cell : public Module {
 protected:
  Cell(const char* op, std::int64_t gates, Recurrent::Step step, std::int64_t input_size, std::int64_t hidden_size,
       Rng& rng, const CellOptions& options);
  Recurrent::States next(const Var& x, const std::vector<std::optional<Var>>& states) const;

 private:
  const char* op_;
  Recurrent::Step step_;
  std::int64_t input_size_, hidden_size_;
  RecurrentWeights weights_;
};

class RNNCell : public Cell {
 public:
  RNNCell(std::int64_t input_size, std::int64_t hidden_size, Rng& rng, CellOptions options = {});
  Var operator()(const Var& x, const std::optional<Var>& h = {}) const { return next(x, {h})[0]; }
};
class GRUCell : public Cell {
 public:
  GRUCell(std::int64_t input_size, std::int64_t hidden_size, Rng& rng, CellOptions options = {});
  Var operator()(const Var& x, const std::optional<Var>& h = {}) const { return next(x, {h})[0]; }
};
class LSTMCell : public Cell {
 public:
  LSTMCell(std::int64_t input_size, std::int64_t hidden_size, Rng& rng, CellOptions options = {});
  struct States {
    Var h, c;
  };
  States operator()(const Var& x) const;
  States operator()(const Var& x, const States& states) const;
};

}  // namespace hourglass::nn
