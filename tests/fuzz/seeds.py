#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes a few valid files from which each fuzz target starts.

    python3 tests/fuzz/seeds.py FOLDER        (needs no packages)
"""
import gzip
import io
import json
import math
import pathlib
import struct
import sys
import warnings
import zipfile
import zlib


def npy(descr, shape, data, order=False):
    header = str({"descr": descr, "fortran_order": order, "shape": shape}).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


def npz(method):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("a.npy", npy("<f4", (2, 3), bytes(24)))
        archive.writestr("b.npy", npy("<i8", (), bytes(8)))
    return file.getvalue()


def safetensors(metadata):
    header = json.dumps({**metadata, "a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
                         "b": {"dtype": "U8", "shape": [], "data_offsets": [8, 9]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(9)


def one_weight(dtype):
    size = 1 if dtype == "BOOL" else int(dtype.lstrip("BFIU")) // 8
    header = json.dumps({"a": {"dtype": dtype, "shape": [2], "data_offsets": [0, 2 * size]}}).encode()
    return struct.pack("<Q", len(header)) + header + b"\x7f\xff" * size


def checkpoint():
    """What the run of fuzz_checkpoint.cpp saves, all zeros."""
    entries = {"model.weight": ("F32", [1, 2]), "model.bias": ("F32", [1]), "adam.step": ("I64", [1]),
               "adam.lr": ("F64", [1]), "adam.weight.exp_avg": ("F32", [1, 2]), "adam.weight.exp_avg_sq": ("F32", [1, 2]),
               "adam.bias.exp_avg": ("F32", [1]), "adam.bias.exp_avg_sq": ("F32", [1]), "noise": ("I64", [2]),
               "epoch": ("I64", []), "best": ("F64", [])}
    header, end = {}, 0
    for name, (dtype, shape) in entries.items():
        begin, end = end, end + math.prod(shape) * int(dtype[1:]) // 8
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(text)) + text + bytes(end)


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(kind, channels, depth=8, extra=b""):
    row = b"\0" + bytes(3 * channels * depth // 8)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 3, 2, depth, kind, 0, 0, 0)) + extra +
            chunk(b"IDAT", zlib.compress(row * 2)) + chunk(b"IEND", b""))


def raw_safetensors(header, data=b""):
    return struct.pack("<Q", len(header)) + header + data


def entries(names, data):
    """A zip archive of entries with these names, which may come twice or lead out of a folder."""
    file = io.BytesIO()
    warnings.simplefilter("ignore")  # of names that come twice
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, data)
    return file.getvalue()


# What the limits are for: depth, numbers of names, sizes that a packed file claims.
DEEP = b"[" * 1000 + b"]" * 1000
MANY = [b'"%d":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}' % i for i in range(60)]
ONE = npy("|u1", (1,), b"1")
ZEROS = npy("|i1", (200000,), bytes(200000))
RUN = (b'{"epoch":2,"step":3,"images":4,"sums":{"mse":0.5},"seconds":1.5,"best":null,'
       b'"lines":[{"epoch":1,"seconds":1.0,"test_mse":0.25}]}')
IDX = b"\0\0\x08\2\0\0\0\2\0\0\0\3\1\2\3\4\5\6"
ARFF = b"@relation x\n@attribute a numeric\n@attribute t {p,q}\n@data\n1.5,p\n?,q\n"
SEEDS = {
    "idx": [IDX, gzip.compress(IDX), b"\0\0\x0d\1\0\0\0\1\xc0\x20\0\0", b"\0\0\x08\3" + bytes(4) + b"\xff" * 8,
            gzip.compress(b"\0\0\x09\1\0\1\x86\xa0" + bytes(100000))],
    "safetensors": [safetensors({}), *map(one_weight, ("F16", "BF16", "I32", "I16", "I8", "U64", "U32", "U16", "BOOL")),
                    safetensors({"__metadata__": {"format": "hourglass checkpoint 1", "crc32": "00000000"}}),
                    raw_safetensors(b'{"a":{"dtype":"F32","shape":' + DEEP + b',"data_offsets":[0,0]}}'),
                    raw_safetensors(b'{"a":{"dtype":"F32","shape":[0],"data_offsets":' + DEEP + b"}}"),
                    raw_safetensors(b"{" + b",".join(MANY) + b"}")],
    "checkpoint": [checkpoint()],
    "npy": [*(npy(order + kind, (2,), b"\x7f\xff" * int(kind[1])) for order in "<>"
              for kind in ("f2", "i1", "i4", "i8", "u1", "u2", "u4", "u8", "b1")),
            npy("<f4", (2, 3), bytes(24)), npy(">i2", (3,), bytes(6)), npy("<f8", (2, 2), bytes(32), True),
            npy("<f4", (0, 2**62), b""), npy("x" * 200, (1,), b"")],
    "npz": [npz(zipfile.ZIP_STORED), npz(zipfile.ZIP_DEFLATED),
            entries(["../../evil.npy", "a.npy"], ONE), entries(["a.npy", "a.npy"], ONE), entries(["a.npy"], ZEROS)],
    "table": [b"0a,b\n1,2\n3,4\n", b"1a\tb\n1\t?\n", b'0"a ""x""","b"\r\n1,-2e3\r\n',
              b"1\xef\xbb\xbfa,b\r1e-999,1e999\r\r?,NA\r", b"0\xff\xfea\0"],
    "series": [b"01\t2\t3\n2\t4\tNaN\n", b"07\t1\n1e999\t2\n", b"2t0,t1,class\n1,2,a\n3,4,b\n", b"1" + ARFF,
               b"0\xef\xbb\xbf1,2,?\r\r2,,1e-50\r",
               b"1@relation 'a b'\r\n@attribute 'x {1}' real\r\n@attribute c {'p,q', \"r}\", 'it\\'s'}\r\n"
               b"@data\r\n\"1\",'p,q'\r\n"],
    "png": [png(0, 1), png(2, 3), png(6, 4), png(4, 2, 16),
            png(0, 1, 8, chunk(b"gAMA", struct.pack(">I", 100000))), png(3, 1, 8, chunk(b"PLTE", bytes(6))),
            png(3, 1, 8, struct.pack(">I", 788529920) + b"sPLT")],  # claims 752 MiB
    "run": [RUN, b'{"lr":0.001}', b'{"lr":' + DEEP + b"}", b'{"sums":' + DEEP + b"}"],
}
for name, files in SEEDS.items():
    folder = pathlib.Path(sys.argv[1]) / name
    folder.mkdir(parents=True, exist_ok=True)
    for i, content in enumerate(files):
        (folder / str(i)).write_bytes(content)
