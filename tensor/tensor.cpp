// SPDX-License-Identifier: MIT
#include "tensor/tensor.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <ostream>

#include "tensor/checked.h"
#include "tensor/ops.h"
#include "tensor/work.h"

namespace hourglass {

std::ostream& operator<<(std::ostream& out, Dtype dtype) {
  constexpr std::array names{"f32", "f64", "i64", "u8"};
  return out << names[static_cast<std::size_t>(dtype)];
}

std::ostream& operator<<(std::ostream& out, const Description& description) {
  return out << description.dtype << description.shape;
}

Shape broadcast_shapes(std::string_view op, const Tensor& a, const Tensor& b) {
  if (a.shape() == b.shape()) return a.shape();
  Shape result;
  const int clash = try_broadcast(a.shape(), b.shape(), result);
  if (clash != 0)
    fail(op, "cannot broadcast ", describe(a), " with ", describe(b), ": axis ", clash, " is ", a.size(clash),
         " against ", b.size(clash));
  return result;
}

void check_same_dtype(std::string_view op, const Tensor& a, const Tensor& b) {
  check(a.dtype() == b.dtype(), op, "dtypes differ: ", describe(a), " and ", describe(b),
        "; convert one with to(x, Dtype)");
}

void check_floating(std::string_view op, const Tensor& x) {
  check(is_floating(x.dtype()), op, "needs f32 or f64, got ", describe(x), "; convert with to(x, Dtype::f32)");
}

Tensor::Tensor(const Shape& shape, Dtype dtype) : shape_(shape), numel_(hourglass::numel(shape)), dtype_(dtype) {
  check(numel_ <= INT64_MAX / 16, "tensor", "out of memory: ", dtype, shape);
  strides_ = contiguous_strides(shape);
  storage_ = Storage(static_cast<std::size_t>(numel_) * size_of(dtype));
  if (detail::watch != nullptr) [[unlikely]]
    detail::note_bytes(detail::bytes_of(*this));
}

template <Element T>
Tensor Tensor::from(std::span<const T> values, const Shape& shape) {
  check(static_cast<std::int64_t>(values.size()) == hourglass::numel(shape), "from", values.size(),
        " values cannot fill shape ", shape, " (", hourglass::numel(shape), " elements)");
  Tensor x(shape, dtype_of<T>);
  std::copy(values.begin(), values.end(), x.mutable_data<T>());
  return x;
}

Tensor Tensor::view_of(const Tensor& base, const Shape& shape, const Strides& strides, std::int64_t offset) {
  check(shape.size() == strides.size(), "view_of", "shape ", shape, " and strides ", strides, " differ in length");
  Tensor view = base;
  view.shape_ = shape;
  view.strides_ = strides;
  view.numel_ = hourglass::numel(shape);
  view.offset_ = view.numel_ == 0 ? 0 : offset;
  if (view.numel_ == 0) return view;
  const auto held = static_cast<std::int64_t>(base.storage_.bytes() / size_of(base.dtype_));
  Checked first("view_of", offset), last = first;
  for (int axis = 0; axis < shape.size(); ++axis)
    (strides[axis] < 0 ? first : last) += Checked("view_of", shape[axis] - 1) * strides[axis];
  check(first >= 0 && last < held, "view_of", "shape ", shape, " with strides ", strides, " from ", offset,
        " reaches elements ", std::int64_t{first}, " to ", std::int64_t{last}, ", of a storage that holds ", held);
  return view;
}

bool Tensor::is_contiguous() const {
  if (numel_ <= 1) return true;
  std::int64_t expected = 1;
  for (int i = dim() - 1; i >= 0; --i) {
    if (shape_[i] != 1 && strides_[i] != expected) return false;
    expected *= shape_[i];
  }
  return true;
}

void Tensor::make_private() {
  if (numel_ == 0 || (!storage_.shared() && is_contiguous())) return;
  if (!is_contiguous()) {
    *this = contiguous(*this);  // a new tensor
    return;
  }
  Tensor copy(shape_, dtype_);
  std::memcpy(copy.storage_.data(), storage_.data() + static_cast<std::size_t>(offset_) * size_of(dtype_),
              static_cast<std::size_t>(numel_) * size_of(dtype_));
  *this = std::move(copy);
}

template <Element T>
std::span<const T> Tensor::span() const {
  check(is_contiguous(), "span", "needs contiguous memory, got ", describe(*this), " with strides ", strides_,
        "; call contiguous() first");
  return {data<T>(), static_cast<std::size_t>(numel_)};
}

template <Element T>
std::vector<T> Tensor::to_vector() const {
  expect_dtype(dtype_of<T>);
  const Tensor flat = contiguous(*this);
  const std::span<const T> all = flat.span<T>();
  std::vector<T> result;
  reserve("to_vector", result, numel_);
  result.assign(all.begin(), all.end());
  return result;
}

double Tensor::item() const {
  check(numel_ == 1, "item", "needs exactly one element, got ", describe(*this));
  return dispatch(dtype_, [&]<class T>() { return static_cast<double>(*data<T>()); });
}

#define HOURGLASS_INSTANTIATE(T)                                     \
  template Tensor Tensor::from<T>(std::span<const T>, const Shape&); \
  template std::span<const T> Tensor::span<T>() const;               \
  template std::vector<T> Tensor::to_vector<T>() const;
HOURGLASS_INSTANTIATE(float)
HOURGLASS_INSTANTIATE(double)
HOURGLASS_INSTANTIATE(std::int64_t)
HOURGLASS_INSTANTIATE(std::uint8_t)
#undef HOURGLASS_INSTANTIATE

}  // namespace hourglass
