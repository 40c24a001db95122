#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes data/pytorch_ops.json, for test_pytorch.cpp: PyTorch's results for the rows of
op_table.cpp.

    python3 tests/reference/pytorch_reference.py

(Debian: package python3-torch; the file in use was made with 1.13.)

A case has the name of a row, inputs, and in f64 the value y, the gradients g_i = c^T dy/dx_i and
the derivatives of sum_i <g_i, v_i> by each input, where c = ramp(y's shape, 11) and
v_i = ramp(x_i's shape, 3 + i).
"""
import json
import math
import pathlib
import random

import torch
import torch.nn.functional as F

INF, NAN = math.inf, math.nan
cases = []


def ramp(shape, seed):
    numbers = [((37 * i + seed) % 19 - 9.5) / 8 for i in range(math.prod(shape))]
    return torch.tensor(numbers, dtype=torch.float64).reshape(shape)


def gradients(ys, cotangents, xs):
    """Like torch.autograd.grad, with zeros where nothing depends on x."""
    pairs = [(y, c) for y, c in zip(ys, cotangents) if y.requires_grad]
    if not pairs:
        return [torch.zeros_like(x) for x in xs]
    ys, cotangents = zip(*pairs)
    found = torch.autograd.grad(ys, xs, cotangents, create_graph=True, allow_unused=True)
    return [torch.zeros_like(x) if g is None else g for x, g in zip(xs, found)]


def plain(x):
    """A flat list of short numbers; JSON has none for NaN and infinity."""
    def number(value):
        if isinstance(value, float) and not math.isfinite(value):
            return str(value)
        return int(value) if value == int(value) and abs(value) < 1e15 and str(value) != "-0.0" else value
    if x._is_zerotensor():  # it has no memory to read
        x = torch.zeros(x.shape)
    return [number(value) for value in x.detach().reshape(-1).tolist()]


def described(x):
    """An input: shape, numbers and, if it is not f64, dtype."""
    text = {"shape": list(x.shape), "data": plain(x)}
    if x.dtype != torch.float64:
        text["dtype"] = {torch.int64: "i64", torch.uint8: "u8"}[x.dtype]
    return text


def case(name, f, *inputs, order=2):
    """f is the row's function in PyTorch's words. Of order 1 where PyTorch has no second derivative."""
    inputs = [x.clone().requires_grad_(x.dtype == torch.float64) for x in inputs]
    xs = [x for x in inputs if x.requires_grad]
    y = f(*inputs)
    first = gradients([y], [ramp(y.shape, 11)], xs)
    result = {"row": name, "inputs": [described(x) for x in inputs], "shape": list(y.shape), "value": plain(y),
              "gradients": [plain(g) for g in first]}
    if order == 2:
        directions = [ramp(x.shape, 3 + i) for i, x in enumerate(inputs) if x.requires_grad]
        result["second"] = [plain(g) for g in gradients(first, directions, xs)]
    cases.append(result)


def plain_case(name, f, *inputs):
    """A function without derivative, of Tensors."""
    y = f(*inputs)
    cases.append({"tensor op": name, "inputs": [described(x) for x in inputs], "shape": list(y.shape),
                  "value": plain(y)})


generator = random.Random(1)


def u(*shape, low=-2.0, high=2.0):
    """Short numbers in [low, high], no two of them the same."""
    count = math.prod(shape)
    cells = [(i + generator.uniform(0.2, 0.8)) / max(count, 1) * (high - low) + low for i in range(count)]
    generator.shuffle(cells)
    return torch.tensor([round(c, 3) for c in cells], dtype=torch.float64).reshape(shape)


def t(values):
    return torch.tensor(values, dtype=torch.float64)


def i(values):
    return torch.tensor(values, dtype=torch.int64)


def mask(values):
    return torch.tensor(values, dtype=torch.uint8)


# ---- one operand: (name, PyTorch's function, range, special points)
EDGES = [0.0, -0.0, 1.0, -1.0]
UNARY = [
    ("neg", torch.neg, (-2, 2), EDGES),
    ("abs", torch.abs, (-2, 2), EDGES),
    ("square", torch.square, (-2, 2), EDGES),
    ("reciprocal", torch.reciprocal, (0.3, 2), [INF, -INF]),
    ("sqrt", torch.sqrt, (0.1, 4), [0.0, INF, -1.0]),
    ("rsqrt", torch.rsqrt, (0.1, 4), [0.0, -1.0]),
    ("exp", torch.exp, (-2, 2), [0.0, -1000.0, INF, -INF]),
    ("expm1", torch.expm1, (-2, 2), [0.0, 1e-9, -1000.0]),
    ("log", torch.log, (0.1, 4), [0.0, 1.0, -1.0]),
    ("log1p", torch.log1p, (-0.8, 3), [0.0, 1e-9, -1.0]),
    ("log2", torch.log2, (0.1, 4), [0.0, 8.0]),
    ("log10", torch.log10, (0.1, 4), [0.0, 1000.0]),
    ("sin", torch.sin, (-3, 3), [0.0, 1000.0]),
    ("cos", torch.cos, (-3, 3), [0.0, 1000.0]),
    ("tan", torch.tan, (-1.3, 1.3), [0.0]),
    ("asin", torch.asin, (-0.9, 0.9), [1.0, -1.0, 2.0]),
    ("acos", torch.acos, (-0.9, 0.9), [1.0, -1.0, 2.0]),
    ("atan", torch.atan, (-3, 3), [0.0]),
    ("sinh", torch.sinh, (-2, 2), [0.0]),
    ("cosh", torch.cosh, (-2, 2), [0.0]),
    ("tanh", torch.tanh, (-2, 2), [0.0, 1000.0, -1000.0]),
    ("erf", torch.erf, (-2, 2), [0.0, 30.0, -30.0]),
    ("sign", torch.sign, (-2, 2), [0.0]),
    ("floor", torch.floor, (-3, 3), [-1.0, 0.0, 2.5]),
    ("ceil", torch.ceil, (-3, 3), [-1.0, 0.0, 2.5]),
    ("round", torch.round, (-3, 3), [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5]),
    ("trunc", torch.trunc, (-3, 3), [-1.0, 0.0, 2.5]),
    ("relu", torch.relu, (-2, 2), EDGES),
    ("sigmoid", torch.sigmoid, (-3, 3), [0.0, 1000.0, -1000.0]),
    ("log_sigmoid", F.logsigmoid, (-3, 3), [0.0, 1000.0, -1000.0]),
    ("softplus", F.softplus, (-3, 3), [0.0, 1000.0, -1000.0]),
    ("softsign", F.softsign, (-2, 2), EDGES),
    ("silu", F.silu, (-3, 3), [0.0, 1000.0, -1000.0]),
    ("gelu", F.gelu, (-3, 3), [0.0, 100.0, -100.0]),
    ("leaky_relu", F.leaky_relu, (-2, 2), EDGES),
    ("leaky_relu of slope 0.2", lambda x: F.leaky_relu(x, 0.2), (-2, 2), EDGES),
    ("elu", F.elu, (-2, 2), EDGES),
    ("elu of alpha 0.5", lambda x: F.elu(x, 0.5), (-2, 2), EDGES),
    ("add of a number", lambda x: x + 0.75, (-2, 2), []),
    ("sub of a number", lambda x: x - 0.75, (-2, 2), []),
    ("sub from a number", lambda x: 0.75 - x, (-2, 2), []),
    ("mul by a number", lambda x: x * 0.75, (-2, 2), []),
    ("div by a number", lambda x: x / 0.75, (-2, 2), []),
    ("div of a number", lambda x: 0.75 / x, (0.4, 2), []),
    ("pow 3", lambda x: x**3, (-2, 2), EDGES),
    ("pow -1.5", lambda x: x**-1.5, (0.3, 2), []),
    ("pow 0", lambda x: x**0, (-2, 2), EDGES),
    ("maximum with a number", lambda x: torch.maximum(x, t(0.25)), (-2, 2), [0.25, NAN]),
    ("minimum with a number", lambda x: torch.minimum(x, t(0.25)), (-2, 2), [0.25, NAN]),
    ("clamp", lambda x: torch.clamp(x, -1, 0.75), (-2, 2), [-1.0, 0.75, NAN]),
]
for name, f, (low, high), edges in UNARY:
    case(name, f, u(5, low=low, high=high))
    if edges:
        case(name, f, t(edges))
case("atan", torch.atan, t([INF, -INF]), order=1)  # PyTorch's second derivative there is NaN; it is 0
for name in ("exp", "relu", "sigmoid", "gelu"):
    f = next(row[1] for row in UNARY if row[0] == name)
    for shape in ((), (1, 1), (0,), (2, 0)):
        case(name, f, u(*shape))

# ---- two operands and more


def bce_with_logits(x, y):
    return F.binary_cross_entropy_with_logits(*torch.broadcast_tensors(x, y), reduction="none")


BINARY = [
    ("add", torch.add, (-2, 2), (-1, 3)),
    ("sub", torch.sub, (-2, 2), (-1, 3)),
    ("mul", torch.mul, (-2, 2), (-1, 3)),
    ("div", torch.div, (-2, 2), (0.5, 2)),
    ("pow", torch.pow, (0.3, 2), (-2, 2)),
    ("maximum", torch.maximum, (-2, 2), (-1.8, 2.2)),
    ("minimum", torch.minimum, (-2, 2), (-1.8, 2.2)),
    ("atan2", torch.atan2, (0.3, 2), (-2, 2)),
    ("logaddexp", torch.logaddexp, (-2, 2), (-2, 3)),
    ("squared_difference", lambda a, b: (a - b)**2, (-2, 2), (-1, 3)),
    ("bce_with_logits", bce_with_logits, (-3, 3), (0, 1)),
]
for name, f, a, b in BINARY:
    for first, second in (((2, 3), (2, 3)), ((3, 1), (4,))):
        case(name, f, u(*first, low=a[0], high=a[1]), u(*second, low=b[0], high=b[1]))
for name, f in (("add", torch.add), ("mul", torch.mul), ("div", torch.div)):
    for first, second in (((), (2, 2)), ((2, 1, 3), (2, 1)), ((1,), (0,))):
        case(name, f, u(*first, low=1, high=2), u(*second, low=1, high=2))
case("mul", torch.mul, t([0.0, INF]), t([1.0, 2.0]))
case("div", torch.div, t([1.0, 0.0, -1.0]), t([0.0, 2.0, INF]))
case("pow", torch.pow, t([0.0, 0.0, 0.0]), t([0.0, 1.0, 2.0]), order=1)  # then NaN, from 0 times infinity
case("pow", torch.pow, t([1.0, 2.0]), t([0.0, 0.0]))
case("pow", torch.pow, t([-1.5, -2.0, -0.5]), t([2.0, 3.0, -1.0]))
case("maximum", torch.maximum, t([1.0, 2.0, -0.5]), t([1.0, 1.0, -0.5]))
case("minimum", torch.minimum, t([1.0, 2.0, -0.5]), t([1.0, 1.0, -0.5]))
case("maximum", torch.maximum, t([NAN, 1.0, INF]), t([1.0, NAN, 1.0]))
case("minimum", torch.minimum, t([NAN, 1.0, INF]), t([1.0, NAN, 1.0]))
case("atan2", torch.atan2, t([1.0, -1.0, 0.0, 2.0]), t([0.0, 0.0, -1.0, -3.0]))
# At order 2, PyTorch's own formula gives infinity / infinity.
case("logaddexp", torch.logaddexp, t([1000.0, -1000.0, 5.0]), t([1000.0, 0.0, -INF]), order=1)
case("bce_with_logits", bce_with_logits, t([0.0, 1000.0, -1000.0, 30.0]), t([0.5, 1.0, 0.0, 0.0]))
# PyTorch's own second derivative adds 1e-12 to p (1 - p), a visible error at this precision.
case("bce", lambda p, y: -y * p.log() - (1 - y) * (-p).log1p(), u(2, 3, low=0.05, high=0.95), u(2, 3, low=0, high=1))
case("lerp", torch.lerp, u(3, 2), u(3, 2), u(3, 2, low=0, high=1))
case("lerp", torch.lerp, u(3, 1), u(2), u(1, 1, low=0, high=1))
case("mul_add", lambda a, b, c: torch.addcmul(c, a, b), u(3, 2), u(3, 2), u(3, 2))
case("mul_add", lambda a, b, c: torch.addcmul(c, a, b), u(3, 1), u(2), u())
MASK = mask([[1, 0, 1], [0, 0, 1]])
case("where", lambda m, a, b: torch.where(m.bool(), a, b), MASK, u(2, 3), u(2, 3))
case("where", lambda m, a, b: torch.where(m.bool(), a, b), mask([1, 0, 1]), u(2, 1), u())
case("where or else a number", lambda m, a: torch.where(m.bool(), a, t(0.75)), MASK, u(2, 3))
case("where a number or else", lambda m, b: torch.where(m.bool(), t(0.75), b), MASK, u(2, 3))
case("masked_fill", lambda x, m: x.masked_fill(m.bool(), 0.75), u(2, 3), MASK)
case("masked_fill of rows", lambda x, m: x.masked_fill(m.bool(), 0.75), u(2, 3), mask([[1], [0]]))

# ---- gradients, as formulas
normal = torch.distributions.Normal(t(0.0), t(1.0))
case("sigmoid_grad", lambda g, y: g * y * (1 - y), u(3), u(3, low=0.1, high=0.9))
case("tanh_grad", lambda g, y: g * (1 - y * y), u(3), u(3, low=-0.9, high=0.9))
case("softplus_grad", lambda g, x: g * torch.sigmoid(x), u(3), u(3))
case("silu_grad", lambda g, x: g * torch.sigmoid(x) * (1 + x * (1 - torch.sigmoid(x))), u(3), u(3))
case("gelu_grad", lambda g, x: g * (normal.cdf(x) + x * torch.exp(normal.log_prob(x))), u(3), u(3))
case("relu_grad", lambda g, y: torch.where(y > 0, g, t(0.0)), u(3), t([1.0, 0.0, -1.0]))
case("squared_difference_grad", lambda a, b, g: 2 * g * (a - b), u(3), u(3), u(3))
case("bce_with_logits_grad", lambda x, y, g: g * (torch.sigmoid(x) - y), u(3), u(3, low=0, high=1), u(3))

# ---- sums and repetition
case("sum", torch.sum, u(3, 4))
for shape in ((), (1, 1), (0,), (2, 0)):
    case("sum", torch.sum, u(*shape))
case("sum over axis 0", lambda x: x.sum(0), u(3, 2))
case("sum over axis 0", lambda x: x.sum(0), u(0, 2))
case("sum over axis 1 of three", lambda x: x.sum(1), u(2, 3, 2))
case("sum over the last axis, kept", lambda x: x.sum(-1, keepdim=True), u(2, 3))
case("sum over axes 0 and 2", lambda x: x.sum((0, 2)), u(2, 3, 2))
case("sum_to a row", lambda x: x.sum_to_size(3), u(2, 3))
case("sum_to a column", lambda x: x.sum_to_size(2, 1), u(2, 3))
case("sum_to a number", lambda x: x.sum_to_size(()), u(2, 3))
case("expand", lambda x: x.expand(2, -1, 5), u(3, 1))
case("broadcast_to", lambda x: x.broadcast_to(2, 3, 5), u(3, 1))
case("cumsum along axis 0", lambda x: x.cumsum(0), u(3, 2))
case("cumsum along axis 0", lambda x: x.cumsum(0), u())
case("cumsum along the last axis", lambda x: x.cumsum(-1), u(2, 2, 3))
case("cumsum along the last axis", lambda x: x.cumsum(-1), u(2, 0))

# ---- rearranging
case("reshape", lambda x: x.reshape(2, -1), u(3, 2))
case("reshape to a number", lambda x: x.reshape(()), u(1, 1))
case("flatten", torch.flatten, u(2, 3, 2))
case("flatten", torch.flatten, u())
case("flatten of axes 1 and 2", lambda x: x.flatten(1, 2), u(2, 3, 2))
case("permute", lambda x: x.permute(2, 0, -2), u(2, 3, 2))
case("transpose", lambda x: x.transpose(-2, -1), u(2, 3, 2))
case("transpose of axes 0 and -1", lambda x: x.transpose(0, -1), u(2, 3, 2))
case("squeeze", torch.squeeze, u(1, 3, 1, 2))
case("squeeze of axis 1", lambda x: x.squeeze(1), u(3, 1, 2))
case("unsqueeze", lambda x: x.unsqueeze(-1), u(3, 2))
case("flip", lambda x: x.flip((0, -1)), u(2, 3, 2))
case("contiguous", lambda x: x.transpose(-2, -1).contiguous(), u(3, 2))
case("to f64", lambda x: x.double(), u(3))

# ---- picking


def fold(x, shape, axis, size, step):
    """Each window back to where unfold would have found it."""
    total = torch.zeros(shape, dtype=x.dtype)
    for window in range(x.shape[axis]):
        start = window * step
        piece = x.select(axis, window).movedim(-1, axis)
        total = total + torch.slice_scatter(torch.zeros(shape, dtype=x.dtype), piece, axis, start, start + size, 1)
    return total


case("slice", lambda x: x[:, 1:3], u(3, 4))
case("slice by steps", lambda x: x[1::3], u(8, 2))
case("slice from the end", lambda x: x[:, -3:-1], u(2, 5))
case("slice backwards", lambda x: x[:, torch.arange(4, -1, -2)], u(2, 6))
case("embed_slice", lambda x: torch.slice_scatter(torch.zeros(3, 8, dtype=x.dtype), x, 1, 1, 5, 3), u(3, 2))
case("select", lambda x: x[:, 2], u(2, 3, 2))
case("select from the end", lambda x: x[..., -1], u(2, 3))
case("unfold that overlaps", lambda x: x.unfold(1, 3, 2), u(2, 8, 2))
case("unfold with gaps", lambda x: x.unfold(-1, 2, 3), u(2, 9))
case("fold", lambda x: fold(x, (2, 8), 1, 3, 2), u(2, 3, 3))
INDEX = i([2, 0, 2, 3, 1])
case("index_select", lambda x, j: x.index_select(1, j), u(2, 4, 2), INDEX)
case("index_select", lambda x, j: x.index_select(1, j), u(2, 4, 2), torch.zeros(0, dtype=torch.int64))
case("index_add", lambda x, j, s: x.index_add(1, j, s), u(2, 4, 2), INDEX, u(2, 5, 2))
case("gather", lambda x, j: x.gather(1, j), u(3, 4), i([[0, 1, 0], [3, 3, 3], [2, 1, 0]]))
case("gather along axis 0", lambda x, j: x.gather(0, j), u(3, 4), i([[0, 1, 2], [2, 1, 0]]))
case("scatter_add", lambda x, j, s: x.scatter_add(1, j, s), u(2, 3), i([[0, 1, 0, 1], [2, 2, 2, 2]]), u(2, 4))
case("scatter_add along axis 0", lambda x, j, s: x.scatter_add(0, j, s), u(3, 4), i([[0, 1, 2], [2, 1, 0]]), u(2, 3))
case("triu", torch.triu, u(3, 4))
case("triu above", lambda x: torch.triu(x, 1), u(2, 3, 2))
case("tril", torch.tril, u(3, 4))
case("tril below", lambda x: torch.tril(x, -1), u(2, 3, 2))

# ---- joining and cutting
case("concat", lambda a, b: torch.cat([a, b, a], 1), u(3, 2), u(3, 3))
case("concat", lambda a, b: torch.cat([a, b, a], 1), u(3, 0), u(3, 2))
case("concat of a list", lambda a, b: torch.cat([a, b], 0), u(2, 2), u(1, 2))
case("stack", lambda a, b: torch.stack([a, b]), u(2, 3), u(2, 3))
case("stack", lambda a, b: torch.stack([a, b]), u(), u())
case("stack of a list along the last axis", lambda a, b: torch.stack([a, b], -1), u(2, 3), u(2, 3))


def split(x):
    parts = x.split(3, 1)
    return parts[0] * parts[1][:, :1] + len(parts)


case("split", split, u(2, 8))
case("split in given sizes", lambda x: torch.mul(*x.split([1, x.shape[1] - 1], 1)), u(3, 4))
case("pad", lambda x: F.pad(x, (0, 3, 1, 2), value=0.75), u(2, 3))
case("pad of the last axis", lambda x: F.pad(x, (2, 1)), u(2, 2, 2))

# ---- products
case("matmul", torch.matmul, u(3, 4), u(4, 2))
case("matmul", torch.matmul, u(2, 0), u(0, 3))
case("matmul", torch.matmul, u(0, 2), u(2, 3))
case("matmul with a transpose", lambda a, b: a @ b.T, u(3, 4), u(2, 4))
case("matmul of batches", torch.matmul, u(2, 3, 4), u(2, 4, 2))
case("matmul of broadcast batches", torch.matmul, u(2, 1, 2, 3), u(3, 3, 2))
case("matmul of a batch and a matrix", torch.matmul, u(2, 3, 4), u(4, 2))
case("matmul of a matrix and a batch", torch.matmul, u(3, 4), u(2, 4, 2))
case("matmul of a vector and a matrix", torch.matmul, u(4), u(4, 3))
case("matmul of a matrix and a vector", torch.matmul, u(3, 4), u(4))
case("matmul of vectors", torch.matmul, u(4), u(4))
case("matmul of vectors", torch.matmul, u(0), u(0))
case("matmul of a vector and a batch", torch.matmul, u(4), u(2, 4, 3))
case("matmul of a batch and a vector", torch.matmul, u(2, 3, 4), u(4))
case("linear", F.linear, u(3, 4), u(2, 4))
case("linear with bias", F.linear, u(3, 4), u(2, 4), u(2))
case("linear of a vector, with bias", F.linear, u(4), u(2, 4), u(2))
case("linear of a batch, with bias", F.linear, u(2, 3, 4), u(2, 4), u(2))

# ---- convolution
case("conv2d", F.conv2d, u(2, 2, 4, 3), u(2, 2, 3, 2))
case("conv2d with bias, stride and padding", lambda x, w, b: F.conv2d(x, w, b, stride=(2, 3), padding=(1, 2)),
     u(2, 2, 5, 4), u(2, 2, 3, 2), u(2))
case("conv2d with bias, stride and padding", lambda x, w, b: F.conv2d(x, w, b, stride=(2, 3), padding=(1, 2)),
     u(1, 1, 2, 1), u(1, 1, 4, 5), u(1))
case("conv2d in groups, dilated", lambda x, w: F.conv2d(x, w, dilation=(2, 1), groups=2), u(2, 4, 4, 3), u(4, 2, 2, 2))
case("conv2d of every channel alone", lambda x, w: F.conv2d(x, w, stride=2, padding=1, groups=x.shape[1]),
     u(2, 3, 4, 4), u(6, 1, 3, 3))
case("conv2d of one image, with bias", lambda x, w, b: F.conv2d(x, w, b, padding=1), u(2, 4, 3), u(2, 2, 3, 2), u(2))
case("conv2d that keeps the extents", lambda x, w: F.conv2d(x, w, padding="same"), u(2, 2, 4, 3), u(2, 2, 2, 3))
case("conv2d that keeps the extents", lambda x, w: F.conv2d(x, w, padding="same"), u(1, 1, 2, 3), u(1, 1, 4, 2))
case("conv2d of the whole image, with bias", F.conv2d, u(2, 3, 3, 2), u(2, 3, 3, 2), u(2))
case("conv2d of single pixels", F.conv2d, u(2, 3, 2, 3), u(2, 3, 1, 1))
case("conv2d of patches", lambda x, w: F.conv2d(x, w, stride=w.shape[2:]), u(2, 2, 5, 6), u(2, 2, 2, 3))
case("conv1d", F.conv1d, u(2, 2, 6), u(3, 2, 3))
case("conv1d with all options", lambda x, w, b: F.conv1d(x, w, b, stride=2, padding=3, dilation=2, groups=2),
     u(2, 4, 7), u(4, 2, 3), u(4))
case("conv_transpose2d", F.conv_transpose2d, u(2, 2, 2, 3), u(2, 2, 3, 2))
case("conv_transpose2d with bias, stride and padding",
     lambda x, w, b: F.conv_transpose2d(x, w, b, stride=(2, 3), padding=(1, 0), output_padding=(1, 2)),
     u(2, 2, 3, 2), u(2, 2, 3, 2), u(2))
case("conv_transpose2d with bias, stride and padding",
     lambda x, w, b: F.conv_transpose2d(x, w, b, stride=(2, 3), padding=(1, 0), output_padding=(1, 2)),
     u(1, 2, 2, 2), u(2, 1, 1, 1), u(1))
case("conv_transpose2d in groups, dilated",
     lambda x, w: F.conv_transpose2d(x, w, stride=(2, 1), padding=1, output_padding=(1, 2), groups=2, dilation=(1, 3)),
     u(2, 4, 2, 3), u(4, 2, 2, 2))
case("conv_transpose2d of one image, with bias", lambda x, w, b: F.conv_transpose2d(x, w, b, stride=2),
     u(2, 2, 3), u(2, 2, 3, 2), u(2))
case("conv_transpose2d of a pixel, with bias", F.conv_transpose2d, u(2, 3, 1, 1), u(3, 2, 3, 2), u(2))
case("conv_transpose2d to patches", lambda x, w: F.conv_transpose2d(x, w, stride=w.shape[2:]),
     u(2, 2, 3, 2), u(2, 2, 2, 3))
case("conv_transpose1d", F.conv_transpose1d, u(2, 2, 4), u(2, 3, 3))
case("conv_transpose1d with all options",
     lambda x, w, b: F.conv_transpose1d(x, w, b, stride=2, padding=1, output_padding=2, groups=2, dilation=3),
     u(2, 4, 4), u(4, 2, 2), u(4))


def conv_weight(x, g, kernel, conv, **options):
    """The gradient of conv(x, w) by w, for any w."""
    w = torch.zeros(g.shape[1], x.shape[1] // options.get("groups", 1), *kernel, dtype=x.dtype, requires_grad=True)
    return torch.autograd.grad(conv(x, w, **options), w, g, create_graph=True)[0]


case("conv1d_weight", lambda x, g: conv_weight(x, g, [x.shape[2] - g.shape[2] + 1], F.conv1d), u(2, 2, 5), u(2, 3, 3))
case("conv2d_weight", lambda x, g: conv_weight(x, g, [5, 3], F.conv2d, stride=2, padding=1, groups=2),
     u(2, 2, 5, 4), u(2, 4, 2, 2))

# ---- pooling and interpolation


def with_indices(pooled, x):
    values, indices = pooled
    return values * (indices.double() / x.numel())


def unpool(x, kernel, pool, unpooling, size=None):
    values, indices = pool(x, kernel, return_indices=True)
    return unpooling(values**2, indices, kernel, output_size=size)


TIED = t([[[1.0, 3.0, 3.0, 2.0], [3.0, -1.0, -1.0, -1.0], [0.5, NAN, 0.5, -2.0], [-INF, -INF, NAN, -INF],
           [-INF, -INF, -INF, -INF]]]).unsqueeze(0)
case("resample", lambda x: F.avg_pool2d(x, (3, 2), 1), u(2, 4, 3))
case("max_over_taps", lambda x: F.max_pool1d(x, 2), u(2, 5))
case("max_pool2d", lambda x: F.max_pool2d(x, 2), u(2, 2, 5, 4))
case("max_pool2d", lambda x: F.max_pool2d(x, 2), TIED)
case("max_pool2d that overlaps",
     lambda x: F.max_pool2d(x, (3, 2), (2, 1), 1, (1, 2), ceil_mode=True), u(2, 2, 6, 4))
case("max_pool2d that overlaps", lambda x: F.max_pool2d(x, (3, 2), (2, 1), 1, (1, 2), ceil_mode=True), TIED)
case("max_pool2d_with_indices",
     lambda x: with_indices(F.max_pool2d(x, (2, 3), 2, return_indices=True), x), u(2, 2, 5, 4))
case("max_pool1d", lambda x: F.max_pool1d(x, 3, 2, 1), u(2, 2, 7))
case("max_pool1d_with_indices", lambda x: with_indices(F.max_pool1d(x, 2, return_indices=True), x), u(2, 2, 7))
case("max_unpool2d", lambda x: unpool(x, 2, F.max_pool2d, F.max_unpool2d, x.shape[2:]), u(2, 2, 5, 4))
case("max_unpool1d", lambda x: unpool(x, 3, F.max_pool1d, F.max_unpool1d), u(2, 2, 6))
case("avg_pool2d", lambda x: F.avg_pool2d(x, 2), u(2, 2, 5, 4))
case("avg_pool2d that overlaps", lambda x: F.avg_pool2d(x, (3, 2), (2, 3), 1, ceil_mode=True), u(2, 2, 6, 4))
case("avg_pool2d that counts the image alone",
     lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True, count_include_pad=False), u(2, 2, 6, 5))
case("avg_pool2d with a divisor", lambda x: F.avg_pool2d(x, (2, 3), divisor_override=4), u(2, 2, 5, 4))
case("avg_pool1d", lambda x: F.avg_pool1d(x, 3, 2, 1), u(2, 2, 7))
case("adaptive_avg_pool2d", lambda x: F.adaptive_avg_pool2d(x, (3, 2)), u(2, 2, 5, 4))
case("adaptive_avg_pool2d", lambda x: F.adaptive_avg_pool2d(x, (3, 2)), u(1, 1, 2, 1))
case("adaptive_avg_pool1d", lambda x: F.adaptive_avg_pool1d(x, 3), u(2, 2, 7))
case("adaptive_max_pool2d", lambda x: F.adaptive_max_pool2d(x, (3, None)), u(2, 2, 5, 4))
case("adaptive_max_pool1d", lambda x: F.adaptive_max_pool1d(x, 3), u(2, 2, 7))
case("adaptive_max_pool2d_with_indices",
     lambda x: with_indices(F.adaptive_max_pool2d(x, (2, 3), return_indices=True), x), u(2, 2, 5, 4))
case("adaptive_max_pool1d_with_indices",
     lambda x: with_indices(F.adaptive_max_pool1d(x, 3, return_indices=True), x), u(2, 2, 7))


def resized(x, mode, **options):
    return F.interpolate(x, (x.shape[2] + 4, x.shape[3] - 1), mode=mode, **options)


case("interpolate", lambda x: F.interpolate(x, scale_factor=2), u(2, 2, 3, 4))
case("interpolate", lambda x: F.interpolate(x, scale_factor=2), u(1, 2, 3))
case("interpolate to a size, nearest", lambda x: resized(x, "nearest"), u(2, 2, 3, 4))
case("interpolate by nearest_exact", lambda x: resized(x, "nearest-exact"), u(2, 2, 3, 4))
case("interpolate by bilinear", lambda x: F.interpolate(x, scale_factor=(2.5, 0.6), mode="bilinear"), u(2, 2, 3, 5))
case("interpolate by bilinear, corners aligned", lambda x: resized(x, "bilinear", align_corners=True), u(2, 2, 3, 5))
case("interpolate by bicubic", lambda x: resized(x, "bicubic"), u(2, 2, 3, 5))
case("interpolate by bicubic, corners aligned",
     lambda x: F.interpolate(x, scale_factor=2, mode="bicubic", align_corners=True), u(1, 2, 3, 4))
case("interpolate by linear", lambda x: F.interpolate(x, scale_factor=2, mode="linear"), u(2, 2, 5))
case("interpolate by area", lambda x: F.interpolate(x, 3, mode="area"), u(2, 2, 5, 4))

# ---- composite and reducing
TIES = t([[1.0, 3.0, 3.0, 2.0], [-1.0, -1.0, -1.0, -1.0], [0.5, 0.0, 0.5, -2.0]])
case("mean", torch.mean, u(3, 4))
case("mean", torch.mean, u())
case("mean", torch.mean, u(0))
case("mean over axis 1, kept", lambda x: x.mean(1, keepdim=True), u(2, 3, 2))
case("prod", torch.prod, u(2, 3))
case("prod", torch.prod, u())
case("prod", torch.prod, u(0))
case("prod", torch.prod, t([2.0, 0.0, -3.0]))
# PyTorch loses the second derivative of a product with two zeros.
case("prod", torch.prod, t([2.0, 0.0, 0.0, -3.0]), order=1)
case("prod", torch.prod, t([0.0, 0.0, 0.0]))
case("prod over axis 0", lambda x: x.prod(0), u(5, 2))
case("prod over axis 0", lambda x: x.prod(0), t([[1.0, 0.0, 0.0], [2.0, 3.0, 0.0], [4.0, 5.0, 6.0]]))
case("prod over axes 0 and 2, kept", lambda x: x.prod(2, keepdim=True).prod(0, keepdim=True), u(2, 3, 2))
case("max", torch.amax, u(3, 4))
case("max", torch.amax, u())
case("max", torch.max, TIES)
case("max", torch.amax, t([NAN, 1.0, 2.0, 3.0, 4.0]), order=1)
case("max", torch.amax, t([1.0, 2.0, 3.0, 4.0, NAN]), order=1)
case("max over axis 0", lambda x: x.amax(0), u(3, 2))
case("max over axis 0", lambda x: x.amax(0), TIES)
case("max over the last axis, kept", lambda x: x.amax(-1, keepdim=True), u(2, 2, 3))
case("max over the last axis, kept", lambda x: x.amax(-1, keepdim=True), TIES)
case("min", torch.amin, u(3, 4))
case("min", torch.min, TIES)
case("min", torch.amin, t([NAN, 1.0, 2.0, 3.0, 4.0]), order=1)
case("min", torch.amin, t([1.0, 2.0, 3.0, 4.0, NAN]), order=1)
case("min over axes 0 and 2", lambda x: x.amin((0, 2)), u(2, 3, 2))
case("min over axes 0 and 2", lambda x: x.amin((0, 2)), t([[[1.0, 1.0], [2.0, 0.0]], [[1.0, 3.0], [0.0, 0.0]]]))
case("var", torch.var, u(3, 4))
case("var", torch.var, t([2.0, 2.0, 2.0]))
case("var over axis 1, kept", lambda x: x.var(1, keepdim=True), u(2, 3, 2))
case("var over axis 1, kept", lambda x: x.var(1, keepdim=True), u(2, 1, 2))
case("var without correction", lambda x: x.var(-1, correction=0), u(2, 3))
case("var without correction", lambda x: x.var(-1, correction=0), u(3, 1))
case("stddev", torch.std, u(3, 4))
case("std", lambda x: x.std(1, keepdim=True), t([[[0.5, -1.5], [1.0, 0.25], [-0.75, 2.0]]]))
case("stddev over axis 1, kept", lambda x: x.std(1, keepdim=True), u(2, 3, 2))
case("stddev without correction", lambda x: x.std(-1, correction=0), u(2, 3))
case("stddev without correction", lambda x: x.std(-1, correction=0), t([[0.25, 0.25], [1.0, 2.0]]), order=1)
case("norm", torch.linalg.vector_norm, u(3, 4))
case("norm", torch.linalg.vector_norm, u())
case("norm", torch.linalg.vector_norm, t([0.0, 0.0]), order=1)
case("norm over axis 1, kept", lambda x: torch.linalg.vector_norm(x, 2, 1, keepdim=True), u(2, 3, 2))
for p, text in ((0, "0"), (1, "1"), (3, "3"), (INF, "inf"), (-INF, "-inf")):
    case(f"norm of p = {text}", lambda x: torch.linalg.vector_norm(x, p, -1), u(3, 4))
    case(f"norm of p = {text}", lambda x: torch.linalg.vector_norm(x, p, -1), t([[0.0, 0.0], [1.0, 0.0], [-2.0, 2.0]]),
         order=1)
case("logsumexp", lambda x: x.logsumexp((0, 1)), u(3, 4))
case("logsumexp", lambda x: x.logsumexp(0), t([1000.0, 999.0, -1000.0]))
case("logsumexp", lambda x: x.logsumexp(0), t([-INF, 0.0, 1.0]))
case("logsumexp", lambda x: x.logsumexp(0), t([-INF, -INF]), order=1)
case("logsumexp", lambda x: x.logsumexp(0), u(0))
case("logsumexp over axis 1, kept", lambda x: x.logsumexp(1, keepdim=True), u(2, 3, 2))
case("softmax", lambda x: x.softmax(-1), u(3, 4))
case("softmax", lambda x: x.softmax(-1), u())
case("softmax", lambda x: x.softmax(-1), u(2, 0))
case("softmax", lambda x: x.softmax(-1), t([1000.0, 0.0, -1000.0, 999.0]))
case("softmax", lambda x: x.softmax(-1), t([-INF, 0.0, 1.0]))
case("softmax along axis 1 of three", lambda x: x.softmax(1), u(2, 3, 2))
case("log_softmax", lambda x: x.log_softmax(-1), u(3, 4))
case("log_softmax", lambda x: x.log_softmax(-1), u())
case("log_softmax", lambda x: x.log_softmax(-1), t([1000.0, 0.0, -1000.0, 999.0]))
case("log_softmax along axis 1 of three", lambda x: x.log_softmax(1), u(2, 3, 2))


def standardize(x, axes, eps=1e-5):
    return (x - x.mean(axes, keepdim=True)) / torch.sqrt(x.var(axes, unbiased=False, keepdim=True) + eps)


def standardize_grad(g, x, axes):
    return torch.autograd.grad(standardize(x, axes), x, g, create_graph=True)[0]


def softmax_grad(g, y, axis):
    return y * (g - (g * y).sum(axis, keepdim=True))


def log_softmax_grad(g, y, axis):
    return g - y.exp() * g.sum(axis, keepdim=True)


def lstm_cell(gates, c):
    """torch.lstm_cell, whose weights are set such that the products are the gates themselves."""
    n = c.shape[1]
    eye, none = torch.eye(4 * n, dtype=gates.dtype), torch.zeros(4 * n, n, dtype=gates.dtype)
    return torch.lstm_cell(gates, (torch.zeros_like(c), c), eye, none)


def lstm_sequence(gates, weight, h, c):
    """torch.lstm, of both states at every step; the input's weights are such that its products are the gates."""
    n = c.shape[1]
    eye, none = torch.eye(4 * n, dtype=gates.dtype), torch.zeros(4 * n, dtype=gates.dtype)
    hs, cs = [], []
    for step in gates:
        _, h, c = torch.lstm(step[None], (h[None], c[None]), (eye, weight, none, none), True, 1, 0.0, False, False, False)
        h, c = h[0], c[0]
        hs.append(h)
        cs.append(c)
    return torch.stack([torch.stack(hs), torch.stack(cs)])


def gru_cell(input_gates, hidden_gates, h):
    r, z, n = (input_gates.chunk(3, 1)[k] for k in range(3))
    hr, hz, hn = hidden_gates.chunk(3, 1)
    r, z = torch.sigmoid(r + hr), torch.sigmoid(z + hz)
    n = torch.tanh(n + r * hn)
    return (1 - z) * n + z * h


# The formula above is torch.gru_cell's.
_x, _h, _w, _v = u(2, 3), u(2, 2), u(6, 3), u(6, 2)
torch.testing.assert_close(gru_cell(_x @ _w.T, _h @ _v.T, _h), torch.gru_cell(_x, _h, _w, _v))

case("softmax_grad", lambda g, y: softmax_grad(g, y, -1), u(3, 4), u(3, 4, low=0, high=1))
case("softmax_grad along axis 1 of three", lambda g, y: softmax_grad(g, y, 1), u(2, 3, 2), u(2, 3, 2, low=0, high=1))
case("log_softmax_grad", lambda g, y: log_softmax_grad(g, y, -1), u(3, 4), u(3, 4, low=-3, high=0))
case("log_softmax_grad along axis 1 of three", lambda g, y: log_softmax_grad(g, y, 1), u(2, 3, 2),
     u(2, 3, 2, low=-3, high=0))
case("lstm_cell", lambda gates, c: torch.cat(lstm_cell(gates, c), 1), u(3, 8), u(3, 2))
case("lstm_cell of h alone", lambda gates, c: lstm_cell(gates, c)[0], u(2, 4), u(2, 1))
case("lstm_sequence", lstm_sequence, u(3, 2, 8), u(8, 2), u(2, 2), u(2, 2))
case("lstm_sequence of its last c", lambda *inputs: lstm_sequence(*inputs)[1, -1], u(2, 1, 4), u(4, 1), u(1, 1), u(1, 1))
case("gru_cell", gru_cell, u(3, 6), u(3, 6), u(3, 2))
case("bce_with_logits_sum", lambda x, y: F.binary_cross_entropy_with_logits(x, y, reduction="sum"), u(3, 4),
     u(3, 4, low=0, high=1))
case("squared_difference_sum", lambda a, b: F.mse_loss(a, b, reduction="sum"), u(3, 4), u(3, 4))
case("standardize over the last axis", lambda x: F.layer_norm(x, (4,)), u(3, 4))
case("standardize over the last axis", lambda x: F.layer_norm(x, (1,)), u(2, 1))
# F.layer_norm loses 5 digits if the mean is a million.
case("standardize over the last axis", lambda x: standardize(x, (1,)), t([[1e6, 1e6 + 1, 1e6 + 2], [5.0, 5.0, 5.0]]))
case("standardize over all axes", lambda x: F.layer_norm(x, (2, 2, 3)), u(2, 2, 3))
case("standardize over axis 0, of eps 0.1", lambda x: standardize(x, (0,), 0.1), u(5, 2))
case("standardize over all axes but 1", lambda x: F.batch_norm(x, None, None, training=True), u(2, 2, 4, 5))
case("standardize over axes 1 and 3", lambda x: standardize(x, (1, 3)), u(2, 2, 2, 3))
case("standardize_grad over the last axis", lambda g, x: standardize_grad(g, x, (-1,)), u(3, 4), u(3, 4))
case("standardize_grad over all axes but 1", lambda g, x: standardize_grad(g, x, (0, 2)), u(2, 2, 3), u(2, 2, 3))
case("layer_norm", lambda x, w, b: F.layer_norm(x, (4,), w, b), u(3, 4), u(4), u(4))
case("layer_norm over two axes", lambda x, w, b: F.layer_norm(x, (2, 3), w, b, 0.1), u(2, 2, 3), u(2, 3), u(2, 3))
case("batch_norm", lambda x, w, b: F.batch_norm(x, None, None, w, b, True), u(4, 3), u(3), u(3))
case("batch_norm of images", lambda x, w, b: F.batch_norm(x, None, None, w, b, True, 0.1, 0.1), u(2, 2, 4, 5), u(2),
     u(2))
case("sort", lambda x: x.sort(stable=True).values, u(3, 4))
case("sort", lambda x: x.sort(stable=True).values, TIES)
case("sort", lambda x: x.sort(stable=True).values, u())
case("sort along axis 0, descending", lambda x: x.sort(dim=0, descending=True, stable=True).values, u(4, 2))
case("top_k", lambda x: x.topk(2).values, u(3, 4))
case("top_k smallest along axis 0", lambda x: x.topk(2, 0, largest=False).values, u(4, 2))

# ---- activations made of others
ACTIVATIONS = [
    ("hardtanh", F.hardtanh, EDGES),
    ("hardtanh of -0.5 to 1.5", lambda x: F.hardtanh(x, -0.5, 1.5), [-0.5, 1.5]),
    ("relu6", F.relu6, [0.0, 6.0, 7.0]),
    ("hardsigmoid", lambda x: F.hardtanh(x / 6 + 0.5, 0, 1), [-3.0, 3.0, 4.0, -4.0]),  # PyTorch's 1/6 is f32
    ("hardswish", F.hardswish, [4.0, -4.0, 0.0]),
    ("hardshrink", F.hardshrink, [0.5, -0.5, 0.0]),
    ("softshrink", F.softshrink, [0.5, -0.5, 0.0]),
    ("tanhshrink", F.tanhshrink, EDGES),
    ("threshold", lambda x: F.threshold(x, 0.25, -1.5), [0.25, 0.0]),
    ("selu", F.selu, EDGES),
    ("celu", F.celu, EDGES),
    ("celu of alpha 0.5", lambda x: F.celu(x, 0.5), EDGES),
    ("mish", F.mish, [0.0, 100.0, -100.0]),
    ("gelu_tanh", lambda x: F.gelu(x, approximate="tanh"), [0.0, 10.0, -10.0]),
    ("softplus of beta 2", lambda x: F.softplus(x, 2, 3), [0.0, 1.6, 100.0, -100.0]),
]
for name, f, edges in ACTIVATIONS:
    case(name, f, u(5, low=-5, high=5))
    case(name, f, t(edges))
case("hardswish", F.hardswish, t([3.0, -3.0]), order=1)  # at its joints PyTorch's slope is not constant, but flat
case("prelu", F.prelu, u(3, 2), u(2))
case("prelu", F.prelu, t([[1.0, -1.0], [0.0, 2.0]]), t([0.5, -0.25]))
case("prelu of one slope", F.prelu, u(2, 3, 2), u(1))
case("glu", F.glu, u(3, 4))
case("glu along axis 1 of three", lambda x: F.glu(x, 1), u(2, 4, 2))


def keep_top_k(x, k, axis):
    indices = x.topk(k, axis).indices
    return torch.zeros_like(x).scatter(axis, indices, x.gather(axis, indices))


case("keep_top_k", lambda x: keep_top_k(x, 2, -1), u(3, 4))
case("keep_top_k along axis 0", lambda x: keep_top_k(x, 2, 0), u(3, 4))

# ---- losses, by the names that test_pytorch.cpp gives them
CLASSES = i([2, 0, 3])
for reduction in ("none", "mean", "sum"):
    case(f"mse_loss {reduction}", lambda x, y: F.mse_loss(x, y, reduction=reduction), u(3, 2), u(3, 2))
    case(f"l1_loss {reduction}", lambda x, y: F.l1_loss(x, y, reduction=reduction), u(3, 2), u(3, 2))
    case(f"binary_cross_entropy {reduction}", lambda x, y: F.binary_cross_entropy(x, y, reduction=reduction),
         u(3, 2, low=0.1, high=0.9), u(3, 2, low=0, high=1), order=1)
    case(f"binary_cross_entropy_with_logits {reduction}",
         lambda x, y: F.binary_cross_entropy_with_logits(x, y, reduction=reduction), u(3, 2), u(3, 2, low=0, high=1))
    case(f"cross_entropy {reduction}", lambda x, y: F.cross_entropy(x, y, reduction=reduction), u(3, 4), CLASSES)
    case(f"cross_entropy {reduction}", lambda x, y: F.cross_entropy(x, y, reduction=reduction), u(2, 3, 2),
         i([[0, 2], [1, 1]]))
    case(f"nll_loss {reduction}", lambda x, y: F.nll_loss(x, y, reduction=reduction), u(3, 4), CLASSES)
for reduction in ("none", "mean", "sum", "batchmean"):
    case(f"kl_div {reduction}", lambda x, y: F.kl_div(x, y, reduction=reduction), u(2, 3), u(2, 3, low=0.1, high=0.9))
    case(f"kl_div {reduction}, log target", lambda x, y: F.kl_div(x, y, reduction=reduction, log_target=True), u(2, 3),
         u(2, 3))
case("kl_div sum", lambda x, y: F.kl_div(x, y.detach(), reduction="sum"), t([-1.0, -2.0]), t([0.0, 0.0]), order=1)

# ---- functions of Tensors that give indices or booleans
EQUALS = t([[1.0, 3.0, 3.0, 2.0], [-1.0, -1.0, -1.0, -1.0]])
plain_case("argmax", lambda x: x.argmax(-1), u(3, 4))
plain_case("argmin", lambda x: x.argmin(-1), u(3, 4))
plain_case("argmax", lambda x: x.argmax(-1), t([1.0, NAN, 3.0]))
plain_case("argmin", lambda x: x.argmin(-1), t([1.0, NAN, 3.0]))
plain_case("argsort", lambda x: x.sort(stable=True).indices, u(3, 4))
plain_case("argsort", lambda x: x.sort(stable=True).indices, EQUALS)
plain_case("argsort", lambda x: x.sort(stable=True).indices, t([NAN, 1.0, INF, -INF, NAN, 0.0]))
plain_case("argsort, descending", lambda x: x.sort(stable=True, descending=True).indices, EQUALS)
plain_case("argsort, descending", lambda x: x.sort(stable=True, descending=True).indices, t([NAN, 1.0, INF, -INF]))
plain_case("top_k indices", lambda x: x.topk(2).indices, u(3, 4))
plain_case("top_k smallest indices", lambda x: x.topk(2, largest=False).indices, u(3, 4))
plain_case("sum", torch.sum, i([[1, 2], [3, 4]]))
plain_case("sum", torch.sum, mask([200, 100]))
plain_case("prod", torch.prod, i([[1, 2], [3, 4]]))
plain_case("any", lambda x: x.any(-1).to(torch.uint8), mask([[0, 0], [0, 7]]))
plain_case("all", lambda x: x.all(-1).to(torch.uint8), mask([[0, 1], [3, 7]]))
plain_case("one_hot", lambda x: F.one_hot(x, 4), i([[0, 3], [1, 1]]))
for name in ("eq", "ne", "lt", "le", "gt", "ge"):
    plain_case(name, lambda a, b: getattr(torch, name)(a, b).to(torch.uint8), t([[1.0], [NAN], [INF]]),
               t([0.0, 1.0, NAN, INF, -0.0]))
plain_case("isnan", lambda x: x.isnan().to(torch.uint8), t([0.0, NAN, INF, -INF]))
plain_case("isinf", lambda x: x.isinf().to(torch.uint8), t([0.0, NAN, INF, -INF]))
plain_case("isfinite", lambda x: x.isfinite().to(torch.uint8), t([0.0, NAN, INF, -INF]))

# ---- special functions and triangular factors
# (Without trigamma, which PyTorch gives to 1e-11: the table has its own reference.)
for low, high, edges in ((0.2, 6, [0.0, 1.0, 2.0, 1e10, 1e-10]), (-3.8, -3.2, [-1.5, -20.25])):
    case("lgamma", torch.lgamma, u(2, 3, low=low, high=high), order=1)
    case("lgamma", torch.lgamma, t(edges), order=1)
case("polygamma of order 3", lambda x: torch.polygamma(3, x), u(2, 3, low=0.2, high=6))


def ridge(x, by):
    return x + by * torch.eye(x.shape[-1], dtype=x.dtype)


case("cholesky", lambda x: torch.linalg.cholesky(ridge(x @ x.mT, x.shape[-1])), u(3, 4, low=-1, high=1))
case("cholesky of batches", lambda x: torch.linalg.cholesky(ridge(x @ x.mT, 1)), u(2, 3, 2, low=-1, high=1))
case("solve_triangular", lambda a, b: torch.linalg.solve_triangular(ridge(a, 3 * a.shape[0]).tril(), b, upper=False),
     u(3, 3), u(3, 4))
case("solve_triangular of upper ones, broadcast",
     lambda a, b: torch.linalg.solve_triangular(ridge(a, 3 * a.shape[1]).triu(), b, upper=True), u(2, 3, 3), u(3, 2))
case("erfc", torch.special.erfc, u(2, 3, low=-2, high=2))
case("erfc", torch.special.erfc, t([0.0, 30.0, -30.0]))
case("norm of p = 1.5", lambda x: torch.linalg.vector_norm(x, 1.5, 0, keepdim=True), u(3, 4))

# ---- arranging
case("repeat", lambda x: x.repeat(2, 1, 3), u(3, 2))
case("repeat", lambda x: x.repeat(2, 1, 3), u())
case("tile", lambda x: x.tile(2), u(3, 2))
case("repeat_interleave", lambda x: x.repeat_interleave(3, -1), u(3, 2))
case("repeat_interleave by counts", lambda x, n: x.repeat_interleave(n, 1), u(2, 4, 2), i([2, 0, 3, 1]))
case("roll", lambda x: x.roll((1, -5), (0, -1)), u(3, 4))
case("roll", lambda x: x.roll(-4, 0), u(3))
case("movedim", lambda x: x.movedim((0, -1), (2, 0)), u(2, 3, 4))
case("squeeze of axes 0 and -1", lambda x: x.squeeze(-1).squeeze(0), u(1, 3, 1))
case("chunk", lambda x: torch.cat((x * x).chunk(3)), u(7, 2))
case("unbind", lambda x: torch.cat((x * x).unbind(1)), u(3, 2))
case("meshgrid", lambda a, b: torch.mul(*torch.meshgrid(a, b, indexing="ij")), u(3), u(4))
case("meshgrid of a list, xy", lambda *x: torch.stack(torch.meshgrid(*x, indexing="xy")).prod(0), u(3), u(2), u(2))
case("diagonal", torch.diagonal, u(3, 4))
case("diagonal below, of axes 0 and 2", lambda x: x.diagonal(-1, 0, 2), u(4, 2, 3))
case("diag_embed", torch.diag_embed, u(2, 3))
case("diag_embed above, in axes 2 and 0", lambda x: torch.diag_embed(x, 2, 2, 0), u(2, 3))
case("diag of a vector", lambda x: torch.diag(x, -1), u(3))
case("diag of a matrix", lambda x: torch.diag(x, 1), u(3, 4))
case("trace", torch.trace, u(4, 3))
for name, equation, shapes in (
    ("of a product", "ij,jk->ki", [(3, 4), (4, 2)]),
    ("of attention", "bqhd, bkhd -> bhqk", [(2, 3, 2, 2), (2, 2, 2, 2)]),
    ("of diagonals", "...ii->...i", [(2, 3, 3)]),
    ("of a bilinear form", "bn,anm,bm->ba", [(2, 3), (4, 3, 2), (2, 2)]),
    ("of dot products of rows", "bi,bi->b", [(3, 4), (3, 4)]),
    ("that broadcasts", "...ij,...kj", [(2, 1, 3, 2), (3, 1, 2)]),
    ("of a list, outer and summed", "ij,kl->lj", [(3, 2), (2, 4)])):
    case(f"einsum {name}", lambda *x: torch.einsum(equation, *x), *[u(*shape) for shape in shapes])
case("tensordot", torch.tensordot, u(2, 3, 4), u(3, 4, 2))
case("tensordot over given axes", lambda a, b: torch.tensordot(a, b, ([0, -1], [1, 0])), u(2, 3, 4), u(4, 2, 2))
case("outer", torch.outer, u(3), u(4))
case("kron", torch.kron, u(2, 3), u(1, 1, 3))
case("kron", torch.kron, u(), u(2))

# ---- indexing
UNIQUE_INDEX, INDEX_2D = i([[0, 3, 2], [1, 0, 3], [3, 2, 1]]), i([[0, 1, 0, 3], [2, 2, 2, 2], [3, 1, 0, 0]])
case("scatter", lambda x, j, s: x.scatter(1, j, s), u(3, 4), UNIQUE_INDEX, u(3, 3))
case("scatter of a number along axis 0", lambda x, j: x.scatter(0, j, 0.75), u(3, 4), i([[0, 1, 2], [2, 1, 0]]))
for how in ("sum", "prod", "mean", "amax", "amin"):
    for self, words in ((True, ""), (False, " without self")):
        if (how, self) == ("amin", False):
            continue
        # PyTorch has no second derivatives of products here.
        case(f"scatter_reduce by {how}{words}", lambda x, j, s: x.scatter_reduce(1, j, s, how, include_self=self),
             u(3, 4), INDEX_2D, u(3, 4), order=1 if how == "prod" else 2)
case("scatter_reduce by amax", lambda x, j, s: x.scatter_reduce(1, j, s, "amax"), t([[1.0, 2.0, 3.0]]),
     i([[0, 0, 2, 2]]), t([[1.0, 1.0, 5.0, 5.0]]))
case("index_get", lambda x, a, b: x[a, b], u(3, 4, 2), i([[2], [0]]), i([3, 0, 3]))
case("index_get of a list", lambda x, a: x[a], u(3, 2), i([2, 0, 2]))
case("index_put", lambda x, a, b, v: x.index_put((a, b), v), u(3, 4, 2), i([2, 0, 1]), i([3, 0, 3]), u(1, 2))
case("index_put of a list, accumulating", lambda x, a, v: x.index_put((a,), v, accumulate=True), u(3, 2), i([2, 0, 2]),
     u(3, 1))
case("masked_select", lambda x, m: x.masked_select(m.bool()), u(2, 3), mask([[1, 0, 1], [0, 0, 1]]))
case("masked_select", lambda x, m: x.masked_select(m.bool()), u(3, 1), mask([1, 0, 1]))
case("bincount", lambda n, w: torch.zeros(6, dtype=w.dtype).index_add(0, n, w), i([2, 0, 2, 3]), u(4))
plain_case("nonzero", torch.nonzero, t([[0.0, 2.0], [NAN, -0.0]]))
plain_case("unique values", torch.unique, i([[3, 1], [3, -2]]))
plain_case("unique inverse", lambda x: x.unique(return_inverse=True)[1], i([[3, 1], [3, -2]]))
plain_case("unique counts", lambda x: x.unique(return_counts=True)[1], t([0.5, 0.0, 0.5, -0.0, INF]))
plain_case("bincount of numbers", torch.bincount, i([2, 0, 2, 3]))
plain_case("one_hot of all", F.one_hot, i([[0, 3], [1, 1]]))
for right in (False, True):
    plain_case(f"searchsorted{', right' * right}", lambda a, x: torch.searchsorted(a, x, right=right),
               t([[1.0, 2.0, 2.0], [3.0, 4.0, INF]]), t([[2.0, 0.5], [INF, 3.5]]))
    plain_case(f"bucketize{', right' * right}", lambda x, a: torch.bucketize(x, a, right=right),
               t([[2.0, 0.5], [NAN, 9.0]]), t([1.0, 2.0, 2.0, 5.0]))

# ---- scans, order statistics, distances


def linear_scan(b, a, axis):
    states = [b.select(axis, 0)]
    for bj, aj in list(zip(b.unbind(axis), a.unbind(axis)))[1:]:
        states.append(bj + aj * states[-1])
    return torch.stack(states, axis)


case("cumprod along axis 0", lambda x: x.cumprod(0), u(4, 2))
for x in (u(2, 5), t([1.5, 0.0, 2.0, 0.5, -1.0])):
    case("cumprod along the last axis, with zeros", lambda x: torch.where(x.abs() < 0.6, t(0.0), x).cumprod(-1), x,
         order=1)
case("cummax", lambda x: x.cummax(-1).values, u(3, 5))
case("cummax", lambda x: x.cummax(-1).values, t([1.0, 3.0, 3.0, NAN, 5.0]))
case("cummin along axis 0", lambda x: x.cummin(0).values, u(5, 3))
case("logcumsumexp", lambda x: x.logcumsumexp(-1), u(3, 4))
case("logcumsumexp", lambda x: x.logcumsumexp(-1), t([800.0, -800.0, 801.0]), order=1)
case("logcumsumexp along axis 0", lambda x: x.logcumsumexp(0), u(4, 2))
case("linear_scan", lambda b, a: linear_scan(b, a, 1), u(2, 4, 3), u(2, 4, 3))
case("linear_scan from the end, broadcast",
     lambda b, a: linear_scan(b.flip(-1), a.expand(b.shape).roll(-1, -1).flip(-1), 1).flip(-1), u(3, 4), u(4))
case("median", torch.median, u(3, 4))
case("median", torch.median, t([1.0, NAN, 2.0]), order=1)
case("median along axis 0", lambda x: x.median(0).values, u(5, 3))
case("median along the last axis, kept", lambda x: x.median(-1, keepdim=True).values, u(2, 3, 4))
case("quantile", lambda x: x.quantile(0.35, 0), u(5, 3))
case("quantile of several, kept", lambda x: x.quantile(t([0, 0.4, 1]), -1, keepdim=True), u(2, 3, 4))
case("quantile by midpoint", lambda x: x.quantile(t([0.3, 0.9]), 1, interpolation="midpoint"), u(2, 4))
case("quantile by nearest", lambda x: x.quantile(0.3, 1, interpolation="nearest"), u(2, 4))
case("quantile by higher", lambda x: x.quantile(0.3, 1, interpolation="higher"), u(2, 4))
case("sum as f64", lambda x: x.sum(0, dtype=torch.float64), u(3, 4))
case("mean as f64", lambda x: x.mean(1, keepdim=True, dtype=torch.float64), u(3, 4))
case("prod as f64", lambda x: x.prod(0, dtype=torch.float64), u(3, 4))
case("nansum", lambda x: torch.where(x > 1, t(NAN), x).nansum(1), u(3, 4))
case("nanmean", lambda x: torch.where(x > 1, t(NAN), x).nanmean(0, keepdim=True), u(4, 2))
case("diff", torch.diff, u(3, 4))
case("diff of order 2 along axis 0", lambda x: x.diff(2, 0), u(4, 2))
case("normalize", F.normalize, u(3, 4))
case("normalize", F.normalize, torch.zeros(2, 3, dtype=torch.float64), order=1)
case("normalize of p = 3 along axis 0", lambda x: F.normalize(x, 3, 0, 0.1), u(3, 4))
# Distances as norms: PyTorch's own cdist has no second derivatives.
for name, p, a, b in (("", 2, (3, 2), (4, 2)), (" of p = 1", 1, (3, 2), (4, 2)), (" of p = inf", INF, (3, 2), (4, 2)),
                      (" of p = 3, in batches", 3, (2, 3, 2), (2, 2))):
    case(f"cdist{name}", lambda a, b: torch.linalg.vector_norm(a.unsqueeze(-2) - b.unsqueeze(-3), p, -1), u(*a), u(*b))
    case(f"cdist{name}", lambda a, b: torch.cdist(a, b.expand(*a.shape[:-2], *b.shape[-2:]), p), u(*a), u(*b), order=1)
case("cdist", lambda a, b: torch.cdist(a, b), t([[1.0, 2.0]]), t([[1.0, 2.0], [2.0, 2.0]]), order=1)
case("cdist by a product", lambda a, b: torch.cdist(a, torch.cat([b, a[:13]])), u(17, 9), u(4, 9), order=1)
plain_case("cummax indices", lambda x: x.cummax(-1).indices, t([1.0, 3.0, 3.0, 2.0, NAN, 5.0]))
plain_case("median indices", lambda x: x.median(-1).indices, u(3, 4))
plain_case("count_nonzero", torch.count_nonzero, t([0.0, NAN, 2.0]))

# ---- arithmetic
case("nan_to_num", lambda x: torch.where(x > 1, t(NAN), x).nan_to_num(0.5), t([0.5, 2.0, -INF]))
case("xlogy", torch.special.xlogy, t([0.0, 1.0, 2.0]), t([2.0, 0.5, 3.0]), order=1)
case("xlogy", torch.special.xlogy, u(2, 3), u(2, 3, low=0.2, high=2))
for name, f, low, high in (("exp2", torch.exp2, -2, 2), ("asinh", torch.asinh, -2, 2), ("acosh", torch.acosh, 1.2, 3),
                           ("atanh", torch.atanh, -0.8, 0.8), ("erfinv", torch.erfinv, -0.9, 0.9),
                           ("logit", torch.logit, 0.1, 0.9)):
    case(name, f, u(2, 3, low=low, high=high))
case("hypot", torch.hypot, u(3, 1), u(2))
case("copysign", torch.copysign, t([1.0, -2.0, 0.0, -3.0]), t([-0.0, 0.0, -1.0, -2.0]), order=1)
WHOLE, PARTS = t([7.0, -7.0, 7.0, -7.0, 0.5, 6.0, -6.0]), t([2.0, 2.0, -2.0, -2.0, 3.0, 3.0, 3.0])
for name, f in (("div rounded to 0", lambda a, b: torch.div(a, b, rounding_mode="trunc")),
                ("floor_divide", lambda a, b: torch.div(a, b, rounding_mode="floor")), ("remainder", torch.remainder),
                ("fmod", torch.fmod)):
    case(name, f, WHOLE, PARTS)
case("div by a number and rounded down", lambda x: torch.div(x, 2.05, rounding_mode="floor"), u(3, 4))
case("floor_divide by a number", lambda x: torch.div(x, 2.05, rounding_mode="floor"), u(3, 4))
case("remainder by a number", lambda x: x.remainder(-2.05), u(3, 4))
case("fmod by a number", lambda x: x.fmod(2.05), u(3, 4))
case("clamp to others", torch.clamp, u(2, 3), u(3, low=-1.5, high=-0.5), u(2, 1, low=0.5, high=1.5))
case("clamp_min", torch.clamp_min, u(2, 3), u(3))
case("clamp_max", torch.clamp_max, u(2, 3), u(3))
for name, f in (("floor_divide", torch.floor_divide), ("remainder", torch.remainder), ("fmod", torch.fmod)):
    plain_case(f"{name} of integers", f, i([7, -7, 7, -7, 6]), i([2, 2, -2, -2, -1]))
plain_case("isclose", lambda a, b: torch.isclose(a, b, equal_nan=True).to(torch.uint8), t([1.0, 1.0, INF, NAN, INF]),
           t([1.000001, 1.1, INF, NAN, -INF]))

# ---- linear algebra: vectors with the signs of linalg.h
def with_diagonal(x):
    return x + 3 * x.shape[-1] * torch.eye(*x.shape[-2:], dtype=x.dtype)


def with_growing_diagonal(x):
    return x + torch.eye(*x.shape[-2:], dtype=x.dtype) * (torch.arange(x.shape[-1]) + 1) * 4


def sign_of_largest(columns):
    """The sign of each column's largest component in size."""
    at = columns.abs().argmax(-2, keepdim=True)
    return columns.gather(-2, at).sign().detach()


def qr(x):
    q, r = torch.linalg.qr(x)
    sign = r.diagonal(dim1=-2, dim2=-1).sign().detach()
    return torch.cat([q * sign[..., None, :], (sign[..., None] * r).mT], -2)


def eigh(x):
    w, v = torch.linalg.eigh(x)
    return torch.cat([v * sign_of_largest(v), w[..., None, :]], -2)


def svd(x):
    u, s, vh = torch.linalg.svd(x, full_matrices=False)
    sign = sign_of_largest(vh.mT)
    return torch.cat([u * sign, s[..., None, :], vh.mT * sign], -2)


def small(*shape):
    return u(*shape, low=-1, high=1)


case("solve_triangular from the right",
     lambda a, b: torch.linalg.solve_triangular(with_diagonal(a).tril(), b, upper=False, left=False), small(3, 3),
     small(2, 4, 3))
case("solve_triangular with ones on the diagonal",
     lambda a, b: torch.linalg.solve_triangular((a / a.shape[-1]).triu(1) + torch.eye(a.shape[-1], dtype=a.dtype), b,
                                                upper=True), small(2, 3, 3), small(3, 2))
case("solve", lambda a, b: torch.linalg.solve(with_diagonal(a), b), small(2, 3, 3), small(3, 2).expand(2, 3, 2))
case("inverse", lambda x: torch.linalg.inv(with_diagonal(x)), small(2, 3, 3))
case("det", lambda x: torch.linalg.det(ridge(x / x.shape[-1], 1)), small(2, 3, 3))
case("slogdet", lambda x: torch.linalg.slogdet(with_diagonal(x))[1], small(2, 3, 3))
case("qr", lambda x: qr(with_diagonal(x)), small(2, 4, 3))
case("qr", lambda x: qr(with_diagonal(x)), small(3, 3))
case("qr of wide ones, complete", lambda x: qr(with_diagonal(x)), small(3, 4))
case("eigh", lambda x: eigh(with_growing_diagonal(x) + with_growing_diagonal(x).mT), small(2, 3, 3))
case("eigvalsh", lambda x: torch.linalg.eigvalsh(with_growing_diagonal(x) + with_growing_diagonal(x).mT), small(3, 3))
for shape in ((2, 4, 3), (3, 3), (2, 4)):
    case("svd", lambda x: svd(with_growing_diagonal(x)), small(*shape))
    case("pinv", lambda x: torch.linalg.pinv(with_diagonal(x)), small(*shape))
case("svdvals", lambda x: torch.linalg.svdvals(with_growing_diagonal(x)), small(3, 4))
case("lstsq", lambda a, b: torch.linalg.pinv(with_diagonal(a)) @ b, small(4, 3), small(2, 4, 2))
for name, order in (("", "fro"), (" nuclear", "nuc"), (" spectral", 2), (" smallest", -2), (" columns", 1),
                    (" least column", -1), (" rows", INF), (" least row", -INF)):
    case("matrix_norm" + name, lambda x: torch.linalg.matrix_norm(with_growing_diagonal(x), order), small(3, 3))
case("cond", lambda x: torch.linalg.cond(with_growing_diagonal(x)), small(2, 3, 3))


# ---- Fourier transforms
def cosines(count, of_type):
    t, k = torch.meshgrid(torch.arange(count), torch.arange(count), indexing="ij")
    matrix = 2 * torch.cos(math.pi / 2 / count * ((2 * t + 1) * k).double())
    return matrix if of_type == 2 else matrix.T * torch.tensor([0.5] + [1.0] * (count - 1), dtype=torch.float64)[:, None]


def ortho_cosines(count):
    return torch.linalg.qr(cosines(count, 2))[0] * torch.linalg.qr(cosines(count, 2))[1].diagonal().sign()


case("rfft", lambda x: torch.view_as_real(torch.fft.rfft(x)), u(3, 6))
case("rfft", lambda x: torch.view_as_real(torch.fft.rfft(x)), u(7))
case("rfft of more numbers, ortho", lambda x: torch.view_as_real(torch.fft.rfft(x, x.shape[-1] + 3, norm="ortho")), u(3, 4))
case("irfft", lambda a, b: torch.fft.irfft(torch.complex(a, b), 2 * a.shape[-1] - 1), u(3, 4), u(3, 4))
case("irfft of fewer numbers, forward",
     lambda a, b: torch.fft.irfft(torch.complex(a, b), a.shape[-1] + 1, norm="forward"), u(3, 5), u(3, 5))
case("dct", lambda x: x @ cosines(x.shape[-1], 2), u(3, 6))
case("dct of type 3, ortho", lambda x: x @ ortho_cosines(x.shape[-1]).T, u(3, 5))
case("idct", lambda x: x @ cosines(x.shape[-1], 3) / (2 * x.shape[-1]), u(3, 5))

# ---- volumes
case("conv3d", F.conv3d, u(2, 2, 3, 4, 3), u(2, 2, 2, 3, 2))
case("conv3d", F.conv3d, u(1, 1, 2, 1, 1), u(1, 1, 1, 1, 1))
case("conv3d with everything",
     lambda x, w, b: F.conv3d(x, w, b, stride=(2, 1, 3), padding=(2, 0, 1), dilation=(2, 1, 2), groups=2),
     u(2, 4, 3, 2, 3), u(4, 2, 2, 2, 2), u(4))
case("conv3d of one volume, which keeps its extents", lambda x, w: F.conv3d(x, w, padding="same"), u(2, 3, 3, 2),
     u(2, 2, 2, 3, 2))
case("conv_transpose3d", F.conv_transpose3d, u(1, 2, 2, 3, 2), u(2, 2, 2, 1, 2))
case("conv_transpose3d with everything",
     lambda x, w, b: F.conv_transpose3d(x, w, b, stride=(2, 1, 3), padding=(1, 0, 1), output_padding=(1, 0, 2), groups=2,
                                        dilation=(3, 1, 2)), u(1, 4, 2, 2, 2), u(4, 2, 2, 2, 2), u(4))
case("conv_transpose3d of one volume, dilated",
     lambda x, w: F.conv_transpose3d(x, w, output_padding=(2, 0, 1), dilation=(3, 1, 2)), u(2, 2, 2, 2),
     u(2, 2, 2, 1, 1))
case("max_pool3d", lambda x: F.max_pool3d(x, (2, 3, 2)), u(1, 2, 4, 4, 5))
case("max_pool3d with everything", lambda x: F.max_pool3d(x, (2, 3, 2), stride=(1, 2, 2), padding=(1, 1, 0),
                                                          dilation=(2, 1, 1), ceil_mode=True), u(1, 2, 3, 4, 5))
case("avg_pool3d", lambda x: F.avg_pool3d(x, (2, 3, 2), stride=(1, 2, 2), padding=(1, 1, 0), ceil_mode=True),
     u(1, 2, 3, 4, 5))
case("avg_pool3d without the padding", lambda x: F.avg_pool3d(x, 2, padding=1, count_include_pad=False),
     u(1, 2, 3, 4, 5))
case("avg_pool3d with a divisor", lambda x: F.avg_pool3d(x, 2, divisor_override=5), u(2, 3, 4, 5))
case("adaptive_max_pool3d", lambda x: F.adaptive_max_pool3d(x, (2, 3, 2)), u(1, 2, 3, 4, 5))
case("adaptive_avg_pool3d", lambda x: F.adaptive_avg_pool3d(x, (2, None, 3)), u(1, 2, 3, 4, 5))

lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
path = pathlib.Path(__file__).parent / "data" / "pytorch_ops.json"
path.parent.mkdir(exist_ok=True)
path.write_text(f"[\n{lines}\n]\n")
print(f"{path}: {len(cases)} cases, {path.stat().st_size} bytes, from PyTorch {torch.__version__}")
