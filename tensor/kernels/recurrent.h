// SPDX-License-Identifier: MIT
// The recurrent part of the kernel table: one time step of an LSTM or GRU after its matrix products, rows [begin, end).
#pragma once
#include <cstdint>

#include "tensor/kernels/per_type.h"

namespace hourglass {

/// Matrices without gaps; n is the number of hidden units. The letters are those of ops.h.
template <class T>
struct RecurrentKernelsOf {
  /// gates [rows, 4 n], c [rows, n] to h_next and c_next, both [rows, n].
  void (*lstm)(const T* gates, const T* c, std::int64_t begin, std::int64_t end, std::int64_t n, T* h_next, T* c_next);
  /// The gradients by gates and c, whose rows lie by_gates_step and by_c_step apart. dc may be by_c.
  void (*lstm_gradient)(const T* dh, const T* dc, const T* gates, const T* c, std::int64_t begin, std::int64_t end,
                        std::int64_t n, T* by_gates, std::int64_t by_gates_step, T* by_c, std::int64_t by_c_step);
  /// input_gates and hidden_gates [rows, 3 n], h [rows, n] to h_next [rows, n].
  void (*gru)(const T* input_gates, const T* hidden_gates, const T* h, std::int64_t begin, std::int64_t end,
              std::int64_t n, T* h_next);
  /// The gradients by input_gates, hidden_gates and h, joined along the columns: [rows, 7 n].
  void (*gru_gradient)(const T* dh, const T* input_gates, const T* hidden_gates, const T* h, std::int64_t begin,
                       std::int64_t end, std::int64_t n, T* out);
};

using RecurrentKernels = PerType<RecurrentKernelsOf>;

}  // namespace hourglass
