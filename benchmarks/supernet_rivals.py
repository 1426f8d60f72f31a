#!/usr/bin/env python3
"""The other sides of supernet_benchmark.py, which has the protocol: one process a rival.

  plain        weight entanglement as AutoFormer's paper has it, in plain PyTorch: supernet_plain.py
  whittle      whittle's GPT, which is litgpt's, changed by set_sub_network as its sandwich strategy does
  contiguous   no supernet: each sub-network as a network of its own, with its own weights and optimiser; a bound
  peak         no network: the matrix products that the machine reaches

Usage: supernet_rivals.py NAME, by supernet_benchmark.py, in its virtual environment.
"""

import contextlib
import json
import math
import sys
import time

import torch
import torch.nn.functional as F
from supernet_plain import Net, Sizes, Space


class Rival:
    """A supernet under training: data, precision, optimiser and clocks are the same for all."""

    def __init__(self, config):
        self.config, self.space = config, Space(config["space"])
        torch.set_num_threads(config["threads"])
        torch.manual_seed(1)
        self.spent = {}
        self.make_data()
        self.prepare()

    def make_data(self):
        """One batch, used again and again: what it holds does not change the time of a step."""
        batch, space = self.config["batch"], self.space
        if space.causal:
            tokens = torch.randint(space.classes, (batch, self.config["context"] + 1))
            self.inputs, self.targets = tokens[:, :-1].contiguous(), tokens[:, 1:].reshape(-1)
        else:
            self.inputs, self.targets = torch.randn(batch, *space.image), torch.randint(space.classes, (batch,))

    def adamw(self, parameters):
        return torch.optim.AdamW(parameters, lr=self.config["lr"], betas=(0.9, 0.95), weight_decay=0.1, fused=self.config["fused"])

    @contextlib.contextmanager
    def clock(self, part):
        start = time.perf_counter()
        yield
        self.spent[part] = self.spent.get(part, 0.0) + time.perf_counter() - start

    def autocast(self):
        return torch.autocast("cpu", torch.bfloat16, enabled=self.config["precision"] == "bf16")

    def loss(self, run):
        with self.autocast():
            scores = run(self.inputs)
        return F.cross_entropy(scores.float().reshape(-1, scores.size(-1)), self.targets)

    def update(self, optimizer):
        with self.clock("adamw"):
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

    def step(self, genomes):
        """One update from the gradients of all genomes: seconds, and how many of them went into what."""
        self.spent, start, total = {}, time.perf_counter(), 0.0
        for genome in genomes:
            loss = self.one(genome)
            loss.backward()
            total += loss.detach()
        self.update(self.optimizer)
        value = float(total)
        return {"seconds": time.perf_counter() - start, "loss": value / len(genomes), **self.spent}


class Plain(Rival):
    def prepare(self):
        self.net = Net(self.space, Sizes(self.space.largest))
        self.optimizer = self.adamw(self.net.parameters())

    def one(self, genome):
        sizes = Sizes(genome)
        return self.loss(lambda x: self.net(x, sizes))

    def parameters(self, genome):
        return sum(p.numel() for p in Net(self.space, Sizes(genome)).parameters())


class Contiguous(Plain):
    """Networks of one step alone are made before its clock starts; each has had one step before the one that counts."""

    def prepare(self):
        self.made = {}

    def network(self, genome):
        key = json.dumps(genome, sort_keys=True)
        if key not in self.made:
            if len(self.made) > 12:
                self.made.pop(next(iter(self.made)))
            net = Net(self.space, Sizes(genome))
            self.made[key] = net, self.adamw(net.parameters())
            self.train(*self.made[key], Sizes(genome))
        return *self.made[key], Sizes(genome)

    def train(self, net, optimizer, sizes):
        loss = self.loss(lambda x: net(x, sizes))
        loss.backward()
        self.update(optimizer)
        return float(loss.detach())

    def step(self, genomes):
        networks = [self.network(genome) for genome in genomes]
        self.spent, start, total = {}, time.perf_counter(), 0.0
        for network in networks:
            total += self.train(*network)
        return {"seconds": time.perf_counter() - start, "loss": total / len(genomes), **self.spent}


class Whittle(Rival):
    def prepare(self):
        from litgpt import Config
        from whittle.models.gpt import GPT

        space, sizes = self.space, Sizes(self.space.largest)
        if not space.causal:
            raise SystemExit("whittle has no vision transformer")
        config = Config(
            name="gpt_s_narrow", block_size=self.config["context"], n_layer=sizes.depth, n_embd=sizes.width, n_head=sizes.heads[0],
            head_size=space.head_size, intermediate_size=sizes.hidden[0], vocab_size=space.classes, padded_vocab_size=space.classes,
            rotary_percentage=0.5, parallel_residual=True, bias=True)
        config.tie_embeddings = True
        self.net = GPT(config)
        self.net.apply(self.net._init_weights)
        self.net.tie_weights()
        self.optimizer = self.adamw(self.net.parameters())

    def select(self, genome):
        sizes = Sizes(genome)
        self.net.set_sub_network(sub_network_n_embd=sizes.width, sub_network_intermediate_size=sizes.hidden,
                                 sub_network_num_heads=sizes.heads, sub_network_n_layers=sizes.depth)

    def one(self, genome):
        with self.clock("change"):
            self.net.reset_super_network()
            if genome != self.space.largest:
                self.select(genome)
        return self.loss(self.net)

    def parameters(self, genome):
        from whittle.metrics.parameters import compute_parameters

        self.select(genome)
        return int(compute_parameters(self.net)) - self.space.classes * genome["embed_dim"]  # it counts a tied matrix twice


class Peak(Rival):
    def prepare(self):
        self.type = torch.bfloat16 if self.config["precision"] == "bf16" else torch.float32
        self.size = 256

    def step(self, _):
        """The best of a second's products of square matrices, which grow while one takes less than 30 ms: FLOP/s."""
        best, end = 0.0, time.perf_counter() + 1.0
        while time.perf_counter() < end:
            a = torch.randn(self.size, self.size).to(self.type)
            start = time.perf_counter()
            a @ a
            seconds = time.perf_counter() - start
            best = max(best, 2 * self.size**3 / seconds)
            if seconds < 0.03 and self.size < 4096:
                self.size *= 2
        return {"seconds": 1.0, "flops": best}


def memory(field):
    """Bytes of the process, peak (VmHWM) or present (VmRSS)."""
    for line in open("/proc/self/status", encoding="utf-8"):
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    return 0


def fill(net):
    """Weights that hang on their place alone, so that two implementations are the same network without naming any."""
    for name, parameter in net.named_parameters():
        parts = parameter.data.chunk(3) if "qkv" in name else [parameter.data]
        scale = ("norm" in name or "ln_f" in name) and name.endswith("weight")
        for part in parts:
            rows = torch.arange(len(part), dtype=torch.float32)
            if part.dim() == 2:
                part.copy_(0.15 * torch.sin(0.37 * rows[:, None] + 0.73 * torch.arange(part.size(1)) + 0.1))
            else:
                part.copy_(0.1 * torch.cos(rows) + (1.0 if scale else 0.0))


def check(rival, genome):
    """The loss of a sub-network under fill(), before any training."""
    fill(rival.net)
    count = rival.targets.numel()
    rival.inputs = (torch.arange(rival.inputs.numel()).view_as(rival.inputs) * 7) % rival.space.classes
    rival.targets = (torch.arange(count) * 7 + 7) % rival.space.classes
    with torch.no_grad():
        return float(rival.one(genome))


def answer(rival, request):
    if "step" in request:
        return rival.step(request["step"])
    if "parameters" in request:
        return {"parameters": rival.parameters(request["parameters"])}
    if "check" in request:
        return {"loss": check(rival, request["check"])}
    return {"bytes": memory("VmHWM"), "before_bytes": rival.before}


def main():
    kinds = {"plain": Plain, "whittle": Whittle, "contiguous": Contiguous, "peak": Peak}
    rival = None
    for line in sys.stdin:
        request = json.loads(line)
        if request.get("quit"):
            return
        if "config" in request:
            before = memory("VmRSS")
            rival = kinds[sys.argv[1]](request["config"])
            rival.before, reply = before, {"ready": True}
        else:
            reply = answer(rival, request)
        if not all(math.isfinite(value) for value in reply.values()):
            raise SystemExit(f"diverged: {reply}")
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
