// What is done with a code space once it is there: it is measured, walked through and drawn.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "autograd/distributions.h"
#include "autograd/ops.h"
#include "examples/support/run.h"
#include "nn/sequential.h"

namespace hourglass::examples {

// ---- models

/// Linear layers of these widths with a ReLU between each two: Mlp({784, 400, 20}, rng).
class Mlp : public nn::Sequential {
 public:
  Mlp(const std::vector<std::int64_t>& widths, Rng& rng);
};

/// Three layers each way, pixels-hidden-hidden-code and back, with a sigmoid for each pixel: for programs about what
/// the codes are like, not about how they are come by.
class MlpAutoencoder : public nn::Layer {
 public:
  MlpAutoencoder(std::int64_t pixels, std::int64_t hidden, std::int64_t code, Rng& rng)
      : encoder_(child<Mlp>("encoder", std::vector{pixels, hidden, hidden, code}, rng)),
        decoder_(child<Mlp>("decoder", std::vector{code, hidden, hidden, pixels}, rng)) {}
  Var encode(const Var& x) const { return encoder_(x); }
  Var decode(const Var& z) const { return sigmoid(decoder_(z)); }
  Var forward(const Var& x) const override { return decode(encode(x)); }

 private:
  Mlp &encoder_, &decoder_;
};

/// What an encoder says of a code: the first half of h's last axis is the mean, the second half log std².
Normal normal_from(const Var& h);

/// A VAE of two layers each way, pixels-hidden-code-hidden-pixels, with a Bernoulli distribution for each pixel. (How
/// it is made and trained is the subject of variants/variational.cpp; this is for programs about something else.)
class MlpVae : public nn::Module {
 public:
  MlpVae(std::int64_t pixels, std::int64_t hidden, std::int64_t code, Rng& rng)
      : encoder_(child<Mlp>("encoder", std::vector{pixels, hidden, 2 * code}, rng)),
        decoder_(child<Mlp>("decoder", std::vector{code, hidden, pixels}, rng)) {}
  Normal encode(const Var& x) const { return normal_from(encoder_(x)); }
  Bernoulli decode(const Var& z) const { return {decoder_(z)}; }

 private:
  Mlp &encoder_, &decoder_;
};

// ---- measuring

/// Averages over all rows (axis 0), a thousand at a time and without recording, of what f says of some of them: their
/// own averages. Names stay in f's order.
Metrics average_over(const Tensor& rows, const std::function<Metrics(const Tensor& rows)>& f);
double average_over(const Tensor& rows, const std::function<double(const Tensor& rows)>& f);

// ---- walking

/// The number below which a draw from N(0, 1) is with probability p, 0 < p < 1.
double normal_quantile(double p);
/// side² codes of two numbers, row by row, each standing for the same share of N(0, 1): [side², 2].
Tensor normal_plane(std::int64_t side);
/// From each row of codes [n, d] to the next in so many equal steps, ends included: [(n-1) steps, d].
Tensor paths(const Tensor& codes, std::int64_t steps = 10);
/// One number of a code after the other goes from low to high while the rest stay as they are in `code` [1, d]:
/// [d steps, d].
Tensor traversals(const Tensor& code, double low, double high, std::int64_t steps = 10);

// ---- drawing

/// From codes [n, d] to images [n, pixels] in [0, 1].
using Decoder = std::function<Tensor(const Tensor& codes)>;

/// Images above, outputs below.
void draw_reconstructions(Run& run, const Tensor& images, const Tensor& outputs, const std::string& caption);
/// What codes drawn from the prior decode to.
void draw_samples(Run& run, const Decoder& decode, const Tensor& codes, const std::string& caption);
/// Straight lines between the codes of images, one a row.
void draw_paths(Run& run, const Decoder& decode, const Tensor& codes);
/// The plane of a code of two numbers.
void draw_plane(Run& run, const Decoder& decode);

}  // namespace hourglass::examples
