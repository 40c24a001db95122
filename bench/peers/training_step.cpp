// SPDX-License-Identifier: MIT
// The same work as ../training_step.cpp in LibTorch, as its users would write it.
#include <functional>
#include <vector>

#include <benchmark/benchmark.h>
#include <torch/torch.h>

namespace {

namespace F = torch::nn::functional;
using torch::Tensor;
using Widths = std::vector<std::int64_t>;

void start(benchmark::State& state) {
  torch::set_num_threads(static_cast<int>(state.range(0)));
  torch::manual_seed(0);
}

void train(benchmark::State& state, const torch::nn::Module& model, const std::function<Tensor()>& loss) {
  torch::optim::Adam adam(model.parameters(), torch::optim::AdamOptions(1e-3));
  for (auto _ : state) {
    adam.zero_grad();
    loss().backward();
    adam.step();
  }
}

#define STEP(name) BENCHMARK(name)->ArgName("threads")->Arg(1)->Arg(2)->UseRealTime()

template <class Activation = torch::nn::ReLU>
torch::nn::Sequential stack(const Widths& widths) {
  torch::nn::Sequential model;
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
    if (i > 0) model->push_back(Activation());
    model->push_back(torch::nn::Linear(widths[i], widths[i + 1]));
  }
  return model;
}

void stacked(benchmark::State& state, const Widths& widths) {
  start(state);
  torch::nn::Sequential model = stack(widths);
  const Tensor x = torch::rand({128, widths.front()});
  train(state, *model, [&] { return F::binary_cross_entropy_with_logits(model->forward(x), x); });
}
void ae(benchmark::State& state) { stacked(state, {784, 32, 784}); }
void deep(benchmark::State& state) { stacked(state, {784, 128, 64, 32, 64, 128, 784}); }
void hinton(benchmark::State& state) { stacked(state, {784, 1000, 500, 250, 30, 250, 500, 1000, 784}); }
STEP(ae);
STEP(deep);
STEP(hinton);

void big(benchmark::State& state) {
  start(state);
  torch::nn::Sequential model = stack({784, 512, 784});
  const Tensor x = torch::rand({4096, 784});
  train(state, *model, [&] { return F::mse_loss(model->forward(x), x); });
}
STEP(big);

struct VaeImpl : torch::nn::Module {
  VaeImpl()
      : hidden(register_module("hidden", torch::nn::Linear(784, 400))),
        mean(register_module("mean", torch::nn::Linear(400, 20))),
        log_var(register_module("log_var", torch::nn::Linear(400, 20))),
        widen(register_module("widen", torch::nn::Linear(20, 400))),
        pixels(register_module("pixels", torch::nn::Linear(400, 784))) {}
  torch::nn::Linear hidden, mean, log_var, widen, pixels;
};
TORCH_MODULE(Vae);

void vae(benchmark::State& state) {
  start(state);
  Vae model;
  const Tensor x = torch::rand({128, 784});
  train(state, *model, [&] {
    const Tensor h = torch::relu(model->hidden(x));
    const Tensor mean = model->mean(h), log_var = model->log_var(h);
    const Tensor z = mean + torch::exp(0.5 * log_var) * torch::randn_like(mean);
    const Tensor logits = model->pixels(torch::relu(model->widen(z)));
    const Tensor nll = F::binary_cross_entropy_with_logits(
        logits, x, F::BinaryCrossEntropyWithLogitsFuncOptions().reduction(torch::kSum));
    const Tensor kl = -0.5 * torch::sum(1 + log_var - mean.pow(2) - log_var.exp());
    return (nll + kl) / 128;
  });
}
STEP(vae);

// The encoder's penalty is penalty(encoder, x, h), where h is the code of x.
void contractive(benchmark::State& state, const Widths& widths,
                 const std::function<Tensor(torch::nn::Sequential&, const Tensor&, const Tensor&)>& penalty) {
  start(state);
  torch::nn::Sequential encoder = stack<torch::nn::Sigmoid>(widths);
  encoder->push_back(torch::nn::Sigmoid());
  torch::nn::Sequential decoder = stack<torch::nn::Sigmoid>({widths.rbegin(), widths.rend()});
  torch::nn::Module model;
  model.register_module("encoder", encoder);
  model.register_module("decoder", decoder);
  const Tensor pixels = torch::rand({128, 784});
  train(state, model, [&] {
    const Tensor x = pixels.detach().requires_grad_();
    const Tensor h = encoder->forward(x);
    const Tensor loss = F::binary_cross_entropy_with_logits(decoder->forward(h), pixels);
    return loss + 0.1 * penalty(encoder, x, h);
  });
}

void cae_analytic(benchmark::State& state) {
  contractive(state, {784, 256}, [](torch::nn::Sequential& encoder, const Tensor&, const Tensor& h) {
    const Tensor weight = encoder->ptr<torch::nn::LinearImpl>(0)->weight;
    return (h * (1 - h)).square().mv(weight.square().sum(1)).mean();
  });
}
STEP(cae_analytic);

void cae_vjp(benchmark::State& state) {
  contractive(state, {784, 256}, [](torch::nn::Sequential&, const Tensor& x, const Tensor& h) {
    const Tensor signs = torch::randint(0, 2, h.sizes(), h.options().requires_grad(false)) * 2 - 1;
    return torch::autograd::grad({h}, {x}, {signs}, true, true)[0].square().sum(1).mean();
  });
}
STEP(cae_vjp);

void cae_jac64(benchmark::State& state) {
  contractive(state, {784, 128, 64}, [](torch::nn::Sequential&, const Tensor& x, const Tensor& h) {
    Tensor norms = torch::zeros({128});
    for (int unit = 0; unit < 64; ++unit) {
      Tensor u = torch::zeros_like(h);
      u.select(1, unit).fill_(1);
      norms = norms + torch::autograd::grad({h}, {x}, {u}, true, true)[0].square().sum(1);
    }
    return norms.mean();
  });
}
STEP(cae_jac64);

struct ConvAeImpl : torch::nn::Module {
  ConvAeImpl() {
    using namespace torch::nn;
    encoder = register_module(
        "encoder", Sequential(Conv2d(Conv2dOptions(1, 16, 3).stride(2).padding(1)), ReLU(),
                              Conv2d(Conv2dOptions(16, 32, 3).stride(2).padding(1)), ReLU(), Conv2d(32, 64, 7)));
    decoder = register_module(
        "decoder",
        Sequential(ConvTranspose2d(64, 32, 7), ReLU(),
                   ConvTranspose2d(ConvTranspose2dOptions(32, 16, 3).stride(2).padding(1).output_padding(1)), ReLU(),
                   ConvTranspose2d(ConvTranspose2dOptions(16, 1, 3).stride(2).padding(1).output_padding(1))));
  }
  torch::nn::Sequential encoder, decoder;
};
TORCH_MODULE(ConvAe);

void conv_ae(benchmark::State& state) {
  start(state);
  ConvAe model;
  const Tensor x = torch::rand({128, 1, 28, 28});
  train(state, *model,
        [&] { return F::binary_cross_entropy_with_logits(model->decoder->forward(model->encoder->forward(x)), x); });
}
STEP(conv_ae);

struct UNetImpl : torch::nn::Module {
  torch::nn::Conv2d conv(const char* name, int in, int out) {
    return register_module(name, torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 3).padding(1)));
  }
  torch::nn::ConvTranspose2d up(const char* name, int in, int out) {
    return register_module(name, torch::nn::ConvTranspose2d(torch::nn::ConvTranspose2dOptions(in, out, 2).stride(2)));
  }
  torch::nn::Conv2d down1 = conv("down1", 1, 16), down2 = conv("down2", 16, 32), bottom = conv("bottom", 32, 64),
                    join2 = conv("join2", 64, 32), join1 = conv("join1", 32, 16);
  torch::nn::ConvTranspose2d up2 = up("up2", 64, 32), up1 = up("up1", 32, 16);
  torch::nn::Conv2d classes = register_module("classes", torch::nn::Conv2d(16, 2, 1));

  Tensor forward(const Tensor& x) {
    const Tensor a = torch::relu(down1(x)), b = torch::relu(down2(torch::max_pool2d(a, 2)));
    const Tensor c = torch::relu(bottom(torch::max_pool2d(b, 2)));
    const Tensor d = torch::relu(join2(torch::cat({up2(c), b}, 1)));
    return classes(torch::relu(join1(torch::cat({up1(d), a}, 1))));
  }
};
TORCH_MODULE(UNet);

void unet(benchmark::State& state) {
  start(state);
  UNet model;
  const Tensor x = torch::rand({32, 1, 32, 32}), mask = torch::randint(0, 2, {32, 32, 32}, torch::kInt64);
  train(state, *model, [&] { return F::cross_entropy(model->forward(x), mask); });
}
STEP(unet);

struct LstmAeImpl : torch::nn::Module {
  torch::nn::LSTM encoder =
                      register_module("encoder", torch::nn::LSTM(torch::nn::LSTMOptions(1, 64).batch_first(true))),
                  decoder =
                      register_module("decoder", torch::nn::LSTM(torch::nn::LSTMOptions(64, 64).batch_first(true)));
  torch::nn::Linear out = register_module("out", torch::nn::Linear(64, 1));

  Tensor forward(const Tensor& x) {
    const Tensor code = std::get<0>(std::get<1>(encoder(x)))[0];
    return out(std::get<0>(decoder(code.unsqueeze(1).expand({-1, x.size(1), -1}))));
  }
};
TORCH_MODULE(LstmAe);

void lstm_ae(benchmark::State& state) {
  start(state);
  LstmAe model;
  const Tensor x = torch::rand({64, 140, 1});
  train(state, *model, [&] { return F::mse_loss(model->forward(x), x); });
}
STEP(lstm_ae);

void tiny(benchmark::State& state) {
  start(state);
  const Tensor x = torch::full({}, 0.3, torch::requires_grad());
  for (auto _ : state) {
    Tensor h = x;
    for (int i = 0; i < 50; ++i) h = torch::tanh(h * 1.01);
    benchmark::DoNotOptimize(torch::autograd::grad({h}, {x}));
  }
}
STEP(tiny);

}  // namespace
