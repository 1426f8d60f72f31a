"""Weight entanglement in plain PyTorch, for supernet_rivals.py: a network of the spaces in spaces/, of which any smaller one is
the leading part (Chen et al. 2021, section 3.2). Every layer takes the leading rows and columns of its largest weight,
W[:out, :in], at every step."""

import torch
import torch.nn as nn
import torch.nn.functional as F
import yaml
from supernet_benchmark import extreme


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
