#!/usr/bin/env python3
"""Turns a task of JAHS-Bench-201's metric data into JSON lines that `weft table import` reads.

    scripts/convert_jahs.py metric_data/cifar10 -o jahs_cifar10.jsonl
    weft table import jahs jahs_cifar10.jsonl -o tables/jahs_cifar10

It takes the task's folder, with train_set.pkl.gz, valid_set.pkl.gz and test_set.pkl.gz, or such files. Needs no pandas. A
pickle may run any code when it is read: this one makes data frames of numbers and texts, and nothing else. A file is read
whole: it takes as much memory as it has bytes when unpacked.

Learning rates and weight decays are rounded to ten values a decade, by 14 percent at most. What is then the same configuration
is numbered by seeds. A training gives a row for each number of epochs that is asked for and that it came to.
"""

import argparse
import collections
import gzip
import json
import math
import pickle
import sys
from pathlib import Path

import safe_pickle

TASKS = ("cifar10", "colorectal_histology", "fashion_mnist")
FILES = ("train_set.pkl.gz", "valid_set.pkl.gz", "test_set.pkl.gz")
OPS = ["skip_connect", "none", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3"]  # as the data count them
EDGES = {"Op1": "op_10", "Op2": "op_20", "Op3": "op_30", "Op4": "op_21", "Op5": "op_31", "Op6": "op_32"}
ACTIVATIONS = {"ReLU": "relu", "Hardswish": "hardswish", "Mish": "mish"}
CONFIGURATION = [*EDGES, "N", "W", "Resolution", "Activation", "TrivialAugment", "LearningRate", "WeightDecay", "Optimizer"]
STEPS = (1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8)  # of a decade
RATES = [float(f"{step}e{power}") for power in (-3, -2, -1) for step in STEPS] + [1.0]
DECAYS = [float(f"{step}e{power}") for power in (-5, -4, -3) for step in STEPS] + [0.01]
LABELS = {"valid-acc": "val_accuracy", "test-acc": "test_accuracy", "train-acc": "train_accuracy", "valid-loss": "val_loss",
          "test-loss": "test_loss", "train-loss": "train_loss", "runtime": "train_s", "latency": "latency_s",
          "size_MB": "params", "FLOPS": "macs"}


class Index:
    """Stands for pandas' indices: `names` of what they number, where they have some."""

    def names(self):
        return list(self.data)


class MultiIndex(Index):
    def names(self):
        levels = [level.names() for level in self.levels]
        return [tuple(level[code] for level, code in zip(levels, codes)) for codes in zip(*self.codes)]


def new_index(kind, state):
    """Stands for pandas.core.indexes.base._new_Index."""
    index = kind()
    for key in ("data", "levels", "codes"):
        setattr(index, key, state.get(key))
    return index


class Block:
    """Stands for pandas' blocks: columns of one type, and at which places they stand."""

    def __init__(self, values, placement, ndim=2):
        if ndim != 2 or not isinstance(values, safe_pickle.Array) or len(values.shape) != 2:
            raise pickle.UnpicklingError("a data frame's columns are no plain arrays")
        self.values, self.placement = values, placement

    def columns(self, count):
        places = range(count)[self.placement] if isinstance(self.placement, slice) else list(self.placement)
        width, rows = self.values.shape
        if len(places) != width:
            raise ValueError("a block of a data frame has other columns than places")
        for number, place in enumerate(places):
            flat = self.values.flat
            yield place, flat[number::width] if self.values.column_major else flat[number * rows:(number + 1) * rows]


class BlockOf:
    """Stands for functools.partial, with which pandas 1.3 makes its blocks."""

    def __init__(self, function):
        if function is not Block:
            raise pickle.UnpicklingError("the pickle asks for functools.partial of what is no block")

    def __setstate__(self, state):
        pass

    def __call__(self, values, placement):
        return Block(values, placement)


class Blocks:
    def __init__(self, blocks, axes):
        self.blocks, self.axes = blocks, axes


class Frame:
    """Stands for pandas.DataFrame."""

    def __setstate__(self, state):
        self.blocks = state["_mgr"]

    def columns(self):
        names = self.blocks.axes[0].names()
        found = {}
        for block in self.blocks.blocks:
            found.update((names[place], values) for place, values in block.columns(len(names)))
        return found


KNOWN = {("pandas.core.frame", "DataFrame"): Frame, ("pandas.core.internals.managers", "BlockManager"): Blocks,
         ("pandas.core.internals.blocks", "new_block"): Block, ("pandas._libs.internals", "_unpickle_block"): Block,
         ("functools", "partial"): BlockOf, ("builtins", "slice"): slice, ("pandas.core.indexes.base", "_new_Index"): new_index,
         ("pandas.core.indexes.base", "Index"): Index, ("pandas.core.indexes.multi", "MultiIndex"): MultiIndex,
         ("pandas.core.indexes.range", "RangeIndex"): Index, ("pandas.core.indexes.numeric", "Int64Index"): Index,
         ("pandas.core.indexes.numeric", "Float64Index"): Index}


def nearest(value, known):
    found = min(known, key=lambda one: abs(math.log(one / value)))
    if not 1 / 1.14 <= found / value <= 1.14:
        raise ValueError(f"{value} is not between {known[0]} and {known[-1]}")
    return found


def genome(values):
    """A configuration as the space jahs has it."""
    made = {gene: OPS[values[name]] for name, gene in EDGES.items()}
    if values["Optimizer"] != "SGD" or values["TrivialAugment"] not in (True, False):
        raise ValueError(f"a configuration {values} was not expected")
    return {**made, "cells": values["N"], "width": values["W"], "resolution": values["Resolution"],
            "activation": ACTIVATIONS[values["Activation"]], "trivial_augment": bool(values["TrivialAugment"]),
            "learning_rate": nearest(values["LearningRate"], RATES), "weight_decay": nearest(values["WeightDecay"], DECAYS)}


def runs(frame):
    """(configuration, epochs with their labels) of each training; its rows stand together, by epoch."""
    columns = frame.columns()
    features = [columns[("features", name)] for name in CONFIGURATION]
    labels = {name[1]: values for name, values in columns.items() if name[0] == "labels"}
    last, epochs, known = None, [], set()
    for configuration, epoch, scores in zip(zip(*features), columns[("features", "epoch")], zip(*labels.values())):
        if configuration != last or epoch <= epochs[-1][0]:
            if last is not None:
                yield dict(zip(CONFIGURATION, last)), epochs
            if epoch != 1 and configuration in known:
                raise ValueError(f"the rows of a training do not stand together: {configuration}")
            last, epochs = configuration, []
            known.add(configuration)
        epochs.append((epoch, dict(zip(labels, scores))))
    if last is not None:
        yield dict(zip(CONFIGURATION, last)), epochs


class Converter:
    def __init__(self, task, epochs):
        self.task, self.epochs, self.seeds, self.left_out = task, epochs, collections.Counter(), set()

    def rows(self, frame):
        for configuration, epochs in runs(frame):
            genes = genome(configuration)
            key = tuple(genes.values())
            reached = [epoch for epoch, _ in epochs if epoch in self.epochs]
            for epoch, scores in epochs:
                if epoch in self.epochs:
                    row = {**genes, "task": self.task, "seed": self.seeds[key], "epochs": epoch, **self.scores(scores)}
                    if epoch == reached[-1]:
                        curve = [(one, self.scores(other).get("val_accuracy")) for one, other in epochs if one <= epoch]
                        row["epoch"], row["val_accuracy_curve"] = (list(column) for column in zip(*curve))
                    yield row
            self.seeds[key] += 1

    def scores(self, labels):
        self.left_out.update(name for name in labels if name not in LABELS)
        return {LABELS[name]: value if math.isfinite(value) else None for name, value in labels.items() if name in LABELS}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="+", type=Path, help="the task's folder, or files of it")
    parser.add_argument("--task", choices=TASKS, help="the task (default: the name of the folder)")
    parser.add_argument("--epochs", nargs="+", type=int, default=[25, 50, 100, 200], help="which epochs give rows")
    parser.add_argument("-o", "--out", type=Path, required=True, help="the JSON lines to write")
    options = parser.parse_args()
    files = []
    for source in options.sources:
        files += [source / name for name in FILES] if source.is_dir() else [source]
    task = options.task or files[0].resolve().parent.name
    if task not in TASKS:
        sys.exit(f"convert_jahs: {task!r} is none of {', '.join(TASKS)}; say which by --task")
    converter, rows = Converter(task, set(options.epochs)), 0
    with safe_pickle.whole_file(options.out) as out:
        for file in files:
            try:
                with gzip.open(file) as content:
                    frame = safe_pickle.load(content, KNOWN)
                    if content.read(1):  # which also checks the end of the packed file
                        raise ValueError("goes on behind its data frame")
                for row in converter.rows(frame):
                    out.write(json.dumps(row) + "\n")
                    rows += 1
            except safe_pickle.ERRORS as error:
                sys.exit(f"convert_jahs: {file}: {error!s} ({type(error).__name__}); nothing was written")
    print(f"{options.out}: {rows} records of {converter.seeds.total()} trainings")
    if converter.left_out:
        print(f"left out: {', '.join(sorted(converter.left_out))}", file=sys.stderr)


if __name__ == "__main__":
    main()
