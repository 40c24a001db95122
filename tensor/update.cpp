#include "tensor/update.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "tensor/kernels/kernels.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tensor/work.h"

namespace hourglass {
namespace {

// Parameters a chunk holds: 12 µs of Adam, where starting a second thread costs about 5 µs.
constexpr std::int64_t kGrain = 16384;

// All parameters of type T lie end to end on one line, which is cut into chunks: a model's many small biases share a
// chunk, and its large matrices are spread over many.
template <class T, std::size_t kWritten>
void update_all(Update rule, const double* constants, std::span<const UpdateItem> items) {
  struct Segment {
    std::array<T*, kWritten> written;
    const T* gradient;
    std::int64_t begin, end;
  };
  std::vector<Segment> segments;
  std::vector<Tensor> gradients;  // keeps those alive that had to be copied to be contiguous
  std::int64_t total = 0;
  for (const UpdateItem& item : items) {
    if (item.value.dtype() != dtype_of<T> || item.value.numel() == 0) continue;
    gradients.push_back(contiguous(item.gradient));
    Segment segment{{item.value.mutable_data<T>()}, gradients.back().data<T>(), total, total += item.value.numel()};
    for (std::size_t k = 1; k < kWritten; ++k) segment.written[k] = item.memory[k - 1].mutable_data<T>();
    segments.push_back(segment);
  }
  const UpdateKernel<T> kernel = kernels().update.of<T>(rule);
  parallel_for(total, kGrain, [&](std::int64_t begin, std::int64_t end) {
    auto segment = std::upper_bound(segments.begin(), segments.end(), begin,
                                    [](std::int64_t at, const Segment& s) { return at < s.end; });
    for (; begin < end; begin = (segment++)->end) {
      const std::int64_t offset = begin - segment->begin;
      std::array<T*, kWritten> written = segment->written;
      for (T*& pointer : written) pointer += offset;
      kernel(constants, written.data(), segment->gradient + offset, std::min(end, segment->end) - begin);
    }
  });
}

template <std::size_t kWritten>
void update_all(Update rule, const double* constants, std::span<const UpdateItem> items) {
  if (detail::watch != nullptr) [[unlikely]]  // the gradient is read, all else read and written
    for (const UpdateItem& item : items)
      detail::note_bytes(detail::bytes_of(item.value) * static_cast<std::int64_t>(1 + 2 * kWritten));
  const auto fits = [](const Tensor& x, const Tensor& value) {
    return x.shape() == value.shape() && x.dtype() == value.dtype();
  };
  for (const UpdateItem& item : items) {
    check(is_floating(item.value.dtype()), "update", "needs f32 or f64, got ", describe(item.value));
    check(fits(item.gradient, item.value), "update", "the parameter is ", describe(item.value), ", its gradient ",
          describe(item.gradient));
    check(item.memory.size() == kWritten - 1, "update", "needs ", kWritten - 1, " tensors of memory, got ",
          item.memory.size());
    for (const Tensor& x : item.memory)
      check(fits(x, item.value), "update", "the parameter is ", describe(item.value), ", its memory ", describe(x));
  }
  update_all<float, kWritten>(rule, constants, items);
  update_all<double, kWritten>(rule, constants, items);
}

}  // namespace

// Declaring the names once as chars counts them.
#define HOURGLASS_LIST(...) __VA_ARGS__
#define UPDATE(Name, written, constants, ...)                                                \
  void update(const Name##Update& step, std::span<const UpdateItem> items) {                 \
    const Work work(#Name " update", 0);                                                     \
    struct Written {                                                                         \
      char HOURGLASS_LIST written;                                                           \
    };                                                                                       \
    using Constants = std::array<double, sizeof(step) / sizeof(double)>;                     \
    update_all<sizeof(Written)>(Update::Name, std::bit_cast<Constants>(step).data(), items); \
  }
#include "tensor/kernels/update.def"

}  // namespace hourglass
