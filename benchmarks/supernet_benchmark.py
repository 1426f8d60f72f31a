#!/usr/bin/env python3
"""Training steps of one supernet, with one sequence of sub-networks, in weft and in its rivals, in one run.

  gpt   spaces/gpt_s_narrow.yaml: HW-GPT-Bench's S made narrow; a step of the sandwich rule (largest, smallest, two random)
  vit   spaces/vit_t_small.yaml: AutoFormer's T on 32x32 pixels; one random sub-network a step, and the sandwich

Rivals: whittle 0.6.0 (language models alone: it has no vision transformer) and weight entanglement in plain PyTorch, both with
fused AdamW and with PyTorch's default. Bound: the same sub-networks held contiguously and trained alone, each with an AdamW of
its own. See supernet_rivals.py. A step is: forward and backward of each sub-network on the same batch, gradients added up,
one AdamW step over all parameters, gradients forgotten, the loss read. AdamW: betas 0.9 and 0.95, epsilon 1e-8, weight decay
0.1, a constant rate, no clipping; no dropout; cross-entropy at all positions; embeddings tied. Before anything is timed,
parameters of the largest and the smallest sub-network are compared between all sides, and losses of plain and whittle under
equal weights.

All sides are processes that are kept, and take turns of a few steps each, since machines are noisy: ratios within one run are
what counts. The first step of a turn is not timed. "Change" is what a step costs more when two sub-networks take turns than
when each is repeated. Memory is the process's peak (VmHWM), and what of it came after the libraries were loaded.

A side reads one JSON object a line, and answers each with one line:

  {"config": {"space": FILE, "precision": "fp32" or "bf16", "batch": B, "context": T, "threads": N, "lr": RATE, "fused": BOOL}}
                               makes a fresh supernet and optimiser    {"ready": true}
  {"step": [GENOME, ...]}      one step of these sub-networks          {"seconds": S, "loss": MEAN}, and parts of S by name:
                                                                       "adamw", "change"
  {"memory": true}             of the process                          {"bytes": PEAK, "before_bytes": BEFORE THE FIRST CONFIG}
  {"quit": true}               ends

Rivals also answer {"parameters": GENOME} with their count. T is absent for images. The clock of a step runs from read genomes
(as the side's own values, where it has such) to the loss read.

Usage: benchmarks/supernet_benchmark.py [--workloads gpt vit] [--precisions fp32 bf16] [--rounds 5] [--steps 4] [--threads 2]
Build first: cmake --build --preset release --target weft supernet_benchmark; without the latter, rivals are measured alone.
It makes .deps/bench-venv once (about 1 GB), with plain pip.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".deps/bench-venv"
TORCH = "2.13.0"
PACKAGES = ["numpy==2.4.6", "pyyaml==6.0.4", "safetensors==0.8.0", "psutil==7.2.2", "lightning==2.5.6"]
ALONE = ["whittle==0.6.0", "litgpt==0.5.12"]  # their other needs are for fine-tuning and search
RATE = 3.16e-4
SPACES = {"gpt": "benchmarks/spaces/gpt_s_narrow.yaml", "vit": "benchmarks/spaces/vit_t_small.yaml"}
MODES = {"gpt": ["sandwich"], "vit": ["uniform", "sandwich"]}


def install():
    """Makes the virtual environment once; a CPU build of torch where there is one."""
    python, done = VENV / "bin/python", VENV / "installed"
    wanted = "\n".join([TORCH, *PACKAGES, *ALONE])
    if done.exists() and done.read_text() == wanted:
        return python
    venv.create(VENV, with_pip=True, clear=True)
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    index = ["--extra-index-url", os.environ["WEFT_TORCH_INDEX"]] if os.environ.get("WEFT_TORCH_INDEX") else []
    if subprocess.run([*pip, *index, f"torch=={TORCH}+cpu"]).returncode != 0:
        subprocess.run([*pip, *index, f"torch=={TORCH}"], check=True)
    subprocess.run([*pip, *PACKAGES], check=True)
    subprocess.run([*pip, "--no-deps", *ALONE], check=True)
    done.write_text(wanted)
    return python


def extreme(text, pick):
    """The genome whose every gene is at its largest or smallest value."""
    values = {name: pick(gene.get("choice") or gene["range"]) for name, gene in text["genes"].items()}
    return {name: [value] * values["depth"] if text["genes"][name].get("per_layer") else value for name, value in values.items()}


def weft(*arguments):
    command = [ROOT / "build/release/weft", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


class Side:
    """One process that trains, and what was measured of it."""

    def __init__(self, name, config, fused=True):
        kind = name.split()[0]
        script = [sys.executable, ROOT / "benchmarks/supernet_rivals.py", kind]
        self.name, self.kind, self.turns, self.parts = name, kind, [], []
        self.process = subprocess.Popen([ROOT / "build/release/supernet_benchmark"] if kind == "weft" else script, cwd=ROOT,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ask(config={**config, "fused": fused})

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} ended at {json.dumps(request)[:200]}")
        return json.loads(line)

    def time(self, steps):
        """Seconds of each step, after one that does not count."""
        self.ask(step=steps[-1])
        replies = [self.ask(step=genomes) for genomes in steps]
        self.parts += replies
        return [reply["seconds"] for reply in replies]

    def part(self, name):
        """Median milliseconds of a step that went into something, or none where the side does not say."""
        values = [reply[name] for reply in self.parts if name in reply]
        return 1000 * statistics.median(values) if values else None

    def close(self):
        self.process.stdin.write('{"quit": true}\n')
        self.process.stdin.close()
        self.process.wait()


def sides(workload, config):
    names = ["weft"] if (ROOT / "build/release/supernet_benchmark").exists() else []
    names += ["plain fused", "plain default", *(["whittle fused", "whittle default"] if workload == "gpt" else []), "contiguous fused"]
    return [Side(name, config, not name.endswith("default")) for name in names]


def agree(workload, config, extremes):
    """Stops unless all sides mean the same networks."""
    space = config["space"]
    rivals = [Side(kind, config) for kind in (["plain", "whittle"] if workload == "gpt" else ["plain"])]
    for name, genome in extremes.items():
        counts = {"weft": json.loads(weft("model", "count", space, json.dumps(genome), "--json"))["params"]}
        counts |= {side.kind: side.ask(parameters=genome)["parameters"] for side in rivals}
        print(f"{name}: " + ", ".join(f"{side} {count:,} parameters" for side, count in counts.items()))
        if len(set(counts.values())) != 1:
            raise SystemExit("the sides disagree")
    if workload == "gpt":
        for name, genome in extremes.items():
            losses = {side.kind: side.ask(check=genome)["loss"] for side in rivals}
            print(f"{name}: " + ", ".join(f"{side} {loss:.6f}" for side, loss in losses.items()) + " (loss, equal weights)")
            if not abs(losses["plain"] - losses["whittle"]) <= 1e-4:
                raise SystemExit("the sides disagree")
    for side in rivals:
        side.close()


class Sequence:
    """The sub-networks of all steps, drawn once by weft, and their cost."""

    def __init__(self, space, mode, extremes, length):
        rows = [json.loads(line) for line in weft("space", "sample", space, "-n", 2 * length, "--seed", 1, "--json").splitlines()]
        self.flops = {json.dumps(row["genome"], sort_keys=True): row["flops"] for row in rows}
        for genome in extremes.values():
            count = json.loads(weft("model", "count", space, json.dumps(genome), "--json"))
            self.flops[json.dumps(genome, sort_keys=True)] = count["flops"]
        self.random = [row["genome"] for row in rows]
        ends = list(extremes.values()) if mode == "sandwich" else []
        self.steps = [[*ends, *self.random[2 * i : 2 * i + 2][: 2 if ends else 1]] for i in range(length)]

    def products(self, step, batch):
        """FLOPs of a step: a backward pass is twice its forward pass."""
        return 3 * batch * sum(self.flops[json.dumps(genome, sort_keys=True)] for genome in step)


def measure(all_sides, sequence, options, peak):
    """Turns of all sides: every side gets the same steps before any gets the next ones."""
    best = 0.0
    for turn in range(options.rounds):
        steps = sequence.steps[turn * options.steps : (turn + 1) * options.steps]
        for side in all_sides:
            side.turns.append(side.time(steps))
        best = max(best, peak.ask(step=[])["flops"])
        print(f"  round {turn + 1}: " + ", ".join(f"{s.name} {1000 * statistics.median(s.turns[-1]):.0f} ms" for s in all_sides), flush=True)
    return best


def change(all_sides, sequence, options):
    """Milliseconds that alternating two sub-networks costs a step over repeating each."""
    costs = {side.name: [] for side in all_sides if side.kind != "contiguous"}
    for turn in range(options.rounds):
        pair = sequence.random[2 * turn : 2 * turn + 2]
        for side in (side for side in all_sides if side.name in costs):
            turned = side.time([[genome] for genome in pair] * options.steps)
            for place, genome in enumerate(pair):
                kept = side.time([[genome]] * options.steps)
                costs[side.name].append(statistics.median(turned[place::2]) - statistics.median(kept))
    return {name: 1000 * statistics.median(values) for name, values in costs.items()}


def ratio(side, other):
    """The median over rounds of how many times the other's time this side takes."""
    return statistics.median(sum(a) / sum(b) for a, b in zip(side.turns, other.turns))


def table(all_sides, changes, sequence, options, batch, best):
    base, bound = all_sides[0], all_sides[-1]
    cell = lambda value, form: "–" if value is None else format(value, form)
    work = statistics.median(sequence.products(step, batch) for step in sequence.steps[: options.rounds * options.steps])
    print(f"\n| side | ms a step | × {base.name} | × contiguous | of peak | AdamW, ms | selecting, ms | change, ms | memory, MB |")
    print("|---|---|---|---|---|---|---|---|---|")
    for side in all_sides:
        seconds = statistics.median(time for turn in side.turns for time in turn)
        memory = side.ask(memory=True)
        print(f"| {side.name} | {1000 * seconds:.1f} | {ratio(side, base):.2f} | {ratio(side, bound):.2f} "
              f"| {100 * work / seconds / best:.0f} % | {cell(side.part('adamw'), '.1f')} | {cell(side.part('change'), '.1f')} "
              f"| {cell(changes.get(side.name), '+.1f')} "
              f"| {memory['bytes'] / 1e6:.0f}, {(memory['bytes'] - memory['before_bytes']) / 1e6:.0f} of them its own |", flush=True)
    print()


def run(workload, mode, config, extremes, options, reached):
    """One table. bf16 is left out where products of it are far slower than what fp32 reached: the processor has none."""
    peak = Side("peak", config)
    best = peak.ask(step=[])["flops"]
    if config["precision"] == "bf16" and best < reached / 4:
        print(f"\n{workload}, {mode}, bf16 left out: products at {best / 1e9:.1f} GFLOP/s, fp32 at {reached / 1e9:.0f}\n")
        peak.close()
        return best
    print(f"\n{workload}, {mode}, {config['precision']}, batch {config['batch']}, {options.threads} threads")
    sequence = Sequence(config["space"], mode, extremes, options.rounds * options.steps)
    all_sides = sides(workload, config)
    best = max(best, measure(all_sides, sequence, options, peak))
    parts = [list(side.parts) for side in all_sides]
    changes = change(all_sides, sequence, options) if options.change else {}
    for side, kept in zip(all_sides, parts):
        side.parts = kept
    print(f"  products reach {best / 1e9:.0f} GFLOP/s in {config['precision']}")
    table(all_sides, changes, sequence, options, config["batch"], best)
    for side in [*all_sides, peak]:
        side.close()
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workloads", nargs="+", choices=SPACES, default=list(SPACES))
    parser.add_argument("--precisions", nargs="+", choices=("fp32", "bf16"), default=["fp32", "bf16"])
    parser.add_argument("--modes", nargs="+", choices=("sandwich", "uniform"), default=["sandwich", "uniform"])
    parser.add_argument("--rounds", type=int, default=5, help="turns of each side")
    parser.add_argument("--steps", type=int, default=4, help="timed steps of a turn")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--sequences", type=int, default=1, help="batch of gpt, each of 256 tokens")
    parser.add_argument("--images", type=int, default=16, help="batch of vit")
    parser.add_argument("--no-change", dest="change", action="store_false", help="leave out what changing a sub-network costs")
    options = parser.parse_args()
    python = install()
    if Path(sys.prefix) != VENV:
        os.execv(python, [python, *sys.argv])
    import yaml

    for workload in options.workloads:
        text = yaml.safe_load((ROOT / SPACES[workload]).read_text())
        extremes = {"largest": extreme(text, max), "smallest": extreme(text, min)}
        config = {"space": SPACES[workload], "batch": options.sequences if workload == "gpt" else options.images,
                  "context": text["input"].get("context"), "threads": options.threads, "lr": RATE, "precision": "fp32"}
        print(f"# {workload}: {SPACES[workload]}")
        agree(workload, config, extremes)
        reached = 0.0
        for precision in options.precisions:
            for mode in (mode for mode in MODES[workload] if mode in options.modes):
                reached = run(workload, mode, {**config, "precision": precision}, extremes, options, reached)


if __name__ == "__main__":
    main()
