#!/usr/bin/env python3
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


def png(kind, channels, depth=8, extra=b""):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    row = b"\0" + bytes(3 * channels * depth // 8)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 3, 2, depth, kind, 0, 0, 0)) + extra +
            chunk(b"IDAT", zlib.compress(row * 2)) + chunk(b"IEND", b""))


IDX = b"\0\0\x08\2\0\0\0\2\0\0\0\3\1\2\3\4\5\6"
ARFF = b"@relation x\n@attribute a numeric\n@attribute t {p,q}\n@data\n1.5,p\n?,q\n"
SEEDS = {
    "idx": [IDX, gzip.compress(IDX), b"\0\0\x0d\1\0\0\0\1\xc0\x20\0\0"],
    "safetensors": [safetensors({}), safetensors({"__metadata__": {"format": "hourglass checkpoint 1", "crc32": "00000000"}})],
    "checkpoint": [checkpoint()],
    "npy": [npy("<f4", (2, 3), bytes(24)), npy(">i2", (3,), bytes(6)), npy("<f8", (2, 2), bytes(32), True)],
    "npz": [npz(zipfile.ZIP_STORED), npz(zipfile.ZIP_DEFLATED)],
    "table": [b"0a,b\n1,2\n3,4\n", b"1a\tb\n1\t?\n", b'0"a ""x""","b"\r\n1,-2e3\r\n'],
    "series": [b"01\t2\t3\n2\t4\tNaN\n", b"1" + ARFF],
    "png": [png(0, 1), png(2, 3), png(6, 4), png(4, 2, 16)],
}
for name, files in SEEDS.items():
    folder = pathlib.Path(sys.argv[1]) / name
    folder.mkdir(parents=True, exist_ok=True)
    for i, content in enumerate(files):
        (folder / str(i)).write_bytes(content)
