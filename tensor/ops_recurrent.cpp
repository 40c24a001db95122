// SPDX-License-Identifier: MIT
// One time step of LSTM and GRU, and all steps of an LSTM.
#include <algorithm>
#include <cstring>
#include <utility>

#include "tensor/kernels/kernels.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tensor/work.h"

namespace hourglass {
namespace {

// Gates of a chunk. One costs about as much as 8 additions.
constexpr std::int64_t kRecurrentGrain = 8192;

// An error unless x is [rows, columns] and has the dtype of `like`.
void check_matrix(std::string_view op, const char* name, const Tensor& x, std::int64_t columns, const Tensor& like) {
  check_same_dtype(op, x, like);
  check(x.shape() == Shape{like.shape()[0], columns}, op, name, " must be ", like.dtype(),
        Shape{like.shape()[0], columns}, " for ", describe(like), ", got ", describe(x));
}
void check_state(std::string_view op, const char* name, const Tensor& x) {
  check(x.dim() == 2 && is_floating(x.dtype()), op, name, " must be f32 or f64 [rows, units], got ", describe(x));
}

// f(begin, end) for rows of n units with `gates` numbers each.
template <class F>
void for_each_row(std::int64_t rows, std::int64_t numbers, F&& f) {
  parallel_for(rows, std::max<std::int64_t>(1, kRecurrentGrain / std::max<std::int64_t>(1, numbers)),
               std::forward<F>(f));
}

}  // namespace

Tensor lstm_cell(const Tensor& gates, const Tensor& c) {
  const Work work("lstm_cell", gates.numel(), gates, c);
  check_state("lstm_cell", "c", c);
  const std::int64_t rows = c.size(0), n = c.size(1);
  check_matrix("lstm_cell", "gates", gates, 4 * n, c);
  Tensor next({2, rows, n}, c.dtype());
  if (c.numel() == 0) return next;
  const Tensor all_gates = contiguous(gates), before = contiguous(c);
  dispatch_floating("lstm_cell", c.dtype(), [&]<class T>() {
    const T *const g = all_gates.data<T>(), *const from = before.data<T>();
    T *const h_next = next.mutable_data<T>(), *const c_next = h_next + rows * n;
    for_each_row(rows, 4 * n, [&](std::int64_t begin, std::int64_t end) {
      kernels().recurrent.of<T>().lstm(g, from, begin, end, n, h_next, c_next);
    });
  });
  return next;
}

Tensor lstm_cell_grad(const Tensor& g, const Tensor& gates, const Tensor& c) {
  const Work work("lstm_cell_grad", gates.numel(), g, gates, c);
  check_state("lstm_cell_grad", "c", c);
  const std::int64_t rows = c.size(0), n = c.size(1);
  check_matrix("lstm_cell_grad", "gates", gates, 4 * n, c);
  check_same_dtype("lstm_cell_grad", g, c);
  check(g.shape() == Shape{2, rows, n}, "lstm_cell_grad", "g must be ", Shape{2, rows, n}, " for c ", describe(c),
        ", got ", describe(g));
  Tensor result({rows, 5 * n}, c.dtype());
  if (c.numel() == 0) return result;
  const Tensor by_output = contiguous(g), all_gates = contiguous(gates), before = contiguous(c);
  dispatch_floating("lstm_cell_grad", c.dtype(), [&]<class T>() {
    const T *const by_h = by_output.data<T>(), *const by_c = by_h + rows * n;
    const T *const from_gates = all_gates.data<T>(), *const from = before.data<T>();
    T* const out = result.mutable_data<T>();
    for_each_row(rows, 4 * n, [&](std::int64_t begin, std::int64_t end) {
      kernels().recurrent.of<T>().lstm_gradient(by_h, by_c, from_gates, from, begin, end, n, out, 5 * n, out + 4 * n,
                                                5 * n);
    });
  });
  return result;
}

// ---- all steps of an LSTM

namespace {

// Rows of a chunk, which takes them through all steps: two tiles of a matrix product high.
constexpr std::int64_t kSequenceRows = 16;

// c += a b, for products within a chunk.
template <class T>
class SmallProduct {
 public:
  SmallProduct(std::int64_t rows, std::int64_t columns, std::int64_t depth)
      : size_{rows, columns, depth}, workspace_(static_cast<std::size_t>(kernels_.workspace(size_)) * sizeof(T)) {}
  void operator()(const T* a, const T* b, T* c) const {
    kernels_.product(size_, {a, size_.depth, 1}, {b, size_.columns, 1}, {c, size_.columns, true},
                     reinterpret_cast<T*>(workspace_.data()));
  }

 private:
  const GemmKernelsOf<T>& kernels_ = kernels().gemm.of<T>();
  GemmSize size_;
  Storage workspace_;
};

void check_sequence(std::string_view op, const Tensor& gates, const Tensor& weight, const Tensor& h, const Tensor& c) {
  check_state(op, "c", c);
  const std::int64_t rows = c.size(0), n = c.size(1);
  check_matrix(op, "h", h, n, c);
  check_same_dtype(op, gates, c);
  check_same_dtype(op, weight, c);
  check(gates.dim() == 3 && gates.size(1) == rows && gates.size(2) == 4 * n, op, "gates must be [time, ", rows, ", ",
        4 * n, "] beside c ", describe(c), ", got ", describe(gates));
  check(weight.shape() == Shape{4 * n, n}, op, "weight must be ", Shape{4 * n, n}, " for c ", describe(c), ", got ",
        describe(weight));
}

}  // namespace

LstmSequence lstm_sequence(const Tensor& gates, const Tensor& weight, const Tensor& h, const Tensor& c) {
  check_sequence("lstm_sequence", gates, weight, h, c);
  const std::int64_t steps = gates.size(0), rows = c.size(0), n = c.size(1);
  const Work work("lstm_sequence", 2 * gates.numel() * n, gates, weight, h, c);
  LstmSequence run{Tensor({2, steps, rows, n}, c.dtype()), Tensor(gates.shape(), c.dtype())};
  if (gates.numel() == 0) return run;
  // If the input is the same for all steps, it is read in place.
  const bool in_place = gates.strides()[2] == 1 && gates.strides()[1] == 4 * n;
  const Tensor given = in_place ? gates : contiguous(gates), h_first = contiguous(h), c_first = contiguous(c);
  const Tensor transposed = contiguous(transpose(weight, 0, 1));
  const std::int64_t given_step = given.strides()[0];
  dispatch_floating("lstm_sequence", c.dtype(), [&]<class T>() {
    const T *const from = given.data<T>(), *const w = transposed.data<T>();
    const T *const first_h = h_first.data<T>(), *const first_c = c_first.data<T>();
    T *const all_gates = run.gates.mutable_data<T>(), *const hs = run.states.mutable_data<T>();
    T* const cs = hs + steps * rows * n;
    parallel_for(rows, kSequenceRows, [&](std::int64_t begin, std::int64_t end) {
      const SmallProduct<T> add_product(end - begin, 4 * n, n);
      for (std::int64_t t = 0; t < steps; ++t) {
        const std::int64_t state = t * rows * n, gate = t * rows * 4 * n;
        const T *const h_last = t == 0 ? first_h : hs + state - rows * n, *const c_last =
                                                                              t == 0 ? first_c : cs + state - rows * n;
        T* const here = all_gates + gate + begin * 4 * n;
        std::memcpy(here, from + t * given_step + begin * 4 * n,
                    static_cast<std::size_t>((end - begin) * 4 * n) * sizeof(T));
        add_product(h_last + begin * n, w, here);
        kernels().recurrent.of<T>().lstm(all_gates + gate, c_last, begin, end, n, hs + state, cs + state);
      }
    });
  });
  return run;
}

Tensor lstm_sequence_grad(const Tensor& g, const LstmSequence& run, const Tensor& weight, const Tensor& h,
                          const Tensor& c) {
  check_sequence("lstm_sequence_grad", run.gates, weight, h, c);
  const std::int64_t steps = run.gates.size(0), rows = c.size(0), n = c.size(1);
  check_same_dtype("lstm_sequence_grad", g, c);
  check(g.shape() == run.states.shape(), "lstm_sequence_grad", "g must be ", run.states.shape(), ", got ", describe(g));
  const std::int64_t states = rows * n, gates = steps * rows * 4 * n;
  const Work work("lstm_sequence_grad", 4 * gates * n, g, run.gates, run.states, weight, h, c);
  Tensor result = zeros({gates + 4 * n * n + 2 * states}, c.dtype());
  if (gates == 0) return result;
  const Tensor by_states = contiguous(g), hidden = contiguous(weight), c_first = contiguous(c);
  const bool flat = dispatch_floating("lstm_sequence_grad", g.dtype(), [&]<class T>() {
    const T* const from = by_states.data<T>();
    return std::all_of(from, from + g.numel(), [](T number) { return number == 0; });
  });
  if (flat) return result;  // whatever the states are
  dispatch_floating("lstm_sequence_grad", c.dtype(), [&]<class T>() {
    const T *const by_hs = by_states.data<T>(), *const by_cs = by_hs + steps * states;
    const T *const w = hidden.data<T>(), *const first_c = c_first.data<T>();
    const T *const all_gates = run.gates.data<T>(), *const cs = run.states.data<T>() + steps * states;
    T* const by_gates = result.mutable_data<T>();
    T *const by_h = by_gates + gates + 4 * n * n, *const by_c = by_h + states;  // of the current step
    parallel_for(rows, kSequenceRows, [&](std::int64_t begin, std::int64_t end) {
      const SmallProduct<T> add_product(end - begin, n, 4 * n);
      for (std::int64_t t = steps - 1; t >= 0; --t) {
        for (std::int64_t i = begin * n; i < end * n; ++i) {
          by_h[i] += by_hs[t * states + i];
          by_c[i] += by_cs[t * states + i];
        }
        T* const here = by_gates + t * rows * 4 * n;
        kernels().recurrent.of<T>().lstm_gradient(by_h, by_c, all_gates + t * rows * 4 * n,
                                                  t == 0 ? first_c : cs + (t - 1) * states, begin, end, n, here, 4 * n,
                                                  by_c, n);
        std::fill(by_h + begin * n, by_h + end * n, T(0));
        add_product(here + begin * 4 * n, w, by_h + begin * n);
      }
    });
  });
  // The weight's gradient is one product over all steps; the state of the first is h.
  const auto by_weight = [&] {
    const Tensor by_gates = reshape(slice(result, 0, 0, gates), {steps, rows, 4 * n});
    const auto product = [&](const Tensor& x, const Tensor& state) {
      return matmul(transpose(reshape(x, {-1, 4 * n}), 0, 1), reshape(state, {-1, n}));
    };
    const Tensor first = product(select(by_gates, 0, 0), h);
    if (steps == 1) return first;
    return first + product(slice(by_gates, 0, 1, steps), slice(select(run.states, 0, 0), 0, 0, steps - 1));
  }();
  dispatch_floating("lstm_sequence_grad", c.dtype(), [&]<class T>() {
    std::copy_n(by_weight.template data<T>(), 4 * n * n, result.mutable_data<T>() + gates);
  });
  return result;
}

Tensor gru_cell(const Tensor& input_gates, const Tensor& hidden_gates, const Tensor& h) {
  const Work work("gru_cell", input_gates.numel(), input_gates, hidden_gates, h);
  check_state("gru_cell", "h", h);
  const std::int64_t rows = h.size(0), n = h.size(1);
  check_matrix("gru_cell", "input_gates", input_gates, 3 * n, h);
  check_matrix("gru_cell", "hidden_gates", hidden_gates, 3 * n, h);
  Tensor next(h.shape(), h.dtype());
  if (h.numel() == 0) return next;
  const Tensor by_input = contiguous(input_gates), by_hidden = contiguous(hidden_gates), before = contiguous(h);
  dispatch_floating("gru_cell", h.dtype(), [&]<class T>() {
    const T *const x = by_input.data<T>(), *const y = by_hidden.data<T>(), *const from = before.data<T>();
    T* const out = next.mutable_data<T>();
    for_each_row(rows, 3 * n, [&](std::int64_t begin, std::int64_t end) {
      kernels().recurrent.of<T>().gru(x, y, from, begin, end, n, out);
    });
  });
  return next;
}

Tensor gru_cell_grad(const Tensor& dh, const Tensor& input_gates, const Tensor& hidden_gates, const Tensor& h) {
  const Work work("gru_cell_grad", input_gates.numel(), dh, input_gates, hidden_gates, h);
  check_state("gru_cell_grad", "h", h);
  const std::int64_t rows = h.size(0), n = h.size(1);
  check_matrix("gru_cell_grad", "dh", dh, n, h);
  check_matrix("gru_cell_grad", "input_gates", input_gates, 3 * n, h);
  check_matrix("gru_cell_grad", "hidden_gates", hidden_gates, 3 * n, h);
  Tensor result({rows, 7 * n}, h.dtype());
  if (h.numel() == 0) return result;
  const Tensor g = contiguous(dh), by_input = contiguous(input_gates), by_hidden = contiguous(hidden_gates),
               before = contiguous(h);
  dispatch_floating("gru_cell_grad", h.dtype(), [&]<class T>() {
    const T *const gs = g.data<T>(), *const x = by_input.data<T>(), *const y = by_hidden.data<T>();
    const T* const from = before.data<T>();
    T* const out = result.mutable_data<T>();
    for_each_row(rows, 3 * n, [&](std::int64_t begin, std::int64_t end) {
      kernels().recurrent.of<T>().gru_gradient(gs, x, y, from, begin, end, n, out);
    });
  });
  return result;
}

}  // namespace hourglass
