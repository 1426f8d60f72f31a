#!/usr/bin/env python3
"""Turns TransNAS-Bench-101's file into JSON lines that `weft table import` reads.

    scripts/convert_transnasbench.py transnas-bench_v10141024.pth -o transnasbench.jsonl
    weft table import transnasbench_micro transnasbench.jsonl -o tables/transnasbench_micro
    weft table import transnasbench_macro transnasbench.jsonl -o tables/transnasbench_macro

Needs no PyTorch. A pickle may run any code when it is read: this one makes numbers, texts, lists and dictionaries, and nothing
else. Scores are those of the last epoch, and beside them stand those of every epoch.
"""

import argparse
import collections
import json
import math
import re
import sys
from pathlib import Path

import safe_pickle

SPLITS = {"train": "train", "valid": "val", "val": "val", "test": "test"}
SCORES = {"top1": "accuracy", "top5": "top5_accuracy", "acc": "accuracy", "mIoU": "miou", "ssim": "ssim", "l1_loss": "l1_loss",
          "loss": "loss"}
MODULES = 6  # digits of the longest network of the macro space
# The file does not say in which unit it counts: the smallest and largest networks tell it from the others.
PARAMS, FLOPS = (1e4, 1e10), (5e6, 1e13)


def notation(space, arch):
    """A network as the spaces transnasbench_micro and transnasbench_macro write it."""
    width, modules, cell = arch.split("-")
    return f"{width}-{modules.ljust(MODULES, '0')}-{cell}" if space == "macro" else arch


def seconds(text):
    """"27:03:59", from the start of the training on."""
    hours, minutes, rest = re.fullmatch(r"(\d+):(\d\d):(\d\d)", text).groups()
    return 3600 * int(hours) + 60 * int(minutes) + int(rest)


def number(value):
    """None where training had diverged."""
    if not isinstance(value, (int, float)):
        raise ValueError(f"{value!r} is no number")
    return value if math.isfinite(value) else None


class Converter:
    def __init__(self, database):
        self.data, self.left_out = database["data"], collections.Counter()
        self.params = self.unit(("encoder_params", "model_params"), PARAMS)
        self.flops = self.unit(("encoder_FLOPs", "model_FLOPs"), FLOPS)

    def results(self):
        for space, networks in self.data.items():
            for arch, tasks in networks.items():
                for task, result in tasks.items():
                    yield space, arch, task, result

    def unit(self, names, between):
        """What the numbers of these names count: ones, millions or thousand millions."""
        found = [value for _, _, _, result in self.results() for name in names
                 if isinstance(value := result["model_info"].get(name), (int, float))]
        for unit in (1, 1e6, 1e9):
            if all(between[0] <= unit * value <= between[1] for value in found):
                return unit
        raise ValueError(f"{names[0]} is in no unit that is known: from {min(found)} to {max(found)}")

    def rows(self):
        for space, arch, task, result in self.results():
            try:
                yield self.row(space, arch, task, result)
            except safe_pickle.ERRORS as error:
                raise ValueError(f"{arch}, {task}: {error!s} ({type(error).__name__})") from error

    def row(self, space, arch, task, result):
        epochs, info = int(result["total_epochs"]), result["model_info"]
        row = {"space": space, "arch": notation(space, arch), "task": task, "epochs": epochs,
               "epoch": list(range(1, epochs + 1))}
        for name, column, unit in (("encoder_params", "params", self.params), ("model_params", "model_params", self.params),
                                   ("encoder_FLOPs", "macs", self.flops), ("model_FLOPs", "model_macs", self.flops),
                                   ("inference_time", "latency_s", 1)):
            if isinstance(info.get(name), (int, float)):
                row[column] = info[name] * unit
        for name, values in result["metrics"].items():
            if len(values) != epochs:
                raise ValueError(f"{name} has {len(values)} values for {epochs} epochs")
            split, _, score = name.partition("_")
            if name == "time_elapsed":
                row["train_s"] = seconds(values[-1])
            elif split in SPLITS and score in SCORES:
                column = f"{SPLITS[split]}_{SCORES[score]}"
                if task == "room_layout" and score == "loss":
                    column = f"{SPLITS[split]}_layout_loss"
                row[f"{column}_curve"] = [number(value) for value in values]
                row[column] = row[f"{column}_curve"][-1]
            elif score != "neg_loss" or f"{split}_loss" not in result["metrics"]:  # the same with another sign
                self.left_out[name] += 1
        return row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True, help="the JSON lines to write")
    options = parser.parse_args()
    rows = 0
    try:
        converter = Converter(safe_pickle.load_torch(options.file))
        with safe_pickle.whole_file(options.out) as out:
            for row in converter.rows():
                out.write(json.dumps(row) + "\n")
                rows += 1
    except safe_pickle.ERRORS as error:
        sys.exit(f"convert_transnasbench: {options.file}: {error!s} ({type(error).__name__}); nothing was written")
    print(f"{options.out}: {rows} records")
    for name, count in converter.left_out.items():
        print(f"left out: {name!r} of {count} records", file=sys.stderr)


if __name__ == "__main__":
    main()
