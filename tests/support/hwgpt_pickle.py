"""Writes a pickle of two networks of GPT S as HW-GPT-Bench's stats.pkl has them, to the path given."""

import pickle
import sys

GPUS = ("a100", "a40", "h100", "rtx2080", "rtx3080", "a6000", "v100", "P100")
CPUS = ("cpu_xeon_silver", "cpu_xeon_gold", "cpu_amd_7502", "cpu_amd_7513", "cpu_amd_7452")


def network(scale, cpu_latencies, cpu_energy):
    stats = {"flops": scale * 10**12, "params": scale * 10**8, "float16_memory": 836.5, "bfloat16_memory": 837.25,
             "perplexity": 25.5, "accuracy": 0.40625}
    for device in GPUS:
        stats[device] = {"latencies": [10.5, 10.25, 12.0], "energies": [0.001, 0.002, 0.003, 0.004]}
    for device in CPUS:
        stats[device] = {"latencies": cpu_latencies, "energies": cpu_energy}
    return stats


# The layers' ratios stand before their heads.
stats = {"gpt-s-10-768-2-3-4-2-3-4-2-3-4-2-4-8-12-4-8-12-4-8-12-4-True": network(2, [998.5, 1.01, 1.02], 0.25),
         "gpt-s-11-192-4-4-4-4-4-4-4-4-4-4-2-12-12-12-12-12-12-12-12-12-12-4-False": network(1, [8.5, 9.5], 0)}
with open(sys.argv[1], "wb") as file:
    pickle.dump(stats, file)
