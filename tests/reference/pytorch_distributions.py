#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes data/pytorch_distributions.json, for test_distributions.cpp: results of
torch.distributions.

    python3 tests/reference/pytorch_distributions.py

(Debian: package python3-torch; the file in use was made with 1.13.)

A case has a distribution, its parameters and points x. It has log_prob, entropy, mean, variance and
cdf in f64, if PyTorch has them. Each comes with the gradients, by every parameter (and x), of its
sum weighted by 1, 2, 3, ... A pair has p, q and kl_divergence with gradients by the parameters of
both. A draw has the pathwise derivative of given values.
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


def with_gradients(y, xs):
    gradients = [None] * len(xs)
    if y.requires_grad:
        gradients = torch.autograd.grad(weighted(y), xs, allow_unused=True, retain_graph=True)
    return {"value": plain(y),
            "gradients": [plain(torch.zeros_like(x) if g is None else g) for x, g in zip(xs, gradients)]}


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
    "MixtureSameFamily of vectors": lambda logits, loc, scale: D.MixtureSameFamily(
        D.Categorical(logits=logits), D.Independent(D.Normal(loc, scale), 1)),
}
ANSWERS = {"entropy": lambda d: d.entropy(), "mean": lambda d: d.mean, "variance": lambda d: d.variance}


def tolerance(names):
    """The tolerance for errors of PyTorch's own gradients: its ψ' is good to about 1e-9, and its
    formulas for the continuous Bernoulli lose digits near logit 0."""
    return 3e-9 if {"Gamma", "Beta", "Dirichlet", "ContinuousBernoulli"} & set(names) else 1e-11


def case(name, parameters, x, without=(), cdf=True):
    parameters = [p.clone().requires_grad_() for p in parameters]
    x = x.clone()
    if x.dtype == torch.float64 and name != "OneHotCategorical":  # PyTorch uses the position of the 1
        x.requires_grad_()
    d = MAKE[name](*parameters)
    xs = parameters + ([x] if x.requires_grad else [])
    one = {"distribution": name, "parameters": [plain(p) for p in parameters], "x": plain(x),
           "by_x": x.requires_grad, "integers": x.dtype == torch.int64, "tolerance": tolerance([name]), "log_prob": with_gradients(d.log_prob(x), xs)}
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

# One case per line, with short numbers.
lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
path = pathlib.Path(__file__).parent / "data" / "pytorch_distributions.json"
path.write_text(f"[\n{lines}\n]\n")
print(f"{path}: {len(cases)} cases, {path.stat().st_size} bytes, from PyTorch {torch.__version__}")
