// Optimizers, schedules and clipping. Expected values are PyTorch 1.13's.
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "autograd/ops.h"
#include "optim/adam.h"
#include "optim/adamw.h"
#include "optim/clip.h"
#include "optim/schedule.h"
#include "optim/sgd.h"
#include "tensor/kernels/kernels.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tensor/random.h"
#include "tests/error_of.h"

using namespace hourglass;

namespace {

using Parameters = std::vector<Parameter>;
using MakeOptimizer = std::function<std::unique_ptr<optim::Optimizer>(Parameters)>;

template <class O, class Options>
MakeOptimizer make(Options options) {
  return [options](Parameters parameters) { return std::make_unique<O>(std::move(parameters), options); };
}

// An optimizer and where it is after 50 steps from (0.5, -1.25, 2) and (0.125, -0.75).
struct Trajectory {
  const char* name;
  MakeOptimizer make;
  // With the gradient p³ - p/2 + noise, where noise = ((7 step + 5 k) mod 13 - 6) / 8, k counts from 0 and from 4.
  std::vector<double> f64;
  // With the gradient noise + k/8 - 1/4, which does not depend on p: what is rounded is not amplified.
  std::vector<double> f32;
};

const std::vector<Trajectory> kTrajectories{
    {"SGD",
     make<optim::SGD>(optim::SGDOptions{.lr = 0.05}),
     {0.6353942183927085, -0.7080184267362141, 0.7416244368989948, 0.35720407391841, -0.7214623897293615},
     {1.0875000953674316, -0.9124997854232788, 2.0062501430511475, -0.5312499403953552, -1.6562498807907104}},
    {"SGD, weight decay",
     make<optim::SGD>(optim::SGDOptions{.lr = 0.05, .weight_decay = 0.1}),
     {0.5639308836624745, -0.6460376758393814, 0.6815522438037881, 0.2828831479695774, -0.6544889166365521},
     {0.9040999412536621, -0.6721936464309692, 1.5644373893737793, -0.4911435842514038, -1.393655776977539}},
    {"SGD, momentum",
     make<optim::SGD>(optim::SGDOptions{.lr = 0.05, .momentum = 0.9}),
     {0.6816378445925724, 0.713008385268814, 0.6310096187348796, 0.6455187490064395, -0.6732159008732307},
     {5.6793107986450195, 1.4398785829544067, 1.9551103115081787, -4.937424659729004, -7.967154026031494}},
    {"SGD, dampening",
     make<optim::SGD>(optim::SGDOptions{.lr = 0.05, .momentum = 0.9, .dampening = 0.3, .weight_decay = 0.01}),
     {0.6919963922104082, 0.576031903840504, 0.7753300625125025, 0.636092398881679, -0.6525313234778697},
     {3.8934032917022705, 0.6314650774002075, 1.7314685583114624, -3.222551107406616, -5.519740581512451}},
    {"SGD, Nesterov",
     make<optim::SGD>(optim::SGDOptions{.lr = 0.05, .momentum = 0.9, .weight_decay = 0.01, .nesterov = true}),
     {0.6123697143640413, -0.5990257327409787, -0.6436985190521836, 0.580112156725623, -0.6807193663343122},
     {5.255408763885498, 1.551400899887085, 1.5889334678649902, -4.749789714813232, -7.497642993927002}},
    {"Adam",
     make<optim::Adam>(optim::AdamOptions{.lr = 0.05}),
     {0.704561292070372, -0.6633843805071837, 0.7256618261855384, 0.7208188090742862, -0.7130166527497965},
     {1.7620373964309692, -0.6681044697761536, 1.987221121788025, -0.9449551701545715, -2.247239112854004}},
    {"Adam, all options",
     make<optim::Adam>(optim::AdamOptions{.lr = 0.02, .betas = {0.8, 0.95}, .eps = 1e-3, .weight_decay = 0.1}),
     {0.5992981510136683, -0.707917020413586, 1.2175018142766714, 0.3029630606793599, -0.6291694430429271},
     {0.8831707835197449, -0.836734414100647, 1.6570591926574707, -0.30547404289245605, -1.2228474617004395}},
    {"AdamW",
     make<optim::AdamW>(optim::AdamWOptions{.lr = 0.05}),
     {0.7014284205867956, -0.6580110245870683, 0.7126578135391265, 0.7155775665813754, -0.7095481354180712},
     {1.7334210872650146, -0.6432763934135437, 1.9381788969039917, -0.9366369843482971, -2.2114007472991943}},
    {"AdamW, all options",
     make<optim::AdamW>(optim::AdamWOptions{.lr = 0.02, .betas = {0.8, 0.95}, .eps = 1e-3, .weight_decay = 0.2}),
     {0.6049016624738709, -0.6746384984303523, 1.0285059356700836, 0.2996902853752006, -0.6309069609556478},
     {0.8521156311035156, -0.8032485246658325, 1.6391918659210205, -0.29950273036956787, -1.1594771146774292}},
};

Tensor noise(int step, std::int64_t first, std::int64_t count) {
  std::vector<double> values;
  for (std::int64_t k = first; k < first + count; ++k)
    values.push_back(static_cast<double>((step * 7 + k * 5) % 13 - 6) / 8);
  return Tensor::from(values);
}

Parameters two_parameters(Dtype dtype) {
  return {Parameter("a", to(Tensor::from<double>({0.5, -1.25, 2}), dtype)),
          Parameter("b", to(Tensor::from<double>({0.125, -0.75}), dtype))};
}
std::vector<Var> gradients_f64(const Parameters& parameters, int step) {
  std::vector<Var> all;
  for (std::size_t i = 0; i < 2; ++i) {
    const Tensor& p = parameters[i].value();
    all.push_back(constant(p * p * p - p * 0.5 + noise(step, static_cast<std::int64_t>(i) * 4, p.numel())));
  }
  return all;
}
std::vector<Var> gradients_f32(const Parameters& parameters, int step) {
  std::vector<Var> all;
  for (std::int64_t i = 0; i < 2; ++i) {
    const std::int64_t first = i * 4, count = parameters[static_cast<std::size_t>(i)].numel();
    const Tensor k = to(arange(first, first + count), Dtype::f64);
    all.push_back(constant(to(noise(step, first, count) + k / 8.0 - 0.25, Dtype::f32)));
  }
  return all;
}

std::vector<double> values(const Parameters& parameters) {
  std::vector<double> all;
  for (const Parameter& p : parameters)
    for (const double x : to(p.value(), Dtype::f64).to_vector<double>()) all.push_back(x);
  return all;
}

void check_relative(const std::vector<double>& got, const std::vector<double>& expected, double tolerance) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    CAPTURE(i);
    CAPTURE(got[i]);
    CAPTURE(expected[i]);
    CHECK(std::abs(got[i] - expected[i]) <= tolerance * std::abs(expected[i]));
  }
}

}  // namespace

TEST_CASE("50 steps of every optimizer end where PyTorch's end, in f64 and in f32, on every instruction set") {
  for (const char* set : {"sse2", "avx2", "avx512bw", "neon64"}) {
    const Kernels* const table = kernels_named(set);
    if (table == nullptr) continue;
    CAPTURE(set);
    use_kernels(table);
    for (const Trajectory& trajectory : kTrajectories) {
      CAPTURE(trajectory.name);
      const Parameters exact = two_parameters(Dtype::f64), single = two_parameters(Dtype::f32);
      const auto exact_optimizer = trajectory.make(exact), single_optimizer = trajectory.make(single);
      for (int step = 1; step <= 50; ++step) {
        exact_optimizer->step(gradients_f64(exact, step));
        single_optimizer->step(gradients_f32(single, step));
      }
      check_relative(values(exact), trajectory.f64, 1e-12);
      check_relative(values(single), trajectory.f32, 1e-6);
    }
  }
  use_kernels(nullptr);
}

TEST_CASE("optimizers give equal bits on 1, 2 and 4 threads") {
  const int threads_before = num_threads();
  for (const Trajectory& trajectory : kTrajectories) {
    CAPTURE(trajectory.name);
    std::vector<std::vector<double>> results;
    for (const int threads : {1, 2, 4}) {
      set_num_threads(threads);
      Rng rng(1);
      Parameters parameters;  // sizes that end in the middle of chunks and of registers
      for (const std::int64_t n : {100000, 1, 0, 17, 8191, 3})
        parameters.emplace_back("p" + std::to_string(n), rng.normal({n}));
      parameters.emplace_back("wide", rng.normal({301}, 0, 1, Dtype::f64));
      const auto optimizer = trajectory.make(parameters);
      for (int step = 0; step < 3; ++step) {
        std::vector<Var> gradients;
        for (const Parameter& p : parameters) gradients.push_back(constant(rng.normal(p.shape(), 0, 1, p.dtype())));
        optimizer->step(gradients);
      }
      results.push_back(values(parameters));
    }
    CHECK(results[0] == results[1]);
    CHECK(results[0] == results[2]);
  }
  set_num_threads(threads_before);
}

TEST_CASE("a number moves the same wherever it stands in its tensor") {
  for (const std::int64_t n : {1, 3, 7, 8, 15, 33}) {
    const Parameter p("p", full({n}, 0.3));
    optim::Adam adam({p}, {.lr = 0.1});
    for (int step = 0; step < 3; ++step) adam.step({constant(full({n}, 0.7))});
    const std::vector<float> x = p.value().to_vector<float>();
    for (const float one : x) CHECK(one == x[0]);
  }
}

TEST_CASE("a gradient may be a view with gaps") {
  Rng rng(2);
  const Tensor start = rng.normal({5, 7}), g = rng.normal({7, 5});
  const Parameter a("a", start), b("b", start);
  optim::Adam first({a}), second({b});
  first.step({constant(transpose(g, 0, 1))});
  second.step({constant(contiguous(transpose(g, 0, 1)))});
  CHECK(equal(a.value(), b.value()));
  first.step({constant(expand(scalar(1), {5, 7}))});
  second.step({constant(ones({5, 7}))});
  CHECK(equal(a.value(), b.value()));
}

TEST_CASE("a graph keeps its values when the optimizer steps") {
  const Parameter w("w", Tensor::from<double>({3}));
  optim::SGD sgd({w}, {.lr = 1});
  const Var y = sum(square(Var(w)));
  const Tensor held = w.value();
  sgd.step({constant(Tensor::from<double>({1}))});
  CHECK(w.value().item() == 2);
  CHECK(held.item() == 3);
  CHECK(grad(y, w).item() == 6);
  // The gradient may even be the parameter's own memory.
  sgd.step({constant(w.value())});
  CHECK(w.value().item() == 0);
}

TEST_CASE("a step writes in place once the graph has let go of the parameters") {
  const Parameter w("w", ones({4096}));
  optim::Adam adam({w});
  const std::byte* const place = w.value().storage().data();
  for (int step = 0; step < 3; ++step) {
    const Var loss = sum(square(w));
    adam.step(grad(loss, Parameters{w}));
    CHECK(w.value().storage().data() == place);
  }
}

TEST_CASE("an optimizer goes on from its state to equal bits") {
  for (const Trajectory& trajectory : kTrajectories) {
    CAPTURE(trajectory.name);
    const Parameters whole = two_parameters(Dtype::f64);
    const auto uninterrupted = trajectory.make(whole);
    optim::StateDict saved;
    std::vector<Tensor> weights;
    for (int step = 1; step <= 20; ++step) {
      uninterrupted->step(gradients_f64(whole, step));
      if (step != 10) continue;
      saved = uninterrupted->state_dict();
      for (const Parameter& p : whole) weights.push_back(p.value());
    }
    const Parameters resumed = two_parameters(Dtype::f64);
    for (std::size_t i = 0; i < 2; ++i) resumed[i].set_value(weights[i]);
    const auto second = trajectory.make(resumed);
    second->load_state_dict(saved);
    CHECK(second->steps() == 10);
    for (int step = 11; step <= 20; ++step) second->step(gradients_f64(resumed, step));
    CHECK(values(resumed) == values(whole));
  }
}

TEST_CASE("an optimizer's state is named after its parameters, and must fit") {
  const Parameter w("encoder.weight", ones({2, 3}));
  optim::Adam adam({w});
  adam.step({constant(ones({2, 3}))});
  optim::StateDict state = adam.state_dict();
  REQUIRE(state.size() == 3);
  CHECK(state[0].first == "step");
  CHECK(state[0].second.item() == 1);
  CHECK(state[1].first == "encoder.weight.exp_avg");
  CHECK(state[2].first == "encoder.weight.exp_avg_sq");

  state[2].second = zeros({3, 2});
  CHECK(error_of([&] { adam.load_state_dict(state); }) ==
        "adam: load_state_dict: encoder.weight.exp_avg_sq is f32[2, 3] here and f32[3, 2] there");
  CHECK(error_of([&] {
          adam.load_state_dict({state[0], state[1]});
        }) == "adam: load_state_dict: encoder.weight.exp_avg_sq is missing");
  state = adam.state_dict();
  state.emplace_back("decoder.weight.exp_avg", zeros({1}));
  CHECK(error_of([&] { adam.load_state_dict(state); }) == "adam: load_state_dict: 4 names, but only 3 are known");
  state[0].second = scalar(-1, Dtype::i64);
  CHECK(error_of([&] { adam.load_state_dict(state); }) ==
        "adam: load_state_dict: step must be one i64 of at least 0, got i64[]");
  CHECK(adam.steps() == 1);
}

TEST_CASE("an optimizer says which gradient does not fit") {
  const Parameter w("encoder.weight", ones({2, 3})), b("encoder.bias", ones({2}));
  optim::SGD sgd({w, b});
  CHECK(error_of([&] { sgd.step({constant(ones({2, 3}))}); }) == "sgd: 1 gradients for 2 parameters");
  CHECK(error_of([&] {
          sgd.step({constant(ones({2, 3})), constant(ones({3}))});
        }) == "sgd: parameter encoder.bias is f32[2], its gradient f32[3]");
  CHECK(error_of([&] {
          sgd.step({constant(ones({2, 3}, Dtype::f64)), constant(ones({2}))});
        }) == "sgd: parameter encoder.weight is f32[2, 3], its gradient f64[2, 3]");
  CHECK(sgd.steps() == 0);
  CHECK(equal(w.value(), ones({2, 3})));

  optim::Adam adam({b});
  b.set_value(ones({2}, Dtype::f64));
  CHECK(error_of([&] { adam.step({constant(ones({2}, Dtype::f64))}); }) ==
        "adam: parameter encoder.bias became f64 after the optimizer was made; make a new one");
}

TEST_CASE("options that make no sense are errors") {
  const Parameter w("w", ones({2}));
  CHECK(error_of([&] { optim::Adam({}); }) == "adam: there are no parameters to optimize");
  CHECK(error_of([&] { optim::Adam({w, w.renamed("again")}); }) == "adam: parameter again is given twice");
  CHECK(error_of([&] { optim::Adam({w}, {.lr = -1}); }) ==
        "adam: the learning rate must be a number of at least 0, got -1");
  CHECK(error_of([&] { optim::AdamW({w}, {.betas = {0.9, 1}}); }) == "adamw: betas must lie in [0, 1), got 1");
  CHECK(error_of([&] { optim::SGD({w}, {.nesterov = true}); }) == "sgd: nesterov needs a momentum and no dampening");
}

TEST_CASE("a fused step says what does not fit") {
  Tensor value = ones({2}), memory = ones({3});
  const Tensor gradient = ones({2});
  CHECK(error_of([&] {
          update(AdamUpdate{}, std::vector<UpdateItem>{{value, gradient, {}}});
        }) == "update: needs 2 tensors of memory, got 0");
  CHECK(error_of([&] {
          update(SgdMomentumUpdate{}, std::vector<UpdateItem>{{value, gradient, {&memory, 1}}});
        }) == "update: the parameter is f32[2], its memory f32[3]");
}

// ---- clipping and schedules

TEST_CASE("clipping by the norm is PyTorch's") {
  struct Row {
    double max_norm, norm_type, norm;
    std::vector<double> clipped;
  };
  const double infinity = std::numeric_limits<double>::infinity();
  for (const Row& row :
       std::vector<Row>{{6.5, 2, 13, {1.4999998846153937, 1.9999998461538582, 5.999999538461575}},
                        {100, 2, 13, {3, 4, 12}},
                        {4, infinity, 12, {0.9999999166666738, 1.3333332222222316, 3.999999666666695}},
                        {3, 1, 19, {0.47368418559556913, 0.6315789141274255, 1.8947367423822765}},
                        {2, 3, 12.207054953820634, {0.4915190052948095, 0.6553586737264127, 1.966076021179238}}}) {
    CAPTURE(row.norm_type);
    const auto [gradients, norm] =
        optim::clip_grad_norm({constant(Tensor::from<double>({3, 4})), constant(Tensor::from<double>({12}, {1, 1}))},
                              row.max_norm, row.norm_type);
    CHECK(norm == doctest::Approx(row.norm).epsilon(1e-14));
    CHECK(gradients[1].shape() == Shape{1, 1});
    std::vector<double> all = gradients[0].value().to_vector<double>();
    all.push_back(gradients[1].item());
    check_relative(all, row.clipped, 1e-14);
  }
}

TEST_CASE("a gradient that is not a number is not hidden by clipping") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double type : {2.0, std::numeric_limits<double>::infinity()}) {
    const auto clipped = optim::clip_grad_norm({constant(full({2}, nan)), constant(ones({2}))}, 1, type);
    CHECK(std::isnan(clipped.norm));
    CHECK(std::isnan(max(clipped.gradients[1].value()).item()));
  }
}

TEST_CASE("clipping by value keeps every number within bounds") {
  const std::vector<Var> clipped = optim::clip_grad_value({constant(Tensor::from<double>({-3, 0.5, 2}))}, 1);
  CHECK(clipped[0].value().to_vector<double>() == std::vector<double>{-1, 0.5, 1});
}

TEST_CASE("schedules are PyTorch's") {
  const optim::StepLR stair{.lr = 0.5, .step_size = 3};
  const optim::CosineAnnealingLR cosine{.lr = 0.5, .T_max = 5, .eta_min = 0.01};
  std::vector<double> down, round;
  for (int epoch = 0; epoch < 8; ++epoch) {
    down.push_back(stair(epoch));
    round.push_back(cosine(epoch));
  }
  check_relative(down, {0.5, 0.5, 0.5, 0.05, 0.05, 0.05, 0.005, 0.005}, 1e-14);
  check_relative(round,
                 {0.5, 0.45320916362186214, 0.33070916362186215, 0.1792908363781379, 0.0567908363781379, 0.01,
                  0.05679083637813787, 0.17929083637813795},
                 1e-13);
  const Parameter w("w", zeros({1}, Dtype::f64));
  optim::SGD sgd({w});
  sgd.set_lr(stair(4));
  sgd.step({constant(ones({1}, Dtype::f64))});
  CHECK(w.value().item() == doctest::Approx(-0.05).epsilon(1e-14));
}
