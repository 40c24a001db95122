// SPDX-License-Identifier: MIT
// Reference-counted memory from a size-class pool.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace hourglass {

/// A block of 64-byte aligned memory that lives as long as some Storage refers to it. Copying shares.
class Storage {
 public:
  Storage() = default;
  /// Uninitialised memory. Running out of it is an Error that names the size.
  explicit Storage(std::size_t bytes);
  Storage(const Storage& other) noexcept : block_(other.block_) {
    if (block_) block_->references.fetch_add(1, std::memory_order_relaxed);
  }
  Storage(Storage&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Storage& operator=(Storage other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Storage() {
    if (block_ && block_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) release(block_);
  }

  std::byte* data() const { return block_ ? reinterpret_cast<std::byte*>(block_ + 1) : nullptr; }
  /// What was asked for.
  std::size_t bytes() const { return block_ ? block_->bytes : 0; }
  /// Whether the memory has another owner, who would see what is written here.
  bool shared() const { return block_ && block_->references.load(std::memory_order_acquire) > 1; }
  bool same_as(const Storage& other) const { return block_ == other.block_; }

 private:
  // Directly before the data, and as long as a cache line to keep the data aligned.
  struct alignas(64) Block {
    std::atomic<std::int64_t> references;
    std::size_t bytes;  // asked for; the size class may hold more
    int size_class;
    Block* next_free;
  };
  friend class Pool;
  static void release(Block* block);
  Block* block_ = nullptr;
};

namespace memory {
/// Bytes held by living storages, and their maximum since the last reset_peak().
std::int64_t bytes_in_use();
std::int64_t peak_bytes();
void reset_peak();
/// Bytes kept by the pool for reuse, and a way to return them to the system. Blocks that were not used for some time
/// (65,536 allocations) return by themselves.
std::int64_t bytes_cached();
void trim();
/// The most bytes that storages may hold together; more is an Error, as if memory had ended. By default it is the
/// machine's memory, so that a wrong size is an Error before the system begins to end processes.
std::int64_t limit();
void set_limit(std::int64_t bytes);
/// An Error that names op, unless this number of bytes more is within the limit.
void check_room(std::string_view op, std::int64_t bytes);
}  // namespace memory

}  // namespace hourglass
