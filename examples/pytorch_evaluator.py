#!/usr/bin/env python3
"""An evaluator of one's own for weft, in plain PyTorch.

weft starts this program for each candidate and writes one JSON object to its standard input:

    {"genome": {...}, "budget": 1.0, "test": false, "seed": 123, "task": {...}, "threads": 1, "device": "cpu"}

The program prints JSON objects of numbers, a line each: with "step" a point of the learning curve, without it metrics. Names
that start with test_ are kept from the search, names that end in _s are times. Anything else that it prints is ignored, and an
exit code other than 0 makes the candidate a failure.

Try it alone:
    echo '{"genome": {"embed_dim": 64, "depth": 2, "num_heads": [2, 4], "mlp_ratio": [2, 4]}, "budget": 1, "test": false,
           "seed": 1, "task": {"context": 128}, "threads": 1, "device": "cpu"}' | .venv/bin/python examples/pytorch_evaluator.py
"""

import json
import sys
import warnings

warnings.filterwarnings("ignore", message="Failed to initialize NumPy")  # not needed here

import torch
import torch.nn as nn
import torch.nn.functional as F

STEPS, BATCH = 60, 8


class Block(nn.Module):
    def __init__(self, width, heads, ratio):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, ratio * width), nn.Linear(ratio * width, width)

    def forward(self, x):
        batch, time, width = x.shape
        q, k, v = (part.view(batch, time, self.heads, -1).transpose(1, 2) for part in self.qkv(self.norm1(x)).chunk(3, -1))
        a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(a.transpose(1, 2).reshape(batch, time, width))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Model(nn.Module):
    def __init__(self, genome, context):
        super().__init__()
        width = genome["embed_dim"]
        self.embedding, self.position = nn.Embedding(256, width), nn.Embedding(context, width)
        self.blocks = nn.Sequential(*(Block(width, h, r) for h, r in zip(genome["num_heads"], genome["mlp_ratio"])))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 256, bias=False)

    def forward(self, tokens):
        x = self.embedding(tokens) + self.position(torch.arange(tokens.size(1), device=tokens.device))
        return self.head(self.norm(self.blocks(x)))


def read_glosses():
    text = []
    for part in ("noun", "verb", "adj", "adv"):
        for line in open(f"/usr/share/wordnet/data.{part}", encoding="utf-8"):
            if "| " in line:
                text.append(line.split("| ", 1)[1].strip())
    data = torch.tensor(list("\n".join(text).encode()), dtype=torch.uint8)
    a, b = int(0.8 * len(data)), int(0.9 * len(data))
    return data[:a], data[a:b], data[b:]


def windows(data, context, count, generator):
    starts = torch.randint(len(data) - context - 1, (count,), generator=generator)
    return torch.stack([data[s : s + context + 1] for s in starts]).long()


def main():
    request = json.load(sys.stdin)
    torch.set_num_threads(request["threads"])
    torch.manual_seed(request["seed"] % 2**63)
    context, device = request["task"]["context"], request["device"]
    train, held_out, sealed = read_glosses()
    order = torch.Generator().manual_seed(request["seed"] % 2**63)
    validation = windows(held_out, context, 64, torch.Generator().manual_seed(0)).to(device)
    model = Model(request["genome"], context).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.1)

    def loss_of(batch):
        return F.cross_entropy(model(batch[:, :-1]).flatten(0, 1), batch[:, 1:].flatten())

    steps = max(1, round(STEPS * request["budget"]))
    for step in range(1, steps + 1):
        loss = loss_of(windows(train, context, BATCH, order).to(device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 20 == 0 or step == steps:
            with torch.no_grad():
                val_loss = loss_of(validation).item()
            print(json.dumps({"step": step, "train_loss": loss.item(), "val_loss": val_loss}), flush=True)
    result = {"val_loss": val_loss, "params": sum(p.numel() for p in model.parameters())}
    if request["test"]:
        test = windows(sealed, context, 64, torch.Generator().manual_seed(0)).to(device)
        with torch.no_grad():
            result["test_loss"] = loss_of(test).item()
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
