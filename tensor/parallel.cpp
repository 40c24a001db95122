#include "tensor/parallel.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>

#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include "tensor/error.h"

#if defined(HOURGLASS_SANITIZE_THREAD)
#include <sanitizer/tsan_interface.h>
#endif

namespace hourglass {
namespace {

// ThreadSanitizer does not see how oneTBB's compiled library synchronises. These calls tell it what parallel_for
// promises: all writes before handed_on() come before everything after received() of the same point.
#if defined(HOURGLASS_SANITIZE_THREAD)
void handed_on(char& point) { __tsan_release(&point); }
void received(char& point) { __tsan_acquire(&point); }
#else
void handed_on(char&) {}
void received(char&) {}
#endif

// The threads of one setting. By default, TBB would start at most one thread per core.
struct Team {
  explicit Team(int threads)
      : limit(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(threads)), arena(threads) {}
  tbb::global_control limit;
  tbb::task_arena arena;
};

struct Setting {
  std::atomic<int> threads{std::max(1, tbb::this_task_arena::max_concurrency())};
  std::mutex mutex;
  std::shared_ptr<Team> team;  // null until first used, and again when the number of threads changes
};
// Made on first use: the library does nothing while a program loads it.
Setting& setting() {
  static Setting one;
  return one;
}
thread_local bool inside = false;  // a parallel_for inside a chunk runs on its thread alone

std::shared_ptr<Team> current_team() {
  auto& [threads, mutex, team] = setting();
  const std::lock_guard lock(mutex);
  if (!team) team = std::make_shared<Team>(threads.load());
  return team;
}

}  // namespace

int num_threads() { return setting().threads.load(std::memory_order_relaxed); }

void set_num_threads(int threads) {
  check(threads >= 1, "set_num_threads", "needs at least 1, got ", threads);
  auto& [count, mutex, team] = setting();
  const std::lock_guard lock(mutex);
  if (threads == count.load()) return;
  count = threads;
  team.reset();
}

void parallel_for(std::int64_t n, std::int64_t grain, FunctionRef<void(std::int64_t, std::int64_t)> body) {
  if (n <= 0) return;
  check(grain >= 1, "parallel_for", "needs a grain of at least 1, got ", grain);
  const std::int64_t chunks = (n + grain - 1) / grain;
  const auto run = [&](std::int64_t chunk) { body(chunk * grain, std::min(n, (chunk + 1) * grain)); };
  if (chunks == 1 || inside || num_threads() == 1) {
    for (std::int64_t chunk = 0; chunk < chunks; ++chunk) run(chunk);
    return;
  }
  char fork = 0, join = 0;
  handed_on(fork);
  current_team()->arena.execute([&] {
    tbb::parallel_for(
        std::int64_t{0}, chunks,
        [&](std::int64_t chunk) {
          struct Guard {
            bool before = std::exchange(inside, true);
            ~Guard() { inside = before; }
          } guard;
          received(fork);
          run(chunk);
          handed_on(join);
        },
        tbb::static_partitioner());
  });
  received(join);
}

}  // namespace hourglass
