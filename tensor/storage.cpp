#include "tensor/storage.h"

#include <algorithm>
#include <array>
#include <bit>
#include <mutex>
#include <new>

#include "tensor/error.h"

namespace hourglass {

// Freed blocks wait in one list per size class. The next request of that class takes the block freed last, whose lines
// are still in cache. With four classes per doubling at most a fifth is wasted. A training step asks for the same sizes
// again and again, so after one step all memory comes from the lists, without page faults (0.25 µs a KiB).
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
      if (Block*& head = free_[static_cast<std::size_t>(size_class)]; head != nullptr) {
        Block* block = std::exchange(head, head->next_free);
        cached_ -= static_cast<std::int64_t>(rounded);
        block->references.store(1, std::memory_order_relaxed);
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
    return new (memory) Block{1, rounded, size_class, nullptr};
  }

  void give_back(Block* block) {
    const auto bytes = static_cast<std::int64_t>(block->bytes);
    {
      const std::lock_guard lock(mutex_);
      in_use_ -= bytes;
      if (kKeeps) {
        cached_ += bytes;
        block->next_free = std::exchange(free_[static_cast<std::size_t>(block->size_class)], block);
        return;
      }
    }
    to_system(block);
  }

  void trim() {
    const std::lock_guard lock(mutex_);
    for (Block*& head : free_)
      while (head != nullptr) to_system(std::exchange(head, head->next_free));
    cached_ = 0;
  }

  std::int64_t in_use() { return locked(in_use_); }
  std::int64_t peak() { return locked(peak_); }
  std::int64_t cached() { return locked(cached_); }
  void reset_peak() {
    const std::lock_guard lock(mutex_);
    peak_ = in_use_;
  }

 private:
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
  static void* from_system(std::size_t bytes) {
    return ::operator new (sizeof(Block) + bytes, std::align_val_t{64}, std::nothrow);
  }
  static void to_system(Block* block) { ::operator delete (block, std::align_val_t{64}); }
  std::int64_t locked(const std::int64_t& value) {
    const std::lock_guard lock(mutex_);
    return value;
  }

  std::mutex mutex_;
  std::array<Block*, 256> free_{};
  std::int64_t in_use_ = 0, peak_ = 0, cached_ = 0;
};

namespace {
// Never destroyed, because tensors with static lifetime may still need it at exit.
Pool& pool() {
  static Pool* const instance = new Pool;
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
}  // namespace memory

}  // namespace hourglass
