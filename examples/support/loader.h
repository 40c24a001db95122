// SPDX-License-Identifier: MIT
// Shuffled mini-batches. A background thread prepares the next one while the model trains on the current one.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <iterator>
#include <mutex>
#include <optional>
#include <thread>

#include "examples/support/transforms.h"
#include "tensor/tensor.h"

namespace hourglass::examples {

struct Batch {
  Tensor images;
  Tensor labels;
  Tensor indices;  ///< i64[n]: which rows of the data these are
  std::int64_t size() const { return indices.numel(); }
};

struct LoaderOptions {
  std::int64_t batch_size = 128;
  std::uint64_t seed = 0;
  bool shuffle = true;
  bool drop_last = false;  ///< drop the last batch if it would be smaller than the others
  /// Applied to the images of each batch, in the background. Its random numbers depend only on the seed, the epoch and
  /// the number of the batch.
  Transform transform{};
};

/// One pass over the data: `for (const Batch& batch : loader.epoch(3))`. Leaving the loop early stops the thread.
class Epoch {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Batch;
    using difference_type = std::ptrdiff_t;
    using pointer = const Batch*;
    using reference = const Batch&;
    explicit Iterator(Epoch& epoch) : epoch_(&epoch) {}
    const Batch& operator*() const { return *epoch_->current_; }
    const Batch* operator->() const { return &*epoch_->current_; }
    Iterator& operator++() {
      epoch_->advance();
      return *this;
    }
    void operator++(int) { epoch_->advance(); }
    bool operator==(std::default_sentinel_t) const { return !epoch_->current_.has_value(); }

   private:
    Epoch* epoch_;
  };

  Epoch(Tensor images, Tensor labels, const LoaderOptions& options, std::int64_t number, std::int64_t first_batch);
  Epoch(const Epoch&) = delete;
  Epoch& operator=(const Epoch&) = delete;
  ~Epoch();

  /// Waits for the first batch. An Epoch can be iterated once.
  Iterator begin() {
    advance();
    return Iterator(*this);
  }
  std::default_sentinel_t end() const { return {}; }

 private:
  void advance();  // takes the next batch, if there is one; an exception of the thread is rethrown here
  void produce();  // the thread
  Tensor order() const;

  const Tensor images_, labels_;  // copies, as the Epoch may outlive the Loader
  const LoaderOptions options_;
  const std::int64_t number_, first_batch_;

  std::optional<Batch> current_;  // used by the consumer only; everything below is shared, under mutex_
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Batch> ready_;
  bool stop_ = false;
  bool done_ = false;
  std::exception_ptr error_;
  std::thread worker_;  // last, so that it starts when all that it uses exists
};

/// Cuts rows (axis 0) into batches. Their order depends on the seed and the epoch alone, so a run can be repeated, and
/// resumed in any epoch. At most two batches are prepared ahead.
class Loader {
 public:
  /// As many labels as images, or none at all (an empty tensor).
  Loader(Tensor images, Tensor labels, LoaderOptions options = {});

  std::int64_t rows() const;
  /// Batches in an epoch.
  std::int64_t batches() const;
  /// All batches of an epoch, or those from a given one on.
  Epoch epoch(std::int64_t number, std::int64_t first_batch = 0) const;

 private:
  Tensor images_, labels_;
  LoaderOptions options_;
};

}  // namespace hourglass::examples
