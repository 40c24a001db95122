// SPDX-License-Identifier: MIT
// The U-Net: an hourglass with bridges (Ronneberger, Fischer & Brox 2015, "U-Net: convolutional networks for biomedical
// image segmentation").
//
// Not every hourglass copies its input. This one gets an image of cells and classifies each pixel: background, cell or
// nucleus. It must see far (a bright dot is dirt if nothing is around it, and a nucleus inside a cell) and it must see
// exactly (a border has the width of one pixel). On the way down, by convolutions and pooling, it sees further and less
// exactly. On the way up, by transposed convolutions, it could not know where the borders were. So each level passes
// its output to the level of the same size on the other side:
//
//     level_i(x)  =  convolve( concat( h, up( level_{i+1}( pool( h ) ) ) ) ),     h = convolve( x )
//     loss        =  mean over images and pixels of  -log softmax( classify( level_0(x) ) )[ the pixel's class ]
//
// Because of these skip connections a U-Net is not an autoencoder: the image bypasses the narrow part, so there is no
// code. A twin without them, trained on the same images, shows what they are worth.
//
// The result is the intersection over union: the pixels that are in a class and classified so, over those that are one
// or the other, averaged over the classes. The cells are generated, so the true class of each pixel is known.
//
// To try next: --channels 8,16 (which sees less far); --images 50, as few as biologists often have;
// --channels 4,8,16,32.
#include <span>
#include <utility>
#include <vector>

#include "autograd/ops.h"
#include "examples/support/generate.h"
#include "examples/support/loader.h"
#include "examples/support/metrics/reconstruction.h"
#include "examples/support/metrics/segmentation.h"
#include "examples/support/run.h"
#include "examples/support/text.h"
#include "examples/support/trained.h"
#include "nn/activations.h"
#include "nn/conv.h"
#include "nn/losses.h"
#include "nn/norm.h"
#include "nn/pooling.h"
#include "nn/shaping.h"
#include "optim/schedule.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

nn::Sequential convolutions(std::int64_t in, std::int64_t out, Rng& rng) {
  return nn::Sequential{
      nn::Conv2d(in, out, {.kernel = 3, .padding = 1, .bias = false}, rng),  nn::BatchNorm2d(out), nn::ReLU(),
      nn::Conv2d(out, out, {.kernel = 3, .padding = 1, .bias = false}, rng), nn::BatchNorm2d(out), nn::ReLU()};
}

// A level and all below it. channels: of these levels, the finest first.
nn::Sequential level(std::int64_t in, std::span<const std::int64_t> channels, bool skip, Rng& rng) {
  const std::int64_t here = channels[0];
  nn::Sequential first = convolutions(in, here, rng);
  if (channels.size() == 1) return first;
  nn::Sequential below{nn::MaxPool2d({.kernel = 2}), level(here, channels.subspan(1), skip, rng),
                       nn::ConvTranspose2d(channels[1], here, {.kernel = 2, .stride = 2}, rng)};
  nn::Sequential last = convolutions(skip ? 2 * here : here, here, rng);
  if (!skip) return nn::Sequential{std::move(first), std::move(below), std::move(last)};
  return nn::Sequential{std::move(first), nn::Concat{nn::Identity(), std::move(below)}, std::move(last)};
}

class UNet : public nn::Layer {
 public:
  /// From [n, 1, h, w] to [n, classes, h, w]. channels: of each level, the finest first.
  UNet(const std::vector<std::int64_t>& channels, std::int64_t classes, bool skip, Rng& rng)
      : layers_(child("layers", nn::Sequential{level(1, channels, skip, rng),
                                               nn::Conv2d(channels[0], classes, {.kernel = 1}, rng)})) {}
  Var forward(const Var& x) const override { return layers_(x); }

 private:
  nn::Sequential& layers_;
};

double train_step(Trained<UNet>& net, const Batch& batch) {
  return net.step(nn::cross_entropy(net.model(constant(batch.images)), batch.labels));
}

Tensor classes_of(UNet& model, const Tensor& images) {
  model.eval();
  Tensor classes = argmax(outputs_of(model, images), 1);
  model.train();
  return classes;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::int64_t> channels{8, 16, 32, 64};
  std::int64_t images = 800, side = 64;
  Program program({.name = "unet",
                   .title = "U-Net",
                   .summary = "Classifies each pixel of an image of cells, with the help of skip connections.",
                   .objective = "-log softmax(unet(x))[class], averaged over pixels",
                   .steps = 600,
                   .batch_size = 16,
                   .lr = 3e-3,
                   .own_data = true});
  program.flag("--channels", channels, "channels of each level on the way down (the way up mirrors them)");
  program.flag("--images", images, "generated images to learn from");
  program.flag("--side", side, "pixels of an image's side", {.min = 16});
  return program.run(argc, argv, [&](const Args& args) {
    const std::int64_t smallest = std::int64_t{1} << (channels.size() - 1), tests = 200;
    check(side % smallest == 0, "--side", side, " pixels cannot be halved ", channels.size() - 1, " times");
    if (args.data.limit > 0) images = std::min(images, args.data.limit);
    const Cells cells = generate_cells(images + 2 * tests, 0, side);
    const Tensor validation_images = slice(cells.images, 0, images, images + tests),
                 validation_truth = slice(cells.classes, 0, images, images + tests),
                 test_images = slice(cells.images, 0, images + tests, images + 2 * tests),
                 truth = slice(cells.classes, 0, images + tests, images + 2 * tests);
    const auto classes = static_cast<std::int64_t>(cells.names.size());
    Run run(args);
    run.fact("data", join("generated cells, ", images, " images to learn from and ", tests, " to test on"));
    const Loader loader(slice(cells.images, 0, 0, images), slice(cells.classes, 0, 0, images),
                        {.batch_size = args.batch_size, .seed = args.seed});

    Rng init = Rng(args.seed).split("init");
    Trained<UNet> net(run, "model", args.lr, channels, classes, true, init);
    Trained<UNet> twin(run, "twin", args.lr, channels, classes, false, init);
    const optim::CosineAnnealingLR schedule{.lr = args.lr, .T_max = args.epochs_of(loader.batches())};
    run.use(test_images,
            {.codes = [&](const Tensor& x) { return argmax(net.model(constant(x)).value(), 1); }, .any_size = true});
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      for (Trained<UNet>* one : {&net, &twin}) one->adam.set_lr(schedule(epoch - 1));
      for (const Batch& batch : run.batches(loader, epoch)) {
        const double own = train_step(net, batch), other = train_step(twin, batch);
        run.step({{"loss", own}, {"loss[twin]", other}}, batch.size());
      }
      const auto iou = [&](UNet& of) {
        return mean(intersection_over_union(classes_of(of, validation_images), validation_truth, classes)).item();
      };
      run.log_epoch({{"validation_iou", iou(net.model)}, {"validation_iou[twin]", iou(twin.model)}});
    }

    const Tensor own = classes_of(net.model, test_images), others = classes_of(twin.model, test_images);
    const auto first = [&](const Tensor& all) {
      return to(reshape(slice(all, 0, 0, 8), {8, side * side}), Dtype::f32);
    };
    const double white = static_cast<double>(classes - 1);
    run.images("segmentation",
               concat({first(test_images), first(truth) / white, first(own) / white, first(others) / white}, 0),
               {.columns = 8, .scale = 2, .row_labels = {"image", "truth", "U-Net", "no skips"}},
               "Test images and their classes: background black, cells grey, nuclei white.");
    const Tensor iou = intersection_over_union(own, truth, classes),
                 twin_iou = intersection_over_union(others, truth, classes);
    std::vector<std::vector<std::string>> table{{"class", "U-Net", "without skips"}};
    for (std::int64_t k = 0; k < classes; ++k)
      table.push_back({cells.names[static_cast<std::size_t>(k)], number(select(iou, 0, k).item(), 4),
                       number(select(twin_iou, 0, k).item(), 4)});
    run.table("classes", table, "Intersection over union of each class, on the test images.");
    run.fact("parameters", net.model.num_parameters());
    run.result("twin_iou", mean(twin_iou).item());
    run.result("gain_by_skips", mean(iou - twin_iou).item(),
               {.reference = 0.05, .reference_name = "over the same net without skips", .better = Better::higher});
    run.result("test_iou", mean(iou).item(),
               {.reference = 0.95, .reference_name = "mean over the classes", .better = Better::higher});
    run.finish();
  });
}
