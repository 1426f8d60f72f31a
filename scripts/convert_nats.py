#!/usr/bin/env python3
"""Turns NATS-Bench's pickles into JSON lines that `weft table import` reads.

    scripts/convert_nats.py NATS-tss-v1_0-3ffb9-full -o nats_tss.jsonl
    weft table import nats_tss nats_tss.jsonl -o tables/nats_tss

It takes the folder of the benchmark's own files (NNNNNN.pickle.pbz2, one an architecture), or such files. A pickle may run
any code when it is read: this one makes numbers, texts, lists and dictionaries, and nothing else.
"""

import argparse
import bz2
import io
import json
import re
import sys
from pathlib import Path

import safe_pickle

LARGEST = 1 << 30  # bytes of an unpacked pickle
TASKS = {"cifar10-valid": "cifar10_valid", "cifar10": "cifar10", "cifar100": "cifar100", "ImageNet16-120": "imagenet16_120"}


def read(path):
    with bz2.open(path) as file:
        raw = file.read(LARGEST + 1)
    if len(raw) > LARGEST:
        raise ValueError("is larger than 1 GiB when unpacked")
    return safe_pickle.load(io.BytesIO(raw))


def last(curve):
    return curve[-1] if curve else None


def curve_of(result, what, split, epochs):
    """What a split was worth after each epoch, None where it was not measured."""
    values = result[what]
    return [values.get(f"{split}@{epoch}") for epoch in range(epochs)]


def record(arch, task, seed, epochs, result):
    # CIFAR-10 is trained on half of its images and validated on the other; or on all of them, with no validation.
    valid = "x-valid" if any(key.startswith("x-valid@") for key in result["eval_acc1es"]) else None
    test = "x-test" if any(key.startswith("x-test@") for key in result["eval_acc1es"]) else "ori-test"
    train_accuracy = [result["train_acc1es"].get(e) for e in range(epochs)]
    train_loss = [result["train_losses"].get(e) for e in range(epochs)]
    row = {"arch": arch, "task": TASKS[task], "epochs": epochs, "seed": int(seed), "params": result["params"],
           "flops": result["flop"], "train_s": sum(result["train_times"].values()),
           "train_accuracy": last(train_accuracy), "train_loss": last(train_loss), "epoch": list(range(1, epochs + 1)),
           "train_loss_curve": train_loss}
    if result.get("latency") and result["latency"][0] > 0:
        row["latency_s"] = sum(result["latency"]) / len(result["latency"])
    if valid:
        accuracy, loss = curve_of(result, "eval_acc1es", valid, epochs), curve_of(result, "eval_losses", valid, epochs)
        row.update(val_accuracy=last(accuracy), val_loss=last(loss), val_accuracy_curve=accuracy)
    accuracy, loss = curve_of(result, "eval_acc1es", test, epochs), curve_of(result, "eval_losses", test, epochs)
    row.update(test_accuracy=last(accuracy), test_loss=last(loss))
    return row


def records(path):
    data = read(path)
    for epochs_name, results in data.items():
        if not re.fullmatch(r"\d+", str(epochs_name)):
            continue
        for (task, seed), result in results["all_results"].items():
            epochs = int(result["epochs"])
            yield record(results["arch_str"], task, seed, epochs, result)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="+", type=Path, help="the benchmark's folder, or files of it")
    parser.add_argument("-o", "--out", type=Path, required=True, help="the JSON lines to write")
    options = parser.parse_args()
    files = []
    for source in options.sources:
        files += sorted(source.glob("*.pickle.pbz2")) if source.is_dir() else [source]
    files = [file for file in files if "meta" not in file.name]
    if not files:
        sys.exit("convert_nats: no .pickle.pbz2 file there")
    rows = 0
    with safe_pickle.whole_file(options.out) as out:
        for number, file in enumerate(files, 1):
            try:
                for row in records(file):
                    out.write(json.dumps(row) + "\n")
                    rows += 1
            except safe_pickle.ERRORS as error:
                sys.exit(f"convert_nats: {file}: {error!s} ({type(error).__name__}); nothing was written")
            if number % 500 == 0:
                print(f"{number} of {len(files)} files", file=sys.stderr)
    print(f"{options.out}: {rows} records of {len(files)} architectures")


if __name__ == "__main__":
    main()
