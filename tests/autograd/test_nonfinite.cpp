// SPDX-License-Identifier: MIT
// The tracer that finds the first value that is not finite.
#include <cmath>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "autograd/flow.h"
#include "autograd/grad.h"
#include "autograd/inspect/nonfinite.h"
#include "autograd/ops.h"
#include "nn/activations.h"
#include "nn/linear.h"
#include "nn/sequential.h"
#include "tests/autograd/small_vae.h"
#include "tests/error_of.h"
#include "tests/numbers.h"

using namespace hourglass;
using test::kInfinity;
using test::SmallVae;

namespace {}  // namespace

TEST_CASE("the tracer names the first op that is not finite, its inputs, its module and its order") {
  Rng rng(2);
  nn::Sequential model;
  model.add<nn::Linear>(3, 4, rng);
  model.add<nn::ReLU>();
  const Tensor images = Tensor::from({0.0F, 1.0F, 2.0F, 3.0F, NAN, 5.0F}, {2, 3});
  TraceNonFinite trace({.fail = false});
  const Var y = model(constant(images));
  exp(y) / 0.0;  // later values do not count
  REQUIRE(trace.report());
  const NonFinite& found = *trace.report();
  CHECK(found.op == "linear");
  CHECK(!found.backward);
  CHECK(found.path == "0");
  CHECK(found.value.nans == 4);
  CHECK(found.description == "f32[2, 4]");
  REQUIRE(found.inputs.size() == 3);
  CHECK(found.inputs[0].description == "f32[2, 3]");
  CHECK(found.inputs[0].statistics.nans == 1);
  CHECK(found.inputs[1].statistics.all_finite());
  const std::string text = found.text();
  CAPTURE(text);
  CHECK(text.find("linear gave f32[2, 4], ") == 0);
  CHECK(text.find(", 4 NaN, forward\n  from f32[2, 3]: 0 to 5") != std::string::npos);
  CHECK(text.find("\n  in module 0") != std::string::npos);
}

TEST_CASE("in a walk back the tracer names the rule, and where its op was called") {
  struct Model : nn::Module {
    explicit Model(Rng& rng) : inner(child<nn::Linear>("inner", 2, 2, rng)) {}
    nn::Linear& inner;
  };
  Rng rng(2);
  const Model model(rng);
  const Var x = variable(Tensor::from({0.0, 4.0}));
  TraceNonFinite trace;
  const Var root = nn::in_context("roots", [&] { return sqrt(x); });  // √0 is fine, its slope is not
  const Var y = sum(root);
  std::string message = error_of([&] { grad(y, x); });
  CAPTURE(message);
  CHECK(message.find("TraceNonFinite: strong_div gave f64[2], 0.25") == 0);
  CHECK(message.find("1 infinite, on the way back, in the rule of sqrt") != std::string::npos);
  CHECK(message.find("\n  in module roots") != std::string::npos);
  REQUIRE(trace.report());
  CHECK(trace.report()->backward);
  CHECK(trace.report()->derivative_of == "sqrt");
  REQUIRE(trace.report()->inputs.size() == 2);
  CHECK(trace.report()->inputs[1].statistics.min == 0);
}

TEST_CASE("the tracer throws at once, inside the module, and a new one works afterwards") {
  Rng rng(2);
  const SmallVae model(rng);
  const Var bad = constant(full({2, 12}, NAN));
  {
    const TraceNonFinite trace;
    const std::string message = error_of([&] { model.hidden(bad); });
    CHECK(message.find("hidden: TraceNonFinite: linear gave f32[2, 8], nothing finite, 16 NaN, forward") == 0);
  }
  model.hidden(bad);  // no tracer is left
  const TraceNonFinite again;
  CHECK(error_of([&] { model.loss(bad, rng); }).find("TraceNonFinite: linear") != std::string::npos);
}

TEST_CASE("options choose which values and directions the tracer checks") {
  const Var x = variable(Tensor::from({0.0, 1.0}));
  {
    TraceNonFinite nan_only({.fail = false, .infinities = false});
    log(x);
    CHECK(!nan_only.report());
    log(x - 1);
    CHECK(nan_only.report());
  }
  TraceNonFinite backward_only({.fail = false, .forward = false});
  // The branch that is not taken is infinite, which does no harm.
  const Var y = sum(where(x.value() > 0, x * log(x), 0.0));
  grad(y, x);
  CHECK(!backward_only.report());
  grad(sum(scale_gradient(x, kInfinity)), x);
  REQUIRE(backward_only.report());
  CHECK(backward_only.report()->derivative_of == "scale_gradient");
}

TEST_CASE("the tracer also finds the result of a rule that computes without ops") {
  const Var x = variable(Tensor::from({1.0, 2.0}));
  TraceNonFinite trace({.fail = false});
  static constexpr Op own{"own"};
  const Var y = record(own, x.value(), wrt(x, [](const Var& g) { return constant(g.value() / 0.0); }));
  grad(sum(y), x);
  REQUIRE(trace.report());
  CHECK(trace.report()->op == "own's rule");
  CHECK(trace.report()->backward);
}

TEST_CASE("each thread is traced separately") {
  std::vector<std::string> found(4);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < found.size(); ++t)
    threads.emplace_back([&, t] {
      TraceNonFinite trace({.fail = false});
      const Var x = variable(full({8}, -1.0));
      for (int i = 0; i < 50; ++i) exp(x);
      if (t % 2 == 0) sqrt(x);
      else log(x);
      if (trace.report()) found[t] = trace.report()->op;
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(found == std::vector<std::string>{"sqrt", "log", "sqrt", "log"});
}
