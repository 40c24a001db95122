// SPDX-License-Identifier: MIT
// How a row of the table of ops is written, for the files that share the table.
#pragma once
#include <initializer_list>
#include <vector>

#include "autograd/ops.h"
#include "tests/tables/op_table.h"

namespace hourglass::test {

/// Collects the rows. A row is a call with plain function pointers: a list of rows with a std::function each takes four
/// times as long to compile.
struct Rows {
  std::vector<Row> all;
  void operator()(const char* name, Var (*f)(const Vars&), std::initializer_list<Input> inputs,
                  Reference reference = {}, const RowOptions& options = {}) {
    all.push_back({name, f, inputs, reference, options});
  }
};

/// The extents of x, for shapes that grow with it.
inline std::int64_t rows(const Var& x) { return x.size(0); }
inline std::int64_t columns(const Var& x) { return x.size(-1); }

// Rows for the headers that autograd/ops.h includes last, and for linalg.h and fft.h.
void add_arranging_rows(Rows& row);
void add_indexing_rows(Rows& row);
void add_order_rows(Rows& row);
void add_arithmetic_rows(Rows& row);
void add_linalg_rows(Rows& row);
void add_volume_rows(Rows& row);
void add_fft_rows(Rows& row);

}  // namespace hourglass::test
