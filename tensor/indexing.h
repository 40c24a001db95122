// SPDX-License-Identifier: MIT
// Picking and setting by index, searching, and counting. autograd/indexing.h has the same on Var.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <span>

#include "tensor/tensor.h"

namespace hourglass {

// ---- picking by index ------------------------------------------------------------------------------- ops_index.cpp
// Indices are i64 and 0 <= index < extent. Any other index is an error that names its position.

/// x[..., index[j], ...] along the axis; index is 1-d.
Tensor index_select(const Tensor& x, std::int64_t axis, const Tensor& index);
/// index_select's adjoint: x with source added at the indices, one after another.
Tensor index_add(const Tensor& x, std::int64_t axis, const Tensor& index, const Tensor& source);
/// out[i][j] = x[i][index[i][j]] for axis 1, and so on, as torch.gather.
Tensor gather(const Tensor& x, std::int64_t axis, const Tensor& index);
/// x with x[i][index[i][j]] += source[i][j], gather's adjoint, as torch.scatter_add.
Tensor scatter_add(const Tensor& x, std::int64_t axis, const Tensor& index, const Tensor& source);
/// [...] of class numbers to [..., classes] with a one at the class.
Tensor one_hot(const Tensor& classes, std::int64_t count, Dtype dtype = Dtype::f32);

// ---- at the places of an index ------------------------------------------------------------------- ops_scatter.cpp

/// x with x[i][index[i][j]] = source[i][j] for axis 1, and so on, as torch.scatter. Of several numbers for one place,
/// the last one stays.
Tensor scatter(const Tensor& x, std::int64_t axis, const Tensor& index, const Tensor& source);
Tensor scatter(const Tensor& x, std::int64_t axis, const Tensor& index, Scalar value);
enum class ScatterReduce { sum, prod, mean, amax, amin };
/// x with the numbers of the source reduced into the places that scatter would set, together with the number that is
/// there already, or without it (include_self).
Tensor scatter_reduce(const Tensor& x, std::int64_t axis, const Tensor& index, const Tensor& source, ScatterReduce how,
                      bool include_self = true);

/// x[i[k], j[k], ...] for every k, as NumPy's x[i, j]: the indices, i64, broadcast, and belong to the first axes. The
/// result has their shape, and behind it the axes that have no index.
Tensor index_get(const Tensor& x, std::span<const Tensor> indices);
Tensor index_get(const Tensor& x, std::initializer_list<Tensor> indices);
/// x with `values`, which broadcast to index_get's shape, at these places. Of several numbers for one place, the last
/// one stays; or all are added to what is there (accumulate).
Tensor index_put(const Tensor& x, std::span<const Tensor> indices, const Tensor& values, bool accumulate = false);
Tensor index_put(const Tensor& x, std::initializer_list<Tensor> indices, const Tensor& values, bool accumulate = false);
/// The elements where mask is not 0, in row-major order: 1-d. mask is u8; the two broadcast.
Tensor masked_select(const Tensor& x, const Tensor& mask);
/// The indices of the elements that are not 0, in row-major order: i64 [count, axes].
Tensor nonzero(const Tensor& x);

// ---- searching and counting ------------------------------------------------------------------------ ops_search.cpp

/// For each value the number of elements of `sorted` (ascending, along its last axis) that are less than it, or not
/// greater if `right`: i64, where it would be inserted. `sorted` is 1-d, or has the leading axes of `values`. NaN counts
/// as larger than every number.
Tensor searchsorted(const Tensor& sorted, const Tensor& values, bool right = false);
/// searchsorted(boundaries, x, right): the number of each element's bucket.
Tensor bucketize(const Tensor& x, const Tensor& boundaries, bool right = false);
struct Unique {
  Tensor values;   ///< 1-d, ascending
  Tensor inverse;  ///< of x's shape: x is index_select(values, 0, flatten(inverse))
  Tensor counts;   ///< how often each value comes
};
/// The different elements. A NaN equals nothing.
Unique unique(const Tensor& x);
/// one_hot with as many classes as the largest number needs.
Tensor one_hot(const Tensor& classes);
/// How often each number comes, i64, or the sum of its weights: the result has an element for 0, 1, ..., and at least
/// min_length. Numbers are i64 and at least 0.
Tensor bincount(const Tensor& numbers, std::int64_t min_length = 0);
Tensor bincount(const Tensor& numbers, const Tensor& weights, std::int64_t min_length = 0);

}  // namespace hourglass
