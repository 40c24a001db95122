#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes data/scipy_minimizers.json, for test_minimizers.cpp: how many evaluations of Rosenbrock's
function SciPy needs until it is 1e-10 or less.

    python3 tests/reference/scipy_reference.py

(Debian: package python3-scipy; the file in use was made with 1.10.)

A start is a list of numbers, repeated to the dimension.
"""
import json
import pathlib

import numpy as np
from scipy.optimize import minimize, rosen, rosen_der

METHODS = {
    "L-BFGS": ("L-BFGS-B", {"ftol": 0, "gtol": 1e-12, "maxfun": 100000, "maxiter": 100000}),
    "CG": ("CG", {"gtol": 1e-12, "maxiter": 100000}),
}
result = []
for start in ([-1.2, 1], [0], [2], [-1], [3, -2]):
    for n in (2, 100):
        for name, (method, options) in METHODS.items():
            values = []

            def objective(x):
                values.append(rosen(x))
                return values[-1], rosen_der(x)

            x0 = np.resize(np.array(start, dtype=float), n)
            x = minimize(objective, x0, jac=True, method=method, options=options).x
            found = [i + 1 for i, value in enumerate(values) if value <= 1e-10]
            at_ones = bool(np.abs(x - 1).max() < 1e-3)  # there is another minimum, from 4 dimensions on
            result.append({"method": name, "n": n, "start": start, "evaluations": found[0] if found else None,
                           "at_ones": at_ones})
path = pathlib.Path(__file__).parent / "data" / "scipy_minimizers.json"
path.write_text("[\n" + ",\n".join(json.dumps(one) for one in result) + "\n]\n")
