// SPDX-License-Identifier: MIT
// Photographs without their noise.
//
// A photograph taken in poor light is noisy: each pixel is off by a random amount. A filter averages pixels with their
// neighbours, so that the noise cancels out, and what it should not average (edges, hair, leaves) becomes blurred. What
// is noise and what is a leaf can be learnt from photographs: add noise to clean ones, and let a network undo it. This
// is the denoising autoencoder (examples/variants/denoising.cpp) at work, with two changes. It has no narrow code,
// since all that belongs to the picture must pass; and it predicts the noise, which is simpler than the picture
// (models/unet_repair.h has the network and the papers):
//
//     loss  =  mean over crops and pixels of  ( net(x + σ n) - x )²,      n from N(0, 1)
//
// It learns from crops of photographs and is tested on whole photographs that it has never seen, against what one would
// use without learning: the median, Gaussian, bilateral and total-variation filters and wavelets, each with the setting
// that is best on the validation pictures, and against the best linear filter of 8 x 8 patches, which learns from the
// same crops. All see the same noise.
//
//     denoise_photos                                       learns; examples/data.sh photos fetches photographs
//     denoise_photos --data holiday                        learns from a folder of your own
//     denoise_photos --apply night.jpg --model runs/denoise_photos --out clean
//
// The network knows one strength of noise, --noise. Use it for pictures with about so much noise: with less it blurs,
// with more it leaves some. When not to use it: where each detail counts (evidence, medicine), as what looks like noise
// is removed even if it was there.
//
// To try next: --noise 50; --grey; --width 64 and more --steps.
#include <algorithm>
#include <string>
#include <vector>

#include "autograd/ops.h"
#include "examples/support/baselines/filters.h"
#include "examples/support/baselines/patch_filter.h"
#include "examples/support/baselines/wavelet.h"
#include "examples/support/methods.h"
#include "examples/support/models/unet_repair.h"
#include "examples/support/photos.h"
#include "examples/support/text.h"
#include "examples/support/trained.h"
#include "nn/losses.h"
#include "optim/schedule.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

Method patch_filter(const std::vector<Photo>& photos, double sigma, std::int64_t crop, Rng rng) {
  PatchFilter filter;
  constexpr std::int64_t kCrops = 128;
  const Tensor clean = random_crops(photos, kCrops, std::max<std::int64_t>(crop, 16), rng);
  filter.learn(clean + rng.normal(clean.shape(), 0, sigma), clean);
  return {"linear, 8 x 8", "", [filter](const Tensor& x) { return filter(x); }};
}

std::vector<Method> opponents(const PhotoSet& data, const std::vector<PicturePair>& validation, double sigma,
                              std::int64_t crop, const Rng& rng) {
  std::vector<Method> all{{"noisy", "", [](const Tensor& x) { return x; }},
                          {"median", "3", [](const Tensor& x) { return median_filter(x, 3); }}};
  const auto add_best = [&](const std::vector<Method>& methods) { all.push_back(best_of(methods, validation)); };
  const auto times_sigma = [sigma](std::vector<double> factors) {
    for (double& factor : factors) factor *= sigma;
    return factors;
  };
  add_best(with_settings("Gaussian", {0.5, 0.6, 0.8, 1, 1.2, 1.5, 2}, gaussian_filter));
  std::vector<Method> bilateral;
  for (const double range : times_sigma({2, 3, 4, 6}))
    for (const double spatial : {1.0, 1.5, 2.0, 3.0})
      bilateral.push_back({"bilateral", join(number(range, 3), ", ", number(spatial)),
                           [=](const Tensor& x) { return bilateral_filter(x, range, spatial); }});
  add_best(bilateral);
  add_best(with_settings("total variation", times_sigma({0.5, 0.6, 0.7, 0.85, 1, 1.2, 1.5}),
                         [](const Tensor& x, double weight) { return total_variation(x, weight); }));
  add_best(with_settings("wavelets", times_sigma({0.6, 0.8, 1, 1.2, 1.5}),
                         [](const Tensor& x, double strength) { return wavelet_denoise(x, strength); }));
  all.push_back(patch_filter(data.train, sigma, crop, rng));
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t crop = 64;
  double noise_level = 25;
  UNetRepairOptions shape{.width = 32, .levels = 3, .blocks = 1, .shrink = 2};
  Program program({.name = "denoise_photos",
                   .title = "Photographs without noise",
                   .summary = "Learns from photographs what noise is, and removes it from others.",
                   .objective = "(net(x + noise) - x)², averaged over pixels",
                   .steps = 3000,
                   .batch_size = 16,
                   .lr = 1e-3,
                   .validation = 10,
                   .photos = true});
  program.flag("--noise", noise_level, "standard deviation of the noise; 255 is the distance from black to white",
               {.min = 0.1, .max = 255});
  program.flag("--crop", crop, "height and width of training crops, in pixels", {.min = 8, .max = 1024});
  add_flags(program, shape);
  return program.run(argc, argv, [&](const Args& args) {
    const PhotoSet data = load_photos(args.data);
    shape.channels = data.channels;
    Run run(args, data);
    const double sigma = noise_level / 255;
    const Rng rng(args.seed);
    Rng init = rng.split("init"), noise = rng.split("noise");
    Trained<UNetRepair> net(run, "model", args.lr, shape, init);
    run.keep("noise", noise);
    run.keep_best("validation_psnr", Better::higher);
    run.use_pictures([&](const Tensor& picture) { return repaired(net.model, picture); });

    const Loader loader =
        crops_of(data.train,
                 {.size = crop, .per_epoch = 100 * args.batch_size, .batch_size = args.batch_size, .seed = args.seed});
    const auto with_noise = [sigma](const Tensor& clean, Rng& draws) {
      return clean + draws.normal(clean.shape(), 0, sigma);
    };
    const std::vector<PicturePair> validation = pairs_of(data.validation, 256, rng.split("validation"), with_noise);
    const Method network = network_method(net.model);
    const optim::CosineAnnealingLR schedule{.lr = args.lr, .T_max = args.epochs_of(loader.batches())};
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      net.adam.set_lr(schedule(epoch - 1));
      for (const Batch& batch : run.batches(loader, epoch)) {
        const Tensor noisy = batch.images + noise.normal(batch.images.shape(), 0, sigma);
        const double loss = net.step(nn::mse_loss(net.model(constant(noisy)), constant(batch.images)));
        run.step({{"mse", loss}}, batch.size());
      }
      run.log_epoch({{"validation_psnr", mean_psnr(network, validation)}});
    }

    std::vector<Method> methods = opponents(data, validation, sigma, crop, rng.split("linear"));
    methods.push_back(network);
    const Comparison tests(methods, pairs_of(data.test, 0, rng.split("test"), with_noise));
    tests.show(run, "denoised", {"noisy", "total variation", "linear, 8 x 8", "network"});
    run.fact("parameters", net.model.num_parameters());
    run.fact("reach", net.model.reach());
    const double own = tests.psnr_of("network");
    const auto gain = [&](const std::string& name, const std::string& over, double asked) {
      run.result(name, own - tests.psnr_of(over),
                 {.reference = asked, .reference_name = "asked for", .better = Better::higher, .unit = "dB"});
    };
    run.result("noisy_psnr", tests.psnr_of("noisy"), {.unit = "dB"});
    run.result(
        "test_ssim", tests.ssim_of("network"),
        {.reference = tests.ssim_of("linear, 8 x 8"), .reference_name = "linear, 8 x 8", .better = Better::higher});
    gain("gain_over_median", "median", 3);
    gain("gain_over_linear", "linear, 8 x 8", 1);
    gain("gain_over_total_variation", "total variation", 0);
    const auto [bar, name] = tests.bar({{"median", 3}, {"linear, 8 x 8", 1}, {"total variation", 0}});
    run.result("test_psnr", own, {.reference = bar, .reference_name = name, .better = Better::higher, .unit = "dB"});
    run.finish();
  });
}
