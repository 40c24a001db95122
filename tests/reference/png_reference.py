#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes data/png.npz: PNG files of every kind, each with the grey and the colour picture that Pillow makes of it.

    python3 tests/reference/png_reference.py            (Debian: packages python3-numpy, python3-pil)

Pillow writes only a few kinds itself, so this script encodes the files. Of 16-bit grey files Pillow's convert("L")
keeps no more than the values below 256; here they lose their lower 8 bits, as Pillow's other pixels of 16 bits do.
"""
import io
import itertools
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image

CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of each colour type
NAMES = {0: "grey", 2: "colour", 3: "palette", 4: "grey_alpha", 6: "colour_alpha"}
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
ADAM7 = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
HEIGHT, WIDTH = 9, 13
random = np.random.default_rng(1)


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def scan_lines(samples, depth):
    """The rows of [height, width, channels], packed, each behind a filter byte of 0."""
    lines = b""
    for row in samples.reshape(len(samples), -1):
        if depth == 16:
            packed = row.astype(">u2").tobytes()
        else:
            bits = (row[:, None] >> np.arange(depth - 1, -1, -1)) & 1
            packed = np.packbits(bits.astype(np.uint8).ravel()).tobytes()
        lines += b"\0" + packed
    return lines


def png(kind, depth, interlaced, chunks):
    samples = random.integers(0, 1 << depth, (HEIGHT, WIDTH, CHANNELS[kind]))
    passes = [samples[y::dy, x::dx] for y, x, dy, dx in ADAM7] if interlaced else [samples]
    data = b"".join(scan_lines(part, depth) for part in passes if part.size > 0)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, kind, 0, 0, int(interlaced))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(chunks) + chunk(b"IDAT", zlib.compress(data, 9)) +
            chunk(b"IEND", b""))


arrays = {}
for kind, interlaced, extra in itertools.product(CHANNELS, (False, True), ("plain", "gamma", "transparent")):
    for depth in DEPTHS[kind]:
        chunks = []
        if extra == "gamma":
            chunks.append(chunk(b"gAMA", struct.pack(">I", 100000)))
        if kind == 3:
            chunks.append(chunk(b"PLTE", random.integers(0, 256, 3 << depth).astype(np.uint8).tobytes()))
        if extra == "transparent":
            if kind in (4, 6):
                continue
            chunks.append(chunk(b"tRNS", {0: b"\0\1", 2: b"\0\1\0\2\0\3", 3: b"\0\x80"}[kind]))
        file = png(kind, depth, interlaced, chunks)
        image = Image.open(io.BytesIO(file))
        image.load()
        if kind == 0 and depth == 16:
            image = Image.fromarray((np.array(image) >> 8).astype(np.uint8))
        name = f"{NAMES[kind]}{depth}_{extra}{'_interlaced' if interlaced else ''}"
        arrays[name] = np.frombuffer(file, np.uint8)
        arrays[name + ".grey"] = np.array(image.convert("L"))
        arrays[name + ".colour"] = np.array(image.convert("RGB"))
np.savez_compressed(pathlib.Path(__file__).parent / "data" / "png.npz", **arrays)
