#!/usr/bin/env python3
"""Turns HW-GPT-Bench's pickles (gpt_datasets/gpt_s/stats.pkl, and gpt_m's and gpt_l's) into CSV that `weft table import` reads.

    scripts/convert_hwgpt.py gpt_s/stats.pkl -o hwgpt_s.csv
    weft table import hwgpt_s hwgpt_s.csv -o tables/hwgpt_s

A pickle may run any code when it is read: this one makes numbers, texts, lists and dictionaries, and nothing else.

Of what was measured several times the median is taken, and the standard deviation beside it. Latencies are in ms, energies in
Wh, memory in MB. On CPUs the profiler that the authors used told some latencies in seconds and did not keep the unit: a CPU's
latency below 100 is taken for seconds, since the CPUs here need some 0.5 to 50 seconds.
"""

import argparse
import collections
import csv
import math
import statistics
import sys
from pathlib import Path

import safe_pickle

# What the pickles call a device, and what the CSV does, which names CPUs after clusters. The means of latency and energy over
# the networks tell which CPU is which.
DEVICES = {"P100": "P100", "a100": "a100", "a40": "a40", "a6000": "a6000", "h100": "h100", "rtx2080": "rtx2080",
           "rtx3080": "rtx3080", "v100": "v100", "cpu_amd_7452": "cpu_a6000", "cpu_amd_7502": "cpu_alldlc",
           "cpu_xeon_gold": "cpu_meta", "cpu_xeon_silver": "cpu_mlgpu", "cpu_amd_7513": "helix_cpu"}
NOT_THERE = ["cpu_p100"]  # in the CSV alone
AGNOSTIC = {"flops": "flops", "params": "params", "bfloat16_memory": "mem_a100", "float16_memory": "mem_rtx2080",
            "perplexity": "perplexity", "accuracy": "accuracy"}
LONGEST_IN_SECONDS = 100


def genome(text):
    """gpt-s-LAYERS-WIDTH-RATIO-...-HEADS-...-BIAS."""
    start, scale, layers, width, *rest, bias = text.split("-")
    count = int(layers)
    if start != "gpt" or len(rest) != 2 * count or bias not in ("True", "False"):
        raise ValueError(f"{text!r} is no network of gpt_{scale}")
    return scale, {"embed_dim": int(width), "n_layer": count, "bias": int(bias == "True"), "n_head": "-".join(rest[count:]),
                   "mlp_ratio": "-".join(rest[:count])}


def numbers(value):
    """One number or several, as a list of finite ones."""
    found = [float(one) for one in ([value] if isinstance(value, (int, float)) else value)]
    if not all(math.isfinite(one) for one in found):
        raise ValueError("has a value that is not finite")
    return found


def middle(values, column, spread):
    """The median, and the deviation of several, in the columns named."""
    row = {column: statistics.median(values)} if values else {}
    return {**row, spread: statistics.pstdev(values)} if spread and len(values) > 1 else row


class Converter:
    def __init__(self):
        self.scales, self.seconds, self.unmeasured, self.unknown = set(), 0, 0, collections.Counter()

    def row(self, text, stats):
        scale, row = genome(text)
        self.scales.add(scale)
        for name, value in stats.items():
            if name in AGNOSTIC:
                row.update(middle(numbers(value), AGNOSTIC[name], None))
            elif name in DEVICES:
                row.update(self.measured(name, value))
            else:
                self.unknown[name] += 1
        return row

    def measured(self, device, stats):
        column = DEVICES[device]
        latencies = numbers(stats["latencies"])
        if "cpu" in device:
            self.seconds += sum(one < LONGEST_IN_SECONDS for one in latencies)
            latencies = [1000 * one if one < LONGEST_IN_SECONDS else one for one in latencies]
        energies = numbers(stats["energies"])
        if energies and not any(energies):  # nothing was measured
            self.unmeasured += 1
            energies = []
        return {**middle(latencies, f"lat_{column}", f"lat_std_{column}"),
                **middle(energies, f"energy_{column}", f"energy_std_{column}")}


def columns():
    yield from ("embed_dim", "n_layer", "bias", "n_head", "mlp_ratio", "flops", "params")
    for device in [*DEVICES.values(), *NOT_THERE]:
        yield from (f"lat_{device}", f"lat_std_{device}", f"energy_{device}", f"energy_std_{device}")
    yield from ("mem_a100", "mem_rtx2080", "perplexity", "accuracy")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True, help="the CSV file to write")
    options = parser.parse_args()
    converter, network = Converter(), None
    try:
        with open(options.file, "rb") as file:
            data = safe_pickle.load(file)
        with safe_pickle.whole_file(options.out) as out:
            writer = csv.DictWriter(out, list(columns()), lineterminator="\n")
            writer.writeheader()
            for network, stats in data.items():
                writer.writerow(converter.row(network, stats))
            network = None
            if len(converter.scales) != 1:
                raise ValueError(f"has networks of {len(converter.scales)} scales where one was expected")
    except safe_pickle.ERRORS as error:
        where = f"{options.file}: {network}" if network else options.file
        sys.exit(f"convert_hwgpt: {where}: {error!s} ({type(error).__name__}); nothing was written")
    print(f"{options.out}: {len(data)} networks of gpt_{converter.scales.pop()}; {converter.seconds} latencies were in seconds")
    if converter.unmeasured:
        print(f"energies of zero, left out: {converter.unmeasured}", file=sys.stderr)
    for name, count in converter.unknown.items():
        print(f"left out: {name!r} of {count} networks", file=sys.stderr)


if __name__ == "__main__":
    main()
