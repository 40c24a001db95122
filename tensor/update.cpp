// SPDX-License-Identifier: MIT
#include "tensor/update.h"

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "tensor/kernels/kernels.h"
#include "tensor/ops.h"
#include "tensor/work.h"

namespace hourglass {
namespace {

// Numbers per chunk: 12 µs of Adam, where starting a second thread costs about 5 µs.
constexpr std::int64_t kUpdateGrain = 16384;

void check_items(std::size_t written, std::span<const UpdateItem> items) {
  const auto fits = [](const Tensor& x, const Tensor& value) {
    return x.shape() == value.shape() && x.dtype() == value.dtype();
  };
  for (const UpdateItem& item : items) {
    check(is_floating(item.value.dtype()), "update", "needs f32 or f64, got ", describe(item.value));
    check(fits(item.gradient, item.value), "update", "the parameter is ", describe(item.value), ", its gradient ",
          describe(item.gradient));
    check(item.memory.size() == written - 1, "update", "needs ", written - 1, " tensors of memory, got ",
          item.memory.size());
    for (const Tensor& x : item.memory)
      check(fits(x, item.value), "update", "the parameter is ", describe(item.value), ", its memory ", describe(x));
  }
}

// All parameters of type T lie end to end on one line, which is cut into chunks: a model's many small biases share a
// chunk, and its large matrices are spread over many.
template <class T>
void run_in_chunks(std::size_t written, std::span<const UpdateItem> items, detail::UpdateLoop<T> loop) {
  struct Segment {
    std::vector<T*> written;
    const T* gradient;
    std::int64_t begin, end;
  };
  std::vector<Segment> segments;
  std::vector<Tensor> gradients;  // keeps the contiguous copies of gradients alive
  std::int64_t total = 0;
  for (const UpdateItem& item : items) {
    if (item.value.dtype() != dtype_of<T> || item.value.numel() == 0) continue;
    gradients.push_back(contiguous(item.gradient));
    Segment segment{{item.value.mutable_data<T>()}, gradients.back().data<T>(), total, total += item.value.numel()};
    for (Tensor& memory : item.memory) segment.written.push_back(memory.mutable_data<T>());
    segments.push_back(std::move(segment));
  }
  parallel_for(total, kUpdateGrain, [&](std::int64_t begin, std::int64_t end) {
    auto segment = std::upper_bound(segments.begin(), segments.end(), begin,
                                    [](std::int64_t at, const Segment& s) { return at < s.end; });
    std::vector<T*> here(written);
    for (; begin < end; begin = (segment++)->end) {
      const std::int64_t offset = begin - segment->begin;
      for (std::size_t k = 0; k < written; ++k) here[k] = segment->written[k] + offset;
      loop(here.data(), segment->gradient + offset, std::min(end, segment->end) - begin);
    }
  });
}

void run_kernel(std::string_view op, Update rule, std::size_t written, const double* constants,
                std::span<const UpdateItem> items) {
  const auto loop = [&]<class T>(T* const* numbers, const T* gradient, std::int64_t n) {
    kernels().update.of<T>()[rule](constants, numbers, gradient, n);
  };
  detail::update_in_chunks(op, written, items, loop, loop);
}

}  // namespace

void detail::update_in_chunks(std::string_view op, std::size_t written, std::span<const UpdateItem> items,
                              UpdateLoop<float> f32, UpdateLoop<double> f64) {
  const Work work(op, 0);
  if (watch != nullptr) [[unlikely]]  // the gradient is read, all else read and written
    for (const UpdateItem& item : items) note_bytes(bytes_of(item.value) * static_cast<std::int64_t>(1 + 2 * written));
  check_items(written, items);
  run_in_chunks<float>(written, items, f32);
  run_in_chunks<double>(written, items, f64);
}

// The names are declared once as chars, to count them.
#define HOURGLASS_LIST(...) __VA_ARGS__
#define UPDATE(Name, written, constants, ...)                                                    \
  void update(const Name##Update& step, std::span<const UpdateItem> items) {                     \
    struct Written {                                                                             \
      char HOURGLASS_LIST written;                                                               \
    };                                                                                           \
    const auto numbers = std::bit_cast<std::array<double, sizeof(step) / sizeof(double)>>(step); \
    run_kernel(#Name " update", Update::Name, sizeof(Written), numbers.data(), items);           \
  }
#include "tensor/kernels/update.def"

}  // namespace hourglass
