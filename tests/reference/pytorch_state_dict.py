#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Weights that travel between PyTorch and Hourglass.

    python3 tests/reference/pytorch_state_dict.py
        writes data/pytorch_state.safetensors, which test_safetensors.cpp loads
    python3 tests/reference/pytorch_state_dict.py PROGRAM
        lets PROGRAM (hourglass_tests) load new weights and save its own, which PyTorch and NumPy load

(Debian: package python3-torch.) The file format is written out here, so that this check does not
depend on the library's own code.
"""
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

import numpy as np
import torch

NAMES = {torch.float32: "F32", torch.float64: "F64", torch.int64: "I64", torch.uint8: "U8", torch.float16: "F16",
         torch.bfloat16: "BF16", torch.int16: "I16"}


def save(path, tensors):
    header, data = {}, b""
    for name, x in tensors.items():
        raw = x.detach().contiguous().numpy().tobytes()
        header[name] = {"dtype": NAMES[x.dtype], "shape": list(x.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def load(path):
    raw = path.read_bytes()
    length, = struct.unpack("<Q", raw[:8])
    tensors = {}
    for name, info in json.loads(raw[8:8 + length]).items():
        if name == "__metadata__":
            continue
        dtype = next(d for d, n in NAMES.items() if n == info["dtype"])
        begin, end = info["data_offsets"]
        part = bytearray(raw[8 + length + begin:8 + length + end])
        x = torch.frombuffer(part, dtype=dtype) if part else torch.zeros(0, dtype=dtype)
        tensors[name] = x.reshape(info["shape"])
    return tensors


def model():
    """Weights of every kind: matrices, running statistics, a counter, gates."""
    return torch.nn.ModuleDict({
        "front": torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.BatchNorm1d(4), torch.nn.Sigmoid()),
        "lstm": torch.nn.LSTM(4, 3, num_layers=2, bidirectional=True),
        "back": torch.nn.Sequential(torch.nn.Linear(6, 3), torch.nn.LayerNorm(3)),
    })


def run(m, x):
    """x is [time * batch, 5], with 7 steps of time."""
    m.eval()
    h = m["front"](x).reshape(7, -1, 4)
    return m["back"](m["lstm"](h)[0])


def example(seed):
    """A state dict, and what the model makes of an input with it."""
    torch.manual_seed(seed)
    m = model()
    m["front"](torch.randn(20, 5))  # running statistics that are no longer 0 and 1
    x = torch.randn(14, 5)
    return {**m.state_dict(), "x": x, "y": run(m, x)}


def check_close(a, b, what):
    assert a.shape == b.shape and torch.allclose(a, b, atol=1e-6), (what, a, b)


if len(sys.argv) == 1:
    save(pathlib.Path(__file__).parent / "data" / "pytorch_state.safetensors", example(0))
    sys.exit()

with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    save(folder / "from_pytorch.safetensors", example(1))
    subprocess.run([sys.argv[1], "--test-case=*weights travel*"], check=True, env={**os.environ, "HOURGLASS_EXCHANGE": str(folder)})
    state = load(folder / "to_pytorch.safetensors")
    x, y = state.pop("x"), state.pop("y")
    m = model()
    m.load_state_dict(state)  # strict: exactly these keys
    check_close(run(m, x), y, "to_pytorch.safetensors")
    for half in torch.float16, torch.bfloat16:
        there = load(folder / f"to_pytorch_{NAMES[half]}.safetensors")
        for name, one in {**state, "x": x, "y": y}.items():
            expected = one.to(half) if one.is_floating_point() else one.to(torch.int16)
            assert there[name].dtype == expected.dtype and torch.equal(there[name], expected), (half, name)
    for file in ("to_numpy.npz", "to_numpy_packed.npz"):
        arrays = np.load(folder / file)
        assert set(arrays) == {*state, "x", "y"}, set(arrays)
        for name, one in {**state, "x": x, "y": y}.items():
            assert arrays[name].dtype == one.numpy().dtype and np.array_equal(arrays[name], one.numpy()), name
    assert np.array_equal(np.load(folder / "to_numpy.npy"), y.numpy())
