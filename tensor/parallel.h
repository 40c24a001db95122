// SPDX-License-Identifier: MIT
// Loops over several threads, with results that do not depend on the number of threads.
#pragma once
#include <cstdint>
#include <type_traits>
#include <utility>

namespace hourglass {

/// A reference to something callable; two pointers, no allocation. The callee must outlive it.
template <class Signature>
class FunctionRef;
template <class R, class... Args>
class FunctionRef<R(Args...)> {
 public:
  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef>)
      FunctionRef(F&& f)  // NOLINT(google-explicit-constructor)
      : object_(const_cast<void*>(static_cast<const void*>(&f))), call_([](void* object, Args... args) -> R {
          return (*static_cast<std::remove_reference_t<F>*>(object))(std::forward<Args>(args)...);
        }) {}
  R operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

 private:
  void* object_;
  R (*call_)(void*, Args...);
};

/// The number of threads that ops may use; by default the number of cores. 1 never starts a thread. Ops use fewer
/// threads if the system refuses to start this number, and never more than 256 or the number of cores, whichever is
/// larger. A child that fork() made runs ops on its one thread. Results are the same.
void set_num_threads(int threads);
int num_threads();

/// a / b, rounded up: the number of chunks of size b in a.
constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return a / b + (a % b > 0 ? 1 : 0); }

/// Calls body(begin, end) on the chunks [0, grain), [grain, 2 grain), ... of [0, n), in any order and at the same time.
/// The chunks depend on n and grain alone, so a chunk computes the same on any number of threads. Runs on the calling
/// thread if there is one chunk or one thread, or inside another parallel_for. Exceptions reach the caller.
void parallel_for(std::int64_t n, std::int64_t grain, FunctionRef<void(std::int64_t begin, std::int64_t end)> body);

}  // namespace hourglass
