#!/usr/bin/env python3
"""The other sides of supernet_benchmark.py, which has the protocol: one process a rival.

  plain        weight entanglement as AutoFormer's paper has it (Chen et al. 2021, section 3.2), written in plain PyTorch: every
               layer takes the leading rows and columns of its largest weight, W[:out, :in], at every step
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
import torch.nn as nn
import torch.nn.functional as F
import yaml


class Sizes:
    """What a genome of the two spaces says, in numbers."""

    def __init__(self, genome):
        self.width, self.depth = genome["embed_dim"], genome["depth"]
        self.heads = genome["num_heads"][: self.depth]
        self.hidden = [round(ratio * self.width) for ratio in genome["mlp_ratio"][: self.depth]]


class Space:
    """What this file needs of a space's YAML."""

    def __init__(self, path):
        text = yaml.safe_load(open(path, encoding="utf-8"))
        self.causal = text["task"] == "language_model"
        self.head_size = text["layers"]["bind"]["S"]
        self.context = text["input"].get("context")
        self.patch = text["stem"].get("patch")
        self.image = text["input"].get("image")
        self.classes = 256 if self.causal else text["input"]["classes"]
        if self.causal and text["stem"]["embedding"] != "bytes":
            self.classes = text["stem"]["embedding"]
        self.largest = extreme(text, max)


def extreme(text, pick):
    """The genome whose every gene is at its largest or smallest value."""
    values = {name: pick(gene.get("choice") or gene["range"]) for name, gene in text["genes"].items()}
    return {name: [value] * values["depth"] if text["genes"][name].get("per_layer") else value for name, value in values.items()}


def linear(x, layer, out):
    return F.linear(x, layer.weight[:out, : x.size(-1)], layer.bias[:out])


def normed(x, norm):
    width = x.size(-1)
    return F.layer_norm(x, (width,), norm.weight[:width], norm.bias[:width], norm.eps)


class Layer(nn.Module):
    def __init__(self, space, width, heads, hidden):
        super().__init__()
        self.size, self.causal = space.head_size, space.causal
        inner = heads * self.size
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * inner), nn.Linear(inner, width)
        self.up, self.down = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def attention(self, x, heads, rotary):
        batch, time_, width = x.shape
        inner = heads * self.size
        weight = self.qkv.weight.view(3, -1, self.qkv.in_features)[:, :inner, :width].reshape(3 * inner, width)
        bias = self.qkv.bias.view(3, -1)[:, :inner].reshape(-1)
        q, k, v = F.linear(x, weight, bias).view(batch, time_, 3, heads, self.size).permute(2, 0, 3, 1, 4)
        if rotary is not None:
            q, k = rotate(q, *rotary), rotate(k, *rotary)
        a = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        return linear(a.transpose(1, 2).reshape(batch, time_, inner), self.out, width)

    def forward(self, x, heads, hidden, rotary):
        a = self.attention(normed(x, self.norm1), heads, rotary)
        if not self.causal:
            x = x + a
        f = linear(F.gelu(linear(normed(x, self.norm2), self.up, hidden)), self.down, x.size(-1))
        return x + a + f if self.causal else x + f


def rotary_tables(time_, rotated):
    """Cosines and sines, [T, rotated], of the first half of each head (Su et al. 2021)."""
    theta = 10000.0 ** (-torch.arange(0, rotated, 2) / rotated)
    angle = torch.outer(torch.arange(time_), theta).repeat(1, 2)
    return angle.cos(), angle.sin()


def rotate(x, cosine, sine):
    turned, rest = x.split([cosine.size(-1), x.size(-1) - cosine.size(-1)], -1)
    first, second = turned.chunk(2, -1)
    return torch.cat(((turned * cosine + torch.cat((-second, first), -1) * sine).to(x.dtype), rest), -1)


class Net(nn.Module):
    """A network of the sizes given, of which any smaller one is the leading part: a supernet, or one network alone."""

    def __init__(self, space, sizes):
        super().__init__()
        self.causal, self.patch = space.causal, space.patch
        if space.causal:
            self.embedding = nn.Embedding(space.classes, sizes.width)
            tables = rotary_tables(space.context, space.head_size // 2)
            self.register_buffer("cosine", tables[0])
            self.register_buffer("sine", tables[1])
        else:
            channels, height, width = space.image
            places = height // self.patch * (width // self.patch) + 1
            self.patches = nn.Conv2d(channels, sizes.width, self.patch, self.patch)
            self.token = nn.Parameter(torch.empty(1, 1, sizes.width))
            self.position = nn.Parameter(torch.empty(1, places, sizes.width))
            self.head = nn.Linear(sizes.width, space.classes)
        self.layers = nn.ModuleList(Layer(space, sizes.width, h, f) for h, f in zip(sizes.heads, sizes.hidden))
        self.norm = nn.LayerNorm(sizes.width)
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, std=0.02)

    def stem(self, x, width):
        if self.causal:
            return F.embedding(x, self.embedding.weight[:, :width])
        x = F.conv2d(x, self.patches.weight[:width], self.patches.bias[:width], self.patch).flatten(2).transpose(1, 2)
        token = self.token[..., :width].expand(len(x), -1, -1)
        return torch.cat((token, x), 1) + self.position[..., :width]

    def forward(self, x, sizes):
        x = self.stem(x, sizes.width)
        rotary = (self.cosine[: x.size(1)], self.sine[: x.size(1)]) if self.causal else None
        for layer, heads, hidden in zip(self.layers, sizes.heads, sizes.hidden):
            x = layer(x, heads, hidden, rotary)
        x = normed(x, self.norm)
        if self.causal:
            return F.linear(x, self.embedding.weight[:, : sizes.width])
        return linear(x[:, 1:].mean(1), self.head, self.head.out_features)


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
