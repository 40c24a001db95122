// SPDX-License-Identifier: MIT
#include "examples/support/models/unet_repair.h"

#include <utility>

#include "autograd/ops.h"
#include "examples/support/tiles.h"
#include "nn/activations.h"
#include "nn/padding.h"
#include "nn/shaping.h"
#include "tensor/error.h"
#include "tensor/parallel.h"

namespace hourglass::examples {
namespace {

nn::Conv2d conv3(std::int64_t in, std::int64_t out, Rng& rng) { return {in, out, {.kernel = 3, .padding = 1}, rng}; }

void add_blocks(nn::Sequential& layers, std::int64_t width, std::int64_t count, Rng& rng) {
  for (std::int64_t i = 0; i < count; ++i)
    layers.add(nn::Residual{conv3(width, width, rng), nn::ReLU(), conv3(width, width, rng)});
}

// A level and all below it.
nn::Sequential repair_level(std::int64_t width, std::int64_t levels, std::int64_t blocks, Rng& rng) {
  nn::Sequential layers;
  add_blocks(layers, width, blocks, rng);
  if (levels > 1)
    layers.add(nn::Residual{nn::Conv2d(width, 2 * width, {.kernel = 2, .stride = 2}, rng),
                            repair_level(2 * width, levels - 1, blocks, rng),
                            nn::ConvTranspose2d(2 * width, width, {.kernel = 2, .stride = 2}, rng)});
  add_blocks(layers, width, blocks, rng);
  return layers;
}

nn::Sequential repair_layers(const UNetRepairOptions& o, Rng& rng) {
  nn::Sequential layers;
  if (o.shrink > 1) layers.add(nn::PixelUnshuffle(o.shrink));
  layers.add(conv3(o.channels * o.shrink * o.shrink, o.width, rng));
  layers.add(repair_level(o.width, o.levels, o.blocks, rng));
  const std::int64_t enlarge = o.shrink * o.scale;
  const nn::Conv2d& last = layers.add(conv3(o.width, o.channels * enlarge * enlarge, rng));
  for (const Parameter& parameter : last.parameters()) parameter.set_value(zeros(parameter.shape()));
  if (enlarge > 1) layers.add(nn::PixelShuffle(enlarge));
  return layers;
}

const UNetRepairOptions& checked(const UNetRepairOptions& o) {
  check(o.channels >= 1 && o.width >= 1 && o.blocks >= 1 && o.shrink >= 1 && o.scale >= 1, "unet_repair",
        "channels, width, blocks, shrink and scale must be at least 1, got ", o.channels, ", ", o.width, ", ", o.blocks,
        ", ", o.shrink, " and ", o.scale);
  check(o.levels >= 1 && o.levels <= 8, "unet_repair", "needs 1 to 8 levels, got ", o.levels);
  return o;
}

}  // namespace

UNetRepair::UNetRepair(const UNetRepairOptions& options, Rng& rng)
    : options_(checked(options)), layers_(child("layers", repair_layers(options, rng))) {}

Var UNetRepair::forward(const Var& x) const {
  check(x.dim() == 4 && x.size(1) == options_.channels && x.size(2) > 0 && x.size(3) > 0, "unet_repair", "expects [n, ",
        options_.channels, ", height, width], got ", describe(x.value()));
  const std::int64_t height = x.size(2), width = x.size(3), scale = options_.scale;
  const auto missing = [&](std::int64_t extent) { return ceil_div(extent, multiple()) * multiple() - extent; };
  const bool fits = missing(height) == 0 && missing(width) == 0;
  const Var whole = fits ? x : nn::pad(x, {{0, missing(height)}, {0, missing(width)}}, nn::PadMode::replicate);
  const Var difference = slice(slice(layers_(whole), 2, 0, scale * height), 3, 0, scale * width);
  const Var base =
      scale == 1 ? x : interpolate(x, {.size = {scale * height, scale * width}, .mode = InterpolateMode::bicubic});
  return base + difference;
}

std::int64_t UNetRepair::multiple() const { return options_.shrink << (options_.levels - 1); }

std::int64_t UNetRepair::reach() const {
  // In places of a level: one for the first and the last convolution each, and two for each block. Halving and doubling
  // stay inside of squares; a pixel may be at any place of its square, which has multiple() pixels.
  std::int64_t reach = 2 * options_.shrink;
  for (std::int64_t level = 0; level < options_.levels; ++level)
    reach += 4 * options_.blocks * (options_.shrink << level);
  return reach + multiple() - 1;
}

void add_flags(Program& program, UNetRepairOptions& options) {
  program.flag("--width", options.width, "channels of the network's first level; each deeper one has twice as many");
  program.flag("--levels", options.levels, "sizes at which the network looks at a picture", {.min = 1, .max = 6});
  program.flag("--blocks", options.blocks, "residual blocks at each level, down and up");
}

Tensor repaired(const UNetRepair& net, const Tensor& picture) {
  const Tensor result = in_tiles([&](const Tensor& tile) { return net(constant(tile)).value(); }, picture,
                                 {.margin = net.reach(), .multiple = net.multiple(), .scale = net.options().scale});
  return clamp(result, 0, 1);
}

}  // namespace hourglass::examples
