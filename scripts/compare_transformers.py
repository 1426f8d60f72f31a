#!/usr/bin/env python3
"""Shows that GPT-2 and ViT as genomes are the models of Hugging Face's transformers.

    scripts/compare_transformers.py           GPT-2 small and ViT-B/16, in float32 and float64
    scripts/compare_transformers.py --quick   a small GPT-2 and ViT-Ti/16

Models are made from their configurations with random weights, so nothing is downloaded but Python packages, once, into
build/compare-transformers. Their weights are copied into weft's, both read the same input, and the largest differences
of the logits are printed. Exits 1 where one in float32 is above 1e-5.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import venv

ROOT = pathlib.Path(__file__).resolve().parent.parent
WEFT = os.environ.get("WEFT_BINARY", str(ROOT / "build" / "release" / "weft"))
VENV = ROOT / "build" / "compare-transformers"
TORCH, PACKAGES = "2.13.0", ["transformers==4.57.6", "safetensors==0.8.0", "numpy"]
TOLERANCE = 1e-5


def install():
    """Makes the virtual environment once; a CPU build of torch where there is one."""
    python, done = VENV / "bin" / "python", VENV / "installed"
    wanted = "\n".join([TORCH, *PACKAGES])
    if done.exists() and done.read_text() == wanted:
        return python
    venv.create(VENV, with_pip=True, clear=True)
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    index = ["--extra-index-url", os.environ["WEFT_TORCH_INDEX"]] if os.environ.get("WEFT_TORCH_INDEX") else []
    if subprocess.run([*pip, *index, f"torch=={TORCH}+cpu"]).returncode != 0:
        subprocess.run([*pip, *index, f"torch=={TORCH}"], check=True)
    subprocess.run([*pip, *PACKAGES], check=True)
    done.write_text(wanted)
    return python


def randomise(model):
    """Biases and norms of a fresh model are 0 and 1: move them, so that a mix-up shows."""
    import torch

    generator = torch.Generator().manual_seed(1)
    for parameter in model.parameters():
        parameter.data += 0.02 * torch.randn(parameter.shape, generator=generator)


def linear(state, name, transposed=False):
    weight = state[name + ".weight"]
    return [weight.T if transposed else weight, state[name + ".bias"]]


def norm(state, name):
    return [state[name + ".weight"], state[name + ".bias"]]


def gpt2(quick):
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    width, layers, heads = (384, 6, 6) if quick else (768, 12, 12)
    model = GPT2LMHeadModel(GPT2Config(n_embd=width, n_layer=layers, n_head=heads, attn_implementation="eager")).eval()
    randomise(model)
    state = model.state_dict()
    weights = [state["transformer.wte.weight"], state["transformer.wpe.weight"]]
    for i in range(layers):
        block = f"transformer.h.{i}."
        weights += norm(state, block + "ln_1")
        fused, bias = linear(state, block + "attn.c_attn", transposed=True)
        for weight_part, bias_part in zip(fused.split(width), bias.split(width)):
            weights += [weight_part, bias_part]
        weights += linear(state, block + "attn.c_proj", transposed=True) + norm(state, block + "ln_2")
        weights += linear(state, block + "mlp.c_fc", transposed=True) + linear(state, block + "mlp.c_proj", transposed=True)
    weights += norm(state, "transformer.ln_f")
    genome = {"n_embd": width, "n_layer": layers, "n_head": heads, "n_inner": 4}
    return model, "gpt2", genome, weights, torch.randint(50257, (2, 256), generator=torch.Generator().manual_seed(2))


def vit(quick):
    import torch
    from transformers import ViTConfig, ViTForImageClassification

    width, heads = (192, 3) if quick else (768, 12)
    config = ViTConfig(hidden_size=width, num_attention_heads=heads, intermediate_size=4 * width, num_labels=1000,
                       attn_implementation="eager")
    model = ViTForImageClassification(config).eval()
    randomise(model)
    state = model.state_dict()
    embeddings = "vit.embeddings."
    weights = [state[embeddings + "patch_embeddings.projection.weight"].flatten(1),
               state[embeddings + "patch_embeddings.projection.bias"], state[embeddings + "cls_token"].flatten(),
               state[embeddings + "position_embeddings"][0]]
    for i in range(config.num_hidden_layers):
        block = f"vit.encoder.layer.{i}."
        weights += norm(state, block + "layernorm_before")
        for part in ("query", "key", "value"):
            weights += linear(state, block + "attention.attention." + part)
        weights += linear(state, block + "attention.output.dense") + norm(state, block + "layernorm_after")
        weights += linear(state, block + "intermediate.dense") + linear(state, block + "output.dense")
    weights += norm(state, "vit.layernorm") + linear(state, "classifier")
    genome = {"hidden_size": width, "num_layers": 12, "num_heads": heads, "mlp_ratio": 4}
    return model, "vit", genome, weights, torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(2))


def weft(*arguments):
    return subprocess.run([WEFT, "model", *arguments], stdout=subprocess.PIPE, text=True, check=True).stdout


def weft_logits(space, genome, weights, inputs, dtype):
    from safetensors.torch import load_file, save_file

    names = json.loads(weft("weights", space, genome))
    if len(names) != len(weights):
        sys.exit(f"{space}: weft has {len(names)} weights, transformers {len(weights)}")
    tensors = {}
    for (name, shape), tensor in zip(names, weights):
        if list(tensor.shape) != shape:
            sys.exit(f"{space}: {name} is {shape}, in transformers {list(tensor.shape)}")
        tensors[name] = tensor.to(dtype).contiguous()
    with tempfile.TemporaryDirectory() as folder:
        files = [str(pathlib.Path(folder) / name) for name in ("weights", "input", "logits")]
        save_file(tensors, files[0])
        save_file({"input": inputs if not inputs.is_floating_point() else inputs.to(dtype)}, files[1])
        weft("forward", space, genome, "--weights", files[0], "--input", files[1], "--output", files[2])
        return load_file(files[2])["logits"]


def compare(make, quick):
    import torch

    model, space, genome, weights, inputs = make(quick)
    genome = json.dumps(genome)
    params = json.loads(weft("count", space, genome, "--json"))["params"]
    own = model.num_parameters()
    print(f"{space} {genome}: {params:,} parameters; transformers {own:,}", flush=True)
    worst = 0 if params == own else float("inf")
    for dtype in (torch.float32, torch.float64):
        model = model.to(dtype)
        with torch.no_grad():
            wanted = model(inputs if not inputs.is_floating_point() else inputs.to(dtype)).logits
        difference = (weft_logits(space, genome, weights, inputs, dtype) - wanted).abs().max().item()
        print(f"  {str(dtype)[6:]}: logits up to {wanted.abs().max().item():.3f}, largest difference {difference:.2e}", flush=True)
        worst = max(worst, difference) if dtype == torch.float32 else worst
    return worst <= TOLERANCE


def main():
    if sys.argv[1:] not in ([], ["--quick"]):
        sys.exit("usage: scripts/compare_transformers.py [--quick]")
    if pathlib.Path(sys.prefix).resolve() != VENV.resolve():
        python = install()
        os.execv(python, [str(python), __file__, *sys.argv[1:]])
    import torch

    torch.set_num_threads(2)
    results = [compare(make, bool(sys.argv[1:])) for make in (gpt2, vit)]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
