// SPDX-License-Identifier: MIT
// Checkpoints: the whole state of a run in one file, which a failed save or a damaged file cannot
// destroy.
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "autograd/grad.h"
#include "autograd/ops.h"
#include "nn/checkpoint.h"
#include "nn/file.h"
#include "nn/linear.h"
#include "optim/adam.h"
#include "optim/ema.h"
#include "optim/monitor.h"
#include "tensor/ops.h"
#include "tests/examples/support_common.h"

using namespace hourglass;
using examples::contains;
using examples::TemporaryFolder;

namespace {

// A run with a part of every kind.
struct Training {
  Rng rng{3};
  Rng noise = rng.split("noise");
  nn::Linear model{5, 2, rng};
  optim::Adam adam{model.parameters(), {.lr = 0.01}};
  optim::Ema ema{model.parameters()};
  optim::EarlyStopping stopping{{.patience = 4}};
  optim::ReduceLROnPlateau plateau{0.01, {.patience = 1}};
  Tensor table = zeros({3});
  std::int64_t epoch = 0;
  double loss = 0;
  nn::Checkpoint checkpoint;

  Training() {
    checkpoint.add("noise", noise);
    checkpoint.add("model", model);
    checkpoint.add("adam", adam);
    checkpoint.add("ema", ema);
    checkpoint.add("stopping", stopping);
    checkpoint.add("plateau", plateau);
    checkpoint.add("table", table);
    checkpoint.add("epoch", epoch);
    checkpoint.add("loss", loss);
  }
  void train(std::int64_t epochs) {
    for (const std::int64_t end = epoch + epochs; epoch < end; ++epoch) {
      const Var y = mean(square(model(constant(noise.normal({7, 5})))));
      adam.step(grad(y, model.parameters()));
      ema.update();
      loss = y.item();
      stopping.step(loss, model.state_dict());
      adam.set_lr(plateau.step(loss));
      table = table + static_cast<double>(epoch);
    }
  }
};

bool same(const StateDict& a, const StateDict& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i].first != b[i].first || !equal(a[i].second, b[i].second)) return false;
  return true;
}

// Limits the size of files while it lives: a full disk.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const ::rlimit tight{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &tight);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  ::rlimit before_{};
  void (*handler_)(int);
};

}  // namespace

TEST_CASE("a run that continues from its checkpoint ends in equal bits") {
  const TemporaryFolder folder;
  Training whole;
  whole.train(20);
  for (const std::int64_t interrupted : {0, 1, 7, 19, 20}) {
    CAPTURE(interrupted);
    Training first, second;
    first.train(interrupted);
    first.checkpoint.save(folder / "last.safetensors", {{"note", "so far"}});
    CHECK(second.checkpoint.load(folder / "last.safetensors") == nn::Metadata{{"note", "so far"}});
    second.train(20 - interrupted);
    CHECK(same(second.checkpoint.state_dict(), whole.checkpoint.state_dict()));
    CHECK(second.epoch == 20);
    CHECK(second.noise.state() == whole.noise.state());
    CHECK(same(second.stopping.best(), whole.stopping.best()));
  }
}

TEST_CASE("a full disk leaves the last good checkpoint, and nothing else") {
  const TemporaryFolder folder;
  Training training;
  training.train(3);
  training.checkpoint.save(folder / "last.safetensors");
  const StateDict good = training.checkpoint.state_dict();
  training.train(3);
  const auto size = std::filesystem::file_size(folder / "last.safetensors");
  for (const auto bytes : {std::uintmax_t{0}, std::uintmax_t{1}, size / 2, size - 1}) {
    CAPTURE(bytes);
    const FullDisk full(bytes);
    const std::string error = error_of([&] { training.checkpoint.save(folder / "last.safetensors"); });
    CHECK(contains(error, (folder / "last.safetensors").string() + ": cannot be written: "));
  }
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.path())) ++files;
  CHECK(files == 1);
  Training again;
  again.checkpoint.load(folder / "last.safetensors");
  CHECK(same(again.checkpoint.state_dict(), good));
}

TEST_CASE("damage anywhere in a checkpoint is an error, and changes nothing") {
  const TemporaryFolder folder;
  const auto path = folder / "last.safetensors";
  Training training, other;
  training.train(2);
  training.checkpoint.save(path, {{"note", "a note"}});
  const std::string bytes = nn::read_file(path);
  other.train(1);
  const StateDict before = other.checkpoint.state_dict();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ (1 << i % 8));
    examples::write(path, damaged);
    CAPTURE(i);
    const std::string error = error_of([&] { other.checkpoint.load(path); });
    CHECK(contains(error, path.string()));
  }
  for (std::size_t length = 0; length < bytes.size(); length += 13) {
    examples::write(path, bytes.substr(0, length));
    CAPTURE(length);
    CHECK(contains(error_of([&] { other.checkpoint.load(path); }), path.string()));
  }
  CHECK(same(other.checkpoint.state_dict(), before));
}

TEST_CASE("loading a checkpoint that does not fit names the part, and changes nothing") {
  const TemporaryFolder folder;
  const auto path = folder / "last.safetensors";
  Training training;
  training.train(2);
  training.checkpoint.save(path);

  Rng rng(4);
  nn::Linear narrow(4, 2, rng);
  std::int64_t epoch = 7;
  nn::Checkpoint few, wrong, more;
  few.add("epoch", epoch);
  CHECK(
      contains(error_of([&] { few.load(path); }), path.string() + ": checkpoint: has a part 'noise', which this run"));

  Training changed;
  nn::Checkpoint& parts = changed.checkpoint;
  parts.add("extra", epoch);
  const StateDict before = parts.state_dict();
  CHECK(contains(error_of([&] { parts.load(path); }), "checkpoint: has no part 'extra'"));
  CHECK(same(parts.state_dict(), before));

  wrong.add("epoch", epoch);
  wrong.add("model", narrow);
  StateDict state;
  for (const auto& entry : training.checkpoint.state_dict())
    if (entry.first.starts_with("model.") || entry.first == "epoch") state.push_back(entry);
  CHECK(error_of([&] { wrong.load_state_dict(state); }) ==
        "model: load_state_dict: weight is f32[2, 4] here and f32[2, 5] there");
  CHECK(epoch == 7);

  CHECK(error_of([&] { more.add("a.b", epoch); }) ==
        "checkpoint: 'a.b' is no name for a part: it must not be empty, nor have a dot");
  more.add("a", epoch);
  CHECK(error_of([&] { more.add("a", epoch); }) == "checkpoint: there is a part 'a' already");

  nn::save_safetensors(path, {{"epoch", scalar(1, Dtype::i64)}});
  CHECK(contains(error_of([&] { few.load(path); }), "this is no checkpoint"));
  CHECK(contains(error_of([&] { few.load(folder / "none"); }), "none"));
}

TEST_CASE("a checkpoint with other shapes of the same size is damaged") {
  const TemporaryFolder folder;
  const auto path = folder / "last.safetensors";
  Tensor weight = reshape(to(arange(6), Dtype::f32), {2, 3}), turned = zeros({3, 2});
  nn::Checkpoint saved, loaded;
  saved.add("weight", weight);
  saved.save(path);
  std::string bytes = nn::read_file(path);
  const std::size_t at = bytes.find("[2,3]");
  REQUIRE(at != std::string::npos);
  examples::write(path, bytes.replace(at, 5, "[3,2]"));
  loaded.add("weight", turned);
  CHECK(contains(error_of([&] { loaded.load(path); }), "the file is damaged: its checksum should be"));
  CHECK(equal(turned, zeros({3, 2})));
}
