#!/usr/bin/env python3
"""Turns a perplexity surrogate of HW-GPT-Bench (a PyTorch state dict) into a surrogate that weft reads.

    scripts/convert_hwgpt_surrogate.py perplexity_surrogate_s.pt --scale s -o surrogates/hwgpt_s
    weft table predict surrogates/hwgpt_s --genome '{"embed_dim": 384, ...}'

Needs no PyTorch. A pickle may run any code when it is read: this one makes tensors of numbers and dictionaries, and nothing
else.
"""

import argparse
import json
import math
import pickle
import struct
import sys
import zipfile
from pathlib import Path

import safe_pickle

SCALES = {
    "s": ("gpt_s", {"embed_dim": [192, 384, 768], "n_layer": [10, 11, 12], "mlp_ratio": [2, 3, 4], "n_head": [4, 8, 12]}),
    "m": ("gpt_m", {"embed_dim": [256, 512, 1024], "n_layer": [22, 23, 24], "mlp_ratio": [2, 3, 4], "n_head": [8, 12, 16]}),
    "l": ("gpt_l", {"embed_dim": [320, 640, 1280], "n_layer": [34, 35, 36], "mlp_ratio": [2, 3, 4], "n_head": [8, 16, 20]}),
}
LARGEST = 1 << 28  # bytes of one storage


class Storage:
    """Stands for torch.FloatStorage: which numbers it holds is in a file of the archive."""


def tensor(numbers, offset, size, stride, *_):
    """Stands for torch._utils._rebuild_tensor_v2, for contiguous tensors; lists of numbers."""
    wanted = 1
    for length, step in zip(reversed(size), reversed(stride)):
        if length > 1 and step != wanted:
            raise pickle.UnpicklingError("a tensor is not contiguous")
        wanted *= length
    flat = numbers[offset:offset + math.prod(size)]
    if len(flat) != math.prod(size) or len(size) not in (1, 2):
        raise pickle.UnpicklingError(f"a tensor of size {tuple(size)} was not expected")
    return list(flat) if len(size) == 1 else [list(flat[i * size[1]:(i + 1) * size[1]]) for i in range(size[0])]


KNOWN = {("torch", "FloatStorage"): Storage, ("torch._utils", "_rebuild_tensor_v2"): tensor}


def read(path):
    with zipfile.ZipFile(path) as archive:
        root = safe_pickle.torch_archive(archive)

        def numbers(key):
            kind, storage, number, _, length = key
            if kind != "storage" or storage is not Storage or not str(number).isdigit() or not 0 <= length <= LARGEST // 4:
                raise pickle.UnpicklingError("a storage that is not of float32 numbers")
            with archive.open(f"{root}/data/{number}") as file:
                raw = file.read(4 * length)
            return struct.unpack(f"<{length}f", raw)

        with archive.open(f"{root}/data.pkl") as file:
            return safe_pickle.Unpickler(file, KNOWN, "surrogate", numbers).load()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--scale", choices=SCALES, required=True)
    parser.add_argument("-o", "--out", type=Path, required=True, help="the surrogate's folder")
    options = parser.parse_args()
    try:
        weights = read(options.file)
        layers = [{"weight": weights[f"fc{i}.weight"], "bias": weights[f"fc{i}.bias"]} for i in range(1, 6)]
    except safe_pickle.ERRORS as error:
        sys.exit(f"convert_hwgpt_surrogate: {options.file}: {error!s} ({type(error).__name__}); nothing was written")
    space, genes = SCALES[options.scale]
    features = [{"gene": gene, "values": values} for gene, values in genes.items()]
    features.append({"gene": "bias", "values": [True, False]})
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "layers.json").write_text(json.dumps({"layers": layers}))
    manifest = {"space": space, "metric": "val_perplexity", "task": "openwebtext", "kind": "mlp", "features": features,
                "weights": "layers.json", "source": "github.com/automl/HW-GPT-Bench"}
    (options.out / "surrogate.yaml").write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in manifest.items()))
    print(f"{options.out}: perplexities of {space}")


if __name__ == "__main__":
    main()
