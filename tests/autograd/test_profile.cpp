// SPDX-License-Identifier: MIT
// The profiler, and all instruments at the same time.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "autograd/inspect.h"
#include "autograd/ops.h"
#include "optim/adam.h"
#include "tests/autograd/small_vae.h"
#include "tests/error_of.h"
#include "tests/json.h"

using namespace hourglass;
using test::check_same_bits;
using test::Json;
using test::SmallVae;

namespace {
const Profile::Row& row_of(const std::vector<Profile::Row>& rows, const std::string& op, bool backward = false) {
  const auto found = std::find_if(rows.begin(), rows.end(),
                                  [&](const Profile::Row& row) { return row.op == op && row.backward == backward; });
  if (found == rows.end()) fail("test", "no row for ", op);
  return *found;
}
}  // namespace

TEST_CASE("a profile counts calls, operations and bytes of known ops exactly") {
  Rng rng(4);
  const Tensor a = rng.normal({5, 7}), b = rng.normal({7, 3}), image = rng.normal({2, 3, 8, 8}),
               k = rng.normal({4, 3, 3, 3});
  const Tensor bias = zeros({3});
  const Var x = variable(a), w = variable(rng.normal({3, 7}));
  const Profile profile;
  matmul(a, b);
  matmul(a, b);
  a + a;
  sum(a);
  conv2d(image, k, {.padding = 1});
  transpose(a);  // a view does no work
  exp(a + a);    // the result reuses the sum's memory
  grad(sum(linear(x, w, constant(bias))), {x, w});
  const std::vector<Profile::Row> rows = profile.rows();
  CHECK(row_of(rows, "matmul").calls == 2);
  CHECK(row_of(rows, "matmul").flops == 2 * 2 * 5 * 7 * 3);
  CHECK(row_of(rows, "matmul").bytes == 2 * 4 * (5 * 7 + 7 * 3 + 5 * 3));
  CHECK(row_of(rows, "add").calls == 2);
  CHECK(row_of(rows, "add").flops == 2 * 35);
  CHECK(row_of(rows, "add").bytes == 2 * 4 * 3 * 35);
  CHECK(row_of(rows, "exp").bytes == 4 * 2 * 35);
  CHECK(row_of(rows, "sum").calls == 2);
  CHECK(row_of(rows, "conv2d").flops == 2.0 * (2 * 4 * 8 * 8) * (3 * 3 * 3));
  CHECK(row_of(rows, "linear").flops == 2 * 5 * 7 * 3 + 5 * 3);
  CHECK(row_of(rows, "linear").bytes == 4 * (5 * 7 + 3 * 7 + 3 + 5 * 3));
  CHECK(row_of(rows, "matmul", true).calls == 2);  // by x and by w
  CHECK(row_of(rows, "matmul", true).flops == 2 * 2 * 5 * 7 * 3);
  CHECK(std::none_of(rows.begin(), rows.end(), [](const auto& row) { return row.op == "transpose"; }));
  CHECK(std::is_sorted(rows.begin(), rows.end(), [](const auto& p, const auto& q) { return p.seconds > q.seconds; }));
}

TEST_CASE("a profile of a VAE's training step explains most of its time, and its trace file is JSON") {
  Rng rng(4);
  const SmallVae model(rng, 784, 400, 20);
  const Var x = constant(rng.uniform({128, 784}));
  optim::Adam adam(model.parameters(), {});
  adam.step(grad(model.loss(x, rng), model.parameters()));
  const Profile profile;
  for (int step = 0; step < 3; ++step) adam.step(grad(model.loss(x, rng), model.parameters()));
  const double coverage = profile.coverage();
  CHECK(coverage > 0.6);
  CHECK(coverage <= 1);
  const std::vector<Profile::Row> rows = profile.rows();
  CHECK(row_of(rows, "linear").calls == 3 * 5);
  CHECK(row_of(rows, "Adam update").calls == 3);
  CHECK(row_of(rows, "random normal").calls == 3);
  CHECK(row_of(rows, "matmul", true).calls == 3 * 9);  // 5 layers' weights, and all inputs but the images

  const std::string table = join(profile);
  CAPTURE(table);
  CHECK(table.find("forward ") == 0);
  CHECK(table.find("\nbackward ") != std::string::npos);
  CHECK(table.find("\nkernels took ") != std::string::npos);

  const Json trace = Json::parse(profile.trace_json());
  std::vector<std::string> open;
  double last = 0;
  std::size_t kernels = 0;
  for (const Json& event : trace["traceEvents"].items()) {
    const std::string kind = event["ph"].text(), name = event["name"].text();
    if (kind == "M") continue;
    CHECK(event["ts"].number() >= 0);
    if (kind == "B") open.push_back(name);
    if (kind == "E") {
      REQUIRE(!open.empty());
      CHECK(open.back() == name);
      open.pop_back();
    }
    if (kind != "X") continue;
    ++kernels;
    CHECK(event["ts"].number() >= last - 0.01);  // one after another
    last = event["ts"].number() + event["dur"].number();
    if (name == "linear") CHECK(!open.empty());
    CHECK((event["cat"].text() == "forward" || event["cat"].text() == "backward"));
  }
  CHECK(open.empty());
  std::int64_t calls = 0;
  for (const Profile::Row& row : rows) calls += row.calls;
  CHECK(static_cast<std::size_t>(calls) == kernels);

  const std::filesystem::path path = std::filesystem::temp_directory_path() / "hourglass_profile.json";
  profile.write_trace(path.string());
  std::ifstream in(path);
  CHECK((Json::parse(std::string(std::istreambuf_iterator<char>(in), {})) == trace));
  std::filesystem::remove(path);
  CHECK(error_of([&] { profile.write_trace("/nowhere/at/all.json"); }) == "Profile: cannot write /nowhere/at/all.json");
}

TEST_CASE("time between ops is not counted as work") {
  const Profile profile;
  const Tensor x = ones({10});
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  exp(x);
  CHECK(profile.kernel_seconds() < 0.02);
  CHECK(profile.wall_seconds() > 0.03);
}

TEST_CASE("instruments of all kinds work at the same time") {
  Rng rng(4);
  const SmallVae model(rng);
  const Var x = constant(rng.uniform({4, 12}));
  Rng noise(1), same(1);
  const std::vector<Var> wanted = grad(model.loss(x, same), model.parameters());
  const Profile profile;
  Trace trace;
  const TraceNonFinite nan;
  StepThrough steps = step_through(model.loss(x, noise), model.parameters());
  check_same_bits(steps.gradients(), wanted);
  CHECK(trace.size() > 20);
  CHECK(!nan.report());
  CHECK(row_of(profile.rows(), "linear").calls == 5);
}
