// SPDX-License-Identifier: MIT
// The weight gradient: g times the windows of x, summed over the batch.
#include "tensor/conv/frame.h"
#include "tensor/conv/products.h"

namespace hourglass::conv {
namespace {

// Up to this many weights, each has a register of sums. More registers would evict the operands from the cache.
constexpr std::int64_t kMaxLaneSums = 1024;
// Fewer parts of the batch than the other products have, since each part has its own sums.
constexpr std::int64_t kMaxPartsOfSums = 8;

// Adds up the gradient over images [begin, end). Each weight has its own register of sums, whose
// lanes are windows: [groups, out, window, lanes]. Windows are neighbours, and so are g's numbers.
template <class T>
void sum_in_lanes(const Geometry& geometry, const Frame& frame, const std::int64_t* offsets, const Grid& lines,
                  const T* x, const T* g, std::int64_t begin, std::int64_t end, T* sums) {
  constexpr std::int64_t block = 512;  // windows, so that a tile's part of g stays in the cache
  const std::int64_t outputs = geometry.outputs(), window = geometry.window(), channels = geometry.group_out();
  const std::int64_t images = std::clamp<std::int64_t>(block / outputs, 1, end - begin);
  const std::int64_t rows = std::clamp<std::int64_t>(block / lines.columns, 1, lines.rows);
  const Frames<T> frames(frame, 0, images);
  for (std::int64_t n = begin; n < end; n += images) {
    const T* const numbers = frames.of(x, n, std::min(images, end - n));
    for (std::int64_t group = 0; group < geometry.groups; ++group)
      for (std::int64_t i = 0; i < lines.rows; i += rows)
        kernels().conv_lane_sums.of<T>().lane_sums(
            {.rows = channels,
             .depth = window,
             .images = std::min(images, end - n),
             .lines = std::min(rows, lines.rows - i),
             .windows = lines.columns,
             .g = g + (n * geometry.out + group * channels) * outputs + i * lines.columns,
             .g_row = outputs,
             .g_image = geometry.out * outputs,
             .g_line = lines.columns,
             .frame = numbers + group * geometry.group_in() * frame.channel_size() + i * lines.row_step,
             .frame_image = frame.size(),
             .frame_line = lines.row_step,
             .offset = offsets,
             .sums = sums + group * channels * window * kernels().lanes<T>(),
             .accumulate = n > begin || i > 0});
  }
}

// The same sums, transposed, with channels in the lanes: [groups, window, out, rounded up to lanes]. The rows of the
// product are the numbers of a window, and g is packed.
template <class T>
void sum_by_channels(const Geometry& geometry, const Frame& frame, const std::int64_t* offsets,
                     const std::vector<std::int64_t>& positions, const T* x, const T* g, std::int64_t begin,
                     std::int64_t end, T* sums) {
  constexpr std::int64_t block = 256;  // windows, so that a panel of g stays in the cache
  const PanelKernelsOf<T>& conv = kernels().conv_panels.of<T>();
  const std::int64_t outputs = geometry.outputs(), window = geometry.window(), channels = geometry.group_out();
  const std::int64_t lanes = kernels().lanes<T>(), vectors = ceil_div(channels, lanes);
  const std::int64_t panels = ceil_div(vectors, conv.max_vectors), step = vectors * lanes;
  const Scratch<T> panel(block * conv.max_vectors * lanes);
  const Frames<T> frames(frame);
  for (std::int64_t n = begin; n < end; ++n) {
    const T* const numbers = frames.of(x, n);
    for (std::int64_t group = 0; group < geometry.groups; ++group)
      for (std::int64_t p = 0; p < panels; ++p) {
        const std::int64_t first = vectors * p / panels, width = vectors * (p + 1) / panels - first;
        const std::int64_t c = first * lanes, count = std::min(width * lanes, channels - c);
        const T* const rows = g + (n * geometry.out + group * channels + c) * outputs;
        for (std::int64_t k = 0; k < outputs; k += block) {
          const std::int64_t depth = std::min(block, outputs - k);
          conv.pack_panel(rows + k, outputs, count, depth, width * lanes, panel.data());
          conv.product({window, depth, width, numbers + group * geometry.group_in() * frame.channel_size(), offsets,
                        positions.data() + k, panel.data(), nullptr, sums + group * window * step + c, step,
                        n > begin || k > 0});
        }
      }
  }
}

// Each part of the batch has its own sums, `size` numbers that sum(begin, end, sums) computes. The
// parts are added up in order.
template <class T, class Sum>
Scratch<T> sum_of_parts(const Geometry& geometry, std::int64_t size, const Sum& sum) {
  const std::int64_t grain = images_in_part(geometry, kMaxPartsOfSums), parts = ceil_div(geometry.batch, grain);
  Scratch<T> sums(parts * size);
  T* const total = sums.data();
  parallel_for(geometry.batch, grain,
               [&](std::int64_t begin, std::int64_t end) { sum(begin, end, total + begin / grain * size); });
  for (std::int64_t part = 1; part < parts; ++part)
    for (std::int64_t i = 0; i < size; ++i) total[i] += total[part * size + i];
  return sums;
}

template <class T>
void by_lanes(const Geometry& geometry, const T* x, const T* g, T* w) {
  const std::int64_t lanes = kernels().lanes<T>(), weights = geometry.out * geometry.window();
  const bool lines_fill_lanes = geometry.axes[1].outputs % lanes == 0 || geometry.axes[0].outputs == 1;
  const Frame frame = frame_of(geometry, lines_fill_lanes ? Layout::kLines : Layout::kSideBySide);
  const std::vector<std::int64_t> offsets = kernel_offsets(geometry, frame);
  const Grid lines = grid_of(geometry, frame).in_lines();
  const Scratch<T> total =
      sum_of_parts<T>(geometry, weights * lanes, [&](std::int64_t begin, std::int64_t end, T* sums) {
        sum_in_lanes(geometry, frame, offsets.data(), lines, x, g, begin, end, sums);
      });
  kernels().conv_lane_sums.of<T>().add_lanes(total.data(), weights, w);
}

template <class T>
void by_channels(const Geometry& geometry, const T* x, const T* g, T* w) {
  const std::int64_t lanes = kernels().lanes<T>(), window = geometry.window(), channels = geometry.group_out();
  const std::int64_t step = ceil_div(channels, lanes) * lanes;
  const Frame frame = frame_of(geometry, Layout::kOnePiece);
  const std::vector<std::int64_t> offsets = kernel_offsets(geometry, frame);
  const std::vector<std::int64_t> positions = grid_of(geometry, frame).positions();
  const Scratch<T> total =
      sum_of_parts<T>(geometry, geometry.groups * window * step, [&](std::int64_t begin, std::int64_t end, T* sums) {
        sum_by_channels(geometry, frame, offsets.data(), positions, x, g, begin, end, sums);
      });
  for (std::int64_t group = 0; group < geometry.groups; ++group)
    kernels().move.of<T>().transpose(total.data() + group * window * step, step, window, channels,
                                     w + group * channels * window, window);
}

}  // namespace

template <class T>
void weight_gradient(const Geometry& geometry, const T* x, const T* g, T* w) {
  if (geometry.outputs() >= kernels().lanes<T>() && geometry.out * geometry.window() <= kMaxLaneSums)
    by_lanes(geometry, x, g, w);
  else by_channels(geometry, x, g, w);
}

template void weight_gradient(const Geometry&, const float*, const float*, float*);
template void weight_gradient(const Geometry&, const double*, const double*, double*);

}  // namespace hourglass::conv
