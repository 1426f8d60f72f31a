"""Reads weft's NAS benchmark tables: a folder with a table.yaml and a Parquet file.

    table = weft_tables.Table.load("tables/nasbench201_12epoch")
    table.value(genome={"op_10": "nor_conv_3x3", ...}, task="cifar10", fidelity=12, seed=0,
                metric="val_accuracy", unit="percent")
    table.frame            # all of it, as pandas.DataFrame

Task, fidelity, seed and metric are always said. A cell that the table does not have is a KeyError, never a mean of others.
What cannot be right (a unit of another kind, a file that was changed) is a ValueError.
"""

import hashlib
import json
from pathlib import Path

import pandas

__all__ = ["Table"]

# As src/bench/units.cpp has them: the unit that tables hold, and how many of it a unit is.
UNITS = {
    "fraction": ("fraction", 1), "percent": ("fraction", 0.01),
    "s": ("s", 1), "ms": ("s", 1e-3), "us": ("s", 1e-6), "min": ("s", 60), "h": ("s", 3600),
    "J": ("J", 1), "mJ": ("J", 1e-3), "Wh": ("J", 3600), "kWh": ("J", 3.6e6),
    "byte": ("byte", 1), "KB": ("byte", 1e3), "MB": ("byte", 1e6), "GB": ("byte", 1e9),
    "KiB": ("byte", 1024), "MiB": ("byte", 1048576), "GiB": ("byte", 1073741824),
    "count": ("count", 1), "thousand": ("count", 1e3), "million": ("count", 1e6),
    "flop": ("flop", 1), "MFLOP": ("flop", 1e6), "GFLOP": ("flop", 1e9),
    "mac": ("flop", 2), "MMAC": ("flop", 2e6), "GMAC": ("flop", 2e9),
    "nat": ("nat", 1), "bit": ("nat", 0.6931471805599453), "perplexity": ("perplexity", 1),
    "per_s": ("per_s", 1), "score": ("score", 1),
}


def unit_factor(source, target):
    """What a value in `source` is multiplied with to be one in `target`."""
    for unit in (source, target):
        if unit not in UNITS:
            raise ValueError(f"no unit {unit!r}; there are {', '.join(UNITS)}")
    if UNITS[source][0] != UNITS[target][0]:
        raise ValueError(f"{source!r} and {target!r} measure different things")
    return UNITS[source][1] / UNITS[target][1]


def _read_manifest(path):
    """A key a line with JSON behind it, as weft writes it; metrics stand indented below theirs."""
    manifest, inner = {}, None
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        key, _, text = line.strip().partition(":")
        try:
            value = json.loads(text) if text.strip() else {}
        except json.JSONDecodeError as error:
            raise ValueError(f"{path}:{number}: JSON was expected behind {key!r}") from error
        if not line.startswith(" "):
            manifest[key], inner = value, value
        elif isinstance(inner, dict):
            inner[key] = value
        else:
            raise ValueError(f"{path}:{number}: an indented key below a single value")
    return manifest


class Table:
    """A table in memory. `manifest` is table.yaml as a dict, `frame` the rows as pandas.DataFrame."""

    def __init__(self, manifest, frame):
        self.manifest = manifest
        self.frame = frame
        self._genes = [name for name in frame.columns if name.startswith("gene_")]
        self._texts = {name: {text for text in frame[name].unique() if isinstance(text, str)} for name in self._genes}
        self._index = None

    @classmethod
    def load(cls, path, metrics=None, verify=True):
        """Reads a table's folder; `metrics` names those to read (default: all), and curves come with their `curve_step`.
        ValueError where the file is another than the manifest says, which takes a reading of it; `verify=False` spares that."""
        path = Path(path)
        manifest_path = path / "table.yaml" if path.is_dir() else path
        manifest = _read_manifest(manifest_path)
        if Path(manifest["file"]["name"]).name != manifest["file"]["name"]:
            raise ValueError(f"{manifest_path}: the name of a file beside it was expected, not {manifest['file']['name']!r}")
        parquet = manifest_path.parent / manifest["file"]["name"]
        if verify:
            digest = hashlib.sha256(parquet.read_bytes()).hexdigest()
            if digest != manifest["file"]["sha256"]:
                raise ValueError(f"{parquet} is not the file that {manifest_path} describes: it was changed or cut short")
        columns = None
        if metrics is not None:
            metrics = [metrics] if isinstance(metrics, str) else list(metrics)
            unknown = [name for name in metrics if name not in manifest["metrics"]]
            if unknown:
                raise KeyError(f"no metric {unknown[0]!r}; there are {', '.join(manifest['metrics'])}")
            import pyarrow.parquet

            names = pyarrow.parquet.read_schema(parquet).names
            wanted = {"task", "fidelity", "seed", *metrics}
            if any(manifest["metrics"][name].get("curve") for name in metrics):
                wanted.add("curve_step")
            columns = [name for name in names if name.startswith("gene_") or name in wanted]
        frame = pandas.read_parquet(parquet, columns=columns)
        if len(frame) != manifest["rows"]:
            raise ValueError(f"{parquet} has {len(frame)} rows, but its manifest says {manifest['rows']}")
        return cls(manifest, frame)

    def _key(self, genome):
        """A genome's columns. Genes of each layer are lists; what stands beyond a list is inactive."""
        if not isinstance(genome, dict):
            raise TypeError(f"a dict of genes was expected, not {genome!r}: this reader does not know a space's notation")
        values, layers = [], {}
        for column in self._genes:
            name, layer = column[len("gene_"):], None
            start, _, last = name.rpartition("_")
            if name not in genome and last.isdigit() and start in genome:
                name, layer = start, int(last)
            value = genome.get(name)
            if layer is not None:
                if not isinstance(value, (list, tuple)):
                    raise KeyError(f"gene {name!r} has a value for each layer: a list was expected, not {value!r}")
                value = value[layer] if layer < len(value) else None
            layers[name] = max(layers.get(name, 0), 0 if layer is None else layer + 1)
            values.append(self._cell(column, value))
        for name, value in genome.items():
            if name not in layers:
                raise KeyError(f"the table {self.manifest['name']} has no gene {name!r}")
            if isinstance(value, (list, tuple)) and len(value) > layers[name]:
                raise KeyError(f"gene {name!r} has {len(value)} values; the table {self.manifest['name']} has "
                               f"{layers[name]} layers")
        return tuple(values)

    def _cell(self, column, value):
        """A gene's value as its column has it: where values are of several types, as JSON."""
        if value is None or not self._texts[column]:
            return value
        written = json.dumps(value, ensure_ascii=False)
        return written if written in self._texts[column] else value

    def row(self, genome, task, fidelity, seed):
        """The number of a cell's row. KeyError where there is none."""
        if self._index is None:
            columns = [[None if no else value for value, no in zip(self.frame[name].tolist(), self.frame[name].isna())]
                       for name in [*self._genes, "task", "fidelity", "seed"]]
            self._index = {key: number for number, key in enumerate(zip(*columns))}
        for name, value, known in (("task", task, self.manifest["tasks"]),
                                   ("fidelity", fidelity, self.manifest["fidelity"]["values"]),
                                   ("seed", seed, self.manifest["seeds"])):
            if value not in known:
                raise KeyError(f"the table {self.manifest['name']} has no {name} {value!r}; it has {known}")
        key = self._key(genome)
        number = self._index.get(key + (task, fidelity, seed))
        if number is None:
            self._refuse_unknown(key)
            raise KeyError(f"the table {self.manifest['name']} has no row of this genome for that task, fidelity and seed")
        return number

    def _refuse_unknown(self, key):
        """KeyError for the first gene with a value that no row has."""
        for column, value in zip(self._genes, key):
            known = self.frame[column]
            known = [None] * bool(known.isna().any()) + sorted(known.dropna().unique().tolist())
            if value not in known:
                shown = ", ".join(map(repr, known[:12])) + (", ..." if len(known) > 12 else "")
                raise KeyError(f"the table {self.manifest['name']} has no {column} {value!r}; it has {shown}")

    def value(self, genome, task, fidelity, seed, metric, unit=None):
        """A score, in the table's unit or in `unit`; of a curve the list. KeyError where there is none."""
        if metric not in self.manifest["metrics"]:
            raise KeyError(f"no metric {metric!r}; there are {', '.join(self.manifest['metrics'])}")
        if metric not in self.frame:
            raise KeyError(f"the metric {metric!r} was not read")
        own = self.manifest["metrics"][metric]["unit"]
        factor = unit_factor(own, own if unit is None else unit)
        found = self.frame[metric].iloc[self.row(genome, task, fidelity, seed)]
        if hasattr(found, "__len__") and len(found) > 0:
            return [float(one) * factor for one in found]
        if hasattr(found, "__len__") or pandas.isna(found):
            raise KeyError(f"the table {self.manifest['name']} has no {metric} in this row")
        return float(found) * factor
