"""The proxies in PyTorch, from their papers and published code: python proxies_check.py FOLDER. Each folder in it holds an
exported model, batches.safetensors (input0, target0, input1, ...) and expected.json, weft's scores. Everything is in
float64. Prints the largest differences, and what failed."""

import importlib.util
import json
import sys
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")
import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

torch.set_num_threads(1)
ACTIVATIONS = {"relu", "leaky_relu", "gelu", "silu", "sigmoid", "tanh", "softplus", "logsigmoid", "log_sigmoid",
               "softsign"}


class Subject:
    def __init__(self, folder):
        spec = importlib.util.spec_from_file_location(f"model_{folder.name}", folder / "model.py")
        self.module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.module)
        tensors = load_file(folder / "batches.safetensors")
        self.batches = [(self.double(tensors[f"input{i}"]), tensors[f"target{i}"]) for i in range(len(tensors) // 2)]

    @staticmethod
    def double(x):
        return x.double() if x.is_floating_point() else x

    def model(self):
        return self.module.load().double().train()


def products(model):
    """Names and weights of linears and convolutions; of a tied head the table."""
    named = [(name, m.weight) for name, m in model.named_modules() if isinstance(m, (nn.Linear, nn.Conv1d, nn.Conv2d))]
    if hasattr(model, "token_embedding") and not hasattr(model, "head"):
        named.append(("head", model.token_embedding.weight))
    return [(name, weight) for name, weight in named if weight.requires_grad]


def loss_gradients(subject, batch):
    model = subject.model()
    x, target = subject.batches[batch]
    logits = model(x)
    F.cross_entropy(logits.flatten(0, -2), target.flatten()).backward()
    return [(weight.detach(), torch.zeros_like(weight) if weight.grad is None else weight.grad)
            for _, weight in products(model)]


def grad_norm(subject):
    return sum(gradient.norm() for _, gradient in loss_gradients(subject, 0))


def snip(subject):
    return sum((weight * gradient).abs().sum() for weight, gradient in loss_gradients(subject, 0))


def zico(subject):
    batches = [loss_gradients(subject, i) for i in range(len(subject.batches))]
    total = 0
    for of_batches in zip(*batches):
        gradients = torch.stack([gradient.flatten() for _, gradient in of_batches])
        deviation = ((gradients - gradients.mean(0)) ** 2).mean(0).sqrt()
        some = deviation != 0
        ratio = (gradients.abs().mean(0)[some] / deviation[some]).sum()
        total += ratio.log() if ratio != 0 else 0
    return total


def jacob_cov(subject):
    model, x = subject.model(), subject.batches[0][0]
    seen = [x]
    if x.is_floating_point():
        x.requires_grad_(True)
    else:
        model.token_embedding.register_forward_hook(lambda module, inputs, output: seen.append(output))
    y = model(x)
    jacobian, = torch.autograd.grad(y, seen[-1], torch.ones_like(y))
    x.requires_grad_(False)
    rows = jacobian.flatten(1) - jacobian.flatten(1).mean(1, keepdim=True)
    rows = rows / rows.norm(dim=1, keepdim=True)
    values = torch.linalg.eigvals(rows @ rows.T).real + 1e-5
    return -(values.log() + 1 / values).sum()


class Watch(TorchFunctionMode):
    """Sees calls of activation functions and of attention."""

    def __init__(self):
        super().__init__()
        self.kernel, self.heads = 0, []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        output = func(*args, **kwargs)
        name = getattr(func, "__name__", "")
        if name in ACTIVATIONS:
            code = (args[0].flatten(1) > 0).double()
            self.kernel = self.kernel + code @ code.T + (1 - code) @ (1 - code).T
        if name == "scaled_dot_product_attention":
            self.attention(*args[:2], *args[3:], **{
k: v for k, v in kwargs.items() if k != "scale"})
        if name == "softmax" and args[0].dim() == 4:
            self.heads.append(output.max(-1).values.mean((0, 2)))
        return output

    def attention(self, q, k, attn_mask=None, is_causal=False, enable_gqa=False):
        k = k.repeat_interleave(q.shape[1] // k.shape[1], 1) if enable_gqa else k
        scores = q @ k.mT / q.shape[-1] ** 0.5
        if is_causal:
            attn_mask = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
        if attn_mask is not None and attn_mask.dtype == torch.bool:
            scores = scores.masked_fill(~attn_mask, float("-inf"))
        elif attn_mask is not None:
            scores = scores + attn_mask
        self.heads.append(scores.exp().div(scores.exp().sum(-1, keepdim=True)).max(-1).values.mean((0, 2)))


def watched(subject):
    watch = Watch()
    with torch.no_grad(), watch:
        subject.model()(subject.batches[0][0])
    return watch


def naswot(subject):
    return torch.linalg.slogdet(watched(subject).kernel).logabsdet


def activation_distance(subject):
    return watched(subject).kernel.sum()


def head_confidence(subject):
    return torch.cat(watched(subject).heads).mean()


def synaptic(subject, norms, embed):
    """The products of absolute weights after a backward pass from the sum of the scores for ones."""
    model, x = subject.model(), subject.batches[0][0][:1]
    with torch.no_grad():
        for tensor in model.state_dict().values():
            tensor.abs_()
    for module in model.modules():
        if isinstance(module, norms):
            module.forward = lambda value: value
    if x.is_floating_point():
        x = torch.ones_like(x)
    else:
        table = model.token_embedding.weight
        model.token_embedding.forward = lambda tokens: embed(table).detach().expand(*tokens.shape, table.shape[1])
    model(x).sum().backward()
    return [(name, weight.detach(), torch.zeros_like(weight) if weight.grad is None else weight.grad)
            for name, weight in products(model)]


def synflow(subject):
    parts = synaptic(subject, (nn.LayerNorm, nn.RMSNorm, nn.BatchNorm2d), lambda table: torch.ones_like(table[0]))
    return sum((weight * gradient).abs().sum() for _, weight, gradient in parts)


def dss(subject):
    total = 0
    for name, weight, gradient in synaptic(subject, nn.BatchNorm2d, lambda table: table.sum(0)):
        role = name.split(".")[-1]
        if role.startswith(("query", "key", "value", "out")) and weight.dim() == 2:
            total += torch.linalg.matrix_norm(weight, "nuc") * torch.linalg.matrix_norm(gradient, "nuc")
        elif role != "patch_embedding":
            total += (weight * gradient).abs().sum()
    return total


def check(folder, worst):
    subject = Subject(folder)
    for name, wanted in json.loads((folder / "expected.json").read_text()).items():
        got = float(globals()[name](subject))
        error = abs(got - wanted) / max(abs(wanted), 1e-300)
        worst[name] = max(worst.get(name, 0), error)
        assert error <= 1e-4, f"{name}: {got} here, {wanted} in weft"  # fails on NaN


failed, worst = 0, {}
folders = sorted(path for path in Path(sys.argv[1]).iterdir() if path.is_dir())
for folder in folders:
    try:
        check(folder, worst)
    except Exception as error:
        failed += 1
        print(f"FAILED {folder.name}: {type(error).__name__}: {str(error)[:600]}")
print(f"{len(folders)} models, {failed} failed; largest relative differences: "
      + ", ".join(f"{name} {error:.1e}" for name, error in worst.items()))
sys.exit(1 if failed or not folders else 0)
