// SPDX-License-Identifier: MIT
// Photographs at twice their size.
//
// A picture that is shown larger than it is must get pixels between its pixels. Bicubic interpolation takes them from a
// smooth curve through the neighbours, so edges become soft. But photographs are not just smooth: where three pixels of
// a row say "edge", one can say how the fine pixels probably were. A network learns it from photographs that were made
// smaller (bicubic, with smoothing), for which the true pixels are known. It predicts the difference from the
// interpolated picture. All its layers work at the small size, and the last one makes four pixels of each (pixel
// shuffle; models/unet_repair.h has the network and the papers):
//
//     loss  =  mean over crops and pixels of  ( net(small(x)) - x )²
//
// It is an autoencoder whose encoder is given: small() keeps a quarter of the numbers, and only decoding is learnt. It
// is tested on whole photographs that it has never seen, against repeated pixels, bicubic interpolation, and the best
// linear map from 8 x 8 pixels, which learns from the same crops.
//
//     super_resolve                                     learns; examples/data.sh photos fetches photographs
//     super_resolve --apply small.png --model runs/super_resolve --out large
//
// Details that the small picture does not have (letters that cannot be read, faces of a few pixels) do not come back:
// the network gives their mean, which is blurred. When not to use it: where it matters whether a detail was there. And
// pictures that were made smaller in another way, or have traces of JPEG, gain less.
//
// To try next: --width 64 and more --steps; --levels 3, which sees further.
#include <algorithm>
#include <string>
#include <vector>

#include "autograd/ops.h"
#include "examples/support/baselines/patch_filter.h"
#include "examples/support/baselines/resize.h"
#include "examples/support/methods.h"
#include "examples/support/models/unet_repair.h"
#include "examples/support/photos.h"
#include "examples/support/trained.h"
#include "nn/losses.h"
#include "nn/shaping.h"
#include "optim/schedule.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

Tensor halved(const Tensor& x) { return clamp(resize_bicubic(x, x.size(2) / 2, x.size(3) / 2), 0, 1); }
Tensor doubled(const Tensor& x) { return resize_bicubic(x, 2 * x.size(2), 2 * x.size(3)); }
Tensor repeated(const Tensor& x) { return interpolate(x, {.size = {2 * x.size(2), 2 * x.size(3)}}); }

// The best linear map from patches of a small picture to the four fine pixels in the place of each of its pixels.
Method linear_map(const std::vector<Photo>& photos, std::int64_t crop, Rng rng) {
  PatchFilter filter;
  constexpr std::int64_t kCrops = 256;
  const Tensor clean = random_crops(photos, kCrops, 2 * std::max<std::int64_t>(crop / 2, 16), rng),
               small = halved(clean);
  // What is to be added to the interpolated picture, which a patch at the border cannot know.
  filter.learn(small, nn::PixelUnshuffle(2)(constant(clean - doubled(small))).value());
  return {"linear, 8 x 8", "",
          [filter](const Tensor& x) { return doubled(x) + nn::PixelShuffle(2)(constant(filter(x))).value(); }};
}

// Even numbers of rows and columns, so that half of them is a whole number.
std::vector<Photo> even(std::vector<Photo> photos) {
  for (Photo& photo : photos) {
    check(photo.height() >= 2 && photo.width() >= 2, photo.name, "has ", photo.width(), " x ", photo.height(),
          " pixels, too few to be halved");
    photo.pixels = contiguous(slice(slice(photo.pixels, 1, 0, photo.height() / 2 * 2), 2, 0, photo.width() / 2 * 2));
  }
  return photos;
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t crop = 64;
  UNetRepairOptions shape{.width = 32, .levels = 2, .blocks = 2, .scale = 2};
  Program program({.name = "super_resolve",
                   .title = "Photographs at twice their size",
                   .summary = "Learns from photographs and their small copies which fine pixels belong to coarse ones.",
                   .objective = "(net(small(x)) - x)², averaged over pixels",
                   .steps = 3000,
                   .batch_size = 16,
                   .lr = 1e-3,
                   .validation = 10,
                   .photos = true});
  program.flag("--crop", crop, "height and width of training crops, in fine pixels", {.min = 16, .max = 1024});
  add_flags(program, shape);
  return program.run(argc, argv, [&](const Args& args) {
    const PhotoSet data = load_photos(args.data);
    shape.channels = data.channels;
    Run run(args, data);
    const Rng rng(args.seed);
    Rng init = rng.split("init");
    Trained<UNetRepair> net(run, "model", args.lr, shape, init);
    run.keep_best("validation_psnr", Better::higher);
    run.use_pictures([&](const Tensor& picture) { return repaired(net.model, picture); });

    const Loader loader = crops_of(
        data.train,
        {.size = crop / 2 * 2, .per_epoch = 100 * args.batch_size, .batch_size = args.batch_size, .seed = args.seed});
    const auto small = [](const Tensor& clean, Rng&) { return halved(clean); };
    const std::vector<PicturePair> validation = pairs_of(even(data.validation), 256, rng, small);
    const Method network = network_method(net.model);
    const optim::CosineAnnealingLR schedule{.lr = args.lr, .T_max = args.epochs_of(loader.batches())};
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      net.adam.set_lr(schedule(epoch - 1));
      for (const Batch& batch : run.batches(loader, epoch)) {
        const double loss = net.step(nn::mse_loss(net.model(constant(halved(batch.images))), constant(batch.images)));
        run.step({{"mse", loss}}, batch.size());
      }
      run.log_epoch({{"validation_psnr", mean_psnr(network, validation)}});
    }

    const std::vector<Method> methods{{"repeated", "", repeated},
                                      {"bicubic", "", doubled},
                                      linear_map(data.train, crop, rng.split("linear")),
                                      network};
    const Comparison tests(methods, pairs_of(even(data.test), 0, rng, small));
    tests.show(run, "enlarged", {"repeated", "bicubic", "linear, 8 x 8", "network"});
    run.fact("parameters", net.model.num_parameters());
    run.fact("reach", net.model.reach());
    run.result("test_ssim", tests.ssim_of("network"),
               {.reference = tests.ssim_of("bicubic"), .reference_name = "bicubic", .better = Better::higher});
    run.result("gain_over_linear", tests.psnr_of("network") - tests.psnr_of("linear, 8 x 8"), {.unit = "dB"});
    run.result("gain_over_bicubic", tests.psnr_of("network") - tests.psnr_of("bicubic"),
               {.reference = 0.5, .reference_name = "asked for", .better = Better::higher, .unit = "dB"});
    const auto [bar, name] = tests.bar({{"bicubic", 0.5}});
    run.result("test_psnr", tests.psnr_of("network"),
               {.reference = bar, .reference_name = name, .better = Better::higher, .unit = "dB"});
    run.finish();
  });
}
