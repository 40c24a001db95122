#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes data/mpmath_distributions.json, for test_distribution_extremes.cpp: densities, distribution functions and
their inverses at extreme arguments, computed with 600 digits.

    python3 tests/reference/mpmath_distributions.py

(Debian: package python3-mpmath; the file in use was made with 1.2.1.)

A case has an answer of a distribution, its arguments (the parameters, and then x or p), the value, and first and second
derivatives by each argument.
"""
import json
import pathlib

from mpmath import mp, mpf

mp.dps = 600


def normal_cdf(z):
    return mp.erfc(-z / mp.sqrt(2)) / 2


def normal_quantile(p):
    p = mpf(p)
    if p > 0.5:
        return -normal_quantile(1 - p)
    start = -mp.sqrt(-2 * mp.log(2 * p)) if p < 0.02 else mp.sqrt(2) * mp.erfinv(2 * p - 1)
    for _ in range(14):
        start -= (mp.log(normal_cdf(start)) - mp.log(p)) * normal_cdf(start) / mp.npdf(start)
    return start


def log_student(d, loc, scale, x):
    t = (x - loc) / scale
    return mp.loggamma((d + 1) / 2) - mp.loggamma(d / 2) - mp.log(d * mp.pi) / 2 - mp.log(scale) - (d + 1) / 2 * mp.log1p(t * t / d)


def log_binomial(n, l, k):
    return (mp.loggamma(n + 1) - mp.loggamma(k + 1) - mp.loggamma(n - k + 1) - k * mp.log1p(mp.exp(-l))
            - (n - k) * mp.log1p(mp.exp(l)))


def log_negative_binomial(r, l, k):
    return (mp.loggamma(r + k) - mp.loggamma(k + 1) - mp.loggamma(r) - k * mp.log1p(mp.exp(-l)) - r * mp.log1p(mp.exp(l)))


def laplace_cdf(loc, s, x):
    z = (x - loc) / s
    return mp.exp(z) / 2 if z < 0 else 1 - mp.exp(-z) / 2


def laplace_quantile(loc, s, p):
    return loc + s * mp.log(2 * p) if p < 0.5 else loc - s * mp.log(2 * (1 - p))


LOG_PROB = {
    "StudentT": log_student,
    "Cauchy": lambda loc, s, x: -mp.log(mp.pi * s) - mp.log1p(((x - loc) / s) ** 2),
    "Poisson": lambda r, k: k * mp.log(r) - r - mp.loggamma(k + 1),
    "Binomial": log_binomial,
    "NegativeBinomial": log_negative_binomial,
}
LOG_CDF = {
    "Normal": lambda loc, s, x: mp.log(normal_cdf((x - loc) / s)),
    "LogNormal": lambda loc, s, x: mp.log(normal_cdf((mp.log(x) - loc) / s)),
    "Laplace": lambda loc, s, x: mp.log(laplace_cdf(loc, s, x)),
    "Cauchy": lambda loc, s, x: mp.log(mp.atan2(s, loc - x) / mp.pi),
    "Gumbel": lambda loc, s, x: -mp.exp((loc - x) / s),
    "Exponential": lambda r, x: mp.log(-mp.expm1(-r * x)),
}
ICDF = {
    "Normal": lambda loc, s, p: loc + s * normal_quantile(p),
    "LogNormal": lambda loc, s, p: mp.exp(loc + s * normal_quantile(p)),
    "Laplace": laplace_quantile,
    "Cauchy": lambda loc, s, p: loc - s / mp.tan(mp.pi * p),
    "Gumbel": lambda loc, s, p: loc - s * mp.log(-mp.log(p)),
    "Exponential": lambda r, p: -mp.log1p(-p) / r,
}
ENTROPY = {
    "StudentT": lambda d, loc, s: mp.log(s) + (d + 1) / 2 * (mp.digamma((d + 1) / 2) - mp.digamma(d / 2))
    + mp.log(d) / 2 + mp.log(mp.beta(d / 2, mpf(1) / 2)),
}
cases = []


def add(answer, table, name, *arguments):
    f, at = table[name], [mpf(x) for x in arguments]

    def derivative(i, order):
        h = mp.mpf(10) ** -60 * (abs(at[i]) if at[i] else 1)
        y = [f(*at[:i], at[i] + j * h, *at[i + 1:]) for j in (-2, -1, 0, 1, 2)]
        if order == 1:
            return (y[0] - 8 * y[1] + 8 * y[3] - y[4]) / (12 * h)
        return (-y[0] + 16 * y[1] - 30 * y[2] + 16 * y[3] - y[4]) / (12 * h * h)

    def number(x):
        return str(float(x)) if mp.isinf(float(x)) else float(x)
    cases.append({"answer": answer, "distribution": name, "arguments": list(arguments), "value": number(f(*at)),
                  "first": [number(derivative(i, 1)) for i in range(len(at))],
                  "second": [number(derivative(i, 2)) for i in range(len(at))]})


for d in (1e-3, 0.7, 100.0, 130.0, 1999.0, 2001.0, 1e8):
    for x in (-0.4, 3.0, 1e10, 1e200):
        add("log_prob", LOG_PROB, "StudentT", d, 0.5, 1.5, x)
    add("entropy", ENTROPY, "StudentT", d, 0.5, 1.5)
for scale, x in ((1.5, 0.7), (1e-10, 1e9), (1e5, -1e200), (1e-5, 1e-200)):
    add("log_prob", LOG_PROB, "Cauchy", 0.5, scale, x)
for rate, k in ((1e-300, 0.0), (1e-300, 2.0), (0.3, 63.0), (0.3, 64.0), (90.0, 63.0), (90.0, 64.0), (900.0, 0.0), (1e8, 0.0),
                (1e8, 100030000.0), (1e8, 3.0), (1e8, 1e9), (1e15, 1e15)):
    add("log_prob", LOG_PROB, "Poisson", rate, k)
for n, l, k in ((1.0, -800.0, 1.0), (5.0, 800.0, 5.0), (1e8, 0.25, 56220650.0), (1e8, -16.0, 12.0), (1e8, -800.0, 3.0),
                (1e8, 0.0, 100.0), (300.0, 30.0, 290.0), (1e8, 16.0, 99999990.0)):
    add("log_prob", LOG_PROB, "Binomial", n, l, k)
for r, l, k in ((1e-3, 2.0, 0.0), (1e-3, 2.0, 5.0), (1e-3, 12.0, 1e6), (1e8, -3.0, 4979000.0), (1e8, -18.0, 2.0),
                (3.5, -800.0, 2.0), (3.5, 20.0, 1.5e9)):
    add("log_prob", LOG_PROB, "NegativeBinomial", r, l, k)
for x in (-1e100, -1e10, -300.0, -26.5, -25.999, -6.0, 0.5, 3.0, 17.0, 60.0):
    add("log_cdf", LOG_CDF, "Normal", 0.5, 1.75, x)
for x in (1e-300, 0.2, 1e10, 1e300):
    add("log_cdf", LOG_CDF, "LogNormal", 0.5, 4.0, x)
for x in (-1e5, -3.0, 3.0, 60.0):
    add("log_cdf", LOG_CDF, "Laplace", 0.5, 1.5, x)
for x in (-1e200, -30.0, 3.0, 1e200):
    add("log_cdf", LOG_CDF, "Cauchy", 0.5, 1.5, x)
for x in (-9.0, 3.0, 700.0):
    add("log_cdf", LOG_CDF, "Gumbel", 0.5, 1.5, x)
for x in (1e-200, 0.3, 2.0, 400.0):
    add("log_cdf", LOG_CDF, "Exponential", 1.5, x)
for name in ("Normal", "LogNormal", "Laplace", "Cauchy", "Gumbel"):
    for p in (1e-300, 1e-20, 0.0199, 0.0201, 0.3, 0.5000000001, 0.75, 0.99, 0.9999999999):
        add("icdf", ICDF, name, 0.5, 1.5, p)
for p in (1e-300, 0.3, 0.9999999999):
    add("icdf", ICDF, "Exponential", 1.5, p)

lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
path = pathlib.Path(__file__).parent / "data" / "mpmath_distributions.json"
path.write_text(f"[\n{lines}\n]\n")
print(f"{path}: {len(cases)} cases, {path.stat().st_size} bytes")
