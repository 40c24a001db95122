#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes data/numpy.npz and data/numpy_packed.npz: arrays as NumPy writes them, for test_npy.cpp to read.

    python3 tests/reference/numpy_reference.py            (Debian: package python3-numpy)
    python3 tests/reference/numpy_reference.py FILE...    prints type, shape and numbers of the arrays
                                                          in .npy and .npz files
"""
import pathlib
import sys

import numpy as np

if len(sys.argv) > 1:
    for path in sys.argv[1:]:
        loaded = np.load(path)
        for name, x in (loaded.items() if path.endswith(".npz") else [("", loaded)]):
            print(name, x.dtype.str, x.shape, x.ravel().tolist())
    sys.exit()

ramp = np.arange(6).reshape(2, 3)
arrays = {f"{order}{kind}": (ramp - (0 if kind[0] == "u" else 2)).astype(order + kind)
          for order in "<>" for kind in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")}
arrays["bool"] = ramp > 2
arrays["columns"] = np.asfortranarray(ramp.astype("<f4"))
arrays["scalar"] = np.float64(1.5)
arrays["empty"] = np.zeros((0, 4), "<f4")
arrays["half"] = np.array([0.5, 65504, 6e-8, -0.0, np.inf], "<f2")
arrays["deep"] = np.arange(24, dtype="<i8").reshape(1, 2, 3, 4)
folder = pathlib.Path(__file__).parent / "data"
np.savez(folder / "numpy.npz", **arrays)
np.savez_compressed(folder / "numpy_packed.npz", **arrays)
