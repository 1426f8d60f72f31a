#!/usr/bin/env python3
"""What the loop itself costs. Two questions, answered with the real binary, standard library only:

  busy      how busy 8 workers are while a model answers after 2 s and evaluations take 1 s, both fixed and spread
            log-normally (sigma 0.5), at the default window; evaluations sleep, the model is a server on this machine
  overhead  the wall time a trial that is neither model nor training: instant evaluations, replies from a cassette

    benchmarks/loop_benchmark.py [--weft build/release/weft] [--trials 400]
"""

import argparse
import json
import pathlib
import sqlite3
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORKERS = 8
SLEEPER = """
import json, math, random, sys, time
request = json.loads(sys.stdin.readline())
sigma = float(sys.argv[1])
started = time.time()
time.sleep(random.Random(request["seed"]).lognormvariate(0, sigma))
print(json.dumps({"loss": random.Random(request["seed"]).random(), "started_s": started, "ended_s": time.time()}))
"""


def weft(options, *arguments):
    started = time.monotonic()
    done = subprocess.run([options.weft, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"weft {' '.join(map(str, arguments))}: {done.stderr.strip()}")
    return done.stdout, time.monotonic() - started


class Server:
    """The tests' model server, answering with random genomes of the space."""

    def __init__(self, options, folder, *arguments):
        sampled, _ = weft(options, "space", "sample", "gpt_nano", "-n", 20000, "--json")
        replies = [json.dumps(json.loads(line)["genome"]) for line in sampled.splitlines()]
        (folder / "replies.json").write_text(json.dumps(replies))
        self.process = subprocess.Popen(
            ["python3", ROOT / "tests/support/fake_model_server.py", "--by-request", "--replies",
             folder / "replies.json", *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{self.process.stdout.readline().split()[1]}/v1"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


def experiment(evaluate, objective, trials, llm, workers=None):
    return {
        "space": "gpt_nano",
        "evaluate": evaluate,
        "objective": {"minimize": objective},
        "search": {"method": {"evoprompting": {}}, "trials": trials},
        "llm": llm,
        **({"engine": {"local": {"workers": workers, "threads": 1}}} if workers else {}),
    }


def busy(options, folder, sigma):
    with Server(options, folder, "--delay", f"2,{sigma},1") as server:
        program = folder / "sleeper.py"
        program.write_text(SLEEPER)
        file = folder / f"busy{sigma}.yaml"
        file.write_text(json.dumps(experiment(
            {"command": {"run": ["python3", "-S", "-E", str(program), str(sigma)]}}, "loss", options.trials,
            {"provider": "openai", "model": "fake", "base_url": server.url, "samples": True}, WORKERS)))
        run = folder / f"busy{sigma}"
        weft(options, "run", file, "-o", run, "--allow-command", "--json")
    rows = sqlite3.connect(run / "journal.sqlite").execute("SELECT outcome FROM evaluations").fetchall()
    measured = [json.loads(row[0])["measured"] for row in rows]
    first = min(m["ended_s"] - m["train_s"] for m in measured)
    last = max(m["ended_s"] for m in measured)
    share = sum(m["train_s"] for m in measured) / (WORKERS * (last - first))
    print(f"busy      sigma {sigma}: {len(measured)} evaluations in {last - first:.1f} s, "
          f"{WORKERS} workers busy {100 * share:.1f} %")


def overhead(options, folder, trials):
    run = 0

    def timed(method, count, llm):
        nonlocal run
        run += 1
        file = folder / f"overhead{run}.yaml"
        content = experiment({"count": {}}, "score", count, llm)
        content["search"]["method"] = method
        file.write_text(json.dumps({key: value for key, value in content.items() if value is not None}))
        return weft(options, "run", file, "-o", folder / f"overhead{run}", "--json")[1]

    plain = {"regularized_evolution": {}}
    start = timed(plain, 1, None)
    print(f"overhead  start and report: {start:.2f} s")
    print(f"overhead  regularized_evolution: {1000 * (timed(plain, trials, None) - start) / trials:.2f} ms a trial")
    with Server(options, folder) as server:
        cassette = {"provider": "cassette", "cassette": str(folder / "replies.jsonl"), "mode": "record",
                    "record": {"provider": "openai", "model": "fake", "base_url": server.url, "samples": True}}
        timed({"evoprompting": {}}, trials, cassette)
    took = timed({"evoprompting": {}}, trials, {**cassette, "mode": "replay"})
    print(f"overhead  evoprompting from a cassette: {1000 * (took - start) / trials:.2f} ms a trial")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weft", default=ROOT / "build/release/weft")
    parser.add_argument("--trials", type=int, default=1600, help="of each run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        overhead(options, pathlib.Path(folder), options.trials)
        for sigma in (0, 0.5):
            busy(options, pathlib.Path(folder), sigma)


if __name__ == "__main__":
    main()
