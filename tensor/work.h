// SPDX-License-Identifier: MIT
// What a thread is working on, for instruments that watch: kernels mark their work, and modules
// mark their names. Without a watch, a mark costs one load and one branch.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "tensor/tensor.h"

namespace hourglass {

struct WorkDone;  // work_done.h

/// Watches the thread that made it, as long as it lives. Watches nest: each sees everything.
class Watch {
 public:
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  virtual ~Watch();

  virtual void on_work(const WorkDone&) {}
  /// A scope has begun or is about to end.
  virtual void on_scope(std::string_view /*name*/, bool /*begins*/) {}

 protected:
  Watch();

 private:
  friend class Work;
  friend class NamedScope;
  Watch* outer_;
};

namespace detail {
extern constinit thread_local Watch* watch;  // the innermost one of this thread; null nearly always
void note_bytes(std::int64_t bytes);         // further bytes that the current work reads or writes
inline std::int64_t bytes_of(const Tensor& x) { return x.numel() * static_cast<std::int64_t>(size_of(x.dtype())); }
inline std::int64_t bytes_of(const Tensor* x) { return x == nullptr ? 0 : bytes_of(*x); }
}  // namespace detail

/// While it lives, the thread works on `op`. The string must live as long (a literal, for example).
class Work {
 public:
  template <class Number, class... Tensors>
  Work(std::string_view op, Number flops, const Tensors&... operands) {
    if (detail::watch != nullptr) [[unlikely]]
      begin(op, static_cast<double>(flops), (std::int64_t{0} + ... + detail::bytes_of(operands)));
  }
  ~Work() {
    if (marked_) [[unlikely]]
      end();
  }
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

 private:
  void begin(std::string_view op, double flops, std::int64_t bytes);
  void end();
  bool marked_ = false;
};

/// While it lives, the thread is inside a scope of that name: a module, or a part of a program that
/// should appear in a profile. The name must live as long.
class NamedScope {
 public:
  explicit NamedScope(std::string_view name) {
    if (detail::watch != nullptr) [[unlikely]]
      begin(name);
  }
  ~NamedScope() {
    if (marked_) [[unlikely]]
      end();
  }
  NamedScope(const NamedScope&) = delete;
  NamedScope& operator=(const NamedScope&) = delete;

 private:
  void begin(std::string_view name);
  void end();
  bool marked_ = false;
};

/// Names of the scopes that this thread is in, outermost first, as "encoder.hidden". Only scopes that began under a
/// watch count.
std::string scope_path();

}  // namespace hourglass
