#!/usr/bin/env python3
"""The same searches on NAS-Bench-201's table in plain Python and in Optuna: trials a second, and what they find.

    benchmarks/table_rivals.py --csv nasbench201_12epoch.csv.gz

Optuna comes into an environment of its own under .deps. The plain script is the shortest statement of regularized evolution
(Real et al. 2019) and of random search on a dictionary; weft's numbers are those of table_benchmark and of weft reproduce.
"""

import argparse
import collections
import csv
import gzip
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".deps" / "bench-tables-venv"
OPTUNA = "5.0.0"
OPS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")


def read(path):
    """Validation and test accuracy on CIFAR-10 by the six ops."""
    table = {}
    with gzip.open(path, "rt") as file:
        for row in csv.DictReader(file):
            cells = [edge.split("~")[0] for node in row["cellstr"].split("+") for edge in node.strip("|").split("|")]
            table[tuple(OPS.index(op) for op in cells)] = (float(row["cifar10-val"]), float(row["cifar10-test"]))
    return table


def plain_random(table, trials, draw):
    best = None
    for _ in range(trials):
        genome = tuple(draw.randrange(5) for _ in range(6))
        score = table[genome]
        if best is None or score[0] > best[0]:
            best = score
    return best


def plain_evolution(table, trials, draw, population=10, sample=3):
    living, best = collections.deque(), None
    for trial in range(trials):
        if trial < population:
            genome = tuple(draw.randrange(5) for _ in range(6))
        else:
            parent = max((living[draw.randrange(population)] for _ in range(sample)), key=lambda one: one[0])
            child = list(parent[1])
            edge = draw.randrange(6)
            other = draw.randrange(4)
            child[edge] = other + 1 if other >= child[edge] else other
            genome = tuple(child)
        score = table[genome]
        living.append((score[0], genome))
        if len(living) > population:
            living.popleft()
        if best is None or score[0] > best[0]:
            best = score
    return best


def optuna_search(table, trials, seed, kind):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = {"random": lambda: optuna.samplers.RandomSampler(seed=seed),
               "tpe": lambda: optuna.samplers.TPESampler(seed=seed),
               "nsga2": lambda: optuna.samplers.NSGAIISampler(seed=seed)}[kind]()
    study = optuna.create_study(direction="maximize", sampler=sampler)
    best = None
    for _ in range(trials):
        trial = study.ask()
        score = table[tuple(trial.suggest_categorical(f"op_{i}", list(range(5))) for i in range(6))]
        study.tell(trial, score[0])
        if best is None or score[0] > best[0]:
            best = score
    return best


def measure(name, run, repetitions, trials):
    start = time.perf_counter()
    tests = [run(seed)[1] for seed in range(repetitions)]
    seconds = time.perf_counter() - start
    error = statistics.stdev(tests) / repetitions ** 0.5
    print(f"{name:28} {trials:6} trials  {repetitions * trials / seconds:12,.0f} trials/s   test {statistics.mean(tests):.2f}"
          f" ± {statistics.stdev(tests):.2f} (error of the mean {error:.2f})", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--csv", type=Path, required=True)
    parser.add_argument("--repetitions", type=int, default=500)
    parser.add_argument("--optuna-repetitions", type=int, default=20)
    options = parser.parse_args()
    try:
        import optuna  # noqa: F401
    except ImportError:
        python = VENV / "bin" / "python"
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        subprocess.run([python, "-m", "pip", "-q", "install", f"optuna=={OPTUNA}"], check=True)
        sys.exit(subprocess.run([python, __file__, *sys.argv[1:]]).returncode)
    table = read(options.csv)
    for trials in (100, 500):
        measure("plain random", lambda seed: plain_random(table, trials, random.Random(seed)), options.repetitions, trials)
        measure("plain regularized evolution", lambda seed: plain_evolution(table, trials, random.Random(seed)),
                options.repetitions, trials)
        for kind in ("random", "tpe", "nsga2"):
            measure(f"Optuna {kind}", lambda seed: optuna_search(table, trials, seed, kind), options.optuna_repetitions,
                    trials)


if __name__ == "__main__":
    main()
