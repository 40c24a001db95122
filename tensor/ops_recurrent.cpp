// One time step of LSTM and GRU.
#include <algorithm>
#include <utility>

#include "tensor/kernels/kernels.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"

namespace hourglass {
namespace {

// Gates a chunk holds. One costs about as much as 8 additions.
constexpr std::int64_t kGrain = 8192;

// An error unless x is [rows, columns], of like's dtype.
void check_matrix(std::string_view op, const char* name, const Tensor& x, std::int64_t columns, const Tensor& like) {
  check_same_dtype(op, x, like);
  check(x.shape() == Shape{like.shape()[0], columns}, op, name, " must be ", like.dtype(),
        Shape{like.shape()[0], columns}, " beside ", describe(like), ", got ", describe(x));
}
void check_state(std::string_view op, const char* name, const Tensor& x) {
  check(x.dim() == 2 && is_floating(x.dtype()), op, name, " must be f32 or f64 [rows, units], got ", describe(x));
}

// f(begin, end) for rows of n units with `gates` numbers each.
template <class F>
void for_each_row(std::int64_t rows, std::int64_t numbers, F&& f) {
  parallel_for(rows, std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(1, numbers)), std::forward<F>(f));
}

}  // namespace

Tensor lstm_cell(const Tensor& gates, const Tensor& c) {
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
  check_state("lstm_cell_grad", "c", c);
  const std::int64_t rows = c.size(0), n = c.size(1);
  check_matrix("lstm_cell_grad", "gates", gates, 4 * n, c);
  check_same_dtype("lstm_cell_grad", g, c);
  check(g.shape() == Shape{2, rows, n}, "lstm_cell_grad", "g must be ", Shape{2, rows, n}, " beside c ", describe(c),
        ", got ", describe(g));
  Tensor result({rows, 5 * n}, c.dtype());
  if (c.numel() == 0) return result;
  const Tensor by_output = contiguous(g), all_gates = contiguous(gates), before = contiguous(c);
  dispatch_floating("lstm_cell_grad", c.dtype(), [&]<class T>() {
    const T *const by_h = by_output.data<T>(), *const by_c = by_h + rows * n;
    const T *const from_gates = all_gates.data<T>(), *const from = before.data<T>();
    T* const out = result.mutable_data<T>();
    for_each_row(rows, 4 * n, [&](std::int64_t begin, std::int64_t end) {
      kernels().recurrent.of<T>().lstm_gradient(by_h, by_c, from_gates, from, begin, end, n, out);
    });
  });
  return result;
}

Tensor gru_cell(const Tensor& input_gates, const Tensor& hidden_gates, const Tensor& h) {
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
