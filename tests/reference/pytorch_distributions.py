#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes data/pytorch_distributions.json, for test_distributions.cpp: results of
torch.distributions.

    python3 tests/reference/pytorch_distributions.py

(Debian: package python3-torch; the file in use was made with 1.13.)

A case has a distribution, its parameters and points x. It has log_prob, entropy, mean, variance and
cdf in f64, if PyTorch has them. Each comes with the gradients, by every parameter (and x), of its
sum weighted by 1, 2, 3, ... "seconds", of some cases, are the gradients of all gradients' sum, weighted
in the same way. A pair has p, q and kl_divergence with gradients by the parameters of both. A case of
icdf_of has probabilities p and icdf, and log_cdf at x for Normal.
"""
import json
import math
import pathlib

import torch
import torch.distributions as D

torch.set_default_dtype(torch.float64)
cases = []


def t(*values):
    return torch.tensor(values)


def plain(x):
    def number(value):
        return value if math.isfinite(value) else str(value)
    return {"shape": list(x.shape), "data": [number(v) for v in x.detach().to(torch.float64).reshape(-1).tolist()]}


def weighted(y):
    return (y * torch.arange(1, y.numel() + 1).reshape(y.shape)).sum()


def with_gradients(y, xs, second=False):
    def gradients(y):
        found = [None] * len(xs)
        if y.requires_grad:
            found = torch.autograd.grad(weighted(y), xs, allow_unused=True, retain_graph=True, create_graph=second)
        return [torch.zeros_like(x) if g is None else g for x, g in zip(xs, found)]
    first = gradients(y)
    one = {"value": plain(y), "gradients": [plain(g) for g in first]}
    if second:
        one["seconds"] = [plain(g) for g in gradients(torch.cat([g.reshape(-1) for g in first]))]
    return one


# The constructors' parameters in the order in which Hourglass has them.
MAKE = {
    "Normal": D.Normal, "LogNormal": D.LogNormal, "Laplace": D.Laplace, "Gumbel": D.Gumbel, "Uniform": D.Uniform,
    "Exponential": D.Exponential, "Gamma": D.Gamma, "Beta": D.Beta, "Dirichlet": D.Dirichlet,
    "ContinuousBernoulli": lambda l: D.ContinuousBernoulli(logits=l, lims=(0.5 - 1e-4, 0.5 + 1e-4)),
    "Bernoulli": lambda l: D.Bernoulli(logits=l),
    "Categorical": lambda l: D.Categorical(logits=l),
    "OneHotCategorical": lambda l: D.OneHotCategorical(logits=l),
    "RelaxedBernoulli": lambda l: D.RelaxedBernoulli(torch.tensor(0.7), logits=l),
    "RelaxedOneHotCategorical": lambda l: D.RelaxedOneHotCategorical(torch.tensor(0.7), logits=l),
    "MultivariateNormal": lambda loc, tril: D.MultivariateNormal(loc, scale_tril=tril.tril()),
    "Independent": lambda loc, scale: D.Independent(D.Normal(loc, scale), 1),
    "MixtureSameFamily": lambda logits, loc, scale: D.MixtureSameFamily(D.Categorical(logits=logits), D.Normal(loc, scale)),
    "Cauchy": D.Cauchy, "StudentT": D.StudentT, "Poisson": D.Poisson,
    "Binomial": lambda n, l: D.Binomial(n, logits=l),
    "NegativeBinomial": lambda r, l: D.NegativeBinomial(r, logits=l),
    "Transformed by tanh": lambda loc, scale: D.TransformedDistribution(
        D.Normal(loc, scale), [D.AffineTransform(0.3, -0.7), D.TanhTransform()]),
    "Transformed by exp": lambda loc, scale: D.TransformedDistribution(
        D.Laplace(loc, scale), [D.ExpTransform(), D.AffineTransform(0.5, 2.0)]),
    "Transformed by sigmoid": lambda loc, scale: D.TransformedDistribution(D.Gumbel(loc, scale), D.SigmoidTransform()),
    "Transformed by softplus": lambda loc, scale: D.TransformedDistribution(
        D.Independent(D.Normal(loc, scale), 1), D.SoftplusTransform()),
    "MixtureSameFamily of vectors": lambda logits, loc, scale: D.MixtureSameFamily(
        D.Categorical(logits=logits), D.Independent(D.Normal(loc, scale), 1)),
}
ANSWERS = {"entropy": lambda d: d.entropy(), "mean": lambda d: d.mean, "variance": lambda d: d.variance}


def tolerance(names):
    """The tolerance for errors of PyTorch's own gradients: its ψ' is good to about 1e-9, and its
    formulas for the continuous Bernoulli lose digits near logit 0."""
    return 3e-9 if {"Gamma", "Beta", "Dirichlet", "ContinuousBernoulli", "StudentT", "Poisson", "Binomial",
                    "NegativeBinomial"} & set(names) else 1e-11


def case(name, parameters, x, without=(), cdf=True, second=False):
    parameters = [p.clone().requires_grad_() for p in parameters]
    x = x.clone()
    if x.dtype == torch.float64 and name != "OneHotCategorical":  # PyTorch uses the position of the 1
        x.requires_grad_()
    d = MAKE[name](*parameters)
    xs = parameters + ([x] if x.requires_grad else [])
    one = {"distribution": name, "parameters": [plain(p) for p in parameters], "x": plain(x),
           "by_x": x.requires_grad, "integers": x.dtype == torch.int64, "tolerance": tolerance([name]), "log_prob": with_gradients(d.log_prob(x), xs, second)}
    for key, answer in ANSWERS.items():
        if key not in without:
            one[key] = with_gradients(answer(d), parameters)
    if cdf:
        one["cdf"] = with_gradients(d.cdf(x), xs)
    cases.append(one)


def pair(p, p_parameters, q, q_parameters):
    a = [x.clone().requires_grad_() for x in p_parameters]
    b = [x.clone().requires_grad_() for x in q_parameters]
    kl = D.kl_divergence(MAKE[p](*a), MAKE[q](*b))
    cases.append({"p": p, "p_parameters": [plain(x) for x in a], "q": q, "q_parameters": [plain(x) for x in b],
                  "tolerance": tolerance([p, q]), "kl": with_gradients(kl, a + b)})


LOC, SCALE = t(-1.3, 0.0, 2.5), t(0.4, 1.0, 3.0)
for name in ("Normal", "Laplace", "Gumbel"):
    case(name, [LOC, SCALE], t(-0.7, 0.2, 4.5))
    case(name, [LOC.reshape(3, 1), t(0.5, 2.0)], t([0.1, 0.9], [1.4, -2.0], [5.0, 2.0]))
case("LogNormal", [LOC, t(0.4, 1.0, 1.5)], t(0.2, 1.7, 30.0))
case("Exponential", [t(0.3, 1.0, 4.0)], t(0.5, 2.0, 0.1))
case("Uniform", [t(-1.0, 0.0), t(1.5, 4.0)], t(0.3, 3.9))
LOGITS = t(-30.0, -2.0, -0.3, -0.001, 0.001, 0.8, 3.0, 40.0)
case("ContinuousBernoulli", [t(-12.0, -2.0, -0.3, 0.05, 0.8, 3.0, 12.0)], t(0.1, 0.3, 0.99, 0.5, 0.2, 0.0, 1.0),
     without=("entropy",), cdf=False)
case("Bernoulli", [LOGITS], t(0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0), cdf=False)
CLASSES = t([0.5, -1.0, 2.0, 0.0], [0.0, 0.0, 3.0, -4.0], [1.0, 1.0, 1.0, 1.0])
case("Categorical", [CLASSES], torch.tensor([2, 3, 0]), without=("mean", "variance"), cdf=False)
case("Categorical", [CLASSES], torch.tensor([[2, 3, 0], [1, 1, 1]]), without=("mean", "variance"), cdf=False)
case("OneHotCategorical", [CLASSES], torch.eye(4)[torch.tensor([2, 3, 0])], cdf=False)
case("RelaxedBernoulli", [t(-2.0, 0.3, 1.0)], t(0.1, 0.6, 0.99), without=ANSWERS, cdf=False)
case("RelaxedOneHotCategorical", [CLASSES[:2]], t([0.1, 0.2, 0.3, 0.4], [0.05, 0.05, 0.8, 0.1]), without=ANSWERS,
     cdf=False)
CONCENTRATION = t(0.1, 0.7, 1.0, 3.5, 60.0)
case("Gamma", [CONCENTRATION, t(1.0, 0.5, 2.0, 3.0, 7.0)], t(0.01, 1.0, 0.4, 2.0, 9.0), cdf=False)
case("Beta", [CONCENTRATION, t(2.0, 0.2, 1.0, 9.0, 50.0)], t(0.01, 0.9, 0.4, 0.2, 0.6), cdf=False)
case("Dirichlet", [t([0.3, 1.0, 4.0], [7.0, 2.0, 0.9])], t([0.1, 0.2, 0.7], [0.5, 0.25, 0.25]), cdf=False)
TRIL = t([1.5, 0.0, 0.0], [-0.5, 0.8, 0.0], [0.3, 1.2, 2.0])
case("MultivariateNormal", [t([0.0, 1.0, -1.0], [2.0, 0.5, 0.1]), TRIL], t([0.4, 0.4, 0.4], [1.0, 2.0, 3.0]), cdf=False)
case("Independent", [t([0.0, 1.0, -1.0], [2.0, 0.5, 0.1]), t(0.4, 1.0, 3.0)], t([0.4, 0.4, 0.4], [1.0, 2.0, 3.0]),
     cdf=False)
case("MixtureSameFamily", [t([0.5, -1.0], [1.0, 1.0]), t([-2.0, 1.0], [0.0, 0.1]), t([0.5, 1.0], [2.0, 0.3])], t(0.1, 0.4),
     without=("entropy",))
case("MixtureSameFamily of vectors", [t(0.5, -1.0), t([-2.0, 1.0, 0.0], [0.0, 0.1, 0.5]), t([0.5, 1.0, 1.0], [2.0, 0.3, 1.0])],
     t([0.1, 0.4, 0.2], [-2.0, 1.0, 1.0]), without=("entropy",), cdf=False)

LOC2, SCALE2 = t(0.5, -0.2, 3.5), t(1.4, 0.5, 2.0)
for name in ("Normal", "LogNormal", "Laplace", "Gumbel"):
    pair(name, [LOC, SCALE], name, [LOC2, SCALE2])
pair("Exponential", [t(0.3, 1.0, 4.0)], "Exponential", [t(1.3, 1.0, 0.5)])
pair("Gamma", [CONCENTRATION, t(1.0, 0.5, 2.0, 3.0, 7.0)], "Gamma", [t(0.5, 0.6, 2.0, 3.0, 50.0), t(1.0, 1.5, 0.3, 3.0, 6.0)])
pair("Beta", [CONCENTRATION, t(2.0, 0.2, 1.0, 9.0, 50.0)], "Beta", [t(0.5, 0.6, 2.0, 3.0, 50.0), t(1.0, 1.5, 0.3, 3.0, 6.0)])
pair("Dirichlet", [t([0.3, 1.0, 4.0], [7.0, 2.0, 0.9])], "Dirichlet", [t(1.0, 0.5, 2.0)])
pair("Bernoulli", [t(-2.0, 0.3, 8.0)], "Bernoulli", [t(1.0, 0.2, -3.0)])
pair("ContinuousBernoulli", [t(-2.0, 0.3, 8.0)], "ContinuousBernoulli", [t(1.0, 0.2, -3.0)])
pair("Categorical", [CLASSES], "Categorical", [t(0.0, 1.0, 2.0, -1.0)])
pair("OneHotCategorical", [CLASSES], "OneHotCategorical", [t(0.0, 1.0, 2.0, -1.0)])
pair("Uniform", [t(0.0, 0.0), t(1.0, 2.0)], "Uniform", [t(-1.0, 0.5), t(3.0, 4.0)])
pair("MultivariateNormal", [t([0.0, 1.0, -1.0], [2.0, 0.5, 0.1]), TRIL], "MultivariateNormal",
     [t(0.3, 0.3, 0.3), t([1.0, 0.0, 0.0], [0.5, 1.1, 0.0], [-0.3, 0.2, 0.7])])
pair("Independent", [t([0.0, 1.0, -1.0], [2.0, 0.5, 0.1]), t(0.4, 1.0, 3.0)], "Independent", [t(0.3, 0.3, 0.3), t(1.0, 2.0, 3.0)])
pair("Laplace", [LOC, SCALE], "Normal", [LOC2, SCALE2])
pair("Gumbel", [LOC, SCALE], "Normal", [LOC2, SCALE2])
pair("Exponential", [t(0.3, 1.0, 4.0)], "Normal", [LOC2, SCALE2])
pair("Uniform", [t(0.0, 0.0, -1.0), t(1.0, 2.0, 1.0)], "Normal", [LOC2, SCALE2])
pair("Beta", [CONCENTRATION[:3], t(2.0, 0.2, 1.0)], "Normal", [LOC2, SCALE2])
pair("Gamma", [CONCENTRATION[:3], t(2.0, 0.2, 1.0)], "Exponential", [t(1.3, 1.0, 0.5)])
pair("Beta", [CONCENTRATION[:3], t(2.0, 0.2, 1.0)], "Exponential", [t(1.3, 1.0, 0.5)])
pair("Uniform", [t(0.0, 0.5, -1.0), t(1.0, 2.0, 1.0)], "Exponential", [t(1.3, 1.0, 0.5)])
pair("ContinuousBernoulli", [t(-2.0, 0.3, 8.0)], "Normal", [LOC2, SCALE2])
pair("ContinuousBernoulli", [t(-2.0, 0.3, 8.0)], "Exponential", [t(1.3, 1.0, 0.5)])
pair("Normal", [LOC, SCALE], "Exponential", [t(1.3, 1.0, 0.5)])

# Appended to the file. The lines of the cases above are older: another version of NumPy prints other last digits.
NONE = ("entropy", "mean", "variance")
case("Cauchy", [LOC, SCALE], t(-0.7, 0.2, 45.0), second=True)
case("StudentT", [t(0.4, 1.0, 1.5, 3.5, 60.0), t(-1.3, 0.0, 2.5, 1.0, 0.3), t(0.4, 1.0, 3.0, 2.0, 0.7)],
     t(-0.7, 0.2, 45.0, 1.0, -2.0), cdf=False, second=True)
case("StudentT", [t([1.5], [7.0]), t(0.5), t(0.4, 3.0)], t([0.1, 0.9], [1.4, -2.0]), cdf=False, second=True)
case("Poisson", [t(0.02, 0.7, 4.0, 90.0)], t(1.0, 0.0, 3.0, 110.0), without=("entropy",), cdf=False, second=True)
case("Binomial", [t(10.0), LOGITS[1:7]], t(0.0, 3.0, 10.0, 4.0, 5.0, 8.0), cdf=False, second=True)
case("Binomial", [t(1.0, 7.0, 200.0), t(-0.3, 2.0, 0.7)], t(1.0, 3.0, 140.0), without=("entropy",), cdf=False, second=True)
case("NegativeBinomial", [t(0.3, 1.0, 6.5, 80.0), t(-2.0, 0.3, 1.0, 0.2)], t(0.0, 2.0, 17.0, 100.0), without=("entropy",),
     cdf=False, second=True)
case("Transformed by tanh", [LOC, SCALE], t(-0.7, 0.2, 0.99), without=NONE, second=True)
case("Transformed by exp", [LOC, SCALE], t(0.6, 2.7, 90.0), without=NONE, second=True)
case("Transformed by sigmoid", [LOC, SCALE], t(0.001, 0.7, 0.9), without=NONE, cdf=False, second=True)
case("Transformed by softplus", [LOC, SCALE], t([0.001, 0.7, 30.0], [0.3, 0.2, 0.1]), without=NONE, cdf=False, second=True)
pair("Cauchy", [LOC, SCALE], "Cauchy", [LOC2, SCALE2])
pair("Poisson", [t(0.3, 1.0, 40.0)], "Poisson", [t(1.3, 1.0, 37.0)])
pair("Binomial", [t(3.0, 10.0, 80.0), t(-2.0, 0.3, 8.0)], "Binomial", [t(3.0, 10.0, 80.0), t(1.0, 0.2, -3.0)])
for name in ("Normal", "LogNormal", "Laplace", "Gumbel", "Cauchy", "Exponential", "Uniform", "Transformed by tanh",
             "Transformed by exp"):
    parameters = [t(0.3, 1.0, 4.0)] if name == "Exponential" else [LOC, LOC + SCALE] if name == "Uniform" else [LOC, SCALE]
    parameters = [x.clone().requires_grad_() for x in parameters]
    p = t(0.03, 0.4, 0.8).requires_grad_()
    d = MAKE[name](*parameters)
    one = {"icdf_of": name, "parameters": [plain(x) for x in parameters], "p": plain(p), "tolerance": 1e-11,
           "icdf": with_gradients(d.icdf(p), parameters + [p], True)}
    if name == "Normal":
        x = t(-40.0, 0.2, 4.5).requires_grad_()
        one["x"] = plain(x)
        one["log_cdf"] = with_gradients(torch.special.log_ndtr((x - parameters[0]) / parameters[1]), parameters + [x])
    cases.append(one)

# One case per line, with short numbers.
lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
path = pathlib.Path(__file__).parent / "data" / "pytorch_distributions.json"
path.write_text(f"[\n{lines}\n]\n")
print(f"{path}: {len(cases)} cases, {path.stat().st_size} bytes, from PyTorch {torch.__version__}")
