// SPDX-License-Identifier: MIT
// Views, copies of them, and the ops that join and pad.
#include <numeric>

#include <doctest/doctest.h>

#include "tensor/iterate.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tests/error_of.h"
#include "tests/layouts.h"

using namespace hourglass;
using namespace hourglass::test;

namespace {

using Values = std::vector<float>;
const std::vector<Shape> view_shapes{{},        {0},       {1},       {5},          {2, 3},  {3, 0, 2},
                                     {1, 4, 1}, {4, 1, 3}, {2, 3, 4}, {2, 3, 1, 5}, {17, 33}};

// body(x) for tensors of many shapes, and each in several layouts of memory.
template <class Body>
void for_each_tensor(Body body) {
  for (const Shape& shape : view_shapes)
    for (const Tensor& x : layouts(counted(shape))) {
      CAPTURE(shape);
      CAPTURE(x.strides());
      body(x);
    }
}

Shape with_extent(Shape shape, int axis, std::int64_t extent) {
  shape[axis] = extent;
  return shape;
}
Axes moved(Axes index, int axis, std::int64_t by) {
  index[axis] += by;
  return index;
}

}  // namespace

TEST_CASE("views show the same memory") {
  const Tensor x = counted({2, 1, 6});
  const std::vector<Tensor> views{reshape(x, {3, 4}),   flatten(x),      permute(x, {2, 0, 1}),   transpose(x),
                                  slice(x, 2, 1, 5, 2), select(x, 0, 1), expand(x, {4, 2, 3, 6}), squeeze(x, 1),
                                  squeeze(x),           unsqueeze(x, 0), flip(x, {0, 2}),         unfold(x, 2, 3, 2),
                                  split(x, 2, 2)[1],    contiguous(x),   to(x, Dtype::f32)};
  for (const Tensor& view : views) CHECK(view.storage().same_as(x.storage()));
}

TEST_CASE("writing to a view leaves the tensor as it was, and the other way round") {
  Tensor x = Tensor::from<float>({1, 2, 3, 4}, {2, 2});
  Tensor row = select(x, 0, 1);
  row.mutable_data<float>()[0] = 30;
  CHECK(x.to_vector<float>() == Values{1, 2, 3, 4});
  CHECK(row.to_vector<float>() == Values{30, 4});

  const Tensor turned = transpose(x);
  x.mutable_data<float>()[1] = 20;
  CHECK(turned.to_vector<float>() == Values{1, 3, 2, 4});
  CHECK(x.to_vector<float>() == Values{1, 20, 3, 4});

  Tensor repeated = expand(scalar(5), {3});
  repeated.mutable_data<float>()[1] = 6;  // one of the three, although they were one in memory
  CHECK(repeated.to_vector<float>() == Values{5, 6, 5});
}

TEST_CASE("contiguous copies any layout of any dtype") {
  for (const Dtype dtype : all_dtypes)
    for (const Shape& shape : view_shapes) {
      const Tensor x = counted(shape, dtype);
      for (const Tensor& other : layouts(x)) {
        const Tensor copy = contiguous(other);
        CHECK(copy.is_contiguous());
        CHECK(difference(copy, x) == "");
      }
    }
}

TEST_CASE("contiguous copies every order of axes, in tiles and at their edges") {
  std::vector<std::int64_t> order{0, 1, 2, 3};
  do {
    for (const Shape& shape : {Shape{2, 3, 16, 33}, Shape{20, 17, 2, 40}}) {
      CAPTURE(Axes(order));
      const Tensor x = counted(shape), view = permute(x, Axes(order));
      CHECK(difference(contiguous(view), view) == "");
      const Tensor backwards = flip(view, {1, 3}), every_other = slice(view, 2, 1, 100, 2);
      CHECK(difference(contiguous(backwards), backwards) == "");
      CHECK(difference(contiguous(every_other), every_other) == "");
    }
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_CASE("copies are the same on any number of threads") {
  const int before = num_threads();
  const Tensor x = counted({300, 470}, Dtype::u8), wide = counted({2, 200000});
  for (const int threads : {1, 2, 3}) {
    set_num_threads(threads);
    CHECK(difference(contiguous(transpose(x)), transpose(x)) == "");
    CHECK(difference(contiguous(slice(wide, 1, 0, 200000, 3)), slice(wide, 1, 0, 200000, 3)) == "");
    CHECK(difference(contiguous(expand(select(x, 0, 7), {400, 470})), expand(select(x, 0, 7), {400, 470})) == "");
    CHECK(difference(contiguous(expand(slice(x, 1, 3, 4), {300, 400})), expand(slice(x, 1, 3, 4), {300, 400})) == "");
  }
  set_num_threads(before);
}

TEST_CASE("broadcast_strides repeats by strides of 0") {
  CHECK(broadcast_strides(counted({3, 1}), {2, 3, 4}) == Strides{0, 1, 0});
  CHECK(broadcast_strides(scalar(1), {2}) == Strides{0});
  CHECK(broadcast_strides(counted({2, 3}), {2, 3}) == Strides{3, 1});
}

TEST_CASE("reshape keeps the row-major order of the elements") {
  const std::vector<Shape> targets{{24},      {6, 4},   {3, 8}, {2, 2, 2, 3}, {1, 24, 1},
                                   {4, 3, 2}, {12, -1}, {-1},   {2, 1, -1, 3}};
  for (const Tensor& x : layouts(counted({2, 3, 4})))
    for (Shape target : targets) {
      const Tensor y = reshape(x, target);
      CAPTURE(target);
      for (std::int64_t& extent : std::span(&target[0], static_cast<std::size_t>(target.size())))
        if (extent == -1)
          extent = 24 / std::accumulate(target.begin(), target.end(), std::int64_t{-1}, std::multiplies<>());
      CHECK(difference(y, counted(target)) == "");
    }
}

TEST_CASE("reshape gives a view exactly where strides allow") {
  const Tensor x = counted({4, 6});
  const auto is_view = [&](const Tensor& from, const Shape& shape) {
    return reshape(from, shape).storage().same_as(x.storage());
  };
  CHECK(is_view(transpose(x), {6, 2, 2}));  // splitting an axis always does
  CHECK(is_view(transpose(x), {2, 3, 1, 4}));
  CHECK_FALSE(is_view(transpose(x), {24}));  // joining needs one step through both
  CHECK(is_view(slice(x, 1, 0, 4), {2, 2, 1, 4}));
  CHECK_FALSE(is_view(slice(x, 1, 0, 4), {16}));
  CHECK(is_view(flip(x, {0, 1}), {24}));  // backwards is one step, too
  CHECK_FALSE(is_view(flip(x, {1}), {24}));
  CHECK(is_view(expand(slice(x, 0, 0, 1), {5, 6}), {5, 2, 3}));
  CHECK(is_view(select(select(x, 0, 2), 0, 3), {1, 1}));
  CHECK(reshape(expand(scalar(3), {2, 3}), {6}).strides() == Strides{0});
}

TEST_CASE("reshape of empty tensors") {
  const Tensor x = counted({0, 3});
  CHECK(reshape(x, {3, 0, 5}).shape() == Shape{3, 0, 5});
  CHECK(reshape(x, {-1, 3}).shape() == Shape{0, 3});
  CHECK(reshape(scalar(1), {}).shape() == Shape{});
  CHECK(error_of([&] {
          reshape(x, {-1, 0});
        }) == "reshape: f32[0, 3] does not fit into [-1, 0] (0 elements, to be divided by 0)");
}

TEST_CASE("errors of reshape name what does not fit") {
  const Tensor x = counted({2, 3});
  CHECK(error_of([&] { reshape(x, {4, 2}); }) == "reshape: f32[2, 3] does not fit into [4, 2] (6 against 8 elements)");
  CHECK(error_of([&] {
          reshape(x, {4, -1});
        }) == "reshape: f32[2, 3] does not fit into [4, -1] (6 elements, to be divided by 4)");
  CHECK(error_of([&] { reshape(x, {-1, -1}); }) == "reshape: -1 comes twice in [-1, -1]");
  CHECK(error_of([&] { reshape(x, {-2, 3}); }) == "reshape: extent -2 in [-2, 3]; only -1 has a meaning");
}

TEST_CASE("flatten joins neighbouring axes") {
  const Tensor x = counted({2, 3, 4});
  CHECK(difference(flatten(x), counted({24})) == "");
  CHECK(difference(flatten(x, 1), counted({2, 12})) == "");
  CHECK(difference(flatten(x, 0, -2), counted({6, 4})) == "");
  CHECK(difference(flatten(x, 1, 1), x) == "");
  CHECK(flatten(scalar(1)).shape() == Shape{1});
  CHECK(error_of([&] { flatten(x, 2, 0); }) == "flatten: axis 2 comes after axis 0 in f32[2, 3, 4]");
}

TEST_CASE("permute and transpose move axes") {
  for (const Tensor& x : layouts(counted({2, 3, 4}))) {
    const Tensor y = make({4, 2, 3}, Dtype::f32, [&](const Axes& i) { return at(x, {i[1], i[2], i[0]}); });
    CHECK(difference(permute(x, {2, 0, 1}), y) == "");
    CHECK(difference(permute(x, {-1, 0, -2}), y) == "");
    CHECK(difference(transpose(x), permute(x, {0, 2, 1})) == "");
    CHECK(difference(transpose(x, 0, 2), permute(x, {2, 1, 0})) == "");
  }
  CHECK(permute(scalar(1), {}).shape() == Shape{});
  CHECK(error_of([] { permute(counted({2, 3}), {0}); }) == "permute: f32[2, 3] has 2 axes, the order [0] has 1");
  CHECK(error_of([] { permute(counted({2, 3}), {0, -2}); }) == "permute: axis 0 is given twice in [0, -2]");
  CHECK(error_of([] { transpose(counted({2})); }) == "transpose: axis -2 is out of range for 1 axis");
}

TEST_CASE("slice cuts as Python does") {
  const Tensor x = counted({7});
  const auto cut = [&](std::int64_t start, std::int64_t stop, std::int64_t step) {
    return slice(x, 0, start, stop, step).to_vector<float>();
  };
  CHECK(cut(1, 4, 1) == Values{1, 2, 3});
  CHECK(cut(0, 7, 3) == Values{0, 3, 6});
  CHECK(cut(-3, -1, 1) == Values{4, 5});
  CHECK(cut(-100, 100, 4) == Values{0, 4});
  CHECK(cut(5, 2, 1).empty());
  CHECK(cut(9, 12, 1).empty());
  CHECK(cut(INT64_MIN, INT64_MAX, INT64_MAX) == Values{0});
  for_each_tensor([](const Tensor& t) {
    for (int axis = 0; axis < t.dim(); ++axis)
      for (const std::int64_t step : {1, 2, 5}) {
        const std::int64_t extent = t.shape()[axis], first = std::min<std::int64_t>(1, extent);
        const Shape shape = with_extent(t.shape(), axis, (extent - first + step - 1) / step);
        const Tensor wanted = make(shape, Dtype::f32, [&](Axes i) {
          i[axis] = first + i[axis] * step;
          return at(t, i);
        });
        CHECK(difference(slice(t, axis, 1, extent, step), wanted) == "");
      }
  });
  CHECK(error_of([&] { slice(x, 0, 0, 7, 0); }) == "slice: cannot step by 0");
  CHECK(error_of([&] { slice(x, 1, 0, 7); }) == "slice: axis 1 is out of range for 1 axis");
}

TEST_CASE("select removes an axis") {
  for_each_tensor([](const Tensor& x) {
    for (int axis = 0; axis < x.dim(); ++axis) {
      if (x.shape()[axis] == 0) continue;
      Shape shape = x.shape();
      shape.erase(axis);
      const Tensor last = make(shape, Dtype::f32, [&](Axes i) {
        i.insert(axis, x.shape()[axis] - 1);
        return at(x, i);
      });
      CHECK(difference(select(x, axis, -1), last) == "");
      CHECK(difference(select(x, axis - x.dim(), x.shape()[axis] - 1), last) == "");
    }
  });
  CHECK(error_of([] { select(counted({2, 3}), 1, 3); }) == "select: index 3 is out of range for axis 1 of f32[2, 3]");
  CHECK(error_of([] { select(counted({0}), 0, 0); }) == "select: index 0 is out of range for axis 0 of f32[0]");
}

TEST_CASE("expand repeats without copying") {
  for (const Tensor& x : layouts(counted({3, 1, 2}))) {
    const Tensor wanted = make({4, 3, 5, 2}, Dtype::f32, [&](const Axes& i) { return at(x, {i[1], 0, i[3]}); });
    CHECK(difference(expand(x, {4, 3, 5, 2}), wanted) == "");
    CHECK(difference(expand(x, {4, -1, 5, -1}), wanted) == "");
    CHECK(difference(contiguous(expand(x, {4, 3, 5, 2})), wanted) == "");
  }
  CHECK(expand(scalar(1), {2, 0}).shape() == Shape{2, 0});
  CHECK(expand(counted({1, 3}), {0, 3}).shape() == Shape{0, 3});
  const Tensor x = counted({2, 3});
  CHECK(error_of([&] { expand(x, {4, 3}); }) == "expand: cannot expand f32[2, 3] to [4, 3]: axis -2 is 2 against 4");
  CHECK(error_of([&] {
          expand(x, {-1, 2, 3});
        }) == "expand: cannot expand f32[2, 3] to [-1, 2, 3]: axis -3 is 1 against -1");
  CHECK(error_of([&] { expand(x, {3}); }) == "expand: f32[2, 3] has more axes than [3]");
}

TEST_CASE("squeeze and unsqueeze drop and add axes of 1") {
  const Tensor x = counted({1, 3, 1, 2});
  CHECK(squeeze(x).shape() == Shape{3, 2});
  CHECK(squeeze(x, 0).shape() == Shape{3, 1, 2});
  CHECK(squeeze(x, -2).shape() == Shape{1, 3, 2});
  CHECK(squeeze(counted({1, 1})).shape() == Shape{});
  CHECK(unsqueeze(x, -1).shape() == Shape{1, 3, 1, 2, 1});
  CHECK(unsqueeze(scalar(1), 0).shape() == Shape{1});
  CHECK(difference(unsqueeze(squeeze(x), 1), counted({3, 1, 2})) == "");
  CHECK(error_of([&] { squeeze(x, 1); }) == "squeeze: axis 1 of f32[1, 3, 1, 2] is not 1");
  CHECK(error_of([&] { unsqueeze(x, 5); }) == "unsqueeze: axis 5 is out of range for 5 axes");
  CHECK(error_of([&] { unsqueeze(counted({1, 1, 1, 1, 1, 1, 1, 1}), 0); }) == "shape: more than 8 axes");
}

TEST_CASE("flip reverses axes") {
  for_each_tensor([](const Tensor& x) {
    for (int axis = 0; axis < x.dim(); ++axis) {
      const Tensor wanted = make(x.shape(), Dtype::f32, [&](Axes i) {
        i[axis] = x.shape()[axis] - 1 - i[axis];
        return at(x, i);
      });
      CHECK(difference(flip(x, {axis}), wanted) == "");
      CHECK(difference(flip(flip(x, {axis}), {axis - x.dim()}), x) == "");
    }
    CHECK(difference(flip(x, {}), x) == "");
  });
  CHECK(error_of([] { flip(counted({2, 3}), {1, -1}); }) == "flip: axis 1 is given twice in [1, -1]");
}

TEST_CASE("unfold shows all windows, and fold adds them back where they were") {
  for_each_tensor([](const Tensor& x) {
    for (int axis = 0; axis < x.dim(); ++axis)
      for (const auto& [size, step] : {std::pair<std::int64_t, std::int64_t>{1, 1}, {2, 1}, {3, 2}, {2, 3}, {5, 100}}) {
        const std::int64_t extent = x.shape()[axis];
        if (size > extent) continue;
        Shape shape = with_extent(x.shape(), axis, (extent - size) / step + 1);
        shape.push_back(size);
        const Tensor wanted = make(shape, Dtype::f32, [&, step = step](Axes i) {
          const std::int64_t k = i.back();
          i.erase(i.size() - 1);
          i[axis] = i[axis] * step + k;
          return at(x, i);
        });
        const Tensor windows = unfold(x, axis, size, step);
        CHECK(difference(windows, wanted) == "");

        std::vector<double> sums(static_cast<std::size_t>(x.numel()), 0.0);
        for_each_index(shape, [&, step = step](const Axes& i) {
          Axes place = i;
          place.erase(i.size() - 1);
          place[axis] = i[axis] * step + i.back();
          sums[static_cast<std::size_t>(place_of(place, contiguous_strides(x.shape())))] += at(windows, i);
        });
        const Tensor folded = fold(windows, x.shape(), axis, size, step);
        CHECK(difference(folded, to(Tensor::from(sums, x.shape()), Dtype::f32)) == "");
      }
  });
  CHECK(fold(ones({3, 2}), {4}, 0, 2, 1).to_vector<float>() == Values{1, 2, 2, 1});
  const Tensor x = counted({2, 5});
  CHECK(error_of([&] { unfold(x, 1, 6, 1); }) == "unfold: windows of 6 do not fit into an axis of 5");
  CHECK(error_of([&] { unfold(x, 1, 2, 0); }) == "unfold: needs a step of at least 1, got 0");
  CHECK(error_of([&] { fold(x, {3}, 0, 2, 1); }) == "fold: windows of a [3] would be [2, 2], got f32[2, 5]");
}

TEST_CASE("folded integers wrap around like all others") {
  CHECK(fold(full({2, 2}, 200, Dtype::u8), {3}, 0, 2, 1).to_vector<std::uint8_t>() ==
        std::vector<std::uint8_t>{200, 144, 200});
  CHECK(fold(full({2, 2}, INT64_MAX, Dtype::i64), {3}, 0, 2, 1).to_vector<std::int64_t>()[1] == -2);
}

TEST_CASE("concat joins parts along an axis, in any layout of memory") {
  for (const Dtype dtype : all_dtypes)
    for (int axis = 0; axis < 3; ++axis)
      for (const std::int64_t extent : {0, 1, 4, 40}) {
        const Tensor a = counted({2, 3, 4}, dtype), b = counted(with_extent({2, 3, 4}, axis, extent), dtype);
        const Tensor wanted = make(with_extent({2, 3, 4}, axis, a.shape()[axis] + extent), dtype, [&](const Axes& i) {
          return i[axis] < a.shape()[axis] ? at(a, i) : at(b, moved(i, axis, -a.shape()[axis]));
        });
        for (std::size_t layout = 0; layout < 4; ++layout)
          CHECK(difference(concat({layouts(a)[layout], layouts(b)[3 - layout]}, axis - 3), wanted) == "");
      }
}

TEST_CASE("errors of concat name the part that does not fit") {
  const Tensor x = counted({2, 3});
  CHECK(error_of([&] { concat(std::vector<Tensor>{}, 0); }) == "concat: needs at least one part");
  CHECK(error_of([&] {
          concat({x, x, counted({2, 3}, Dtype::f64)}, 0);
        }) == "concat: part 2 has another dtype than part 0: f64[2, 3] against f32[2, 3]");
  CHECK(error_of([&] {
          concat({x, counted({3})}, 0);
        }) == "concat: part 1 has another number of axes than part 0: f32[3] against f32[2, 3] (1 against 2)");
  CHECK(error_of([&] {
          concat({x, counted({2, 4})}, 0);
        }) == "concat: part 1 does not fit part 0 in axis 1: f32[2, 4] against f32[2, 3] (4 against 3)");
  CHECK(error_of([&] { concat({scalar(1)}, 0); }) == "concat: axis 0 is out of range for 0 axes");
}

TEST_CASE("stack joins along a new axis") {
  const Tensor a = Tensor::from<float>({1, 2, 3}), b = Tensor::from<float>({4, 5, 6});
  CHECK(difference(stack({a, b}), Tensor::from<float>({1, 2, 3, 4, 5, 6}, {2, 3})) == "");
  CHECK(difference(stack({a, b}, -1), Tensor::from<float>({1, 4, 2, 5, 3, 6}, {3, 2})) == "");
  CHECK(difference(stack({scalar(1), scalar(2)}), Tensor::from<float>({1, 2})) == "");
  CHECK(error_of([&] { stack(std::vector<Tensor>{}); }) == "stack: needs at least one part");
  CHECK(error_of([&] {
          stack({a, counted({4})});
        }) == "stack: part 1 does not fit part 0 in axis 0: f32[4] against f32[3] (4 against 3)");
}

TEST_CASE("split cuts a tensor into views that concat joins again") {
  for_each_tensor([](const Tensor& x) {
    for (int axis = 0; axis < x.dim(); ++axis)
      for (const std::int64_t size : {1, 2, 7, 100}) CHECK(difference(concat(split(x, size, axis), axis), x) == "");
  });
  const Tensor x = counted({2, 5});
  CHECK(split(x, 2, 1).size() == 3);
  CHECK(split(x, 2, 1)[2].shape() == Shape{2, 1});
  CHECK(split(counted({0}), 3, 0).size() == 1);
  CHECK(difference(split(x, {1, 0, 4}, 1)[2], slice(x, 1, 1, 5)) == "");
  CHECK(error_of([&] { split(x, 0, 1); }) == "split: needs a size of at least 1, got 0");
  CHECK(error_of([&] {
          split(x, {1, 5}, 1);
        }) == "split: a part of 5 does not fit where 4 are left of axis 1 of f32[2, 5]");
  CHECK(error_of([&] {
          split(x, {1, -1}, 1);
        }) == "split: a part of -1 does not fit where 4 are left of axis 1 of f32[2, 5]");
  CHECK(error_of([&] { split(x, {1, 2}, 1); }) == "split: 2 are left over of axis 1 of f32[2, 5]");
}

TEST_CASE("pad surrounds a tensor with a value") {
  for (const Tensor& x : layouts(counted({2, 3, 4}))) {
    const Tensor wanted = make({2, 6, 5}, Dtype::f32, [&](const Axes& i) {
      const bool inside = i[1] >= 1 && i[1] < 4 && i[2] < 4;
      return inside ? at(x, {i[0], i[1] - 1, i[2]}) : 9.0;
    });
    CHECK(difference(pad(x, {{1, 2}, {0, 1}}, 9), wanted) == "");
    CHECK(difference(pad(x, {}), x) == "");
  }
  CHECK(pad(counted({0}), {{1, 1}}).to_vector<float>() == Values{0, 0});
  CHECK(error_of([] { pad(counted({3}), {{1, -1}}); }) == "pad: negative padding (1, -1) of f32[3]; slice() cuts off");
  CHECK(error_of([] { pad(counted({3}), {{1, 1}, {1, 1}}); }) == "pad: 2 paddings for f32[3]");
}

TEST_CASE("triu and tril keep a triangle of every matrix") {
  for (const Dtype dtype : all_dtypes)
    for (const Shape& shape : {Shape{3, 3}, Shape{2, 5}, Shape{5, 2}, Shape{2, 3, 4}, Shape{0, 3}, Shape{3, 0}})
      for (const Tensor& x : layouts(counted(shape, dtype)))
        for (const std::int64_t diagonal :
             {std::int64_t{INT64_MIN}, std::int64_t{-2}, std::int64_t{-1}, std::int64_t{0}, std::int64_t{1},
              std::int64_t{3}, std::int64_t{INT64_MAX}}) {
          const int last = shape.size() - 1;
          const auto keep = [&](auto&& kept) {
            return make(shape, dtype, [&](const Axes& i) { return kept(i[last] - i[last - 1]) ? at(x, i) : 0.0; });
          };
          CHECK(difference(triu(x, diagonal), keep([&](std::int64_t d) { return d >= diagonal; })) == "");
          CHECK(difference(tril(x, diagonal), keep([&](std::int64_t d) { return d <= diagonal; })) == "");
        }
  CHECK(error_of([] { tril(counted({3})); }) == "tril: needs at least 2 axes, got f32[3]");
}

TEST_CASE("embed_slice puts a slice back into zeros") {
  for_each_tensor([](const Tensor& x) {
    for (int axis = 0; axis < x.dim(); ++axis)
      for (const std::int64_t start : {0, 1, -2, 50})
        for (const std::int64_t step : {1, 2, 60}) {
          const std::int64_t extent = x.shape()[axis];
          const Tensor part = slice(x, axis, start, extent, step);
          const std::int64_t first = std::clamp<std::int64_t>(start < 0 ? start + extent : start, 0, extent);
          const Tensor wanted = make(x.shape(), Dtype::f32, [&](const Axes& i) {
            return i[axis] >= first && (i[axis] - first) % step == 0 ? at(x, i) : 0.0;
          });
          CHECK(difference(embed_slice(part, x.shape(), axis, start, step), wanted) == "");
        }
  });
  const Tensor x = counted({2, 3});
  CHECK(error_of([&] {
          embed_slice(x, {2, 5}, 1, 3, 1);
        }) == "embed_slice: f32[2, 3] is no slice of [2, 5] along axis 1 from 3 in steps of 1");
  CHECK(error_of([&] {
          embed_slice(x, {3, 3}, 1, 0, 1);
        }) == "embed_slice: f32[2, 3] is no slice of [3, 3] along axis 1 from 0 in steps of 1");
  CHECK(error_of([&] {
          embed_slice(x, {2, 5}, 1, 0, INT64_MAX);
        }) == "embed_slice: f32[2, 3] is no slice of [2, 5] along axis 1 from 0 in steps of 9223372036854775807");
}
