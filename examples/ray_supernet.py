#!/usr/bin/env python3
"""Trains an experiment's supernet over a Ray cluster: Ray places one process a rank, weft's ranks find each other.

    pip install ray
    python examples/ray_supernet.py --ranks 2 oneshot_gpt_nano -o runs/oneshot \\
        --set evaluate.supernet.train.precision=fp32

What follows the experiment goes to `weft supernet train` as it is. Without a cluster, Ray uses this machine; with one, run
this on a machine of it, in a folder that all machines share, at the same path: the data, the checkpoint and weft lie there.
With --gpus 1 each rank has a GPU of its own. Ctrl-C lets the ranks finish their step and save; the same command goes on.
"""

import argparse
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys

import ray
from ray.util.placement_group import placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy


@ray.remote(max_concurrency=2)  # stop() comes while train() waits
class Rank:
    def __init__(self):
        self.weft = None

    def address(self):
        """This machine, and a port of it that is free now: where the ranks meet if this is the first."""
        with socket.socket() as probe:
            probe.bind(("", 0))
            return ray.util.get_node_ip_address(), probe.getsockname()[1]

    def train(self, command, folder, variables):
        # Ray shows each process its own GPUs alone, numbered from 0: hence the same LOCAL_RANK everywhere.
        self.weft = subprocess.Popen(command, cwd=folder, env={**os.environ, **variables, "LOCAL_RANK": "0"})
        return self.weft.wait()

    def stop(self):
        if self.weft is not None:
            self.weft.send_signal(signal.SIGTERM)


def find_weft():
    built = pathlib.Path(__file__).resolve().parents[1] / "build" / "release" / "weft"
    return shutil.which("weft") or str(built)


def train(ranks, command):
    """The exit codes of the ranks. Where one fails the others notice by themselves."""
    address, port = ray.get(ranks[0].address.remote())
    shared = {"MASTER_ADDR": address, "MASTER_PORT": str(port), "WORLD_SIZE": str(len(ranks))}
    ends = [rank.train.remote(command, os.getcwd(), {**shared, "RANK": str(i)}) for i, rank in enumerate(ranks)]
    try:
        return ray.get(ends)
    except KeyboardInterrupt:
        ray.get([rank.stop.remote() for rank in ranks])
        return ray.get(ends)


def main():
    parser = argparse.ArgumentParser(description="Trains a supernet over a Ray cluster.")
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--cpus", type=float, default=1, help="CPUs of each rank")
    parser.add_argument("--gpus", type=float, default=0, help="GPUs of each rank: 0 or 1")
    parser.add_argument("experiment")
    options, more = parser.parse_known_args()

    ray.init()
    group = placement_group([{"CPU": options.cpus, "GPU": options.gpus}] * options.ranks, strategy="PACK")
    ray.get(group.ready())  # waits until the cluster has room for all of them at once
    place = PlacementGroupSchedulingStrategy(placement_group=group)
    variables = {"env_vars": {"OMP_NUM_THREADS": str(max(1, int(options.cpus)))}}
    ranks = [Rank.options(num_cpus=options.cpus, num_gpus=options.gpus, scheduling_strategy=place,
                          runtime_env=variables).remote() for _ in range(options.ranks)]
    codes = train(ranks, [find_weft(), "supernet", "train", options.experiment, *more])
    sys.exit(max(codes))


if __name__ == "__main__":
    main()
