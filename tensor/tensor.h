// SPDX-License-Identifier: MIT
// Tensor: a strided view of shared storage, with value semantics.
#pragma once
#include <initializer_list>
#include <iosfwd>
#include <span>
#include <vector>

#include "tensor/dtype.h"
#include "tensor/shape.h"
#include "tensor/storage.h"

namespace hourglass {

namespace detail {

/// Whether a tensor can hold T. If not, the compiler says what it can hold.
template <class T>
consteval bool is_element() {
  static_assert(Element<T>,
                "a Tensor is made from float, double, std::int64_t or std::uint8_t: write {1.0, 2.0} for f64, "
                "{1.0f, 2.0f} for f32, and Tensor::from<std::int64_t>({1, 2}) for i64");
  return Element<T>;
}

}  // namespace detail

/// An n-d array of one dtype. Copies and views share memory until one of them is written to: then the writer gets a
/// copy of its own (copy-on-write). So a Tensor behaves like a number: the one that you hold never changes under you.
class Tensor {
 public:
  /// f32[0].
  Tensor() : shape_{0}, strides_{1} {}
  /// Uninitialised, contiguous.
  explicit Tensor(const Shape& shape, Dtype dtype = Dtype::f32);
  /// Copies `values`, in row-major order; their number must be numel(shape).
  template <Element T>
  static Tensor from(std::span<const T> values, const Shape& shape);
  template <class T>
  static Tensor from(const std::vector<T>& values, const Shape& shape) {
    if constexpr (detail::is_element<T>()) return from(std::span<const T>(values), shape);
  }
  template <class T>
  static Tensor from(std::initializer_list<T> values, const Shape& shape) {
    if constexpr (detail::is_element<T>()) return from(std::span<const T>(values.begin(), values.size()), shape);
  }
  /// A 1-d tensor of the values.
  template <class T>
  static Tensor from(const std::vector<T>& values) {
    return from(values, Shape{static_cast<std::int64_t>(values.size())});
  }
  template <class T>
  static Tensor from(std::initializer_list<T> values) {
    return from(values, Shape{static_cast<std::int64_t>(values.size())});
  }
  /// A view: the same storage seen through another shape, strides and offset (in elements). An element outside of the
  /// storage is an error.
  static Tensor view_of(const Tensor& base, const Shape& shape, const Strides& strides, std::int64_t offset);

  const Shape& shape() const { return shape_; }
  const Strides& strides() const { return strides_; }
  Dtype dtype() const { return dtype_; }
  int dim() const { return shape_.size(); }
  /// The extent of one axis; negative counts from the back.
  std::int64_t size(std::int64_t axis) const { return shape_[normalize_axis("size", axis, dim())]; }
  std::int64_t numel() const { return numel_; }
  std::int64_t offset() const { return offset_; }
  const Storage& storage() const { return storage_; }
  /// Row-major without gaps. Empty and size-1 tensors always are.
  bool is_contiguous() const;

  /// The first element; step with strides(). T must be the dtype.
  template <Element T>
  const T* data() const {
    expect_dtype(dtype_of<T>);
    return reinterpret_cast<const T*>(storage_.data()) + offset_;
  }
  /// The elements as contiguous memory of this tensor alone. Copies first if the memory is shared or has gaps.
  template <Element T>
  T* mutable_data() {
    expect_dtype(dtype_of<T>);
    make_private();
    return reinterpret_cast<T*>(storage_.data()) + offset_;
  }
  /// All elements of a contiguous tensor; otherwise an error (see contiguous()).
  template <Element T>
  std::span<const T> span() const;
  /// All elements in row-major order, copied.
  template <Element T>
  std::vector<T> to_vector() const;
  /// The only element; any dtype. More or fewer than one is an error.
  double item() const;
  /// The same without a conversion: item<std::int64_t>() is exact above 2^53, too. T must be the dtype.
  template <Element T>
  T item() const {
    check(numel_ == 1, "item", "needs exactly one element, got ", dtype_, shape_);
    return *data<T>();
  }

 private:
  void expect_dtype(Dtype asked) const {
    check(asked == dtype_, "data", "asked for ", asked, ", but the tensor is ", dtype_, shape_);
  }
  void make_private();

  Shape shape_;
  Strides strides_;
  std::int64_t numel_ = 0;
  std::int64_t offset_ = 0;
  Storage storage_;
  Dtype dtype_ = Dtype::f32;
};

/// A tensor as errors describe it: f32[32, 784].
struct Description {
  Dtype dtype;
  const Shape& shape;
};
std::ostream& operator<<(std::ostream& out, const Description& description);
inline Description describe(const Tensor& x) { return {x.dtype(), x.shape()}; }

/// The shape that a and b broadcast to, or an error that names op and both.
Shape broadcast_shapes(std::string_view op, const Tensor& a, const Tensor& b);
/// An error that names op unless the two have one dtype: nothing is promoted silently.
void check_same_dtype(std::string_view op, const Tensor& a, const Tensor& b);
/// An error that names op unless x is f32 or f64.
void check_floating(std::string_view op, const Tensor& x);

}  // namespace hourglass
