// SPDX-License-Identifier: MIT
// Matrix products: shapes, broadcasting and the split over threads. The arithmetic is in kernels/gemm.cpp.
#include <algorithm>
#include <array>

#include "tensor/iterate.h"
#include "tensor/kernels/kernels.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tensor/work.h"

namespace hourglass {
namespace {

double multiply_adds(const GemmSize& size) {
  return static_cast<double>(size.rows) * static_cast<double>(size.columns) * static_cast<double>(size.depth);
}

// From this many multiply-adds on, a second thread is worth its cost: with AVX-512, 2^18 take 3.5
// us on one thread and as long on two, 2^20 take 10.4 and 7.4.
constexpr double kWorkForTwo = 1 << 19;
constexpr std::int64_t kMaxParts = 8;

// ---- one product, on the calling thread

template <class T>
void product_alone(const GemmSize& size, const MatrixView<T>& a, const MatrixView<T>& b, const GemmOutput<T>& c) {
  const GemmKernelsOf<T>& kernels = hourglass::kernels().gemm.of<T>();
  const Storage workspace(static_cast<std::size_t>(kernels.workspace(size)) * sizeof(T));
  kernels.product(size, a, b, c, reinterpret_cast<T*>(workspace.data()));
}

// Integers, without blocks and threads: such products are rare.
void product_alone(const GemmSize& size, const MatrixView<std::int64_t>& a, const MatrixView<std::int64_t>& b,
                   const GemmOutput<std::int64_t>& c) {
  for (std::int64_t i = 0; i < size.rows; ++i) {
    std::int64_t* row = c.data + i * c.row_step;
    std::fill_n(row, size.columns, 0);
    for (std::int64_t k = 0; k < size.depth; ++k) {
      const std::int64_t x = a.data[i * a.row_step + k * a.column_step];
      const std::int64_t* from = b.data + k * b.row_step;
      // Unsigned, because unsigned numbers wrap around on overflow.
      for (std::int64_t j = 0; j < size.columns; ++j)
        row[j] = static_cast<std::int64_t>(static_cast<std::uint64_t>(row[j]) +
                                           static_cast<std::uint64_t>(x) *
                                               static_cast<std::uint64_t>(from[j * b.column_step]));
    }
  }
}

// ---- one product, on all threads

// How a product is cut into parts, from its size alone.
struct Split {
  std::int64_t rows = 1, columns = 1;  // parts of C along each axis, which change no bit (see gemm_depth_block)
  bool depth = false;                  // instead: kMaxParts parts of the sums, which are added up afterwards
};

// The cheapest split: the cost is the time of its largest part for each step of depth, in multiply-adds.
template <class T>
Split best_split(const GemmSize& size, const MatrixView<T>& b, std::int64_t lanes) {
  std::int64_t parts = 1;
  for (double needed = kWorkForTwo; parts < kMaxParts && multiply_adds(size) >= needed; needed *= 16) parts *= 2;
  if (parts == 1) return {};

  const std::int64_t registers = ceil_div(size.columns, lanes);
  const auto cost = [&](std::int64_t rows, std::int64_t registers_wide) {
    const auto r = static_cast<double>(rows), c = static_cast<double>(registers_wide * lanes);
    const double packing = b.column_step == 1 ? 0 : 16;  // half a cycle a number
    const double tile = registers_wide == 1 ? 1.3 : 1;   // a narrow one is slower
    return r * c * tile + packing * c + r + c;
  };
  Split best;
  double lowest = cost(size.rows, registers);
  for (std::int64_t rows = 1; rows <= parts; rows *= 2) {
    const std::int64_t columns = parts / rows;
    if (rows > size.rows || columns > registers) continue;
    if (const double here = cost(ceil_div(size.rows, rows), ceil_div(registers, columns)); here < lowest) {
      lowest = here;
      best = {rows, columns, false};
    }
  }
  // A deep product with a small C, such as a weight's gradient over a large batch. Storing the sums of a part, and
  // adding them later, costs about as much as 16 steps of depth.
  const double part = static_cast<double>(size.depth) / kMaxParts;
  if (part >= 256 && (1 + 16 / part) * cost(size.rows, registers) / static_cast<double>(parts) < lowest)
    best = {1, 1, true};
  return best;
}

template <class T>
void product_by_depth(const GemmSize& size, const MatrixView<T>& a, const MatrixView<T>& b, const GemmOutput<T>& c) {
  const std::int64_t elements = size.rows * size.columns;
  const Storage storage(static_cast<std::size_t>(kMaxParts * elements) * sizeof(T));
  T* const sums = reinterpret_cast<T*>(storage.data());
  parallel_for(kMaxParts, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t part = begin; part < end; ++part) {
      const std::int64_t k = size.depth * part / kMaxParts, k_end = size.depth * (part + 1) / kMaxParts;
      product_alone<T>({size.rows, size.columns, k_end - k}, {a.data + k * a.column_step, a.row_step, a.column_step},
                       {b.data + k * b.row_step, b.row_step, b.column_step}, {sums + part * elements, size.columns});
    }
  });
  parallel_for(size.rows, ceil_div(size.rows, kMaxParts), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      T* to = c.data + i * c.row_step;
      for (std::int64_t part = 0; part < kMaxParts; ++part) {
        const T* from = sums + part * elements + i * size.columns;
        const bool add = part > 0 || c.accumulate;
        for (std::int64_t j = 0; j < size.columns; ++j) to[j] = add ? to[j] + from[j] : from[j];
      }
      if (const T* bias = c.epilogue.bias)
        for (std::int64_t j = 0; j < size.columns; ++j) to[j] = to[j] + bias[j];
    }
  });
}

template <class T>
void product(const GemmSize& size, const MatrixView<T>& a, const MatrixView<T>& b, const GemmOutput<T>& c) {
  if constexpr (!std::is_floating_point_v<T>) {
    product_alone(size, a, b, c);
  } else {
    const GemmKernelsOf<T>& kernels = hourglass::kernels().gemm.of<T>();
    const Split split = best_split(size, b, kernels.lanes);
    if (split.depth) return product_by_depth(size, a, b, c);
    const std::int64_t registers = ceil_div(size.columns, kernels.lanes);
    parallel_for(split.rows * split.columns, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t part = begin; part < end; ++part) {
        const std::int64_t r = part / split.columns, s = part % split.columns;
        const std::int64_t i = size.rows * r / split.rows, i_end = size.rows * (r + 1) / split.rows;
        const std::int64_t j = registers * s / split.columns * kernels.lanes;
        const std::int64_t j_end = std::min(size.columns, registers * (s + 1) / split.columns * kernels.lanes);
        GemmOutput<T> here = c;
        here.data += i * c.row_step + j;
        if (here.epilogue.bias) here.epilogue.bias += j;
        product_alone<T>({i_end - i, j_end - j, size.depth}, {a.data + i * a.row_step, a.row_step, a.column_step},
                         {b.data + j * b.column_step, b.row_step, b.column_step}, here);
      }
    });
  }
}

// ---- many products

// An operand of `matmul`: a matrix for every index of the batch axes. A 1-d tensor is one row or one column.
struct Matrices {
  Shape batch;
  Strides batch_strides;
  std::int64_t rows, columns, row_step, column_step;
};

Matrices matrices_of(const Tensor& x, bool vector_is_row) {
  Matrices result{};
  const int batch = std::max(0, x.dim() - 2);
  for (int axis = 0; axis < batch; ++axis) {
    result.batch.push_back(x.shape()[axis]);
    result.batch_strides.push_back(x.strides()[axis]);
  }
  if (x.dim() >= 2) {
    result.rows = x.shape()[batch];
    result.row_step = x.strides()[batch];
  } else {
    result.rows = 1;
  }
  result.columns = x.shape().back();
  result.column_step = x.strides().back();
  if (x.dim() == 1 && !vector_is_row) {
    std::swap(result.rows, result.columns);
    std::swap(result.row_step, result.column_step);
  }
  return result;
}

Matrices transposed(Matrices x) {
  std::swap(x.rows, x.columns);
  std::swap(x.row_step, x.column_step);
  return x;
}

// Strides of x's batch axes, aligned on the right to `batch`; 0 where x repeats.
Strides aligned_strides(const Matrices& x, const Shape& batch) {
  Strides strides = Strides::filled(batch.size(), 0);
  const int missing = batch.size() - x.batch.size();
  for (int axis = 0; axis < x.batch.size(); ++axis)
    if (x.batch[axis] != 1) strides[missing + axis] = x.batch_strides[axis];
  return strides;
}

// c[batch] = a[batch] b[batch] + bias for the whole batch; c is contiguous.
template <class T>
void products(const Shape& batch, const Matrices& a, const T* a_data, const Matrices& b, const T* b_data, T* c,
              const T* bias) {
  GemmSize size{a.rows, b.columns, a.columns};
  // The rows of A count as one more batch axis here. Axes that join with them while B stays the same form one taller
  // matrix, so [batch, time, in] times [in, out] is a single product.
  Shape with_rows = batch;
  with_rows.push_back(a.rows);
  Strides a_strides = aligned_strides(a, batch), b_strides = aligned_strides(b, batch);
  a_strides.push_back(a.row_step);
  b_strides.push_back(0);
  TensorIterator<2> iterator(with_rows, {a_strides, b_strides});
  // The last axis left is the rows alone, a batch alone (a.rows is 1 and B differs), or both.
  Shape outer = iterator.shape();
  std::array<Strides, 2> steps{iterator.strides(0), iterator.strides(1)};
  std::int64_t row_step = a.row_step;
  if (a.rows == 1 && steps[1].back() != 0) {
    size.rows = 1;
  } else {
    size.rows = outer.back();
    row_step = steps[0].back();
    outer.erase(outer.size() - 1);
    for (Strides& s : steps) s.erase(s.size() - 1);
  }

  const auto each = [&](std::int64_t begin, std::int64_t end, auto&& multiply) {
    const std::int64_t stride = size.rows * size.columns;
    TensorIterator<2> matrices(outer, steps);
    matrices.for_each_run(begin, end, [&](std::int64_t position, const auto& offsets, std::int64_t count) {
      for (std::int64_t i = 0; i < count; ++i)
        multiply(size, MatrixView<T>{a_data + offsets[0] + i * matrices.steps()[0], row_step, a.column_step},
                 MatrixView<T>{b_data + offsets[1] + i * matrices.steps()[1], b.row_step, b.column_step},
                 GemmOutput<T>{c + (position + i) * stride, size.columns, false, {bias}});
    });
  };
  const std::int64_t count = numel(outer);
  const double work = multiply_adds(size);
  if (count >= kMaxParts || work < kWorkForTwo) {
    // Several products for each thread.
    const auto wanted = static_cast<std::int64_t>(kWorkForTwo / 2 / std::max(work, 1.0)) + 1;
    parallel_for(count, std::max(wanted, ceil_div(count, 4 * kMaxParts)), [&](std::int64_t begin, std::int64_t end) {
      each(begin, end, [](const auto&... arguments) { product_alone(arguments...); });
    });
  } else {
    each(0, count, [](const auto&... arguments) { product(arguments...); });
  }
}

Tensor multiply(std::string_view op, const Shape& batch, const Matrices& a, const Tensor& a_tensor, const Matrices& b,
                const Tensor& b_tensor, const Shape& shape, const Tensor* bias) {
  const double flops = 2.0 * static_cast<double>(numel(shape)) * static_cast<double>(a.columns);
  const Work work(op, bias ? flops + static_cast<double>(numel(shape)) : flops, a_tensor, b_tensor, bias);
  Tensor c(shape, a_tensor.dtype());
  if (c.numel() == 0) return c;
  dispatch(c.dtype(), [&]<class T>() {
    if constexpr (!std::is_same_v<T, std::uint8_t>)
      products<T>(batch, a, a_tensor.data<T>(), b, b_tensor.data<T>(), c.mutable_data<T>(),
                  bias ? bias->data<T>() : nullptr);
  });
  return c;
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b) {
  check_same_dtype("matmul", a, b);
  check(a.dtype() != Dtype::u8, "matmul", "is not defined for u8: a is ", describe(a), ", b is ", describe(b),
        "; convert with to(x, Dtype::f32) or to(x, Dtype::i64)");
  check(a.dim() >= 1 && b.dim() >= 1, "matmul", "needs at least one axis: a is ", describe(a), ", b is ", describe(b));
  const Matrices left = matrices_of(a, true), right = matrices_of(b, false);
  check(left.columns == right.rows, "matmul", "inner axes differ: a is ", describe(a), ", b is ", describe(b), " (",
        left.columns, " against ", right.rows, ")");

  Shape batch;
  try {
    batch = broadcast_shapes("matmul", left.batch, right.batch);
  } catch (const Error&) {
    fail("matmul", "batch axes do not broadcast: a is ", describe(a), ", b is ", describe(b), " (", left.batch,
         " against ", right.batch, ")");
  }
  Shape shape = batch;
  if (a.dim() > 1) shape.push_back(left.rows);
  if (b.dim() > 1) shape.push_back(right.columns);
  return multiply("matmul", batch, left, a, right, b, shape, nullptr);
}

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor* bias) {
  check_same_dtype("linear", x, weight);
  check_floating("linear", x);
  check(weight.dim() == 2, "linear", "weight is [out, in], got ", describe(weight));
  check(x.dim() >= 1, "linear", "x is [..., in], got ", describe(x));
  check(x.shape().back() == weight.shape()[1], "linear", "inner axes differ: x is ", describe(x), ", weight is ",
        describe(weight), " (", x.shape().back(), " against ", weight.shape()[1], ")");
  Shape shape = x.shape();
  shape.back() = weight.shape()[0];
  Tensor values;
  if (bias) {
    check_same_dtype("linear", x, *bias);
    check(bias->dim() == 1 && bias->shape()[0] == weight.shape()[0], "linear", "bias is [out]: weight is ",
          describe(weight), ", bias is ", describe(*bias));
    values = contiguous(*bias);
  }
  const Matrices left = matrices_of(x, true);
  return multiply("linear", left.batch, left, x, transposed(matrices_of(weight, true)), weight, shape,
                  bias ? &values : nullptr);
}

}  // namespace hourglass
