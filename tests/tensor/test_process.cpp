// SPDX-License-Identifier: MIT
// What ops share within a process: threads that the system may refuse, a fork, memory that is kept.
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tests/error_of.h"

using namespace hourglass;

namespace {

constexpr std::int64_t kEnough = 1'000'000;  // numbers: an op on a tensor of this size uses several threads
bool sums_are_right() { return sum(arange(kEnough) + 1).item() == kEnough * (kEnough + 1) / 2; }

// Runs one test case of this program, which is skipped otherwise, after `before` in a shell. Returns what it prints to
// stderr, and its exit code if that is not 0.
std::string run_alone(const std::string& before, const std::string& test_case) {
  const auto log = std::filesystem::temp_directory_path() / join("hourglass_", ::getpid(), ".log");
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
  const int status = std::system(
      join(before, "exec '", program, "' --no-skip --test-case='", test_case, "' >/dev/null 2>'", log.string(), "'")
          .c_str());
  std::ifstream file(log);
  std::string printed{std::istreambuf_iterator<char>(file), {}};
  std::filesystem::remove(log);
  return status == 0 ? printed : join(printed, "status ", status);
}

}  // namespace

TEST_CASE("alone: five hundred threads" * doctest::skip()) {
  std::atomic<bool> begun = false, done = false;
  std::thread other([&] {  // before the others, which may leave no room for it
    while (!begun) std::this_thread::yield();
    while (!done) (void)sums_are_right();
  });
  set_num_threads(500);
  CHECK(sums_are_right());
  set_num_threads(2);
  begun = true;
  for (const int threads : {8, 2, 300, 3, 500, 1, 40}) {  // while the other thread holds a smaller team
    set_num_threads(threads);
    CHECK(num_threads() == threads);
    CHECK(sums_are_right());
  }
  done = true;
  other.join();
}

#if defined(__linux__) && !defined(HOURGLASS_SANITIZED)
TEST_CASE("threads that cannot start are done without, and nothing is printed") {
  CHECK(run_alone("", "alone: five hundred threads") == "");
  CHECK(run_alone("ulimit -v 1600000; ", "alone: five hundred threads") == "");
  CHECK(run_alone("ulimit -v 800000; ", "alone: five hundred threads") == "");
}

TEST_CASE("a child that fork() makes while other threads allocate can allocate and compute") {
  CHECK(sums_are_right());
  std::atomic<bool> done = false;
  std::vector<std::thread> others;
  for (int i = 0; i < 3; ++i)
    others.emplace_back([&] {
      while (!done) {
        const Tensor x({100}), y({1000});
        (void)num_threads();
      }
    });
  int failed = 0;
  for (int i = 0; i < 100; ++i) {
    const ::pid_t child = ::fork();
    if (child == 0) {
      ::alarm(10);  // a child that hangs is a child that fails
      ::_exit(sums_are_right() && num_threads() == 1 ? 0 : 1);
    }
    int status = 1;
    ::waitpid(child, &status, 0);
    failed += status != 0;
  }
  done = true;
  for (std::thread& other : others) other.join();
  CHECK(failed == 0);
}

TEST_CASE("memory that no one needs any more goes back to the system, and what is in use by turns stays") {
  memory::trim();
  { const Tensor large({10'000'000}); }
  CHECK(memory::bytes_cached() >= 40'000'000);
  for (int i = 0; i < 1 << 18; ++i) const Tensor small({1000});
  CHECK(memory::bytes_cached() < 1'000'000);
  CHECK(memory::bytes_cached() >= 4'000);
  for (int i = 0; i < 1 << 17; ++i) {
    if (i % 10'000 == 0) const Tensor large({10'000'000});
    const Tensor small({1000});
  }
  CHECK(memory::bytes_cached() >= 40'000'000);
}
#endif

TEST_CASE("more memory than the limit is an error that says how much") {
  const std::int64_t before = memory::limit(), used = memory::bytes_in_use();
  memory::set_limit(used + 1000);
  CHECK(error_of([] { const Tensor x({1000}); }).starts_with("storage: out of memory: asked for 4000 bytes while "));
  CHECK_NOTHROW(Tensor({100}));
  memory::set_limit(before);
  CHECK_NOTHROW(Tensor({1000}));
  CHECK(memory::bytes_in_use() == used);
  CHECK(error_of([] { memory::set_limit(-1); }) == "set_limit: needs at least 0 bytes, got -1");
}
