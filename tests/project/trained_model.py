# SPDX-License-Identifier: MIT
"""Runs the Python code of examples/README.md on a model that `variational` trains: trained_model.py PROGRAM README."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

program, readme = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
text = readme.read_text()
section = text[text.index("**In NumPy and PyTorch.**"):text.index("In C++, `nn::load_safetensors")]
blocks = re.findall(r"```python\n(.*?)```", section, re.S)
assert len(blocks) == 2
with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    subprocess.run([program, "--data", "generated", "--limit", "500", "--epochs", "1", "--quiet", "--save",
                    "inputs.npy,codes.npy"], check=True)
    names = {}
    for block in blocks:
        exec(block, names)  # it asserts that the codes are equal
    assert names["about"]["program"] == "variational"
