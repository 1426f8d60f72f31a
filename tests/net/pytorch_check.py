"""Runs exported models: python pytorch_check.py FOLDER. Each folder in it holds model.py, model.safetensors,
expected.safetensors (input, scores, and both in float64) and how it is to be compiled. Prints what failed."""

import importlib.util
import json
import sys
import time
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")
import torch
from safetensors.torch import load_file

torch.set_num_threads(1)


def difference(got, wanted):
    """The largest difference, over the largest value where that is above 1; fails on NaN."""
    assert got.shape == wanted.shape, f"{tuple(got.shape)} instead of {tuple(wanted.shape)}"
    assert torch.isfinite(wanted).all(), "weft's own scores are not finite"
    return ((got - wanted).abs().max() / wanted.abs().max().clamp(min=1)).item()


def check(folder, worst):
    spec = importlib.util.spec_from_file_location(f"model_{folder.name}", folder / "model.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    expected = load_file(folder / "expected.safetensors")
    how = json.loads((folder / "how.json").read_text())
    x, wanted = expected["input"], expected["scores"]
    with torch.no_grad():
        model = module.load()
        frozen = {name for name, weight in model.named_parameters() if not weight.requires_grad}
        assert frozen == set(how["frozen"]), f"frozen: {sorted(frozen)}"
        assert set(model.state_dict()) == set(load_file(folder / "model.safetensors")), "other keys"

        def compare(what, callable, most):
            error = difference(callable(x), wanted)
            worst[what] = max(worst.get(what, 0), error)
            assert error <= most, f"{what}: {error:.1e} beside weft's scores"

        compare("eager", model, 1e-5)
        if "export" in how:
            compare("torch.export", torch.export.export(model, (x,)).module(), 1e-5)
        for backend in how.get("compile", []):
            torch._dynamo.reset()
            compare(f"torch.compile {backend}", torch.compile(model, backend=backend, fullgraph=True), 1e-4)
        y = x.double() if x.is_floating_point() else x
        error = difference(model.double()(y), expected["scores64"])
        worst["float64"] = max(worst.get("float64", 0), error)
        assert error <= 1e-10, f"float64: {error:.1e} beside weft's scores"


failed, worst, start = 0, {}, time.time()
folders = sorted(path for path in Path(sys.argv[1]).iterdir() if path.is_dir())
for folder in folders:
    begun = time.time()
    try:
        check(folder, worst)
    except Exception as error:
        failed += 1
        print(f"FAILED {folder.name}: {type(error).__name__}: {str(error)[:600]}")
    if time.time() - begun > 5 or "-v" in sys.argv:
        print(f"{folder.name}: {time.time() - begun:.1f} s", flush=True)
print(f"{len(folders)} models in {time.time() - start:.0f} s, {failed} failed; largest differences: "
      + ", ".join(f"{what} {error:.1e}" for what, error in worst.items()))
sys.exit(1 if failed else 0)
