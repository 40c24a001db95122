// SPDX-License-Identifier: MIT
#include "tensor/parallel.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <latch>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <vector>

#include <pthread.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include "tensor/checked.h"
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

constexpr std::size_t kReserve = std::size_t{64} << 20;  // bytes
// The number of threads, at most `threads` and including this one, that the system lets us start. TBB ends the process
// if the system refuses a thread (for lack of memory for its stack, for example), so this function tries first. If the
// system refuses, the result is half of the threads that did start: the work needs memory, too. So do the rest of the
// program and its own threads, for which kReserve stays free in any case.
int startable(int threads) {
  const std::unique_ptr<std::byte[]> reserve(new (std::nothrow) std::byte[kReserve]);
  if (!reserve) return 1;
  struct Latches {
    std::latch ready{1}, done{1};
  };
  const auto wait = [](void* latches) -> void* {
    auto& [ready, done] = *static_cast<Latches*>(latches);
    { const auto heap = std::make_unique<std::byte[]>(64); }  // malloc reserves memory for a thread that allocates
    ready.count_down();
    done.wait();
    return nullptr;
  };
  ::pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, tbb::global_control::active_value(tbb::global_control::thread_stack_size));
  const auto others = static_cast<std::size_t>(threads - 1);
  const auto latches = std::make_unique<Latches[]>(others);
  std::vector<::pthread_t> started(others);
  std::size_t count = 0;
  for (; count < others; ++count) {
    if (::pthread_create(&started[count], &attributes, wait, &latches[count]) != 0) break;
    latches[count].ready.wait();
  }
  ::pthread_attr_destroy(&attributes);
  for (std::size_t i = 0; i < count; ++i) latches[i].done.count_down();
  for (std::size_t i = 0; i < count; ++i) ::pthread_join(started[i], nullptr);
  return count == others ? threads : std::max(1, static_cast<int>(count + 1) / 2);
}

struct Setting {
  const int cores = std::max(1, tbb::this_task_arena::max_concurrency());
  std::atomic<int> threads{cores};
  std::atomic<bool> in_child = false;  // of a fork, where TBB's threads do not exist
  std::mutex mutex;
  std::shared_ptr<tbb::task_arena> team;  // null until first used, and again when the number of threads changes
  // Of a team. TBB promises 256 threads or one per core, and prints a warning where a team is larger.
  int most = std::max(256, cores);
  int started = 1;
  std::optional<tbb::global_control> limit;  // one for all teams, since TBB obeys the smallest that lives
};
// Made on first use: the library does nothing while a program loads it. Never destroyed, since TBB may be gone by then.
Setting& setting() {
  static Setting* const one = [] {
    ::pthread_atfork([] { setting().mutex.lock(); }, [] { setting().mutex.unlock(); },
                     [] {
                       setting().in_child = true;
                       setting().mutex.unlock();
                     });
    return new Setting;
  }();
  return *one;
}
thread_local bool inside = false;  // a parallel_for inside a chunk runs on its thread alone

std::shared_ptr<tbb::task_arena> current_team() {
  Setting& now = setting();
  const std::lock_guard lock(now.mutex);
  if (now.team) return now.team;
  const int wanted = std::min(now.threads.load(), now.most);
  if (wanted > now.started) {
    now.started = std::max(now.started, startable(wanted));
    if (now.started < wanted) now.most = now.started;
    // By default, TBB would start at most one thread per core.
    now.limit.emplace(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(now.most));
  }
  return now.team = std::make_shared<tbb::task_arena>(std::min(wanted, now.started));
}

}  // namespace

int num_threads() {
  const Setting& now = setting();
  return now.in_child.load(std::memory_order_relaxed) ? 1 : now.threads.load(std::memory_order_relaxed);
}

void set_num_threads(int threads) {
  check(threads >= 1, "set_num_threads", "needs at least 1, got ", threads);
  Setting& now = setting();
  const std::lock_guard lock(now.mutex);
  if (threads == now.threads.load()) return;
  now.threads = threads;
  now.team.reset();
}

void parallel_for(std::int64_t n, std::int64_t grain, FunctionRef<void(std::int64_t, std::int64_t)> body) {
  if (n <= 0) return;
  check(grain >= 1, "parallel_for", "needs a grain of at least 1, got ", grain);
  const std::int64_t chunks = ceil_div(n, grain);
  const auto run = [&](std::int64_t chunk) {
    const std::int64_t begin = chunk * grain;
    body(begin, begin + std::min(grain, n - begin));
  };
  if (chunks == 1 || inside || num_threads() == 1) {
    for (std::int64_t chunk = 0; chunk < chunks; ++chunk) run(chunk);
    return;
  }
  char fork = 0, join = 0;
  handed_on(fork);
  const auto on_all_threads = [&] {
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
  };
  within_memory(
      "parallel_for", [&] { current_team()->execute(on_all_threads); }, "in a loop over ", n);
  received(join);
}

}  // namespace hourglass
