// SPDX-License-Identifier: MIT
// A training run that is killed and resumed gives the same bits as an uninterrupted run: tests of
// the example programs, as processes.
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "nn/checkpoint.h"
#include "nn/file.h"
#include "tensor/ops.h"
#include "tensor/random.h"
#include "tests/examples/support_common.h"
#include "tests/json.h"
#include "tests/process.h"

using namespace hourglass;
using examples::contains;
using examples::Process;
using examples::TemporaryFolder;

namespace {

// The variational example keeps a model, an optimizer and a stream of noise. Here it saves after
// every step, so that many kills come while it writes a checkpoint.
std::vector<std::string> arguments(const std::filesystem::path& out, const std::vector<std::string>& more = {}) {
  std::vector<std::string> all{"--data",   "generated", "--limit", "1000", "--epochs",     "4", "--batch-size", "25",
                               "--hidden", "24",        "--code",  "3",    "--save-every", "0", "--out",        out};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

// The lines of metrics.jsonl without the seconds.
std::vector<std::string> metrics(const std::filesystem::path& path) {
  std::vector<std::string> lines;
  std::istringstream text(nn::read_file(path));
  for (std::string line; std::getline(text, line);) lines.push_back(test::Json::parse(line).without("seconds").dump());
  return lines;
}

void check_same_run(const std::filesystem::path& a, const std::filesystem::path& b) {
  for (const char* file : {"last.safetensors", "best.safetensors"}) {
    CAPTURE(file);
    const StateDict one = nn::load_checkpoint(a / file).tensors, other = nn::load_checkpoint(b / file).tensors;
    REQUIRE(one.size() == other.size());
    for (std::size_t i = 0; i < one.size(); ++i) {
      CAPTURE(one[i].first);
      CHECK(one[i].first == other[i].first);
      CHECK(equal(one[i].second, other[i].second));
    }
  }
  CHECK(metrics(a / "metrics.jsonl") == metrics(b / "metrics.jsonl"));
}

}  // namespace

TEST_CASE("a run killed at 20 random moments ends with the same bits as an uninterrupted run") {
  const TemporaryFolder folder;
  const auto whole = folder / "whole", log = folder / "log";
  const auto begin = std::chrono::steady_clock::now();
  REQUIRE(Process("variational", arguments(whole), log).wait() == 0);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;

  Rng rng(20);
  int kills = 0, finished = 0;
  for (int run = 0; kills < 20; ++run) {
    const auto broken = folder / ("broken" + std::to_string(run));
    while (true) {
      const Process process("variational", arguments(broken, {"--resume"}), log);
      if (kills < 20) {
        std::this_thread::sleep_for(seconds * (0.02 + 0.25 * rng.uniform()));
        process.signal(SIGKILL);
      }
      const int code = process.wait();
      if (code == 128 + SIGKILL) {
        ++kills;
        continue;
      }
      CAPTURE(nn::read_file(log));
      REQUIRE(code == 0);
      break;
    }
    ++finished;
    check_same_run(whole, broken);
  }
  CHECK(finished >= 1);
}

TEST_CASE("Ctrl-C saves, prints the command that continues, and this command works") {
  const TemporaryFolder folder;
  const auto whole = folder / "whole", broken = folder / "broken one", log = folder / "log";
  REQUIRE(Process("variational", arguments(whole), log).wait() == 0);
  const Process process("variational", arguments(broken), log);
  while (!std::filesystem::exists(broken / "last.safetensors"))
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  process.signal(SIGINT);
  CHECK(process.wait() == 130);
  const std::string said = nn::read_file(log);
  CAPTURE(said);
  CHECK(contains(said, "and saved; to continue: "));
  CHECK(contains(said, "--out '" + broken.string() + "' --resume\n"));

  CHECK(Process("variational", arguments(broken, {"--resume"}), log).wait() == 0);
  CHECK(contains(nn::read_file(log), "resume: continuing after step "));
  check_same_run(whole, broken);
  // All epochs are done: another resume only makes the pictures and results again.
  CHECK(Process("variational", arguments(broken, {"--resume"}), log).wait() == 0);
  check_same_run(whole, broken);
  const auto one = test::Json::parse(nn::read_file(whole / "summary.json"));
  const auto other = test::Json::parse(nn::read_file(broken / "summary.json"));
  CHECK(one["test_neg_elbo"].number() == other["test_neg_elbo"].number());
}

TEST_CASE("a run cannot be resumed with other flags or from a damaged file") {
  const TemporaryFolder folder;
  const auto out = folder / "out", log = folder / "log";
  REQUIRE(Process("variational", arguments(out, {"--epochs", "1"}), log).wait() != 0);  // given twice
  std::vector<std::string> brief = arguments(out);
  brief[5] = "1";
  REQUIRE(Process("variational", brief, log).wait() == 0);
  std::vector<std::string> other = brief;
  other.insert(other.end(), {"--lr", "0.01", "--resume"});
  CHECK(Process("variational", other, log).wait() == 2);
  CHECK(contains(nn::read_file(log), "last.safetensors: the run that was saved had lr = 0.001, this one has 0.01"));

  CHECK(Process("wae", {"--data", "generated", "--limit", "1000", "--out", out, "--resume"}, log).wait() == 2);
  CHECK(contains(nn::read_file(log), "last.safetensors: the run that was saved had program = \"variational\""));

  const std::string bytes = nn::read_file(out / "last.safetensors");
  examples::write(out / "last.safetensors", bytes.substr(0, bytes.size() / 2));
  brief.push_back("--resume");
  CHECK(Process("variational", brief, log).wait() == 2);
  CHECK(contains(nn::read_file(log), (out / "last.safetensors").string()));
  CHECK(contains(nn::read_file(log), "; best.safetensors in the same folder can replace it"));
  std::filesystem::copy_file(out / "best.safetensors", out / "last.safetensors",
                             std::filesystem::copy_options::overwrite_existing);
  CHECK(Process("variational", brief, log).wait() == 0);
}
