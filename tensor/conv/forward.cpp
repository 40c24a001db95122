// SPDX-License-Identifier: MIT
// Convolution: weights times the windows of each image.
#include "tensor/conv/products.h"
#include "tensor/conv/windows_product.h"

namespace hourglass::conv {

template <class T>
void forward(const Geometry& geometry, const T* x, const T* w, const T* bias, T* y) {
  const std::int64_t outputs = geometry.outputs(), channels = geometry.group_out();
  const Layout layout = fastest<T>(
      {channels, geometry.axes[0].outputs, geometry.axes[1].outputs, geometry.window(), geometry.out * outputs},
      [&](Layout each) { return frame_of(geometry, each); });
  const Frame frame = frame_of(geometry, layout);
  const auto product =
      weighted_windows(layout, geometry.groups, channels, kernel_offsets(geometry, frame), grid_of(geometry, frame), w);
  parallel_for(geometry.batch, images_in_part(geometry, kMaxParts), [&](std::int64_t begin, std::int64_t end) {
    const bool direct = product->slack() == 0;
    const Scratch<T> wide(direct ? 0 : channels * product->width()), workspace(product->workspace());
    const Frames<T> frames(frame, product->slack());
    for (std::int64_t n = begin; n < end; ++n) {
      const T* const numbers = frames.of(x, n);
      for (std::int64_t g = 0; g < geometry.groups; ++g) {
        T* const planes = y + (n * geometry.out + g * channels) * outputs;
        (*product)(g, numbers + g * geometry.group_in() * frame.channel_size(), bias ? bias + g * channels : nullptr,
                   direct ? planes : wide.data(), product->width(), workspace.data());
        if (!direct)
          kernels().move.of<T>().deinterleave(wide.data(), product->width(), 1, channels, outputs, planes, outputs);
      }
    }
  });
}

template void forward(const Geometry&, const float*, const float*, const float*, float*);
template void forward(const Geometry&, const double*, const double*, const double*, double*);

}  // namespace hourglass::conv
