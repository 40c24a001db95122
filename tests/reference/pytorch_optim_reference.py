#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes data/pytorch_optim.json, for the tests in tests/optim: results of PyTorch's optimizers and
schedules.

    python3 tests/reference/pytorch_optim_reference.py

(Debian: package python3-torch; the file in use was made with 1.13.)

Each optimizer takes 50 steps from (0.5, -1.25, 2) and (0.125, -0.75), once in f64 with the gradient
p^3 - p/2 + noise, and once in f32 with the gradient noise + k/8 - 1/4. The second does not depend
on p, so rounding errors do not grow. noise = ((7 step + 5 k) mod 13 - 6) / 8, where k counts from 0
in the first parameter and from 4 in the second. Schedules have the learning rates of 50 steps, and
the end of SGD with momentum that uses them, in f64. L-BFGS evaluates its objective several times
for each step, so it has a different objective, without noise.
"""
import json
import pathlib

import torch
from torch.optim import lr_scheduler as schedulers

torch.set_default_dtype(torch.float64)  # ASGD keeps its rate in a tensor of this type

OPTIMIZERS = {
    "SGD": lambda p: torch.optim.SGD(p, lr=0.05),
    "SGD, weight decay": lambda p: torch.optim.SGD(p, lr=0.05, weight_decay=0.1),
    "SGD, momentum": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9),
    "SGD, dampening": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, dampening=0.3, weight_decay=0.01),
    "SGD, Nesterov": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, weight_decay=0.01, nesterov=True),
    "SGD, maximize": lambda p: torch.optim.SGD(p, lr=0.001, momentum=0.5, weight_decay=0.5, maximize=True),
    "Adam": lambda p: torch.optim.Adam(p, lr=0.05),
    "Adam, all options": lambda p: torch.optim.Adam(p, lr=0.02, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1),
    "Adam, amsgrad": lambda p: torch.optim.Adam(p, lr=0.02, betas=(0.9, 0.8), amsgrad=True, weight_decay=0.1),
    "Adam, maximize": lambda p: torch.optim.Adam(p, lr=0.001, maximize=True),
    "AdamW": lambda p: torch.optim.AdamW(p, lr=0.05),
    "AdamW, all options": lambda p: torch.optim.AdamW(p, lr=0.02, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.2),
    "AdamW, amsgrad": lambda p: torch.optim.AdamW(p, lr=0.02, betas=(0.9, 0.8), amsgrad=True),
    "NAdam": lambda p: torch.optim.NAdam(p, lr=0.05),
    "NAdam, all options": lambda p: torch.optim.NAdam(p, lr=0.02, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1,
                                                      momentum_decay=0.1),
    "RAdam": lambda p: torch.optim.RAdam(p, lr=0.05),
    "RAdam, all options": lambda p: torch.optim.RAdam(p, lr=0.02, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1),
    "Adamax": lambda p: torch.optim.Adamax(p, lr=0.05),
    "Adamax, all options": lambda p: torch.optim.Adamax(p, lr=0.02, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1),
    "RMSprop": lambda p: torch.optim.RMSprop(p, lr=0.01),
    "RMSprop, weight decay": lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.9, eps=1e-3, weight_decay=0.1),
    "RMSprop, momentum": lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.9, momentum=0.7),
    "RMSprop, centered": lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.9, centered=True, eps=1e-2),
    "RMSprop, all options": lambda p: torch.optim.RMSprop(p, lr=0.005, alpha=0.9, centered=True, eps=1e-2, momentum=0.5,
                                                          weight_decay=0.1),
    "Adagrad": lambda p: torch.optim.Adagrad(p, lr=0.1),
    "Adagrad, all options": lambda p: torch.optim.Adagrad(p, lr=0.2, lr_decay=0.1, weight_decay=0.1,
                                                          initial_accumulator_value=0.3, eps=1e-3),
    "Adadelta": lambda p: torch.optim.Adadelta(p, lr=1),
    "Adadelta, all options": lambda p: torch.optim.Adadelta(p, lr=5, rho=0.8, eps=1e-4, weight_decay=0.1),
    "ASGD": lambda p: torch.optim.ASGD(p, lr=0.05),
    "ASGD, all options": lambda p: torch.optim.ASGD(p, lr=0.05, lambd=0.1, alpha=0.6, t0=20, weight_decay=0.1),
    "Rprop": lambda p: torch.optim.Rprop(p, lr=0.01),
    "Rprop, all options": lambda p: torch.optim.Rprop(p, lr=0.05, etas=(0.4, 1.3), step_sizes=(1e-3, 0.1)),
}

SCHEDULES = {
    "LambdaLR": lambda o: schedulers.LambdaLR(o, lambda epoch: 1 / (1 + 0.1 * epoch)),
    "MultiplicativeLR": lambda o: schedulers.MultiplicativeLR(o, lambda epoch: 1 - 0.5 / (1 + epoch)),
    "StepLR": lambda o: schedulers.StepLR(o, 7, 0.5),
    "MultiStepLR": lambda o: schedulers.MultiStepLR(o, [5, 12, 12, 30], 0.3),
    "ExponentialLR": lambda o: schedulers.ExponentialLR(o, 0.9),
    "PolynomialLR": lambda o: schedulers.PolynomialLR(o, 30, 2.0),
    "ConstantLR": lambda o: schedulers.ConstantLR(o, 0.25, 8),
    "LinearLR": lambda o: schedulers.LinearLR(o, 0.1, 0.8, 20),
    "CosineAnnealingLR": lambda o: schedulers.CosineAnnealingLR(o, 13, 0.01),
    "CosineAnnealingWarmRestarts": lambda o: schedulers.CosineAnnealingWarmRestarts(o, 5, 2, 0.001),
    "CosineAnnealingWarmRestarts, equal": lambda o: schedulers.CosineAnnealingWarmRestarts(o, 6),
    "OneCycleLR": lambda o: schedulers.OneCycleLR(o, 0.2, 50),
    "OneCycleLR, linear": lambda o: schedulers.OneCycleLR(o, 0.2, 50, pct_start=0.4, anneal_strategy="linear",
                                                          div_factor=10, final_div_factor=100),
    "OneCycleLR, three phases": lambda o: schedulers.OneCycleLR(o, 0.2, 50, three_phase=True),
    "CyclicLR": lambda o: schedulers.CyclicLR(o, 0.01, 0.1, step_size_up=6),
    "CyclicLR, triangular2": lambda o: schedulers.CyclicLR(o, 0.01, 0.1, step_size_up=4, step_size_down=7,
                                                           mode="triangular2", base_momentum=0.7, max_momentum=0.95),
    "CyclicLR, exp_range": lambda o: schedulers.CyclicLR(o, 0.01, 0.1, step_size_up=5, mode="exp_range", gamma=0.97),
    "SequentialLR": lambda o: schedulers.SequentialLR(
        o, [schedulers.LinearLR(o, 0.1, total_iters=5), schedulers.CosineAnnealingLR(o, 45)], [5]),
    "ChainedScheduler": lambda o: schedulers.ChainedScheduler(
        [schedulers.ConstantLR(o, 0.1, 4), schedulers.ExponentialLR(o, 0.95)]),
}


def noise(step, first, count):
    return torch.tensor([((7 * step + 5 * k) % 13 - 6) / 8 for k in range(first, first + count)])


def parameters(dtype):
    return [torch.tensor([0.5, -1.25, 2], dtype=dtype), torch.tensor([0.125, -0.75], dtype=dtype)]


def set_gradients(params, step):
    for i, p in enumerate(params):
        bump = noise(step, 4 * i, p.numel())
        if p.dtype == torch.float64:
            p.grad = p * p * p - p * 0.5 + bump
        else:
            k = torch.arange(4 * i, 4 * i + p.numel(), dtype=torch.float64)
            p.grad = (bump + k / 8 - 0.25).to(p.dtype)


def flat(params):
    return [x for p in params for x in p.tolist()]


def trajectory(make, dtype):
    params = parameters(dtype)
    optimizer = make(params)
    for step in range(1, 51):
        set_gradients(params, step)
        optimizer.step()
    if isinstance(optimizer, torch.optim.ASGD):  # ASGD's result is the average
        params = params + [optimizer.state[p]["ax"] for p in params]
    return flat(params)


def schedule(make):
    params = parameters(torch.float64)
    optimizer = torch.optim.SGD(params, lr=0.05, momentum=0.9)
    scheduler = make(optimizer)
    rates, momenta = [], []
    for step in range(1, 51):
        rates.append(optimizer.param_groups[0]["lr"])
        momenta.append(optimizer.param_groups[0]["momentum"])
        optimizer.param_groups[0]["momentum"] = 0.9
        set_gradients(params, step)
        optimizer.step()
        if step < 50:
            scheduler.step()
    return {"rates": rates, "momenta": momenta, "end": flat(params)}


def plateau(**options):
    """The rates that follow from the losses 1, 0.99, ..., with flat stretches."""
    losses = [[1, 0.9, 0.9, 0.95, 0.9, 0.89995, 0.9][i % 7] - 0.1 * (i // 14) for i in range(50)]
    optimizer = torch.optim.SGD(parameters(torch.float64), lr=0.05)
    scheduler = schedulers.ReduceLROnPlateau(optimizer, **options)
    rates = []
    for loss in losses:
        scheduler.step(loss)
        rates.append(optimizer.param_groups[0]["lr"])
    return {"losses": losses, "rates": rates}


def lbfgs(steps, **options):
    """From the same start, sum p^4/4 - p^2/4 + (sum p)^2/8: the whole objective, so without noise."""
    params = [p.requires_grad_() for p in parameters(torch.float64)]
    optimizer = torch.optim.LBFGS(params, **options)

    def closure():
        optimizer.zero_grad()
        loss = sum((p**4 / 4 - p**2 / 4).sum() for p in params) + sum(p.sum() for p in params)**2 / 8
        loss.backward()
        return loss

    for _ in range(steps):
        optimizer.step(closure)
    return flat(params)


result = {
    "trajectories": {name: {"f64": trajectory(make, torch.float64), "f32": trajectory(make, torch.float32)}
                     for name, make in OPTIMIZERS.items()},
    "schedules": {name: schedule(make) for name, make in SCHEDULES.items()},
    "lbfgs": {"50 steps": lbfgs(50, lr=0.2, max_iter=1), "one call": lbfgs(1, lr=0.7, max_iter=15, history_size=3)},
    "plateaus": {
        "relative": plateau(patience=3),
        "absolute": plateau(patience=2, threshold=0.02, threshold_mode="abs", factor=0.5, cooldown=3, min_lr=0.004),
        "max": plateau(mode="max", patience=4, factor=0.3),
    },
}
path = pathlib.Path(__file__).parent / "data" / "pytorch_optim.json"
path.write_text(json.dumps(result, indent=0).replace(",\n", ", ").replace("}, ", "},\n").replace("[\n", "[").replace("\n]", "]") + "\n")
