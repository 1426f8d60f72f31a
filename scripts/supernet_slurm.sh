#!/usr/bin/env bash
# Trains an experiment's supernet on a Slurm cluster, over several machines:
#
#   sbatch --nodes 4 --gpus-per-node 8 scripts/supernet_slurm.sh experiments/autoformer_imagenet.yaml -o runs/autoformer
#
# What stands on the command line after the script goes to `weft supernet train` as it is. Submit it from weft's checkout, which,
# with the data and the run's folder, must lie on a file system that all machines of the job share.
#
# Lines that begin with #SBATCH are options of sbatch; what you give sbatch itself goes before them.
#SBATCH --job-name=weft-supernet
#SBATCH --nodes=2
# One torchrun a machine, which has all of the machine that the job was given:
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=8
#SBATCH --time=24:00:00
#SBATCH --output=weft-supernet-%j.log
# A minute before the time is over Slurm tells every process to stop; the ranks save and end, and the same sbatch goes on.
#SBATCH --signal=TERM@60
set -euo pipefail

[ $# -gt 0 ] || { echo "usage: sbatch scripts/supernet_slurm.sh EXPERIMENT [more of weft supernet train]" >&2; exit 2; }

# A job runs a copy of this script from elsewhere; Slurm says where sbatch was called.
cd "${SLURM_SUBMIT_DIR:-$(dirname "$0")/..}"
export PATH="$PWD/build/release:$PWD/.venv/bin:$PATH"

# The ranks meet at the job's first machine. The port is made from the job's number, so that two jobs that share a
# machine do not meet each other.
nodes=${SLURM_JOB_NUM_NODES:-1}
job=${SLURM_JOB_ID:-$$}
if [ -n "${SLURM_JOB_NODELIST:-}" ]; then
  machines=$(scontrol show hostnames "$SLURM_JOB_NODELIST")
  first=${machines%%$'\n'*}
else
  first=127.0.0.1
fi
port=$((20000 + job % 20000))

# A rank for each GPU of a machine, or WEFT_RANKS of them; on machines without a GPU one rank with all threads.
ranks=${WEFT_RANKS:-${SLURM_GPUS_ON_NODE:-1}}
threads=$((${SLURM_CPUS_PER_TASK:-$(nproc)} / ranks))
export OMP_NUM_THREADS=$((threads > 0 ? threads : 1))

# srun starts this once on each machine; torchrun starts the machine's ranks and tells each its number. Restarts are left
# to Slurm: a training goes on from its checkpoint.
exec srun torchrun \
  --nnodes "$nodes" --nproc-per-node "$ranks" --max-restarts 0 \
  --rdzv-backend c10d --rdzv-id "weft-$job" --rdzv-endpoint "$first:$port" \
  --no-python weft supernet train "$@"
