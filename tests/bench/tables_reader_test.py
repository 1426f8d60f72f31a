#!/usr/bin/env python3
"""The reader of tables in Python, on a small table that weft imports. Reads $WEFT_BINARY. Each test's name is what it says.

Ends with 77, which ctest counts as skipped, where there is no pandas.
"""

import importlib.util
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
WEFT = os.environ.get("WEFT_BINARY", str(ROOT / "build" / "release" / "weft"))
if importlib.util.find_spec("pandas") is None or importlib.util.find_spec("pyarrow") is None:
    print("no pandas in .venv: run scripts/setup.sh")
    sys.exit(77)
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "python"))
import weft_tables  # noqa: E402

# Genes of each kind: a flag, one of several types, one of each layer, one that is inactive in some layers.
SPACE = """name: small
task: language_model
genes:
  wide: {flag: true}
  depth: {range: [1, 3]}
  free: {choice: [0.5, true, "1"]}
  mixer: {choice: [attn, conv], per_layer: true}
  heads: {choice: [1, 2], per_layer: true, when: "mixer == 'attn'"}
require: ["wide or heads == 1", "free != 0.5 or depth > 0"]
layers: {count: depth, block: gpt2.block, bind: {D: 16, H: 2, R: 1}}
"""
MAPPING = """table:
  name: small
  space: small.yaml
  holds: sample
  fidelity_unit: epochs
  metrics:
    val_accuracy: {unit: fraction, goal: maximize}
    latency_s: {unit: s, goal: minimize, cost: true}
    val_loss: {unit: nat, goal: minimize, curve: true}
  notes: "a line, and\\u2028another: with \\"quotes\\""
  licence: CC0
  source: a test
read: {format: jsonl}
genome: {text: "{genome}"}
rows:
  - task: "{task}"
    fidelity: "{epochs}"
    seed: "{seed}"
    values:
      val_accuracy: {column: accuracy, unit: percent}
      latency_s: {column: latency, unit: ms}
      val_loss: {column: losses}
      curve_step: {column: steps}
"""
ONE = {"wide": False, "depth": 1, "free": 0.5, "mixer": ["conv"]}
TWO = {"wide": True, "depth": 2, "free": True, "mixer": ["attn", "conv"], "heads": [2, None]}
THREE = {"wide": True, "depth": 3, "free": "1", "mixer": ["conv", "attn", "attn"], "heads": [None, 1, 2]}
ROWS = [  # genome, task, epochs, seed, accuracy in percent, latency in ms, losses, steps
    (ONE, "a", 1, 0, 50, 2.5, [2, 1.5], [1, 2]), (ONE, "a", 4, 0, 62.5, 2.5, [1.5, 1.25], [2, 4]),
    (ONE, "b", 4, 7, 25, None, None, None), (TWO, "a", 4, 0, 75, 4, [1, 0.5], [2, 4]),
    (TWO, "a", 4, 7, 80, 4, [1, 0.25], [2, 4]), (THREE, "a", 4, 0, None, 8, [3], [4])]


class Reader(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        (cls.path / "small.yaml").write_text(SPACE)
        (cls.path / "mapping.yaml").write_text(MAPPING)
        names = ("task", "epochs", "seed", "accuracy", "latency", "losses", "steps")
        lines = [json.dumps({"genome": json.dumps(genome), **dict(zip(names, row))}) + "\n" for genome, *row in ROWS]
        (cls.path / "rows.jsonl").write_text("".join(lines))
        command = [WEFT, "table", "import", "mapping.yaml", "rows.jsonl", "-o", "table"]
        done = subprocess.run(command, cwd=cls.path, env={**os.environ, "WEFT_HOME": str(ROOT)}, capture_output=True, text=True,
                              timeout=60)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        cls.table = weft_tables.Table.load(cls.path / "table")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def changed(self, file, change):
        """The table's folder with one file changed."""
        copy = tempfile.TemporaryDirectory()
        self.addCleanup(copy.cleanup)
        for name in ("table.yaml", "table.parquet"):
            content = (self.path / "table" / name).read_bytes()
            (pathlib.Path(copy.name) / name).write_bytes(change(content) if name == file else content)
        return copy.name

    def test_every_cell_is_found_and_has_what_was_imported(self):
        self.assertEqual(len(self.table.frame), len(ROWS))
        for genome, task, epochs, seed, accuracy, latency, losses, steps in ROWS:
            cell = {"genome": genome, "task": task, "fidelity": epochs, "seed": seed}
            with self.subTest(**cell):
                row = self.table.frame.iloc[self.table.row(**cell)]
                self.assertEqual((row.task, row.fidelity, row.seed), (task, epochs, seed))
                for metric, unit, wanted in (("val_accuracy", "percent", accuracy), ("latency_s", "ms", latency)):
                    if wanted is not None:
                        self.assertAlmostEqual(self.table.value(**cell, metric=metric, unit=unit), wanted)
                if losses is not None:
                    self.assertEqual(self.table.value(**cell, metric="val_loss"), losses)
                    self.assertEqual(list(row.curve_step), steps)

    def test_a_score_is_in_the_tables_unit_where_none_is_named(self):
        self.assertEqual(self.table.value(TWO, "a", 4, 0, "val_accuracy"), 0.75)
        self.assertEqual(self.table.value(TWO, "a", 4, 0, "latency_s"), 0.004)

    def test_a_curve_is_in_the_unit_asked_for(self):
        bits = self.table.value(ONE, "a", 4, 0, "val_loss", unit="bit")
        self.assertAlmostEqual(bits[0] * 0.6931471805599453, 1.5)

    def test_a_cell_that_is_not_there_is_an_error(self):
        row, gene = "no row of this genome", "has no gene_"
        for cell, wanted in (((ONE, "a", 4, 7), row), ((THREE, "b", 4, 0), row), (({**ONE, "depth": 2}, "a", 4, 0), row),
                             (({**ONE, "free": True}, "a", 4, 0), row), (({**TWO, "heads": [1, None]}, "a", 4, 0), gene),
                             (({**THREE, "free": 1}, "a", 4, 0), gene), (({"depth": 2}, "a", 4, 0), gene)):
            with self.subTest(cell=cell), self.assertRaisesRegex(KeyError, wanted):
                self.table.value(*cell, "val_accuracy")

    def test_a_score_that_a_row_has_not_is_an_error(self):
        for cell in ((ONE, "b", 4, 7, "latency_s"), (ONE, "b", 4, 7, "val_loss"), (THREE, "a", 4, 0, "val_accuracy")):
            with self.subTest(cell=cell), self.assertRaisesRegex(KeyError, f"has no {cell[-1]} in this row"):
                self.table.value(*cell)

    def test_what_a_table_does_not_know_is_named(self):
        for cell, wanted in ((("c", 4, 0), "no task 'c'"), (("a", 2, 0), "no fidelity 2"), (("a", 4, 1), "no seed 1")):
            with self.subTest(cell=cell), self.assertRaisesRegex(KeyError, wanted):
                self.table.row(ONE, *cell)
        with self.assertRaisesRegex(KeyError, "no metric 'accuracy'; there are val_accuracy, latency_s, val_loss"):
            self.table.value(ONE, "a", 4, 0, "accuracy")

    def test_a_genome_of_other_genes_is_refused(self):
        for genome, wanted in (({**ONE, "width": 3}, "no gene 'width'"), ({**ONE, "mixer": "conv"}, "a list was expected"),
                               ({**THREE, "mixer": ["conv", "attn", "attn", "attn"]}, "has 3 layers")):
            with self.subTest(genome=genome), self.assertRaisesRegex(KeyError, wanted):
                self.table.row(genome, "a", 4, 0)
        with self.assertRaisesRegex(TypeError, "a dict of genes"):
            self.table.row("conv", "a", 4, 0)

    def test_a_unit_of_another_kind_is_refused(self):
        with self.assertRaisesRegex(ValueError, "'fraction' and 's' measure different things"):
            self.table.value(ONE, "a", 4, 0, "val_accuracy", unit="s")
        for unit in ("furlong", ""):
            with self.assertRaisesRegex(ValueError, f"no unit '{unit}'"):
                self.table.value(ONE, "a", 4, 0, "val_accuracy", unit=unit)

    def test_a_file_that_was_changed_is_refused(self):
        for change in (lambda content: content[:-1], lambda content: content[:100] + b"x" + content[101:]):
            with self.assertRaisesRegex(ValueError, "it was changed or cut short"):
                weft_tables.Table.load(self.changed("table.parquet", change))
        other = self.changed("table.yaml", lambda content: content.replace(b'"sha256":"', b'"sha256":"0'))
        with self.assertRaisesRegex(ValueError, "it was changed or cut short"):
            weft_tables.Table.load(other)
        self.assertEqual(len(weft_tables.Table.load(other, verify=False).frame), len(ROWS))

    def test_a_manifest_that_says_something_else_is_refused(self):
        for old, new, wanted in ((b"rows: 6", b"rows: 7", "has 6 rows, but its manifest says 7"),
                                 (b"table.parquet", b"../table.parquet", "the name of a file beside it"),
                                 (b"rows: 6", b"rows: six", "JSON was expected behind 'rows'")):
            with self.subTest(new=new), self.assertRaisesRegex(ValueError, wanted):
                weft_tables.Table.load(self.changed("table.yaml", lambda content, old=old, new=new: content.replace(old, new)))

    def test_the_manifest_is_what_weft_wrote(self):
        manifest = self.table.manifest
        self.assertEqual(manifest["notes"], 'a line, and\u2028another: with "quotes"')
        self.assertEqual(manifest["fidelity"], {"unit": "epochs", "values": [1, 4]})
        self.assertEqual(list(manifest["metrics"]), ["val_accuracy", "latency_s", "val_loss"])

    def test_only_the_metrics_asked_for_are_read(self):
        table = weft_tables.Table.load(self.path / "table", metrics=["val_loss"])
        self.assertEqual([name for name in table.frame if not name.startswith("gene_")],
                         ["task", "fidelity", "seed", "val_loss", "curve_step"])
        self.assertEqual(table.value(TWO, "a", 4, 7, "val_loss"), [1, 0.25])
        with self.assertRaisesRegex(KeyError, "the metric 'latency_s' was not read"):
            table.value(TWO, "a", 4, 7, "latency_s")
        self.assertNotIn("curve_step", weft_tables.Table.load(self.path / "table", metrics="latency_s").frame)
        with self.assertRaisesRegex(KeyError, "no metric 'nothing'"):
            weft_tables.Table.load(self.path / "table", metrics=["nothing"])

    def test_the_units_are_those_of_weft(self):
        text = (ROOT / "src" / "bench" / "units.cpp").read_text()
        known = re.findall(r'Unit\{"(\w+)", "(\w+)", ([\w:.+-]+)\}', text)
        self.assertEqual(len(known), len(weft_tables.UNITS))
        for name, base, factor in known:
            number = 0.6931471805599453 if factor == "std::numbers::ln2" else float(factor)
            self.assertEqual(weft_tables.UNITS[name], (base, number), name)


if __name__ == "__main__":
    unittest.main()
