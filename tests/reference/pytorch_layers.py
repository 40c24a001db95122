#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes data/pytorch_layers.json and, for layers of sequences, data/pytorch_sequences.json: PyTorch's results for the
rows of layer_table.cpp and sequence_rows.cpp. test_nn_layers.cpp reads both.

    python3 tests/reference/pytorch_layers.py

(Debian: package python3-torch; the files in use were made with 1.13.)

A case has the name of a row, inputs, and in f64, with the weights of fill() on both sides:
  keys       names and shapes of the state dict, in order
  outputs    of the layer; y stands for sum_k <outputs_k, ramp(shape, 11 + k)>
  gradients  of y by the inputs, then by the parameters
  penalty    gradients of sum_i |dy/dinput_i|^2 / 2 by the same
  buffers    floating-point buffers after the call
"""
import json
import math
import pathlib
import random
import warnings

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
INF = math.inf
cases = []
generator = random.Random(2)


def ramp(shape, seed):
    numbers = [((37 * i + seed) % 19 - 9.5) / 8 for i in range(math.prod(shape))]
    return torch.tensor(numbers).reshape(shape)


def fill(module):
    """Weights that both sides can compute: tensor k of the state dict is ramp(shape, 5 + k) / 2.
    Variances, and the mean of KlSparsity, are positive."""
    state = module.state_dict()
    for k, (key, value) in enumerate(state.items()):
        if value.is_floating_point():
            numbers = ramp(value.shape, 5 + k) / 2
            state[key] = numbers.abs() + 0.5 if key.endswith("running_var") or key == "mean" else numbers
    module.load_state_dict(state)


def plain(x):
    """A flat list of numbers, exact enough to compare to 1e-12."""
    numbers = [float(f"{value:.13g}") if math.isfinite(value) else str(value) for value in x.detach().reshape(-1).tolist()]
    return [0 if number == 0 else number for number in numbers]


def described(x):
    text = {"shape": list(x.shape), "data": [int(v) if v == int(v) else v for v in x.detach().reshape(-1).tolist()]}
    if x.dtype != torch.float64:
        text["dtype"] = {torch.int64: "i64", torch.uint8: "u8"}[x.dtype]
    return text


def gradients(y, xs, create_graph=False):
    found = torch.autograd.grad(y, xs, create_graph=create_graph, allow_unused=True)
    return [torch.zeros_like(x) if g is None or g._is_zerotensor() else g for x, g in zip(xs, found)]


def case(name, module, *inputs, f=None, train=True, penalty=True, own_weights=False):
    """f(module, *inputs) gives the outputs; by default module(*inputs). A function without weights
    is not a Module."""
    inputs = [x.clone().requires_grad_(x.is_floating_point()) for x in inputs]
    if isinstance(module, nn.Module):
        module.train(train)
        fill(module)
        keys = [[key, list(value.shape)] for key, value in module.state_dict().items()]
        parameters = list(module.parameters())
    else:
        keys, parameters = [], []
    outputs = f(module, *inputs) if f else module(*inputs)
    outputs = outputs if isinstance(outputs, (tuple, list)) else [outputs]
    result = {"row": name, "train": train, "keys": keys, "inputs": [described(x) for x in inputs],
              "outputs": [{"shape": list(y.shape), "data": plain(y)} for y in outputs]}
    xs = [x for x in inputs if x.requires_grad]
    all_xs = xs + parameters
    if all_xs:
        y = sum((out * ramp(out.shape, 11 + k)).sum() for k, out in enumerate(outputs))
        first = gradients(y, all_xs, create_graph=True)
        result["gradients"] = [plain(g) for g in first]
        squares = sum((g**2).sum() for g in first[:len(xs)]) / 2
        if penalty and xs and squares.requires_grad:
            result["penalty"] = [plain(g) for g in gradients(squares, all_xs)]
    if isinstance(module, nn.Module):
        result["buffers"] = [plain(b) for b in module.buffers() if b.is_floating_point()]
    cases.append(result)


def u(*shape, low=-2.0, high=2.0):
    """Short numbers in [low, high], no two of them the same."""
    count = math.prod(shape)
    cells = [(i + generator.uniform(0.2, 0.8)) / max(count, 1) * (high - low) + low for i in range(count)]
    generator.shuffle(cells)
    return torch.tensor([round(c, 3) for c in cells]).reshape(shape)


def i(values):
    return torch.tensor(values, dtype=torch.int64)


def mask(values):
    return torch.tensor(values, dtype=torch.uint8)


# ---- products
case("Linear", nn.Linear(4, 3), u(2, 4))
case("Linear", nn.Linear(4, 3), u(2, 2, 4))
case("Linear without bias", nn.Linear(4, 3, bias=False), u(2, 4))
case("LazyLinear", nn.Linear(4, 3), u(2, 4))
case("Bilinear", nn.Bilinear(3, 2, 4), u(2, 3), u(2, 2))
case("Bilinear", nn.Bilinear(3, 2, 4), u(2, 2, 3), u(2, 2, 2))



class MaskedLinear(nn.Linear):
    def __init__(self, mask):
        super().__init__(mask.shape[1], mask.shape[0])
        self.register_buffer("mask", mask)

    def forward(self, x):
        return F.linear(x, self.weight * self.mask, self.bias)


case("MaskedLinear", MaskedLinear(mask([[1, 0, 0, 1], [0, 1, 1, 0]])), u(2, 4))

# ---- convolution and pooling
case("Conv1d", nn.Conv1d(2, 4, 3), u(2, 2, 5))
case("Conv1d", nn.Conv1d(2, 4, 3), u(2, 5))
case("LazyConv1d", nn.Conv1d(2, 4, 2), u(2, 2, 4))
case("Conv1d with everything", nn.Conv1d(2, 4, 2, stride=2, padding=1, dilation=2, groups=2, padding_mode="circular"),
     u(2, 2, 5))
case("Conv2d", nn.Conv2d(2, 4, 3), u(1, 2, 4, 4))
case("LazyConv2d", nn.Conv2d(2, 4, 2, groups=2), u(1, 2, 3, 4))
case("Conv2d with everything", nn.Conv2d(2, 4, (2, 3), stride=(2, 1), padding=(1, 0), groups=2, bias=False),
     u(2, 2, 3, 4))
case("Conv2d, same size", nn.Conv2d(2, 4, (2, 3), padding="same", dilation=(1, 2)), u(1, 2, 3, 4))
case("Conv2d, same size by reflection", nn.Conv2d(2, 4, (2, 3), padding="same", padding_mode="reflect"), u(1, 2, 3, 3))
case("Conv2d by replication", nn.Conv2d(2, 4, 3, padding=(2, 1), padding_mode="replicate"), u(1, 2, 2, 3))
case("ConvTranspose1d", nn.ConvTranspose1d(2, 3, 3, stride=2), u(2, 2, 3))
case("LazyConvTranspose1d", nn.ConvTranspose1d(2, 3, 2), u(2, 2, 3))
case("ConvTranspose2d with everything",
     nn.ConvTranspose2d(2, 4, (3, 2), stride=2, padding=(1, 0), output_padding=(1, 0), groups=2), u(1, 2, 2, 3))
case("LazyConvTranspose2d", nn.ConvTranspose2d(2, 3, 2, bias=False), u(1, 2, 2, 2))
case("ConvTranspose2d to a size", nn.ConvTranspose2d(2, 3, 3, stride=2), u(1, 2, 2, 3),
     f=lambda m, x: m(x, output_size=(6, 7)))
case("MaxPool1d", nn.MaxPool1d(2), u(2, 2, 5))
case("MaxPool2d", nn.MaxPool2d(3, stride=2, padding=1), u(1, 2, 4, 5))
case("MaxUnpool1d", nn.MaxUnpool1d(2), u(2, 2, 5), f=lambda m, x: m(*F.max_pool1d(x, 2, return_indices=True)))
case("MaxUnpool2d", nn.MaxUnpool2d(2), u(1, 2, 4, 5),
     f=lambda m, x: m(*F.max_pool2d(x, 2, return_indices=True), output_size=(4, 5)))
case("AvgPool1d", nn.AvgPool1d(3, stride=2, padding=1), u(2, 2, 5))
case("AvgPool2d", nn.AvgPool2d((2, 3), padding=(0, 1), ceil_mode=True, count_include_pad=False), u(1, 2, 3, 5))
case("AdaptiveMaxPool1d", nn.AdaptiveMaxPool1d(3), u(2, 2, 5))
case("AdaptiveMaxPool2d", nn.AdaptiveMaxPool2d((3, 2)), u(1, 2, 4, 5))
case("AdaptiveAvgPool1d", nn.AdaptiveAvgPool1d(3), u(2, 2, 5))
case("AdaptiveAvgPool2d", nn.AdaptiveAvgPool2d((3, 2)), u(1, 2, 4, 5))
case("Upsample", nn.Upsample(scale_factor=2), u(1, 2, 2, 3))
case("Upsample, bilinear", nn.Upsample((5, 4), mode="bilinear", align_corners=True), u(1, 2, 2, 3))

# ---- normalisation
for train in (True, False):
    case("BatchNorm1d", nn.BatchNorm1d(3), u(4, 3), train=train)
    case("BatchNorm1d", nn.BatchNorm1d(3), u(2, 3, 4), train=train)
    case("BatchNorm2d", nn.BatchNorm2d(2), u(2, 2, 3, 2), train=train)
    case("LazyBatchNorm2d", nn.BatchNorm2d(2), u(2, 2, 3, 2), train=train)
    case("LazyBatchNorm1d", nn.BatchNorm1d(4), u(3, 4), train=train)
    case("LazyInstanceNorm1d", nn.InstanceNorm1d(2, affine=True), u(2, 2, 3), train=train)
    case("LazyInstanceNorm2d", nn.InstanceNorm2d(2, affine=True), u(1, 2, 2, 3), train=train)
    case("BatchNorm1d without affine", nn.BatchNorm1d(3, affine=False, momentum=0.4, eps=0.1), u(4, 3), train=train)
    case("BatchNorm1d without statistics", nn.BatchNorm1d(3, track_running_stats=False), u(4, 3), train=train)
    case("InstanceNorm1d", nn.InstanceNorm1d(3), u(2, 3, 4), train=train)
    case("InstanceNorm2d", nn.InstanceNorm2d(2), u(2, 2, 3, 2), train=train)
    case("InstanceNorm2d", nn.InstanceNorm2d(2), u(2, 3, 2), train=train)
    case("InstanceNorm2d with everything", nn.InstanceNorm2d(2, affine=True, track_running_stats=True), u(3, 2, 3, 2),
         train=train)
case("BatchNorm1d of cumulative statistics", nn.BatchNorm1d(3, momentum=None), u(4, 3))
case("LayerNorm", nn.LayerNorm(4), u(2, 3, 4))
case("LayerNorm of two axes", nn.LayerNorm([3, 4]), u(2, 3, 4))
case("LayerNorm without affine", nn.LayerNorm(4, elementwise_affine=False, eps=0.1), u(3, 4))
case("GroupNorm", nn.GroupNorm(2, 4), u(2, 4, 3))
case("GroupNorm", nn.GroupNorm(2, 4), u(3, 4))
case("GroupNorm without affine", nn.GroupNorm(4, 4, affine=False), u(2, 4, 3, 2))

# ---- weights that are computed
norm_layers = {"": nn.Linear(4, 3), " of dim 1": nn.Linear(4, 3), " of all": nn.Linear(4, 3)}
for (name, layer), dim in zip(norm_layers.items(), (0, 1, None)):
    case("weight_norm" + name, torch.nn.utils.weight_norm(layer, dim=dim), u(2, 4))
for train in (True, False):
    case("spectral_norm", torch.nn.utils.spectral_norm(nn.Linear(4, 3), n_power_iterations=2), u(2, 4), train=train)
    case("spectral_norm of dim 1", torch.nn.utils.spectral_norm(nn.Linear(4, 3), dim=1), u(2, 4), train=train)

# ---- words
WORDS = i([[0, 2, 1], [2, 2, 4]])
case("Embedding", nn.Embedding(5, 3), WORDS)
case("Embedding with padding", nn.Embedding(5, 3, padding_idx=-3), WORDS)
case("Embedding scaled by frequency", nn.Embedding(5, 3, scale_grad_by_freq=True), WORDS)

# ---- sequences
for kind in ("RNN", "GRU", "LSTM"):
    layer = getattr(nn, kind)
    last = (lambda s: list(s)) if kind == "LSTM" else (lambda s: [s])

    def run(m, x, *first, last=last):
        first = (first if len(first) == 2 else first[0]) if first else None
        output, states = m(x, first)
        return [output] + last(states)

    def run_packed(m, x, lengths, last=last):
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=m.batch_first, enforce_sorted=False)
        output, states = m(packed)
        output, _ = nn.utils.rnn.pad_packed_sequence(output, batch_first=m.batch_first,
                                                     total_length=x.shape[1 if m.batch_first else 0])
        return [output] + last(states)

    states = 2 if kind == "LSTM" else 1
    case(kind, layer(3, 2), u(4, 2, 3), f=run)
    case(kind, layer(3, 2), u(4, 3), f=run)
    case(f"{kind} from states", layer(3, 2), u(3, 2, 3), *[u(1, 2, 2) for _ in range(states)], f=run)
    case(f"{kind} without bias", layer(3, 2, bias=False, batch_first=True), u(2, 3, 3), f=run)
    case(f"{kind} of two layers and directions", layer(2, 2, num_layers=2, bidirectional=True), u(3, 2, 2), f=run)
    case(f"{kind} of lengths", layer(2, 2, num_layers=2, bidirectional=True, batch_first=True), u(3, 4, 2),
         i([2, 4, 1]), f=run_packed)
    case(f"{kind} with dropout", layer(3, 2, num_layers=2, dropout=0.4), u(2, 2, 3), f=run, train=False)
    cell = getattr(nn, kind + "Cell")

    def run_cell(m, x, *first):
        result = m(x, first if len(first) == 2 else first[0])
        return list(result) if isinstance(result, tuple) else [result]

    case(f"{kind}Cell", cell(3, 2), u(4, 3), *[u(4, 2) for _ in range(states)], f=run_cell)
    case(f"{kind}Cell", cell(3, 2), u(3), *[u(2) for _ in range(states)], f=run_cell)
case("RNN with relu", nn.RNN(3, 2, nonlinearity="relu"), u(3, 2, 3), f=lambda m, x: list(m(x)))

# ---- attention


def attend(m, q, k, v, **options):
    return list(m(q, k, v, **options))


CAUSAL = mask([[0, 1, 1], [0, 0, 1], [0, 0, 0]])
PADDED = mask([[0, 0, 1], [0, 0, 0]])
case("MultiheadAttention", nn.MultiheadAttention(4, 2), u(3, 2, 4), u(2, 2, 4), u(2, 2, 4), f=attend)
case("MultiheadAttention", nn.MultiheadAttention(4, 2), u(3, 4), u(2, 4), u(2, 4), f=attend)
case("MultiheadAttention to itself", nn.MultiheadAttention(4, 2, batch_first=True), u(2, 3, 4),
     f=lambda m, x: attend(m, x, x, x))
case("MultiheadAttention with masks", nn.MultiheadAttention(4, 2), u(3, 2, 4), CAUSAL, PADDED,
     f=lambda m, x, a, p: attend(m, x, x, x, attn_mask=a.bool(), key_padding_mask=p.bool(), average_attn_weights=False))
case("MultiheadAttention with a bias for each head", nn.MultiheadAttention(4, 2), u(3, 2, 4), u(4, 3, 3),
     f=lambda m, x, a: attend(m, x, x, x, attn_mask=a.detach()))
case("MultiheadAttention of other sizes", nn.MultiheadAttention(4, 2, kdim=3, vdim=2, bias=False), u(3, 2, 4),
     u(2, 2, 3), u(2, 2, 2), f=attend)
case("MultiheadAttention with more keys", nn.MultiheadAttention(4, 2, add_bias_kv=True, add_zero_attn=True),
     u(3, 2, 4), CAUSAL, f=lambda m, x, a: attend(m, x, x, x, attn_mask=a.bool()))
case("MultiheadAttention with dropout", nn.MultiheadAttention(4, 2, dropout=0.4), u(2, 1, 4), u(2, 1, 4), u(2, 1, 4),
     f=attend, train=False)
for train in (True, False):
    case("TransformerEncoderLayer", nn.TransformerEncoderLayer(4, 2, dim_feedforward=3, dropout=0), u(3, 2, 4),
         train=train, penalty=train)
case("TransformerEncoderLayer, norm first", nn.TransformerEncoderLayer(
    4, 2, dim_feedforward=3, dropout=0, activation="gelu", norm_first=True, batch_first=True), u(2, 3, 4), CAUSAL,
     f=lambda m, x, a: m(x, src_mask=a.bool()))

SMALL = {"dim_feedforward": 3, "dropout": 0}
case("TransformerEncoder", nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, **SMALL), 2), u(3, 1, 4))
case("TransformerEncoder with a mask and a last norm",
     nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, norm_first=True, **SMALL), 2, norm=nn.LayerNorm(4)),
     u(3, 1, 4), CAUSAL, f=lambda m, x, a: m(x, mask=a.bool()))

# ---- noise, where nothing is drawn
case("Dropout of everything", nn.Dropout(1), u(2, 3))
for layer, *shape in ((nn.Dropout(), 2, 3), (nn.Dropout1d(0.4), 1, 2, 3), (nn.Dropout2d(0.4), 1, 2, 3, 1),
                      (nn.AlphaDropout(0.3), 2, 3)):
    case(type(layer).__name__, layer, u(*shape), train=False)

# ---- shapes
case("Flatten", nn.Flatten(), u(2, 2, 2))
case("Reshape", lambda x: x.reshape(2, 2, 3), u(2, 6))
case("PixelShuffle", nn.PixelShuffle(2), u(2, 4, 2, 3))
case("PixelUnshuffle", nn.PixelUnshuffle(2), u(2, 2, 4, 2))
case("Unflatten", nn.Unflatten(1, (2, -1)), u(2, 6))
for name, layer in (("ZeroPad2d", nn.ZeroPad2d((1, 2, 0, 1))), ("ConstantPad2d", nn.ConstantPad2d((1, -1, 0, 2), 0.75)),
                    ("ReflectionPad2d", nn.ReflectionPad2d((1, 2, 0, 1))),
                    ("ReplicationPad2d", nn.ReplicationPad2d((1, 2, 0, 4)))):
    case(name, layer, u(1, 2, 2, 3))
for name, layer in (("ConstantPad1d", nn.ConstantPad1d((1, 2), 0.75)), ("ReflectionPad1d", nn.ReflectionPad1d((1, 2))),
                    ("ReplicationPad1d", nn.ReplicationPad1d((1, 2)))):
    case(name, layer, u(1, 2, 3))
case("ZeroPad1d", lambda x: F.pad(x, (1, 1)), u(1, 2, 3))
case("CircularPad1d", lambda x: F.pad(x, (1, 2), mode="circular"), u(1, 2, 3))
case("CircularPad2d", lambda x: F.pad(x, (1, 2, 0, 1), mode="circular"), u(1, 2, 2, 3))



class Residual(nn.Sequential):
    def forward(self, x):
        return x + super().forward(x)


class Concat(nn.Sequential):
    def forward(self, x):
        return torch.cat([layer(x) for layer in self], 1)


case("Sequential", nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.LayerNorm(3)), u(2, 4))
case("Residual", Residual(nn.Linear(4, 4), nn.Tanh()), u(2, 4))
case("Concat", Concat(nn.Identity(), nn.Linear(4, 3)), u(2, 4))

# ---- activations
for layer in (nn.Identity(), nn.ReLU(), nn.ReLU6(), nn.LeakyReLU(0.2), nn.ELU(0.5), nn.CELU(0.5), nn.SELU(), nn.SiLU(),
              nn.Mish(), nn.GELU(), nn.Softsign(), nn.Tanh(), nn.Sigmoid(), nn.LogSigmoid(), nn.Hardswish(),
              nn.Hardshrink(0.7), nn.Softshrink(0.7), nn.Tanhshrink(), nn.Softmax(1), nn.LogSoftmax(1),
              nn.GLU()):
    twice = not isinstance(layer, nn.Hardswish)  # PyTorch 1.13 differentiates it only once
    case(type(layer).__name__, layer, u(2, 4, low=-5, high=8), penalty=twice)
# PyTorch 1.13 rounds the gradient, 1/6, to f32.
case("Hardsigmoid", lambda x: (x / 6 + 0.5).clamp(0, 1), u(2, 4, low=-5, high=8))


def largest(k):
    return lambda x: torch.zeros_like(x).scatter(-1, (top := x.topk(k)).indices, top.values)


case("KSparse", largest(2), u(3, 4))
case("KSparse", largest(3), u(3, 4), train=False)
case("TopK", lambda x: largest(2)(x).relu(), u(3, 4))
case("PReLU", nn.PReLU(), u(2, 3))
case("PReLU of channels", nn.PReLU(3), u(2, 3, 2))
case("RReLU", nn.RReLU(0.1, 0.4), u(2, 3), train=False)
case("GELU of tanh", nn.GELU("tanh"), u(2, 3))
case("Softplus", nn.Softplus(2, 3), u(2, 3))
case("Softmin", nn.Softmin(-1), u(2, 3))
case("Softmax2d", nn.Softmax2d(), u(2, 3, 2, 2))
case("Hardtanh", nn.Hardtanh(-0.5, 1.5), u(2, 3))
case("Threshold", nn.Threshold(0.5, -1), u(2, 3))

# ---- losses
CLASSES, PIXELS = i([2, 0, -100]), i([[[0, 2], [1, -100]], [[1, 1], [0, 2]]])
WEIGHTS = u(4, low=0.2, high=2)
SIGNS = i([1, -1, -1])
for reduction in ("none", "mean", "sum"):
    r = {"reduction": reduction}
    case(f"mse_loss {reduction}", lambda x, y: F.mse_loss(x, y, **r), u(3, 2), u(3, 2))
    case(f"l1_loss {reduction}", lambda x, y: F.l1_loss(x, y, **r), u(3, 2), u(3, 2))
    case(f"kl_div {reduction}", lambda x, y: F.kl_div(x, y, **r), u(3, 2), u(3, 2, low=0.1, high=0.9))
    case(f"binary_cross_entropy {reduction}", lambda x, y: F.binary_cross_entropy(x, y, **r),
         u(3, 2, low=0.1, high=0.9), u(3, 2, low=0, high=1), penalty=False)
    case(f"binary_cross_entropy_with_logits {reduction}",
         lambda x, y: F.binary_cross_entropy_with_logits(x, y, **r), u(3, 2), u(3, 2, low=0, high=1))
    case(f"cross_entropy {reduction}", lambda x, y: F.cross_entropy(x, y, **r), u(3, 4), CLASSES)
    case(f"nll_loss {reduction}", lambda x, y: F.nll_loss(x, y, **r), u(3, 4), CLASSES)
    reduce = {"none": lambda x: x, "mean": torch.mean, "sum": torch.sum}[reduction]
    case(f"hinge_loss {reduction}", lambda x, y: reduce((1 - x * y).relu()), u(3), SIGNS)
    case(f"smooth_l1_loss {reduction}", lambda x, y: F.smooth_l1_loss(x, y, beta=0.5, **r), u(3, 2), u(3, 2))
    case(f"huber_loss {reduction}", lambda x, y: F.huber_loss(x, y, delta=0.75, **r), u(3, 2), u(3, 2), penalty=False)
    case(f"gaussian_nll_loss {reduction}", lambda x, y, v: F.gaussian_nll_loss(x, y, v, full=True, **r), u(3, 2),
         u(3, 2), u(3, 2, low=0.2, high=2))
    case(f"poisson_nll_loss {reduction}", lambda x, y: F.poisson_nll_loss(x, y, full=True, **r), u(3, 2),
         u(3, 2, low=0, high=4).detach())
    case(f"binary_cross_entropy with weights {reduction}", lambda x, y, w: F.binary_cross_entropy(x, y, w.detach(), **r),
         u(3, 2, low=0.1, high=0.9), u(3, 2, low=0, high=1), u(2, low=0.2, high=2), penalty=False)
    case(f"binary_cross_entropy_with_logits with weights {reduction}",
         lambda x, y, w, p: F.binary_cross_entropy_with_logits(x, y, w.detach(), pos_weight=p.detach(), **r), u(3, 2),
         u(3, 2, low=0, high=1), u(2, low=0.2, high=2), u(2, low=0.2, high=2))
    for smoothing in (0.0, 0.3):
        case(f"cross_entropy with options {reduction} {smoothing}",
             lambda x, y, w: F.cross_entropy(x, y, w.detach(), label_smoothing=smoothing, **r), u(3, 4), CLASSES, WEIGHTS)
        case(f"cross_entropy of probabilities {reduction} {smoothing}",
             lambda x, y, w: F.cross_entropy(x, y, w.detach(), label_smoothing=smoothing, **r), u(2, 4, 3),
             u(2, 4, 3, low=0, high=1).softmax(1).mul(1000).round().div(1000), WEIGHTS)
    case(f"cross_entropy of pixels {reduction}", lambda x, y: F.cross_entropy(x, y, label_smoothing=0.2, **r),
         u(2, 3, 2, 2), PIXELS)
    case(f"nll_loss with options {reduction}", lambda x, y, w: F.nll_loss(x, y, w.detach(), **r), u(3, 4), CLASSES,
         WEIGHTS)
    case(f"cosine_embedding_loss {reduction}", lambda a, b, y: F.cosine_embedding_loss(a, b, y, margin=-0.5, **r),
         u(3, 4), u(3, 4), SIGNS)
    case(f"hinge_embedding_loss {reduction}", lambda x, y: F.hinge_embedding_loss(x, y, 1.5, **r), u(3), SIGNS)
    case(f"margin_ranking_loss {reduction}", lambda a, b, y: F.margin_ranking_loss(a, b, y, 0.5, **r), u(3), u(3),
         SIGNS)
    case(f"soft_margin_loss {reduction}", lambda x, y: F.soft_margin_loss(x, y, **r), u(3), SIGNS, penalty=False)
    for swap in (False, True):
        case(f"triplet_margin_loss {reduction}{', swap' * swap}",
             lambda a, p, n: F.triplet_margin_loss(a, p, n, margin=2, swap=swap, **r), u(3, 4), u(3, 4), u(3, 4))
case("poisson_nll_loss of rates", lambda x, y: F.poisson_nll_loss(x, y, log_input=False), u(3, 2, low=0.1, high=3),
     u(3, 2, low=0, high=4))
case("gaussian_nll_loss of small variances", lambda x, y, v: F.gaussian_nll_loss(x, y, v, eps=0.5), u(3, 2), u(3, 2),
     u(3, 1, low=0.1, high=1))
case("cosine_similarity", lambda a, b: F.cosine_similarity(a, b), u(3, 4), u(3, 4))
case("pairwise_distance", lambda a, b: F.pairwise_distance(a, b, 3), u(3, 4), u(3, 4))


def ssim(a, b, rows=5, columns=5, sigma=1.5):
    """As in Wang et al., with a convolution."""
    bells = [torch.exp(-((torch.arange(n) - (n - 1) / 2)**2) / (2 * sigma**2)) for n in (rows, columns)]
    window = torch.outer(*(bell / bell.sum() for bell in bells)).expand(a.shape[1], 1, rows, columns)

    def blur(x):
        return F.conv2d(x, window, groups=a.shape[1])

    ma, mb = blur(a), blur(b)
    va, vb, cov = blur(a * a) - ma**2, blur(b * b) - mb**2, blur(a * b) - ma * mb
    c1, c2 = 0.01**2, 0.03**2
    return ((2 * ma * mb + c1) * (2 * cov + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2))).mean((1, 2, 3))


case("ssim", ssim, u(1, 2, 6, 5, low=0, high=1), u(1, 2, 6, 5, low=0, high=1))
case("ssim_loss of small images", lambda a, b: (1 - ssim(a, b, 4, 3)).mean(), u(2, 1, 4, 3, low=0, high=1),
     u(2, 1, 4, 3, low=0, high=1))
case("kl_div of logarithms", lambda x, y: F.kl_div(x, y, reduction="batchmean", log_target=True), u(3, 2), u(3, 2))
case("dice_loss", lambda x, y: (1 - (2 * (x * y).sum((1, 2)) + 1) / ((x * x).sum((1, 2)) + (y * y).sum((1, 2)) + 1)),
     u(2, 3, 2, low=0, high=1), u(2, 3, 2, low=0, high=1))



# ---- penalties
def divergence(mean, rho=0.05):
    return (rho * (rho / mean).log() + (1 - rho) * ((1 - rho) / (1 - mean)).log()).sum()


class KlSparsity(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.full((3,), 0.05))

    def forward(self, x):
        mean = 0.7 * self.mean + 0.3 * x.mean(0)
        if self.training:
            self.mean = mean.detach()
        return divergence(mean)


def orthogonal(w):
    return ((w @ w.T - torch.eye(len(w)))**2).sum()


for train in (True, False):
    case("KlSparsity", KlSparsity(), u(4, 3, low=0.1, high=0.9), train=train)
case("l1_activity", lambda x: x.abs().sum(1).mean(), u(3, 2))
case("kl_sparsity", divergence, u(3, 2, low=0.1, high=0.9))
case("group_lasso_penalty", lambda w: w.norm(dim=1).sum(), u(3, 4))
case("orthogonal_penalty", orthogonal, u(3, 4))
case("l1_penalty", nn.Linear(4, 3), u(2, 4), f=lambda m, x: [m(x), m.weight.abs().sum() + m.bias.abs().sum()])
case("l2_penalty", nn.Linear(4, 3), u(2, 4), f=lambda m, x: [m(x), m.weight.square().sum()])

# ---- the words, decoders, norms and losses that came later


def attend_to(m, x, memory, *padding):
    """With a mask of memory's padding, a target sees only its past, too."""
    if not padding:
        return m(x, memory)
    return m(x, memory, tgt_mask=CAUSAL.bool(), memory_key_padding_mask=padding[0].bool())


def without_bias(module):
    for part in module.modules():
        for name in [key for key in part._parameters if key.endswith("bias")]:
            part._parameters[name] = None
    return module


BAG, BEGINS = i([1, 2, 4, 2, 3, 3, 0]), i([0, 3, 3, 5])
case("EmbeddingBag", nn.EmbeddingBag(5, 3), WORDS)
case("EmbeddingBag of weighted sums", nn.EmbeddingBag(5, 3, mode="sum", padding_idx=2), BAG, BEGINS, u(7),
     penalty=False)
case("EmbeddingBag of means with padding", nn.EmbeddingBag(5, 3, padding_idx=-4), BAG, BEGINS)
case("EmbeddingBag of means with padding", nn.EmbeddingBag(5, 3, padding_idx=-4), BAG, i([0, 1, 7, 7]))
case("EmbeddingBag of maxima", nn.EmbeddingBag(5, 3, mode="max", padding_idx=0), BAG, BEGINS)
case("EmbeddingBag of maxima", nn.EmbeddingBag(5, 3, mode="max", padding_idx=0), BAG, i([0, 6, 7]))
# PyTorch 1.13 divides by the count of another word behind one that repeats, so here that is the last.
case("EmbeddingBag scaled by frequency", nn.EmbeddingBag(5, 3, mode="sum", scale_grad_by_freq=True),
     i([[0, 3, 1], [3, 3, 2]]))

case("MultiheadAttention to the past", nn.MultiheadAttention(4, 2, add_zero_attn=True), u(3, 2, 4),
     f=lambda m, x: attend(m, x, x, x, attn_mask=CAUSAL.bool()))
FIRST = {"activation": "gelu", "norm_first": True, "batch_first": True}
case("TransformerDecoderLayer", nn.TransformerDecoderLayer(4, 2, **SMALL), u(3, 2, 4), u(2, 2, 4))
case("TransformerDecoderLayer", nn.TransformerDecoderLayer(4, 2, **SMALL), u(3, 4), u(2, 4))
case("TransformerDecoderLayer, norm first", nn.TransformerDecoderLayer(4, 2, **SMALL, **FIRST), u(2, 3, 4), u(2, 2, 4),
     mask([[0, 1], [0, 0]]), f=attend_to)
case("TransformerDecoderLayer without bias", without_bias(nn.TransformerDecoderLayer(4, 2, **SMALL)), u(3, 2, 4),
     u(2, 2, 4))
case("TransformerDecoder", nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2, **SMALL), 2), u(3, 1, 4), u(2, 1, 4))
case("TransformerDecoder with masks and a last norm",
     nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2, norm_first=True, **SMALL), 2, norm=nn.LayerNorm(4)),
     u(3, 2, 4), u(2, 2, 4), mask([[0, 1], [0, 0]]), f=attend_to)

for train in (True, False):
    case("BatchNorm1d without bias", without_bias(nn.BatchNorm1d(3)), u(2, 3, 4), train=train)
case("InstanceNorm1d without bias", without_bias(nn.InstanceNorm1d(3, affine=True)), u(2, 3, 4))
case("LayerNorm without bias", without_bias(nn.LayerNorm(4)), u(2, 3, 4))
case("GroupNorm without bias", without_bias(nn.GroupNorm(2, 4)), u(2, 4, 3))

# PyTorch broadcasts most losses, with a warning. It refuses the others, so they get expanded tensors.
warnings.simplefilter("ignore")


def columns(low, high):
    return u(1, 4, 2, low=low, high=high)


def wide(*tensors):
    return torch.broadcast_tensors(*tensors)


BCE, LOGITS = F.binary_cross_entropy, F.binary_cross_entropy_with_logits
for how in ("none", "mean", "sum", "batchmean"):
    reduce = {"none": lambda x: x, "mean": torch.mean, "sum": torch.sum, "batchmean": lambda x: x.sum() / len(x)}[how]
    case(f"mse_loss, broadcast {how}", lambda x, y: reduce(F.mse_loss(x, y, reduction="none")), u(3, 1, 2),
         columns(-2, 2))
    case(f"binary_cross_entropy_with_logits, broadcast {how}",
         lambda x, y: reduce(LOGITS(*wide(x, y), reduction="none")), u(3, 1, 2), columns(0, 1))
    case(f"kl_div, broadcast {how}", lambda x, y: reduce(F.kl_div(x, y, reduction="none")), u(3, 1, 2),
         columns(0.1, 0.9))
case("mse_loss to a number", lambda x, y: F.mse_loss(x, y), u(3, 1, 2), u())
case("mse_loss of a number", lambda x, y: F.mse_loss(x, y), u(), u(3, 1, 2))
case("l1_loss, broadcast", lambda x, y: F.l1_loss(x, y), u(3, 1, 2), columns(-1.7, 2.2))
case("smooth_l1_loss, broadcast", lambda x, y: F.smooth_l1_loss(x, y), u(3, 1, 2), columns(-2, 2))
case("huber_loss, broadcast", lambda x, y: F.huber_loss(x, y), u(3, 1, 2), columns(-2, 2), penalty=False)
case("poisson_nll_loss, broadcast", lambda x, y: F.poisson_nll_loss(*wide(x, y), full=True), u(3, 1, 2), columns(0, 4))
for shape in ((3, 4, 2), (3, 4), (1, 4, 1), ()):
    case(f"gaussian_nll_loss, broadcast with variances {list(shape)}",
         lambda x, y, v: F.gaussian_nll_loss(*wide(x, y, v.unsqueeze(-1) if v.dim() == 2 else v)), u(3, 1, 2),
         columns(-2, 2), u(*shape, low=0.2, high=2))
case("binary_cross_entropy, broadcast with weights", lambda x, y, w: BCE(*wide(x, y), w.detach()),
     u(3, 1, 2, low=0.1, high=0.9), columns(0, 1), u(4, 1, low=0.2, high=2), penalty=False)
case("binary_cross_entropy_with_logits, broadcast with weights",
     lambda x, y, w, p: LOGITS(*wide(x, y), w.detach(), pos_weight=p.detach()), u(3, 1, 2), columns(0, 1),
     u(4, 1, low=0.2, high=2), u(4, 1, low=0.2, high=2))

# ---- volumes
SOLID = (1, 2, 3, 2, 3)
case("Conv3d", nn.Conv3d(2, 4, (2, 1, 2), stride=(1, 1, 2), padding=(1, 0, 1)), u(*SOLID))
case("Conv3d", nn.Conv3d(2, 4, (2, 1, 2), stride=(1, 1, 2), padding=(1, 0, 1)), u(*SOLID[1:]))
case("Conv3d by replication",
     nn.Conv3d(2, 4, 2, padding=(0, 1, 1), dilation=(2, 1, 1), groups=2, bias=False, padding_mode="replicate"), u(*SOLID))
case("LazyConv3d", nn.Conv3d(2, 4, 2), u(*SOLID))
case("ConvTranspose3d",
     nn.ConvTranspose3d(2, 4, (2, 1, 2), stride=2, padding=(1, 0, 0), output_padding=(1, 0, 1), groups=2), u(*SOLID))
case("LazyConvTranspose3d", nn.ConvTranspose3d(2, 3, 2, bias=False), u(*SOLID))
case("ConvTranspose3d to a size", nn.ConvTranspose3d(2, 3, 2, stride=(2, 1, 2)), u(*SOLID),
     f=lambda m, x: m(x, output_size=(7, 3, 6)))
case("MaxPool3d", nn.MaxPool3d((2, 1, 2), stride=1), u(*SOLID))
case("AvgPool3d", nn.AvgPool3d(2, padding=(1, 0, 1)), u(*SOLID))
case("AdaptiveMaxPool3d", nn.AdaptiveMaxPool3d((2, 1, 2)), u(*SOLID))
case("AdaptiveAvgPool3d", nn.AdaptiveAvgPool3d(1), u(*SOLID))
for train in (True, False):
    case("BatchNorm3d", nn.BatchNorm3d(2), u(*SOLID), train=train)
    case("LazyBatchNorm3d", nn.BatchNorm3d(2), u(*SOLID), train=train)
    case("InstanceNorm3d", nn.InstanceNorm3d(2), u(*SOLID), train=train)
    case("LazyInstanceNorm3d", nn.InstanceNorm3d(2, affine=True), u(*SOLID), train=train)
case("Dropout3d", nn.Dropout3d(0.4), u(*SOLID), train=False)

SEQUENCES = ("RNN", "LSTM", "GRU", "MultiheadAttention", "Transformer")
for name, of_sequences in (("pytorch_layers.json", False), ("pytorch_sequences.json", True)):
    part = [c for c in cases if c["row"].startswith(SEQUENCES) == of_sequences]
    lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in part)
    path = pathlib.Path(__file__).parent / "data" / name
    path.write_text(f"[\n{lines}\n]\n")
    print(f"{path}: {len(part)} cases, {path.stat().st_size} bytes, from PyTorch {torch.__version__}")
