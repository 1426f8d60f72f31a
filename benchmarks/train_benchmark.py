#!/usr/bin/env python3
"""Training speed of three fixed candidates: weft beside the same models in PyTorch, eager and compiled, in one run.

Each candidate is trained for the same number of steps of the same size on the same bytes, with fused AdamW and clipping by the
global norm. The runs of the three are interleaved, and medians are compared, since machines are noisy. For torch.compile a
whole candidate's time is given as well, compilation included: a search trains each architecture once.

Usage: .venv/bin/python benchmarks/train_benchmark.py [--threads 1] [--steps 60] [--rounds 3] [--precision fp32] [--device cpu]
Build first: cmake --build --preset release --target train_benchmark
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import time
from pathlib import Path

os.environ["TORCHINDUCTOR_FORCE_DISABLE_CACHES"] = "1"  # every candidate of a search is compiled for the first time

import torch
import torch.nn as nn
import torch.nn.functional as F

ROOT = Path(__file__).resolve().parent.parent
CONTEXT, BATCH, VOCABULARY = 128, 16, 256
CANDIDATES = [
    {"embed_dim": 64, "depth": 3, "block": "gpt2", "num_heads": [4, 4, 4], "mlp_ratio": [4, 4, 4]},
    {"embed_dim": 96, "depth": 4, "block": "llama", "num_heads": [4, 4, 4, 4], "mlp_ratio": [2, 2, 2, 2]},
    {"embed_dim": 128, "depth": 6, "block": "gpt2", "num_heads": [8, 8, 8, 8, 8, 8], "mlp_ratio": [4, 4, 4, 4, 4, 4]},
]


def heads(x, count):
    return x.view(x.size(0), x.size(1), count, -1).transpose(1, 2)


class GPT2Block(nn.Module):
    def __init__(self, width, count, ratio):
        super().__init__()
        self.count = count
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.q, self.k, self.v, self.out = (nn.Linear(width, width) for _ in range(4))
        self.up, self.down = nn.Linear(width, ratio * width), nn.Linear(ratio * width, width)

    def forward(self, x):
        h = self.norm1(x)
        a = F.scaled_dot_product_attention(heads(self.q(h), self.count), heads(self.k(h), self.count), heads(self.v(h), self.count), is_causal=True)
        x = x + self.out(a.transpose(1, 2).reshape(x.shape))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class LlamaBlock(nn.Module):
    def __init__(self, width, count, ratio):
        super().__init__()
        self.count = count
        self.norm1, self.norm2 = nn.RMSNorm(width, eps=1e-6), nn.RMSNorm(width, eps=1e-6)
        self.q, self.k, self.v, self.out = (nn.Linear(width, width, bias=False) for _ in range(4))
        self.gate, self.up = (nn.Linear(width, ratio * width, bias=False) for _ in range(2))
        self.down = nn.Linear(ratio * width, width, bias=False)
        size = width // count
        theta = 10000.0 ** (-torch.arange(0, size, 2) / size)
        angle = torch.outer(torch.arange(CONTEXT), theta).repeat(1, 2)
        self.register_buffer("cosine", angle.cos())
        self.register_buffer("sine", angle.sin())

    def rotate(self, x):
        first, second = x.chunk(2, -1)
        return x * self.cosine + torch.cat((-second, first), -1) * self.sine

    def forward(self, x):
        h = self.norm1(x)
        q, k = self.rotate(heads(self.q(h), self.count)), self.rotate(heads(self.k(h), self.count))
        a = F.scaled_dot_product_attention(q, k, heads(self.v(h), self.count), is_causal=True)
        x = x + self.out(a.transpose(1, 2).reshape(x.shape))
        h = self.norm2(x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


class Model(nn.Module):
    def __init__(self, genome):
        super().__init__()
        width, block = genome["embed_dim"], {"gpt2": GPT2Block, "llama": LlamaBlock}[genome["block"]]
        self.embedding, self.position = nn.Embedding(VOCABULARY, width), nn.Parameter(torch.empty(CONTEXT, width))
        self.blocks = nn.ModuleList(block(width, h, r) for h, r in zip(genome["num_heads"], genome["mlp_ratio"]))
        self.norm = nn.LayerNorm(width)
        for name, weight in self.named_parameters():
            if weight.dim() > 1:
                nn.init.normal_(weight, std=0.02)

    def forward(self, tokens):
        x = self.embedding(tokens) + self.position
        for block in self.blocks:
            x = block(x)
        return F.linear(self.norm(x), self.embedding.weight)


def corpus():
    lines = []
    for part in ("noun", "verb", "adj", "adv"):
        for line in open(f"/usr/share/wordnet/data.{part}", encoding="utf-8"):
            if "| " in line:
                lines.append(line.split("| ", 1)[1].strip())
    return torch.tensor(list("\n".join(lines).encode()), dtype=torch.uint8)


def train_torch(genome, data, args, compiled):
    """Seconds of training, compilation included where there is any; steady seconds a step; parameters."""
    torch.manual_seed(1)
    torch._dynamo.reset()
    model = Model(genome).to(args.device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    call = torch.compile(model) if compiled else model
    times, start = [], time.perf_counter()
    for _ in range(args.steps):
        begin = time.perf_counter()
        places = torch.randint(len(data) - CONTEXT - 1, (BATCH,))
        window = torch.stack([data[p : p + CONTEXT + 1] for p in places]).long().to(args.device)
        with torch.autocast(args.device, torch.bfloat16, enabled=args.precision == "bf16"):
            logits = call(window[:, :-1])
        loss = F.cross_entropy(logits.float().reshape(-1, VOCABULARY), window[:, 1:].reshape(-1))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if not math.isfinite(loss.item()):
            raise RuntimeError("diverged")
        times.append(time.perf_counter() - begin)
    return time.perf_counter() - start, statistics.median(times), sum(p.numel() for p in model.parameters())


def train_weft(genome, args):
    command = [ROOT / "build/release/train_benchmark", json.dumps(genome), str(args.steps), str(BATCH), str(args.threads), args.precision, args.device]
    outcome = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return outcome["measured"]["train_s"], outcome["metrics"]["params"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    data, tokens = corpus(), BATCH * CONTEXT
    print(f"{args.steps} steps of {tokens} tokens, {args.threads} threads, {args.precision}, {args.device}; median of {args.rounds} rounds, tokens/s")
    print(f"{'candidate':34} {'weft':>9} {'eager':>9} {'ratio':>6} {'compiled, steady':>17} {'ratio':>6}   whole candidate: weft, compiled")
    for genome in CANDIDATES:
        rounds = []
        for _ in range(args.rounds):
            weft_s, weft_params = train_weft(genome, args)
            eager_s, _, params = train_torch(genome, data, args, compiled=False)
            compiled_s, compiled_step, _ = train_torch(genome, data, args, compiled=True)
            assert params == weft_params, (params, weft_params)
            rounds.append((weft_s, eager_s, compiled_s, compiled_step))
        weft_s, eager_s, compiled_s, compiled_step = (statistics.median(column) for column in zip(*rounds))
        speed = args.steps * tokens
        name = f"{genome['block']} {genome['embed_dim']}x{genome['depth']}, {int(params):,} parameters"
        print(f"{name:34} {speed / weft_s:9.0f} {speed / eager_s:9.0f} {eager_s / weft_s:6.2f} {tokens / compiled_step:17.0f} {compiled_step * args.steps / weft_s:6.2f}   {weft_s:.1f} s, {compiled_s:.1f} s", flush=True)


if __name__ == "__main__":
    main()
