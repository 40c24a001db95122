// SPDX-License-Identifier: MIT
// Results of other libraries: the files of tests/reference/data, and the tensors in them.
#pragma once
#include <string>
#include <vector>

#include "tensor/tensor.h"
#include "tests/json.h"

namespace hourglass::test {

/// A file of tests/reference/data.
Json reference_data(const std::string& name);

/// [2, 3]
Shape shape_of(const Json& extents);
/// A flat list of numbers, as a tensor of this shape.
Tensor tensor_of(const Json& numbers, const Shape& shape, Dtype dtype = Dtype::f64);
/// {"shape": [2], "data": [1, 2], "dtype": "i64"}; f64 if there is no dtype.
Tensor tensor_of(const Json& tensor);
/// The tensors of such a list.
std::vector<Tensor> tensors_of(const Json& list);

}  // namespace hourglass::test
