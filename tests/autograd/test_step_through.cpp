// SPDX-License-Identifier: MIT
// The walk back one node at a time.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "autograd/flow.h"
#include "autograd/grad.h"
#include "autograd/inspect/step_through.h"
#include "autograd/ops.h"
#include "tests/autograd/small_vae.h"
#include "tests/error_of.h"
#include "tests/paths.h"
#include "tests/tables/op_checks.h"

using namespace hourglass;
using test::check_same_bits;
using test::SmallVae;

TEST_CASE("stepping through gives grad's gradients to the bit, for every row of the op table") {
  for (const test::Row& row : test::op_table()) {
    CAPTURE(row.name);
    std::vector<Var> inputs, xs;
    for (const Tensor& x : test::draw_inputs(row)) {
      inputs.push_back(is_floating(x.dtype()) ? variable(x) : constant(x));
      if (is_floating(x.dtype())) xs.push_back(inputs.back());
    }
    const Var y = row.f(inputs);
    if (!y.needs_gradient()) continue;
    const Var loss = sum(y * constant(test::ramp(y.shape(), 11, y.dtype())));
    const std::vector<Var> wanted = grad(loss, xs, {.retain_graph = true, .allow_unused = true});
    StepThrough steps = step_through(loss, xs, {.allow_unused = true});
    for (const BackwardStep& step : steps) {
      CHECK(!describe_step(step).empty());
      if (step.arrivals.empty()) continue;
      Tensor total = step.arrivals[0].share;
      for (std::size_t k = 1; k < step.arrivals.size(); ++k) total = total + step.arrivals[k].share;
      CHECK(total.shape() == step.received.shape());
      CHECK(allclose(total, step.received.value(), 1e-6, 1e-9));
    }
    check_same_bits(steps.gradients(), wanted);
  }
}

TEST_CASE("a step shows what a node received, from which nodes, and what its rules computed") {
  const Var a = variable(Tensor::from({2.0, 3.0})), b = variable(Tensor::from({5.0, 7.0}));
  const Var product = a * b, y = sum(product + product * 2);
  std::vector<BackwardStep> steps;
  for (const BackwardStep& step : step_through(y, {a, b})) steps.push_back(step);
  REQUIRE(steps.size() == 6);  // sum, add, mul by 2, mul, b, a
  CHECK(steps[0].arrivals.size() == 1);
  CHECK(!steps[0].arrivals[0].from);
  const BackwardStep& mul = steps[3];
  CHECK(mul.node->op().name == "mul");
  REQUIRE(mul.arrivals.size() == 2);
  CHECK(mul.received.value().to_vector<double>() == std::vector<double>{3, 3});
  REQUIRE(mul.passed.size() == 2);
  CHECK(mul.passed[0].share.value().to_vector<double>() == std::vector<double>{15, 21});
  REQUIRE(mul.passed[0].ran.size() == 1);
  CHECK(mul.passed[0].ran[0].op == "strong_mul");
  REQUIRE(mul.passed[0].ran[0].operands.size() == 2);
  CHECK(mul.passed[0].ran[0].operands[1].value.to_vector<double>() == std::vector<double>{5, 7});
  CHECK(describe_step(mul).find("the sum of 2") != std::string::npos);
  CHECK(describe_step(mul).find("multiplied  by dy/da = b") != std::string::npos);
  CHECK(steps[1].passed[0].ran.empty());  // add passes on what it received
  CHECK(error_of([&] { grad(y, a); }) ==
        "grad: this graph was released by an earlier grad(); pass {.retain_graph = true} there");
}

TEST_CASE("partial walks, slices, parameters and higher orders give the same as grad") {
  Rng rng(9);
  const SmallVae model(rng);
  const Var x = constant(rng.uniform({4, 12}));
  const Var loss = model.loss(x, rng);
  const std::vector<Var> wanted = grad(loss, model.parameters(), {.retain_graph = true});
  StepThrough steps = step_through(loss, model.parameters(), {.retain_graph = true});
  int count = 0;
  for (const BackwardStep& step : steps) {
    CHECK(step.node);
    if (++count == 10) break;
  }
  check_same_bits(steps.gradients(), wanted);

  const Var v = variable(rng.normal({6}, 0, 1, Dtype::f64));
  const Var y = sum(square(slice(v, 0, 0, 3)) * slice(v, 0, 3, 6)) + sum(exp(slice(v, 0, 1, 4)));
  const Var first = grad(y, v, {.create_graph = true});
  StepThrough second = step_through(y, {v}, {.create_graph = true});
  const Var stepped = second.gradients()[0];
  check_same_bits({stepped}, {first});
  CHECK(stepped.node()->order() == 1);
  check_same_bits({grad(sum(stepped * stepped), v, {.retain_graph = true})},
                  {grad(sum(first * first), v, {.retain_graph = true})});

  const Parameter unused("unused", zeros({2}));
  CHECK(error_of([&] { step_through(sum(square(v)), std::vector<Parameter>{unused}).gradients(); }) ==
        "grad: the value does not depend on parameter unused, f32[2]; pass {.allow_unused = true} to get zeros for it");
  CHECK(error_of([&] { step_through(v, {v}); }) ==
        "step_through: needs a value of one element to differentiate, got f64[6]; reduce it with sum or mean");
}

TEST_CASE("the program step_through shows every node when its input ends") {
  const std::filesystem::path log = std::filesystem::temp_directory_path() / "hourglass_step_through.txt";
  const std::string program = "'" + test::example_program("step_through") + "'";
  const auto output_of = [&](const std::string& arguments) {
    CAPTURE(arguments);
    CHECK(std::system(("printf 'xyz' | " + program + arguments + " > '" + log.string() + "' 2>&1").c_str()) == 0);
    std::ifstream in(log);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  const std::string hand = output_of("");
  for (const char* const line : {"3. strong_mul", "from strong_mul #", ": 0.0882\n", ": -0.134\n",
                                 "gradient by w: -0.0461\n", "These are what grad() gives, to the bit.\n"}) {
    CAPTURE(line);
    CHECK(hand.find(line) != std::string::npos);
  }
  for (const char* const of : {" --of vae", " --of contractive --all"})
    CHECK(output_of(of).find("These are what grad() gives, to the bit.\n") != std::string::npos);
  std::filesystem::remove(log);
}
