// SPDX-License-Identifier: MIT
// A training program of one's own, on what the examples share.
#include "ada_belief.h"
#include "autograd/grad.h"
#include "examples/support/codes.h"
#include "examples/support/datasets.h"
#include "examples/support/metrics/reconstruction.h"
#include "examples/support/run.h"
#include "nn/losses.h"

using namespace hourglass;
using namespace hourglass::examples;

int main(int argc, char** argv) {
  std::int64_t code = 8;
  Program program({.name = "program", .title = "A program of one's own", .summary = "Learns to copy images."});
  program.flag("--code", code, "numbers in the code");
  return program.run(argc, argv, [&](const Args& args) {
    const ImageData data = load_images(args.data);
    Run run(args, data);
    const Loader loader = loader_of(data, args);
    Rng init = Rng(args.seed).split("init");
    MlpAutoencoder model(data.train_images.size(1), 64, code, init);
    AdaBelief optimizer(model.parameters(), {.lr = args.lr});
    run.keep("model", model, "optimizer", optimizer);
    run.use(data.test_images, uses_of(model));
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      for (const Batch& batch : run.batches(loader, epoch)) {
        const Var x = constant(batch.images), loss = nn::mse_loss(model(x), x);
        optimizer.step(grad(loss, model.parameters()));
        run.step({{"mse", loss.item()}}, batch.size());
      }
      run.log_epoch({{"validation_mse", reconstruction_error(model, data.validation_images)}});
    }
    run.result("test_mse", reconstruction_error(model, data.test_images));
    run.finish();
  });
}
