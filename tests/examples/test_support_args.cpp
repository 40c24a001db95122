// SPDX-License-Identifier: MIT
#include <algorithm>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "examples/support/args.h"
#include "tensor/parallel.h"
#include "tests/examples/support_common.h"

using namespace hourglass;
using namespace hourglass::examples;

namespace {

struct Outcome {
  int code = 0;
  std::string out{}, err{};
  Args args{};
  std::int64_t code_size = 20;
  double rho = 0.05;
  bool tied = false;
  std::string loss = "bce";
  std::vector<std::int64_t> widths{512, 30};
};

Outcome run(
    std::vector<const char*> arguments, const std::function<void(const Args&)>& body = [](const Args&) {}) {
  Outcome outcome;
  Program program(
      {.name = "demo", .title = "Demo", .summary = "A demonstration.", .steps = 300, .batch_size = 64, .lr = 0.01});
  program.flag("--code", outcome.code_size, "numbers in the code", {.min = 1, .max = 784});
  program.flag("--rho", outcome.rho, "wanted activation", {.min = 0, .max = 1});
  program.flag("--tied", outcome.tied, "tie the weights");
  program.flag("--loss", outcome.loss, "loss", {"bce", "mse"});
  program.flag("--widths", outcome.widths, "widths of the layers");
  arguments.insert(arguments.begin(), "demo");
  const int threads = num_threads();
  const Captured out(std::cout), err(std::cerr);
  outcome.code = program.run(static_cast<int>(arguments.size()), arguments.data(), [&](const Args& args) {
    outcome.args = args;
    body(args);
  });
  set_num_threads(threads);
  outcome.out = out.text();
  outcome.err = err.text();
  return outcome;
}

}  // namespace

TEST_CASE("without flags a program has its own defaults") {
  const Outcome outcome = run({});
  CHECK(outcome.code == 0);
  CHECK(outcome.args.steps == 300);
  CHECK(outcome.args.epochs == 0);
  CHECK(outcome.args.batch_size == 64);
  CHECK(outcome.args.lr == 0.01);
  CHECK(outcome.args.seed == 0);
  CHECK(outcome.args.data.name == "fashion-mnist");
  CHECK(outcome.args.out == "runs/demo");
}

TEST_CASE("training is as long as --steps says, in whole epochs from 1 to 200, or as --epochs says") {
  const auto epochs = [](const std::vector<const char*>& flags, std::int64_t batches) {
    return run(flags).args.epochs_of(batches);
  };
  CHECK(epochs({}, 100) == 3);
  CHECK(epochs({}, 125) == 2);
  CHECK(epochs({}, 1000) == 1);
  CHECK(epochs({}, 1) == 200);
  CHECK(epochs({"--steps", "1000"}, 100) == 10);
  CHECK(epochs({"--epochs", "7"}, 100) == 7);
  CHECK(epochs({"--epochs", "1000"}, 1) == 1000);
}

TEST_CASE("flags set their variables, and appear in the configuration") {
  const Outcome outcome = run({"--epochs", "7",      "--lr=3e-4", "--seed",    "9",        "--threads", "1",
                               "--out",    "x/y",    "--data",    "generated", "--limit",  "50",        "--code",
                               "2",        "--tied", "--loss",    "mse",       "--widths", "8,4,2",     "--quiet"});
  CHECK(outcome.code == 0);
  CHECK(outcome.args.epochs == 7);
  CHECK(outcome.args.lr == 3e-4);
  CHECK(outcome.args.seed == 9);
  CHECK(outcome.args.quiet);
  CHECK(outcome.args.data.limit == 50);
  CHECK(outcome.code_size == 2);
  CHECK(outcome.tied);
  CHECK(outcome.widths == std::vector<std::int64_t>{8, 4, 2});
  const auto value_of = [&](const std::string& name) {
    for (const auto& [key, value] : outcome.args.config)
      if (key == name) return value;
    return Value(std::string("absent"));
  };
  CHECK(value_of("batch_size") == Value(std::int64_t{64}));
  CHECK(value_of("seed") == Value(std::int64_t{9}));
  CHECK(value_of("lr") == Value(3e-4));
  CHECK(value_of("tied") == Value(true));
  CHECK(value_of("widths") == Value(std::string("8,4,2")));
  CHECK(value_of("out") == Value(std::string("x/y")));
}

TEST_CASE("--threads applies while the body runs") {
  int threads = 0;
  run({"--threads", "2"}, [&](const Args&) { threads = num_threads(); });
  CHECK(threads == std::min(2, static_cast<int>(std::thread::hardware_concurrency())));
}

TEST_CASE("wrong flags give one line that says what was expected, and exit code 2") {
  struct Case {
    std::vector<const char*> arguments;
    std::string expected;
  };
  const std::vector<Case> cases{
      {{"--batch-size", "0"}, "--batch-size: expects an integer of at least 1, got '0'"},
      {{"--epochs", "1.5"}, "--epochs: expects an integer of at least 1, got '1.5'"},
      {{"--epochs", "99999999999999999999"}, "--epochs: expects an integer"},
      {{"--seed", "-1"}, "--seed: expects an integer of at least 0, got '-1'"},
      {{"--lr", "nan"}, "--lr: expects a number of at least 0, got 'nan'"},
      {{"--lr", "inf"}, "--lr: expects"},
      {{"--lr", "1e-3x"}, "--lr: expects"},
      {{"--threads", "0"}, "--threads: expects an integer of at least 1, got '0'"},
      {{"--data", "cifar"}, "--data: expects fashion-mnist, mnist, generated, folder or a path, got 'cifar'"},
      {{"--out", ""}, "--out"},
      {{"--code", "785"}, "--code: expects an integer from 1 to 784"},
      {{"--loss", "huber"}, "--loss: expects one of bce, mse, got 'huber'"},
      {{"--widths", "8,,4"}, "--widths: expects integers, each of at least 1, got ''"},
      {{"--widths", "8,4,"}, "--widths: expects integers, each of at least 1, got ''"},
      {{"--widths", "8,0"}, "--widths: expects integers, each of at least 1, got '0'"},
      {{"--frobnicate"}, "--frobnicate (see --help)"},
      {{"--epoch", "1"}, "--epoch; did you mean --epochs? (see --help)"},
      {{"--batchsize=3"}, "; did you mean --batch-size? (see --help)"},
      {{"stray"}, "stray"},
      {{"--epochs"}, "--epochs"},
      {{"--epochs", "1", "--epochs", "2"}, "--epochs"},
  };
  for (const Case& one : cases) {
    const Outcome outcome = run(one.arguments);
    CAPTURE(one.expected);
    CAPTURE(outcome.err);
    CHECK(outcome.code == 2);
    CHECK(outcome.err.starts_with("demo: "));
    CHECK(contains(outcome.err, one.expected));
    CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1);
    CHECK(outcome.out.empty());
  }
}

TEST_CASE("--resize and --binarize are read; a program with its own data does not have them") {
  const Outcome outcome = run({"--resize", "12x34", "--binarize", "dynamic"});
  CHECK(outcome.args.data.resize.height == 12);
  CHECK(outcome.args.data.resize.width == 34);
  CHECK(outcome.args.data.binarize == Binarize::at_each_step);
  for (const char* wrong : {"12", "12x", "x12", "0x3", "-1x3", "3x4x5", "99999x2"}) {
    const Outcome refused = run({"--resize", wrong});
    CHECK(refused.code == 2);
    CHECK(contains(refused.err, "--resize: expects height and width"));
  }
  const auto own = [](const char* flag, const char* value) {
    Program program({.name = "own", .own_data = true});
    const Captured out(std::cout), err(std::cerr);
    const char* const arguments[] = {"own", flag, value};
    return program.run(3, arguments, [](const Args&) {});
  };
  CHECK(own("--data", "generated") == 0);
  CHECK(own("--data", "mnist") == 2);
  CHECK(own("--data-dir", ".") == 2);
  CHECK(own("--binarize", "static") == 2);
}

TEST_CASE("a wrong value of any length is one short line") {
  const std::string wild = "a\nb" + std::string(20'000, 'x');
  for (const char* flag : {"--lr", "--epochs", "--data", "--widths", "--frobnicate", "--code"}) {
    const Outcome outcome = run({flag, wild.c_str()});
    CAPTURE(flag);
    CHECK(outcome.code == 2);
    CHECK(outcome.err.size() < 500);
    CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1);
  }
}

TEST_CASE("more threads than cores are as many as there are cores, and a line says so") {
  int threads = 0;
  const Outcome outcome = run({"--threads", "1000"}, [&](const Args&) { threads = num_threads(); });
  CHECK(threads == static_cast<int>(std::thread::hardware_concurrency()));
  CHECK(contains(outcome.out, "as many as there are cores"));
}

TEST_CASE("a folder with results is left alone: the next run gets another one") {
  const TemporaryFolder folder;
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  const auto out = [](const std::vector<const char*>& flags) { return run(flags).args.out; };
  CHECK(out({}) == "runs/demo");
  write("runs/demo/summary.json", "{}");
  CHECK(out({}) == "runs/demo-2");
  write("runs/demo-2/last.safetensors", "");
  CHECK(out({}) == "runs/demo-3");
  CHECK(run({}).args.command.ends_with(" --out runs/demo-3"));
  CHECK(out({"--resume"}) == "runs/demo");
  CHECK(out({"--overwrite"}) == "runs/demo");
  CHECK(out({"--out", "runs/demo"}) == "runs/demo");
  std::filesystem::current_path(before);
}

TEST_CASE("an error in the body is one line: exit code 2 if the user can fix it, otherwise 1") {
  const Outcome mendable = run({}, [](const Args&) { fail("data", "is damaged"); });
  CHECK(mendable.code == 2);
  CHECK(mendable.err == "demo: data: is damaged\n");
  const Outcome other = run({}, [](const Args&) { throw std::runtime_error("surprise"); });
  CHECK(other.code == 1);
  CHECK(other.err == "demo: surprise\n");
}

TEST_CASE("--help shows every flag with its default and succeeds") {
  const Outcome outcome = run({"--help"});
  CHECK(outcome.code == 0);
  for (const std::string part :
       {"A demonstration.", "--data", "--data-dir", "--epochs", "--batch-size", "--lr", "--seed", "--threads", "--out",
        "--quiet", "--help", "--code", "--tied", "=20", "=0.05", "=512,30", "bce, mse", "=runs/demo"}) {
    CAPTURE(part);
    CHECK(contains(outcome.out, part));
  }
}
