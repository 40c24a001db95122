// The U-Net: an hourglass with bridges (Ronneberger, Fischer & Brox 2015, "U-Net: convolutional networks for biomedical
// image segmentation").
//
// Not every hourglass copies its input. This one is shown an image of cells and says of each pixel what it shows:
// background, cell or nucleus. To know that, it must see far (a bright dot is dirt if nothing is around it, and a
// nucleus inside a cell) and see exactly (a border is a matter of one pixel). Going down, by convolutions and pooling,
// it sees further and less exactly; going up again by transposed convolutions, it could not know any more where the
// borders were. So each level hands over what it saw to the level of the same size on the other side:
//
//     level_i(x)  =  convolve( concat( h, up( level_{i+1}( pool( h ) ) ) ) ),     h = convolve( x )
//     loss        =  mean over images and pixels of  -log softmax( classify( level_0(x) ) )[ the pixel's class ]
//
// These skip connections are why a U-Net is no autoencoder: the image goes round the narrow place, and there is no code
// to keep. What they are worth is measured by a twin without them, on the same images.
//
// The figure is the intersection over union (the pixels that are in a class and said to be, over those that are one or
// the other), averaged over the classes. Cells are generated, so that the truth is known to the pixel.
//
// To try next: --channels 8,16 (which sees less far); --images 50, as biologists have; --channels 4,8,16,32.
#include "autograd/grad.h"
#include "autograd/ops.h"
#include "examples/support/generate.h"
#include "examples/support/loader.h"
#include "examples/support/metrics/reconstruction.h"
#include "examples/support/metrics/segmentation.h"
#include "examples/support/run.h"
#include "examples/support/text.h"
#include "nn/activations.h"
#include "nn/conv.h"
#include "nn/losses.h"
#include "nn/norm.h"
#include "nn/pooling.h"
#include "nn/shaping.h"
#include "optim/adam.h"
#include "optim/schedule.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

class UNet : public nn::Layer {
 public:
  // channels: of each level, the finest first. From [n, 1, h, w] to [n, classes, h, w].
  UNet(const std::vector<std::int64_t>& channels, std::int64_t classes, bool skip, Rng& rng)
      : layers_(child<nn::Sequential>("layers")) {
    add_level(layers_, 1, channels, 0, skip, rng);
    layers_.add<nn::Conv2d>(channels[0], classes, nn::Conv2dOptions{.kernel = 1}, rng);
  }
  Var forward(const Var& x) const override { return layers_(x); }

 private:
  static void convolve(nn::Sequential& layers, std::int64_t in, std::int64_t out, Rng& rng) {
    for (const std::int64_t from : {in, out}) {
      layers.add<nn::Conv2d>(from, out, nn::Conv2dOptions{.kernel = 3, .padding = 1, .bias = false}, rng);
      layers.add<nn::BatchNorm2d>(out);
      layers.add<nn::ReLU>();
    }
  }
  static void add_level(nn::Sequential& layers, std::int64_t in, const std::vector<std::int64_t>& channels,
                        std::size_t level, bool skip, Rng& rng) {
    const std::int64_t here = channels[level];
    convolve(layers, in, here, rng);
    if (level + 1 == channels.size()) return;
    nn::Sequential* way_down = &layers;
    if (skip) {
      nn::Concat& both = layers.add<nn::Concat>();
      both.add<nn::Identity>();
      way_down = &both.add<nn::Sequential>();
    }
    way_down->add<nn::MaxPool2d>(MaxPool2dOptions{.kernel = 2});
    add_level(*way_down, here, channels, level + 1, skip, rng);
    way_down->add<nn::ConvTranspose2d>(channels[level + 1], here, nn::ConvTranspose2dOptions{.kernel = 2, .stride = 2},
                                       rng);
    convolve(layers, skip ? 2 * here : here, here, rng);
  }

  nn::Sequential& layers_;
};

double train_step(const UNet& model, optim::Adam& adam, const Batch& batch) {
  const Var loss = nn::cross_entropy(model(constant(batch.images)), batch.labels);
  adam.step(grad(loss, model.parameters()));
  return loss.item();
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
  Program program(
      {.name = "unet",
       .title = "U-Net",
       .summary = "Says of each pixel of an image of cells what it shows, with the help of skip connections.",
       .objective = "-log softmax(unet(x))[class], averaged over pixels",
       .epochs = 12,
       .batch_size = 16,
       .lr = 3e-3});
  program.flag("--channels", channels, "of each level on the way down (the way up mirrors them)");
  program.flag("--images", images, "generated images to learn from");
  program.flag("--side", side, "pixels of an image's side", {.min = 16});
  return program.run(argc, argv, [&](const Args& args) {
    const std::int64_t smallest = std::int64_t{1} << (channels.size() - 1), tests = 200;
    check(side % smallest == 0, "--side", side, " pixels cannot be halved ", channels.size() - 1, " times");
    if (args.data.limit > 0) images = std::min(images, args.data.limit);
    const Cells cells = generate_cells(images + tests, 0, side);
    const Tensor test_images = slice(cells.images, 0, images, images + tests),
                 truth = slice(cells.classes, 0, images, images + tests);
    const auto classes = static_cast<std::int64_t>(cells.names.size());
    Run run(args);
    run.fact("data", join("generated cells, ", images, " images to learn from and ", tests, " to test on"));
    const Loader loader(slice(cells.images, 0, 0, images), slice(cells.classes, 0, 0, images),
                        {.batch_size = args.batch_size, .seed = args.seed});

    Rng init = Rng(args.seed).split("init");
    UNet model(channels, classes, true, init), twin(channels, classes, false, init);
    optim::Adam adam(model.parameters(), {.lr = args.lr}), twin_adam(twin.parameters(), {.lr = args.lr});
    run.keep("model", model, "adam", adam, "twin", twin, "twin_adam", twin_adam);
    const optim::CosineAnnealingLR schedule{.lr = args.lr, .T_max = args.epochs};
    for (const std::int64_t epoch : run.epochs(loader.batches())) {
      adam.set_lr(schedule(epoch - 1)), twin_adam.set_lr(schedule(epoch - 1));
      for (const Batch& batch : run.batches(loader, epoch)) {
        const double own = train_step(model, adam, batch), other = train_step(twin, twin_adam, batch);
        run.step({{"loss", own}, {"loss[twin]", other}}, batch.size());
      }
      const auto iou = [&](UNet& of) {
        return mean(intersection_over_union(classes_of(of, test_images), truth, classes)).item();
      };
      run.log_epoch({{"test_iou", iou(model)}, {"test_iou[twin]", iou(twin)}});
    }

    const Tensor said = classes_of(model, test_images), twin_said = classes_of(twin, test_images);
    const auto first = [&](const Tensor& all) {
      return to(reshape(slice(all, 0, 0, 8), {8, side * side}), Dtype::f32);
    };
    const double white = static_cast<double>(classes - 1);
    run.picture(
        "segmentation",
        image_grid(concat({first(test_images), first(truth) / white, first(said) / white, first(twin_said) / white}, 0),
                   {.columns = 8, .scale = 2, .row_labels = {"image", "truth", "U-Net", "no skips"}}),
        "Test images and their classes: background black, cells grey, nuclei white.");
    const Tensor iou = intersection_over_union(said, truth, classes),
                 twin_iou = intersection_over_union(twin_said, truth, classes);
    std::vector<std::vector<std::string>> table{{"class", "U-Net", "without skips"}};
    for (std::int64_t k = 0; k < classes; ++k)
      table.push_back({cells.names[static_cast<std::size_t>(k)], number(select(iou, 0, k).item(), 4),
                       number(select(twin_iou, 0, k).item(), 4)});
    run.table("classes", table, "Intersection over union of each class, on the test images.");
    run.fact("parameters", model.num_parameters());
    run.result("twin_iou", mean(twin_iou).item());
    run.result("gain_by_skips", mean(iou - twin_iou).item(),
               {.reference = 0.05, .reference_name = "over the same net without skips", .better = Better::higher});
    run.result("test_iou", mean(iou).item(),
               {.reference = 0.95, .reference_name = "mean over the classes", .better = Better::higher});
    run.finish();
  });
}
