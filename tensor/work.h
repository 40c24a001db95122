// What a thread is busy with, told to whoever watches: kernels mark their work, modules their names. While nobody
// watches, a mark costs one load and one branch.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "tensor/tensor.h"

namespace hourglass {

/// Work that has been done. Work within work (a copy that a product needs) counts as part of the outer one.
struct WorkDone {
  std::string_view op;
  std::chrono::steady_clock::time_point begin, end;
  double flops;        ///< by the op's formula: 2 m n k for a product, one for each element of an elementwise op
  std::int64_t bytes;  ///< of the operands, and of what was allocated for results
};

/// Something that watches the thread that made it, for as long as it lives. Watches nest: each sees everything.
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
void note_bytes(std::int64_t bytes);         // more that the work under way reads or writes
inline std::int64_t bytes_of(const Tensor& x) { return x.numel() * static_cast<std::int64_t>(size_of(x.dtype())); }
inline std::int64_t bytes_of(const Tensor* x) { return x == nullptr ? 0 : bytes_of(*x); }
}  // namespace detail

/// While one lives, the thread works on `op` (a string literal or the like: it is kept as a view).
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

/// While one lives, the thread is inside something of that name: a module, or a part of a program that a reader of a
/// profile should find again. The name must live as long.
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

/// Names of the scopes that this thread is in, outermost first, as "encoder.hidden"; of those that began while
/// somebody watched.
std::string scope_path();

}  // namespace hourglass
