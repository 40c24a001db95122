// SPDX-License-Identifier: MIT
#include "examples/support/loader.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "tensor/ops.h"
#include "tensor/random.h"

namespace hourglass::examples {
namespace {

constexpr std::size_t kAhead = 2;  // batches prepared ahead; more would take memory and gain no time

/// Makes each row contiguous, so that it can be copied as bytes. The distance between rows may be any.
Tensor with_contiguous_rows(const Tensor& x) {
  const Strides packed = contiguous_strides(x.shape());
  for (int axis = 1; axis < x.dim(); ++axis)
    if (x.strides()[axis] != packed[axis] && x.shape()[axis] != 1) return contiguous(x);
  return x;
}

Tensor gather_rows(const Tensor& x, std::span<const std::int64_t> rows) {
  Shape shape = x.shape();
  shape[0] = static_cast<std::int64_t>(rows.size());
  Tensor gathered(shape, x.dtype());
  if (gathered.numel() == 0) return gathered;
  dispatch(x.dtype(), [&]<class T>() {
    const T* from = x.data<T>();
    T* to = gathered.mutable_data<T>();
    const std::int64_t length = gathered.numel() / shape[0], stride = x.strides()[0];
    for (const std::int64_t row : rows) {
      std::memcpy(to, from + row * stride, static_cast<std::size_t>(length) * sizeof(T));
      to += length;
    }
  });
  return gathered;
}

std::int64_t batches_in(std::int64_t rows, const LoaderOptions& options) {
  const bool partial = rows % options.batch_size != 0 && !options.drop_last;
  return rows / options.batch_size + (partial ? 1 : 0);
}

}  // namespace

Loader::Loader(Tensor images, Tensor labels, LoaderOptions options)
    : images_(std::move(images)), labels_(std::move(labels)), options_(std::move(options)) {
  check(options_.batch_size >= 1, "loader", "the batch size is ", options_.batch_size, ", but must be at least 1");
  check(images_.dim() >= 1, "loader", "needs images [n, ...], got ", describe(images_));
  const bool unlabelled = labels_.numel() == 0;
  check(unlabelled || (labels_.dim() >= 1 && labels_.size(0) == rows()), "loader",
        "needs a label for each image: images are ", describe(images_), ", labels are ", describe(labels_));
  images_ = with_contiguous_rows(images_);
  if (!unlabelled) labels_ = with_contiguous_rows(labels_);
}

std::int64_t Loader::rows() const { return images_.size(0); }
std::int64_t Loader::batches() const { return batches_in(rows(), options_); }
Epoch Loader::epoch(std::int64_t number, std::int64_t first_batch) const {
  check(first_batch >= 0, "loader", "there is no batch ", first_batch);
  return Epoch(images_, labels_, options_, number, first_batch);
}

Epoch::Epoch(Tensor images, Tensor labels, const LoaderOptions& options, std::int64_t number, std::int64_t first_batch)
    : images_(std::move(images)),
      labels_(std::move(labels)),
      options_(options),
      number_(number),
      first_batch_(first_batch),
      worker_([this] { produce(); }) {}

Epoch::~Epoch() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  worker_.join();
}

void Epoch::advance() {
  current_.reset();  // first, so that its memory can be used again
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !ready_.empty() || done_; });
  if (!ready_.empty()) {
    current_ = std::move(ready_.front());
    ready_.pop_front();
    changed_.notify_all();
  } else if (error_) {
    std::rethrow_exception(std::exchange(error_, nullptr));
  }
}

Tensor Epoch::order() const {
  const std::int64_t rows = images_.size(0);
  if (!options_.shuffle) return arange(rows);
  return Rng(options_.seed).split("shuffle").split(static_cast<std::uint64_t>(number_)).permutation(rows);
}

void Epoch::produce() {
  try {
    const Tensor rows = order();
    const std::span<const std::int64_t> all = rows.span<std::int64_t>();
    const std::int64_t batches = batches_in(rows.numel(), options_);
    for (std::int64_t i = first_batch_; i < batches; ++i) {
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return ready_.size() < kAhead || stop_; });
        if (stop_) return;
      }
      const std::int64_t begin = i * options_.batch_size;
      const auto mine = all.subspan(static_cast<std::size_t>(begin),
                                    static_cast<std::size_t>(std::min(options_.batch_size, rows.numel() - begin)));
      Batch batch{gather_rows(images_, mine), labels_.numel() == 0 ? Tensor() : gather_rows(labels_, mine),
                  Tensor::from(mine, {static_cast<std::int64_t>(mine.size())})};
      if (options_.transform) {
        Rng rng = Rng(options_.seed)
                      .split("transform")
                      .split(static_cast<std::uint64_t>(number_))
                      .split(static_cast<std::uint64_t>(i));
        batch.images = options_.transform(batch.images, rng);
      }
      const std::lock_guard lock(mutex_);
      ready_.push_back(std::move(batch));
      changed_.notify_all();
    }
  } catch (...) {
    const std::lock_guard lock(mutex_);
    error_ = std::current_exception();
  }
  const std::lock_guard lock(mutex_);
  done_ = true;
  changed_.notify_all();
}

}  // namespace hourglass::examples
