// SPDX-License-Identifier: MIT
// Results of other libraries: the files of tests/reference/data, and the tensors in them.
#include "tests/reference_data.h"

#include <fstream>
#include <iterator>
#include <map>

#include "tensor/error.h"
#include "tensor/ops.h"
#include "tests/paths.h"

namespace hourglass::test {

Json reference_data(const std::string& name) {
  const std::string path = source_path("tests/reference/data/" + name);
  std::ifstream in(path);
  check(in.good(), "reference_data", "cannot read ", path);
  return Json::parse(std::string(std::istreambuf_iterator<char>(in), {}));
}

Shape shape_of(const Json& extents) { return Shape(extents.integers()); }

Tensor tensor_of(const Json& numbers, const Shape& shape, Dtype dtype) {
  return to(Tensor::from(numbers.numbers(), shape), dtype);
}

Tensor tensor_of(const Json& tensor) {
  const std::map<std::string, Dtype> dtypes{{"f64", Dtype::f64}, {"i64", Dtype::i64}, {"u8", Dtype::u8}};
  const Dtype dtype = tensor.contains("dtype") ? dtypes.at(tensor["dtype"].text()) : Dtype::f64;
  return tensor_of(tensor["data"], shape_of(tensor["shape"]), dtype);
}

std::vector<Tensor> tensors_of(const Json& list) {
  std::vector<Tensor> tensors;
  for (const Json& tensor : list.items()) tensors.push_back(tensor_of(tensor));
  return tensors;
}

}  // namespace hourglass::test
