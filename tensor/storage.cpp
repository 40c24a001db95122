// SPDX-License-Identifier: MIT
#include "tensor/storage.h"

#include <algorithm>
#include <array>
#include <bit>
#include <mutex>
#include <new>

#include <pthread.h>
#include <unistd.h>

#include "tensor/error.h"

namespace hourglass {

// Freed blocks wait in one list per size class. The next request of that class takes the block freed last, whose lines
// are still in cache. With four classes per doubling at most a fifth is wasted. A training step asks for the same sizes
// again and again, so after one step all memory comes from the lists, without page faults (0.25 µs a KiB). Blocks that
// waited in vain for a whole period go back to the system.
class Pool {
 public:
  using Block = Storage::Block;
#if defined(HOURGLASS_SANITIZED)
  static constexpr bool kKeeps = false;  // so that the sanitizer sees every leak and use after free
#else
  static constexpr bool kKeeps = true;
#endif

  Block* take(std::size_t bytes) {
    const int size_class = class_of(bytes);
    const std::size_t rounded = size_of_class(size_class);
    {
      const std::lock_guard lock(mutex_);
      check_room("storage", static_cast<std::int64_t>(rounded), bytes);
      if (++taken_ % kPeriod == 0) end_period();
      if (Waiting& waiting = waiting_[static_cast<std::size_t>(size_class)]; waiting.first != nullptr) {
        Block* block = std::exchange(waiting.first, waiting.first->next_free);
        waiting.fewest = std::min(waiting.fewest, --waiting.count);
        cached_ -= static_cast<std::int64_t>(rounded);
        block->references.store(1, std::memory_order_relaxed);
        block->bytes = bytes;
        count(rounded);
        return block;
      }
    }
    void* memory = from_system(rounded);
    if (memory == nullptr) {
      trim();
      memory = from_system(rounded);
    }
    const std::lock_guard lock(mutex_);
    check(memory != nullptr, "storage", "out of memory: asked for ", bytes, " bytes while ", in_use_, " are in use");
    count(rounded);
    return new (memory) Block{1, bytes, size_class, nullptr};
  }

  void give_back(Block* block) {
    const auto bytes = static_cast<std::int64_t>(size_of_class(block->size_class));
    {
      const std::lock_guard lock(mutex_);
      in_use_ -= bytes;
      if (kKeeps) {
        cached_ += bytes;
        Waiting& waiting = waiting_[static_cast<std::size_t>(block->size_class)];
        block->next_free = std::exchange(waiting.first, block);
        ++waiting.count;
        return;
      }
    }
    to_system(block);
  }

  void trim() {
    const std::lock_guard lock(mutex_);
    for (Waiting& waiting : waiting_) free_all(std::exchange(waiting, {}).first);
    cached_ = 0;
  }

  std::int64_t in_use() { return locked(in_use_); }
  std::int64_t peak() { return locked(peak_); }
  std::int64_t cached() { return locked(cached_); }
  std::int64_t limit() { return locked(limit_); }
  void reset_peak() {
    const std::lock_guard lock(mutex_);
    peak_ = in_use_;
  }
  void set_limit(std::int64_t bytes) {
    const std::lock_guard lock(mutex_);
    limit_ = bytes;
  }
  void check_room(std::string_view op, std::int64_t bytes) {
    const std::lock_guard lock(mutex_);
    check_room(op, bytes, bytes);
  }

  // Around a fork: the child has this thread alone, and so no other may hold the mutex.
  void lock() { mutex_.lock(); }
  void unlock() { mutex_.unlock(); }

 private:
  // The free blocks of a size class, the last one first, and the fewest of them at any time in this period.
  struct Waiting {
    Block* first = nullptr;
    std::int64_t count = 0, fewest = 0;
  };
  static constexpr std::int64_t kPeriod = 1 << 16;  // allocations: a hundred steps of training

  // Class 0 holds 64 bytes; classes 4k+1 .. 4k+4 hold 5/4, 6/4, 7/4 and 8/4 of 64 * 2^k, rounded up to 64 bytes.
  static int class_of(std::size_t bytes) {
    if (bytes <= 64) return 0;
    const int doubling = static_cast<int>(std::bit_width((bytes - 1) / 64)) - 1;
    const std::size_t quarter = std::size_t{16} << doubling;
    return 4 * doubling + static_cast<int>((bytes - 1) / quarter) - 3;
  }
  static std::size_t size_of_class(int size_class) {
    if (size_class == 0) return 64;
    const int doubling = (size_class - 1) / 4;
    const std::size_t quarters = static_cast<std::size_t>((size_class - 1) % 4 + 5);
    return (quarters * (std::size_t{16} << doubling) + 63) / 64 * 64;
  }
  void count(std::size_t bytes) {
    in_use_ += static_cast<std::int64_t>(bytes);
    peak_ = std::max(peak_, in_use_);
  }
  void check_room(std::string_view op, std::int64_t more, auto asked) const {
    check(more <= limit_ - in_use_, op, "out of memory: asked for ", asked, " bytes while ", in_use_,
          " are in use, with a limit of ", limit_);
  }
  // Frees the blocks that waited throughout the period: the oldest of each list, at its end.
  void end_period() {
    for (int size_class = 0; size_class < std::ssize(waiting_); ++size_class) {
      auto& [first, count, fewest] = waiting_[static_cast<std::size_t>(size_class)];
      Block** end = &first;
      for (std::int64_t i = fewest; i < count; ++i) end = &(*end)->next_free;
      free_all(std::exchange(*end, nullptr));
      cached_ -= fewest * static_cast<std::int64_t>(size_of_class(size_class));
      fewest = count -= fewest;
    }
  }
  static void free_all(Block* block) {
    while (block != nullptr) to_system(std::exchange(block, block->next_free));
  }
  static void* from_system(std::size_t bytes) {
    return ::operator new (sizeof(Block) + bytes, std::align_val_t{64}, std::nothrow);
  }
  static void to_system(Block* block) { ::operator delete (block, std::align_val_t{64}); }
  static std::int64_t machine_memory() {
    const std::int64_t pages = ::sysconf(_SC_PHYS_PAGES), size = ::sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? pages * size : INT64_MAX;
  }
  std::int64_t locked(const std::int64_t& value) {
    const std::lock_guard lock(mutex_);
    return value;
  }

  std::mutex mutex_;
  std::array<Waiting, 256> waiting_{};
  std::int64_t in_use_ = 0, peak_ = 0, cached_ = 0, taken_ = 0, limit_ = machine_memory();
};

namespace {
// Never destroyed, because tensors with static lifetime may still need it at exit.
Pool& pool() {
  static Pool* const instance = [] {
    ::pthread_atfork([] { pool().lock(); }, [] { pool().unlock(); }, [] { pool().unlock(); });
    return new Pool;
  }();
  return *instance;
}
}  // namespace

Storage::Storage(std::size_t bytes) {
  check(bytes < std::size_t{1} << 62, "storage", "out of memory: asked for ", bytes, " bytes");
  block_ = pool().take(bytes);
}
void Storage::release(Block* block) { pool().give_back(block); }

namespace memory {
std::int64_t bytes_in_use() { return pool().in_use(); }
std::int64_t peak_bytes() { return pool().peak(); }
void reset_peak() { pool().reset_peak(); }
std::int64_t bytes_cached() { return pool().cached(); }
void trim() { pool().trim(); }
std::int64_t limit() { return pool().limit(); }
void set_limit(std::int64_t bytes) {
  check(bytes >= 0, "set_limit", "needs at least 0 bytes, got ", bytes);
  pool().set_limit(bytes);
}
void check_room(std::string_view op, std::int64_t bytes) { pool().check_room(op, bytes); }
}  // namespace memory

}  // namespace hourglass
