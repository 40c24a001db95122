// SPDX-License-Identifier: MIT
// Picks the kernel table at run time.
#include <atomic>
#include <cstdlib>
#include <string_view>

#include "tensor/error.h"
#include "tensor/kernels/kernels.h"

namespace hourglass {

#if defined(HOURGLASS_HAVE_SSE2)
namespace sse2 {
extern const Kernels kernels;
}
#endif
#if defined(HOURGLASS_HAVE_AVX2)
namespace avx2 {
extern const Kernels kernels;
}
#endif
#if defined(HOURGLASS_HAVE_AVX512BW)
namespace avx512bw {
extern const Kernels kernels;
}
#endif
#if defined(HOURGLASS_HAVE_NEON64)
namespace neon64 {
extern const Kernels kernels;
}
#endif

namespace {

struct Set {
  std::string_view name;
  const Kernels* table;
  bool (*runs_here)();
};

// Best first.
constexpr Set sets[] = {
#if defined(HOURGLASS_HAVE_AVX512BW)
    {"avx512bw", &avx512bw::kernels,
     [] {
       return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
              __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
              __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma");
     }},
#endif
#if defined(HOURGLASS_HAVE_AVX2)
    {"avx2", &avx2::kernels, [] { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }},
#endif
#if defined(HOURGLASS_HAVE_SSE2)
    {"sse2", &sse2::kernels, [] { return true; }},
#endif
#if defined(HOURGLASS_HAVE_NEON64)
    {"neon64", &neon64::kernels, [] { return true; }},
#endif
};

const Kernels* best() {
  for (const Set& set : sets)
    if (set.runs_here()) return set.table;
  fail("kernels", "none was compiled that this CPU can run");
}

const Kernels* pick() {
  const char* wanted = std::getenv("HOURGLASS_SIMD");
  if (wanted == nullptr || *wanted == '\0') return best();
  const Kernels* table = kernels_named(wanted);
  check(table != nullptr, "HOURGLASS_SIMD", "this CPU has no kernels named \"", wanted, "\"; the best it has is \"",
        best()->name, "\"");
  return table;
}

std::atomic<const Kernels*> in_use{nullptr};

}  // namespace

const Kernels* kernels_named(std::string_view name) {
  for (const Set& set : sets)
    if (set.name == name && set.runs_here()) return set.table;
  return nullptr;
}

const Kernels& kernels() {
  const Kernels* table = in_use.load(std::memory_order_acquire);
  if (table == nullptr) [[unlikely]]
    use_kernels(table = pick());
  return *table;
}

void use_kernels(const Kernels* table) { in_use.store(table, std::memory_order_release); }

}  // namespace hourglass
