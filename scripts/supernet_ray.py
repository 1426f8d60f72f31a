#!/usr/bin/env python3
"""Trains an experiment's supernet on a Ray cluster with Ray Train, one rank a worker.

    pip install "ray[train]==2.60.0"
    scripts/supernet_ray.py --workers 2 experiments/oneshot_gpt_nano.yaml -o runs/oneshot --set evaluate.supernet.train.steps=2000

Options of this script come first; what follows the experiment goes to `weft supernet train` as it is. The checkout, the
data and the run's folder must lie on a file system that all machines of the cluster share. Without a cluster that is
running (RAY_ADDRESS), Ray starts one on this machine. The same command goes on with a training that was stopped.
"""

import argparse
import os
import socket
import subprocess
import sys
from pathlib import Path

import ray.train
from ray.train.collective import broadcast_from_rank_zero
from ray.train.v2.api.data_parallel_trainer import DataParallelTrainer

ROOT = Path(__file__).resolve().parent.parent


def meeting_place():
    """This machine's address and a port that is free now, where rank 0 will wait for the others."""
    with socket.socket() as one:
        one.bind(("", 0))
        return ray.util.get_node_ip_address(), one.getsockname()[1]


def train_rank(config):
    rank = ray.train.get_context()
    address, port = broadcast_from_rank_zero(meeting_place() if rank.get_world_rank() == 0 else None)
    environment = {
        **os.environ, "RANK": str(rank.get_world_rank()), "WORLD_SIZE": str(rank.get_world_size()),
        "LOCAL_RANK": str(rank.get_local_rank()), "MASTER_ADDR": address, "MASTER_PORT": str(port),
        "OMP_NUM_THREADS": str(config["threads"])}
    ended = subprocess.run([ROOT / "build/release/weft", "supernet", "train", *config["arguments"]], cwd=config["folder"], env=environment)
    if ended.returncode != 0:
        raise SystemExit(f"rank {rank.get_world_rank()} ended with {ended.returncode}; its last lines say why")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=2, help="ranks")
    parser.add_argument("--threads", type=int, default=1, help="of each rank")
    parser.add_argument("--gpu", action="store_true", help="give each rank a GPU")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="EXPERIMENT ...", help="what weft supernet train is told")
    options = parser.parse_args()
    if not options.arguments:
        parser.error("an experiment is missing")
    scaling = ray.train.ScalingConfig(num_workers=options.workers, use_gpu=options.gpu, resources_per_worker={"CPU": options.threads})
    config = {"arguments": options.arguments, "threads": options.threads, "folder": os.getcwd()}
    try:
        DataParallelTrainer(train_rank, train_loop_config=config, scaling_config=scaling).fit()
    except ray.train.TrainingFailedError as error:
        sys.exit(f"supernet_ray: {error}")


if __name__ == "__main__":
    main()
