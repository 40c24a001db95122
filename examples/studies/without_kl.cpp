// SPDX-License-Identifier: MIT
// What the KL term of a variational autoencoder is for.
//
// The same model is trained twice, as a VAE and without the term that pulls the codes to N(0, 1):
//
//     β = 1      E_q[-log p(x|z)] + KL( q(z|x) ‖ N(0, 1) )       Kingma & Welling 2014, equation 10
//     β = 0      E_q[-log p(x|z)]                                an autoencoder that may choose its own noise
//
// The second reconstructs better, since it is free to choose a code without noise. That is its only advantage. Its
// codes lie wherever the optimizer has put them, far apart and with nothing in between. So its space of codes is
// neither
//
//     complete     a draw from N(0, 1) decodes to something like the data. Measure: the Fréchet distance between
//                  decoded draws and as many test images, in their first principal components. The distance between
//                  training and test images tells what is near.
//     continuous   the line between two codes consists of codes of pictures. Measure: decode the point half way between
//                  the codes of two test images, and take the squared distance per pixel to the nearest training image.
//
// To try next: --code 2, where both are easy; --hidden 1000; look at the samples of β = 0.
#include <algorithm>
#include <string>
#include <vector>

#include "autograd/ops.h"
#include "examples/support/codes.h"
#include "examples/support/metrics/frechet.h"
#include "examples/support/metrics/pca.h"
#include "examples/support/run.h"
#include "examples/support/sweep.h"
#include "examples/support/text.h"
#include "examples/support/vae.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

Elbo objective(const MlpVae& vae, const Var& x, Rng& noise) {
  const Normal q = vae.encode(x);
  return elbo_of(q, vae.decode(q.rsample(noise)), x);
}

// The squared distance per pixel from each row to the nearest of `others`, averaged over the rows.
double distance_to_nearest(const Tensor& rows, const Tensor& others) {
  const Tensor lengths = sum(square(rows), {1}, true), other_lengths = sum(square(others), {1});
  const Tensor distances = lengths + other_lengths - matmul(rows, transpose(others)) * 2;
  return mean(min(distances, {1})).item() / static_cast<double>(rows.size(1));
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t hidden = 400, code = 20;
  Program program({.name = "without_kl",
                   .title = "What the KL term is for",
                   .summary = "Trains a VAE with and without its KL term, and compares the two spaces of codes.",
                   .objective = "E_q[-log p(x|z)] + β KL(q(z|x) ‖ N(0, 1)),  β = 0 and 1",
                   .steps = 4700});
  program.flag("--hidden", hidden, "units of the hidden layers");
  program.flag("--code", code, "numbers in the code");
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    check(data.test_images.size(0) >= 4, "without_kl", "needs 4 test images or more, got ", data.test_images.size(0));
    Run run(args, data);
    const Rng rng(args.seed);
    const Loader loader = loader_of(data, args);

    Rng noise = rng.split("noise");
    run.keep("noise", noise);
    Sweep<MlpVae> both(run, "β =", {0, 1}, args.lr, rng.split("init"),
                       [&](double, Rng& init) { return MlpVae(data.train_images.size(1), hidden, code, init); });
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      for (const Batch& batch : run.batches(loader, epoch)) {
        Metrics metrics;
        for (auto& entry : both.entries()) {
          const auto [reconstruction, kl] = objective(entry.model, constant(batch.images), noise);
          metrics.add(join("reconstruction_beta_", entry.setting), reconstruction.item());
          metrics.add(join("kl_beta_", entry.setting), kl.item());
          entry.step(reconstruction + kl * entry.setting);
        }
        run.step(metrics, batch.size());
      }
      run.log_epoch();
    }

    const NoGrad no_grad;
    const std::int64_t count = std::min<std::int64_t>(2000, data.test_images.size(0) / 2 * 2), steps = 11;
    const Tensor test = slice(data.test_images, 0, 0, count);
    const Tensor known = slice(data.train_images, 0, 0, std::min<std::int64_t>(20'000, data.train_images.size(0)));
    const Pca pca = fit_pca(data.train_images, 32);
    const auto distance = [&](const Tensor& pictures) {
      return frechet_distance(pca.encode(pictures), pca.encode(slice(data.test_images, 0, 0, pictures.size(0))));
    };
    std::vector<std::vector<std::string>> table{{"", "reconstruction", "KL", "drawn", "reconstructed", "half way"}};
    std::vector<double> drawn, half_way;
    for (const auto& entry : both.entries()) {
      const MlpVae& vae = entry.model;
      const auto decode = [&](const Tensor& z) { return vae.decode(constant(z)).probs().value(); };
      Rng draws = rng.split("test");
      const Metrics of_test =
          average_over(data.test_images, [&](const Tensor& x) { return objective(vae, constant(x), draws).metrics(); });
      const Tensor codes = vae.encode(constant(test)).mean().value();
      const Tensor samples = decode(rng.split("pictures").normal({count, code}));
      const Tensor middle = decode((slice(codes, 0, 0, count, 2) + slice(codes, 0, 1, count, 2)) / 2);
      drawn.push_back(distance(samples));
      half_way.push_back(distance_to_nearest(middle, known));
      table.push_back({"β = " + number(entry.setting), number(of_test["reconstruction"], 4), number(of_test["kl"], 4),
                       number(drawn.back()), number(distance(decode(codes))), number(half_way.back())});
      run.images(join("samples_beta_", entry.setting), slice(samples, 0, 0, 50), {},
                 join("β = ", entry.setting, ": decoded draws from N(0, 1)."));
      run.images(join("paths_beta_", entry.setting), decode(paths(slice(codes, 0, 0, 6), steps)),
                 {.columns = static_cast<int>(steps)},
                 join("β = ", entry.setting, ": straight lines between the codes of test images."));
      run.result(join("kl_beta_", entry.setting), of_test["kl"], {.unit = "nats / image"});
    }
    const std::int64_t others = std::min(count, data.train_images.size(0));
    table.push_back({"training images", "", "", number(distance(slice(data.train_images, 0, 0, others))), "", ""});
    table.push_back({"test images", "", "", "", "", number(distance_to_nearest(test, known))});
    run.table(
        "spaces", table,
        "Reconstruction and KL in nats per image. Drawn, reconstructed: squared Fréchet distance to test images in 32 "
        "principal components. Half way: squared distance per pixel to the nearest of 20,000 training images.");
    run.result("half_way", half_way[1],
               {.reference = half_way[0], .reference_name = "the distance without the KL term"});
    run.result("drawn", drawn[1],
               {.reference = drawn[0] / 2, .reference_name = "half of the distance without the KL term"});
    run.finish();
  });
}
