// SPDX-License-Identifier: MIT
// Linear algebra and Fourier transforms: residuals and orthogonality for matrices of every kind, known values,
// degenerate inputs, errors, threads.
#include <cmath>
#include <limits>
#include <numbers>

#include <doctest/doctest.h>

#include "autograd/check.h"
#include "autograd/grad.h"
#include "autograd/linalg.h"
#include "autograd/ops.h"
#include "tensor/fft.h"
#include "tensor/linalg.h"
#include "tensor/ops.h"
#include "tensor/parallel.h"
#include "tensor/random.h"
#include "tests/error_of.h"

using namespace hourglass;

namespace {

double largest(const Tensor& x) { return x.numel() == 0 ? 0 : max(abs(to(x, Dtype::f64))).item(); }
double epsilon(Dtype dtype) {
  return dtype == Dtype::f32 ? std::numeric_limits<float>::epsilon() : std::numeric_limits<double>::epsilon();
}

struct Kind {
  const char* name;
  Tensor (*change)(const Tensor& normal);
};
const Kind kinds[] = {
    {"normal", [](const Tensor& x) { return x; }},
    {"huge", [](const Tensor& x) { return x * 1e30; }},
    {"tiny", [](const Tensor& x) { return x * 1e-30; }},
    {"of rank 1", [](const Tensor& x) { return slice(x, -1, 0, 1) * slice(x, -2, 0, 1); }},
    {"graded", [](const Tensor& x) { return x * exp(linspace(0, -25, x.size(-1), x.dtype())); }},
    {"graded upwards", [](const Tensor& x) { return x * exp(linspace(-25, 0, x.size(-1), x.dtype())); }},
    {"of ones", [](const Tensor& x) { return ones_like(x); }},
    {"zero", [](const Tensor& x) { return zeros_like(x); }},
    {"the identity", [](const Tensor& x) { return x * 0 + eye(x.size(-2), x.size(-1), x.dtype()); }},
};

// f(matrices [2, m, n], their largest number, a bound for rounding errors of numbers of size 1)
template <class F>
void for_matrices(bool square, F f) {
  for (const Dtype dtype : {Dtype::f64, Dtype::f32})
    for (const auto& [m, n] :
         {std::pair{0, 0}, {1, 1}, {5, 5}, {40, 40}, {101, 101}, {0, 3}, {7, 3}, {3, 7}, {90, 35}, {35, 90}}) {
      if (square && m != n) continue;
      for (const Kind& kind : kinds) {
        CAPTURE(m);
        CAPTURE(n);
        INFO(std::string(kind.name));
        const Tensor x = m * n == 0 ? zeros({2, m, n}, dtype) : kind.change(Rng(1).normal({2, m, n}, 0, 1, dtype));
        f(x, std::max(largest(x), 1e-300), 40 * epsilon(dtype) * std::sqrt(std::max(m, n) + 1.0));
      }
    }
}
void check_orthonormal_columns(const Tensor& q, double bound) {
  CHECK(largest(matmul(transpose(q), q) - eye(q.size(-1), -1, q.dtype())) < bound);
}

}  // namespace

TEST_CASE("Q R is A, Q has orthonormal columns, and R is a triangle whose diagonal is not negative") {
  for_matrices(false, [](const Tensor& a, double size, double bound) {
    for (const QrMode mode : {QrMode::reduced, QrMode::complete}) {
      const Qr f = qr(a, mode);
      CHECK(largest(matmul(f.q, f.r) - a) < bound * size);
      check_orthonormal_columns(f.q, bound);
      CHECK(largest(tril(f.r, -1)) == 0);
      CHECK(any(f.r * eye(f.r.size(-2), f.r.size(-1), a.dtype()) < 0).item() == 0);
    }
  });
}

TEST_CASE("U diag(s) Vᵀ is A with orthonormal vectors, and values fall") {
  for_matrices(false, [](const Tensor& a, double size, double bound) {
    const std::int64_t k = std::min(a.size(-1), a.size(-2));
    for (const bool full : {false, true}) {
      const Svd f = svd(a, full);
      CHECK(f.u.size(-1) == (full ? a.size(-2) : k));
      check_orthonormal_columns(f.u, bound);
      check_orthonormal_columns(transpose(f.vh), bound);
      const double scale = size * static_cast<double>(k + 1);
      CHECK(largest(matmul(slice(f.u, -1, 0, k) * unsqueeze(f.s, -2), slice(f.vh, -2, 0, k)) - a) < bound * scale);
      CHECK(largest(svdvals(a) - f.s) < bound * scale);
      if (k > 1) CHECK(all(slice(f.s, -1, 0, k - 1) >= slice(f.s, -1, 1, k)).item() == 1);
      CHECK(all(f.s >= 0).item() == 1);
    }
  });
}

TEST_CASE("V diag(w) Vᵀ is A with orthonormal vectors, and values rise") {
  for_matrices(true, [](const Tensor& x, double, double bound) {
    const Tensor a = x + transpose(x);
    const std::int64_t n = a.size(-1);
    const double size = std::max(largest(a), 1e-300) * static_cast<double>(n + 1);
    const Eigh f = eigh(a);
    check_orthonormal_columns(f.vectors, bound);
    CHECK(largest(matmul(f.vectors * unsqueeze(f.values, -2), transpose(f.vectors)) - a) < bound * size);
    CHECK(largest(eigvalsh(tril(a)) - f.values) < bound * size);  // only the lower triangle is read
    if (n > 1) CHECK(all(slice(f.values, -1, 0, n - 1) <= slice(f.values, -1, 1, n)).item() == 1);
    if (n > 0) CHECK(all(max(f.vectors, {-2}) > max(-f.vectors, {-2}) * 0.999).item() == 1);
  });
}

TEST_CASE("solve, inverse and det agree with what is known") {
  for (const Dtype dtype : {Dtype::f64, Dtype::f32})
    for (const std::int64_t n : {1, 2, 17, 70, 150}) {
      Rng rng(2);
      const Tensor a = rng.normal({2, n, n}, 0, 1, dtype), b = rng.normal({n, 3}, 0, 1, dtype), x = solve(a, b);
      const double bound = 50 * epsilon(dtype) * std::sqrt(static_cast<double>(n));
      CHECK(largest(matmul(a, x) - b) < bound * largest(x) * largest(a));
      CHECK(largest(matmul(a, inverse(a)) - eye(n, -1, dtype)) < bound * largest(inverse(a)) * largest(a));
    }
  const auto matrix = [](std::vector<double> numbers) { return Tensor::from(numbers, {2, 2}); };
  CHECK(det(matrix({1, 2, 3, 4})).item() == doctest::Approx(-2));
  CHECK(det(matrix({1, 2, 2, 4})).item() == 0);
  CHECK(det(zeros({0, 0})).item() == 1);
  // The product 1e600 1e-600 passes through what is not a number.
  CHECK(det(Tensor::from({1e200, 1e200, 1e200, 1e-200, 1e-200, 1e-200}) * eye(6, -1, Dtype::f64)).item() ==
        doctest::Approx(1));
  CHECK(slogdet(matrix({0, 1, 1, 0})).sign.item() == -1);
  CHECK(slogdet(zeros({2, 2})).log_abs.item() == -INFINITY);
  CHECK(slogdet(zeros({2, 2})).sign.item() == 0);
  CHECK(matrix_rank(matrix({1, 2, 2, 4})).item() == 1);
  CHECK(matrix_rank(zeros({3, 2})).item() == 0);
  CHECK(matrix_norm(matrix({3, 0, 0, 4}), MatrixNorm::nuclear).item() == doctest::Approx(7));
  CHECK(cond(matrix({3, 0, 0, 12})).item() == doctest::Approx(4));
  // Hilbert's matrix of size 8 has the condition number 1.5257576e10.
  const Tensor i = to(arange(8), Dtype::f64);
  CHECK(cond(1 / (unsqueeze(i, 1) + i + 1)).item() == doctest::Approx(1.5257575566e10).epsilon(1e-6));
}

TEST_CASE("the pseudoinverse satisfies Penrose's four equations, and lstsq is the shortest solution") {
  for (const auto& [m, n] : {std::pair{6, 4}, {4, 6}, {5, 5}}) {
    Rng rng(3);
    const Tensor full = rng.normal({m, n}, 0, 1, Dtype::f64);
    const Tensor low = matmul(rng.normal({m, 2}, 0, 1, Dtype::f64), rng.normal({2, n}, 0, 1, Dtype::f64));
    for (const Tensor& a : {full, low}) {
      const Tensor p = pinv(a), ap = matmul(a, p), pa = matmul(p, a);
      CHECK(largest(matmul(ap, a) - a) < 1e-12);
      CHECK(largest(matmul(pa, p) - p) < 1e-12);
      CHECK(largest(ap - transpose(ap)) < 1e-12);
      CHECK(largest(pa - transpose(pa)) < 1e-12);
      const Tensor b = rng.normal({m, 1}, 0, 1, Dtype::f64), x = lstsq(a, b);
      CHECK(largest(matmul(transpose(a), matmul(a, x) - b)) < 1e-11);
      CHECK(largest(matmul(pa, x) - x) < 1e-12);
    }
  }
}

TEST_CASE("what has no meaning is an error") {
  CHECK(error_of([] {
          solve(zeros({2, 3, 3}), ones({3, 1}));
        }) == "solve: matrix 0 of f32[2, 3, 3] is singular (pivot 0 is 0)");
  CHECK(error_of([] { inverse(ones({2, 3})); }) == "inverse: needs square matrices [..., n, n], got f32[2, 3]");
  CHECK(error_of([] { det(ones({3})); }) == "det: needs matrices [..., m, n], got f32[3]");
  CHECK(error_of([] {
          solve(ones({2, 2}), ones({3, 1}));
        }) == "solve: A is f32[2, 2], so B must be [..., 2, k], got f32[3, 1]");
  CHECK(error_of([] { svd(zeros({2, 2}, Dtype::i64)); }).find("needs f32 or f64") != std::string::npos);
  for (const double number : {std::nan(""), double{INFINITY}}) {
    const Tensor bad = full({2, 2}, number);
    for (const std::string& message : {error_of([&] { svd(bad); }), error_of([&] { qr(bad); }),
                                       error_of([&] { eigh(bad); }), error_of([&] { det(bad); }), error_of([&] {
                                         solve(bad, ones({2, 1}));
                                       })})
      CHECK(message.find("matrix 0 of f32[2, 2] has NaN or infinity") != std::string::npos);
  }
  CHECK(error_of([] { qr(variable(ones({3, 2})), QrMode::complete); }).find("have no derivative") != std::string::npos);
  CHECK(error_of([] { rfft(zeros({3, 0})); }).find("at least one number") != std::string::npos);
  CHECK(error_of([] { irfft(zeros({3, 3})); }).find("[..., m, 2]") != std::string::npos);
  CHECK(error_of([] { dct(zeros({3}), {.type = 1}); }) == "dct: has the types 2 and 3, got 1");
}

TEST_CASE("det has all derivatives at singular matrices") {
  for (const std::int64_t rank : {0, 1, 2, 3}) {
    Rng rng(4);
    const Tensor a = matmul(rng.normal({4, rank}, 0, 1, Dtype::f64), rng.normal({rank, 4}, 0, 1, Dtype::f64));
    CHECK_NOTHROW(check_gradients([](const std::vector<Var>& v) { return det(v[0]); }, {a}, {.order = 3}));
    CHECK_NOTHROW(check_gradients([](const std::vector<Var>& v) { return det(v[0]); },
                                  {stack({a, rng.normal({4, 4}, 0, 1, Dtype::f64)})}, {.order = 2}));
  }
}

TEST_CASE("derivatives are finite where values repeat, and right for sums of functions of the values") {
  const Tensor one = eye(3, -1, Dtype::f64);
  const auto of_values = [](const std::vector<Var>& v) { return sum(square(eigvalsh(v[0] + transpose(v[0])))); };
  CHECK_NOTHROW(check_gradients(of_values, {one}, {.order = 1}));
  CHECK_NOTHROW(check_gradients([](const std::vector<Var>& v) { return sum(eigvalsh(v[0] + transpose(v[0]))); }, {one},
                                {.order = 3}));
  CHECK_NOTHROW(check_gradients([](const std::vector<Var>& v) { return pinv(v[0]); }, {one}, {.order = 3}));
  for (const Tensor& a : {one, zeros({3, 3}, Dtype::f64), ones({3, 3}, Dtype::f64)}) {
    const Var x = variable(a);
    const SvdVar f = svd(x);
    const EighVar e = eigh(x);
    const QrVar q = qr(x);
    const Var y = sum(square(f.u)) + sum(f.vh) + sum(f.s) + sum(e.vectors) + sum(e.values) + sum(q.q) + sum(q.r) +
                  sum(where(isfinite(slogdet(x).log_abs.value()), slogdet(x).log_abs, 0));
    const Var first = grad(y, x, {.create_graph = true});
    CHECK(all(isfinite(first.value())).item() == 1);
    CHECK(all(isfinite(grad(sum(square(first)), x, {.allow_unused = true}).value())).item() == 1);
  }
}

TEST_CASE("linear algebra gives the same bits on any number of threads") {
  Rng rng(5);
  const Tensor large = rng.normal({300, 260}), many = rng.normal({70, 9, 9}), square_one = rng.normal({300, 300});
  const auto all_of = [&] {
    std::vector<Tensor> results;
    for (const Tensor& a : {large, many}) {
      const Svd f = svd(a);
      const Qr g = qr(a);
      results.insert(results.end(), {f.u, f.s, f.vh, g.q, g.r});
    }
    for (const Tensor& a : {square_one, many}) {
      const Eigh f = eigh(a);
      results.insert(results.end(), {f.values, f.vectors, solve(a, a), det(a)});
    }
    results.push_back(rfft(large));
    return results;
  };
  const int before = num_threads();
  set_num_threads(1);
  const std::vector<Tensor> wanted = all_of();
  for (const int threads : {2, 5}) {
    set_num_threads(threads);
    const std::vector<Tensor> got = all_of();
    for (std::size_t i = 0; i < wanted.size(); ++i) CHECK_MESSAGE(equal(got[i], wanted[i]), i);
  }
  set_num_threads(before);
}

TEST_CASE("Fourier and cosine transforms agree with their sums for every kind of length, and their inverses invert") {
  for (const Dtype dtype : {Dtype::f64, Dtype::f32})
    for (const std::int64_t n : {1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 15, 16, 31, 37, 64, 74, 97, 100, 128, 210, 254}) {
      CAPTURE(n);
      const Tensor x = Rng(6).normal({3, n}, 0, 1, dtype), exact = to(x, Dtype::f64);
      const double bound =
          100 * epsilon(dtype) * std::sqrt(static_cast<double>(n)) * std::log2(static_cast<double>(n) + 2);
      const Tensor t = unsqueeze(to(arange(n), Dtype::f64), 1), k = to(arange(n), Dtype::f64);
      const Tensor turn = t * slice(k, 0, 0, n / 2 + 1) * (-2 * std::numbers::pi / static_cast<double>(n));
      CHECK(largest(rfft(x) - to(stack({matmul(exact, cos(turn)), matmul(exact, sin(turn))}, -1), dtype)) < bound);
      const Tensor waves = cos((t * 2 + 1) * k * (std::numbers::pi / 2 / static_cast<double>(n))) * 2;
      CHECK(largest(dct(x) - to(matmul(exact, waves), dtype)) < bound);
      const Tensor halved = where(k == 0, 0.5, 1 + k * 0);
      CHECK(largest(dct(x, {.type = 3}) - to(matmul(exact * halved, transpose(waves)), dtype)) < bound);
      for (const FftNorm norm : {FftNorm::backward, FftNorm::ortho, FftNorm::forward})
        CHECK(largest(irfft(rfft(x, {.norm = norm}), {.n = n, .norm = norm}) - x) < bound);
      for (const int type : {2, 3})
        for (const bool ortho : {false, true}) {
          const DctOptions options{.type = type, .ortho = ortho};
          CHECK(largest(idct(dct(x, options), options) - x) < bound);
          if (ortho) CHECK(std::abs(norm(dct(x, options)).item() - norm(x).item()) < bound);
        }
    }
}
