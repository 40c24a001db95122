// SPDX-License-Identifier: MIT
// The same work as ../../linalg.cpp in OpenBLAS's LAPACK, by its Fortran interface.
#include <random>
#include <vector>

#include <benchmark/benchmark.h>
#include <cblas.h>

namespace {

using Int = int;
extern "C" {
#define HOURGLASS_LAPACK(T, p)                                                                                    \
  void p##gesv_(const Int* n, const Int* k, T* a, const Int* lda, Int* pivots, T* b, const Int* ldb, Int* info);  \
  void p##geqrf_(const Int* m, const Int* n, T* a, const Int* lda, T* tau, T* work, const Int* lwork, Int* info); \
  void p##orgqr_(const Int* m, const Int* n, const Int* k, T* a, const Int* lda, const T* tau, T* work,           \
                 const Int* lwork, Int* info);                                                                    \
  void p##syevd_(const char* jobz, const char* uplo, const Int* n, T* a, const Int* lda, T* w, T* work,           \
                 const Int* lwork, Int* iwork, const Int* liwork, Int* info);                                     \
  void p##gesdd_(const char* jobz, const Int* m, const Int* n, T* a, const Int* lda, T* s, T* u, const Int* ldu,  \
                 T* vt, const Int* ldvt, T* work, const Int* lwork, Int* iwork, Int* info);
HOURGLASS_LAPACK(float, s)
HOURGLASS_LAPACK(double, d)
#undef HOURGLASS_LAPACK
}

template <class T>
struct Lapack;
#define HOURGLASS_LAPACK(T, p)               \
  template <>                                \
  struct Lapack<T> {                         \
    static constexpr auto gesv = p##gesv_;   \
    static constexpr auto geqrf = p##geqrf_; \
    static constexpr auto orgqr = p##orgqr_; \
    static constexpr auto syevd = p##syevd_; \
    static constexpr auto gesdd = p##gesdd_; \
  };
HOURGLASS_LAPACK(float, s)
HOURGLASS_LAPACK(double, d)
#undef HOURGLASS_LAPACK

constexpr Int n = 784;

// A copy of one random matrix for each run, and more workspace than any of them asks for.
template <class T>
struct Problem {
  std::vector<T> source = [] {
    std::mt19937 random(0);
    std::normal_distribution<T> normal;
    std::vector<T> numbers(n * n);
    for (T& x : numbers) x = normal(random);
    return numbers;
  }();
  std::vector<T> a = source, b = source, c = source, values = std::vector<T>(n), work = std::vector<T>(8 * n * n);
  std::vector<Int> integers = std::vector<Int>(16 * n);
  Int lwork = 8 * n * n, liwork = 16 * n, info = 0;
};

template <class F>
void add_row(const char* name, F run) {
  benchmark::RegisterBenchmark(name,
                               [run](benchmark::State& state) {
                                 openblas_set_num_threads(static_cast<int>(state.range(1)));
                                 const auto time = [&]<class T>(Problem<T> problem) {
                                   for (auto _ : state) {
                                     problem.a = problem.source;
                                     run(problem);
                                     benchmark::ClobberMemory();
                                   }
                                 };
                                 if (state.range(0) == 32) time(Problem<float>());
                                 else time(Problem<double>());
                               })
      ->ArgsProduct({{32, 64}, {1, 2}})
      ->ArgNames({"bits", "threads"})
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime();
}

const bool rows = [] {
  add_row("solve_784", []<class T>(Problem<T>& p) {
    p.b = p.source;
    Lapack<T>::gesv(&n, &n, p.a.data(), &n, p.integers.data(), p.b.data(), &n, &p.info);
  });
  add_row("qr_784", []<class T>(Problem<T>& p) {
    Lapack<T>::geqrf(&n, &n, p.a.data(), &n, p.values.data(), p.work.data(), &p.lwork, &p.info);
    Lapack<T>::orgqr(&n, &n, &n, p.a.data(), &n, p.values.data(), p.work.data(), &p.lwork, &p.info);
  });
  add_row("eigh_784", []<class T>(Problem<T>& p) {
    Lapack<T>::syevd("V", "L", &n, p.a.data(), &n, p.values.data(), p.work.data(), &p.lwork, p.integers.data(),
                     &p.liwork, &p.info);
  });
  add_row("svd_784", []<class T>(Problem<T>& p) {
    Lapack<T>::gesdd("S", &n, &n, p.a.data(), &n, p.values.data(), p.b.data(), &n, p.c.data(), &n, p.work.data(),
                     &p.lwork, p.integers.data(), &p.info);
  });
  return true;
}();

}  // namespace
