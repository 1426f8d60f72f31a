#!/usr/bin/env python3
"""Keeps the documentation true: keys, commands, examples, links, and that every data file is mentioned.

Reads $WEFT_BINARY. Each test's name is what it says.
"""

import itertools
import json
import os
import pathlib
import re
import shlex
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
WEFT = os.environ.get("WEFT_BINARY", str(ROOT / "build" / "release" / "weft"))
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted((ROOT / "docs").glob("*.md"))
# A key in the environment, so that an experiment with a server loads; nothing is sent.
ENVIRONMENT = {**os.environ, "WEFT_HOME": str(ROOT), "OPENAI_API_KEY": "unused", "ANTHROPIC_API_KEY": "unused"}


def weft(*arguments, folder=ROOT):
    done = subprocess.run([WEFT, *arguments], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def png(width, height, colour):
    """A PNG image of one colour, as bytes."""
    def chunk(kind, content):
        return (struct.pack(">I", len(content)) + kind + content +
                struct.pack(">I", zlib.crc32(kind + content)))

    rows = (b"\0" + bytes(colour) * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def own_data(text, folder):
    """Settings that put small data where an example needs some of its user's own."""
    path = pathlib.Path(folder) / "data"
    if "image_folder" in text:
        for split, name in itertools.product(("train", "val"), ("cat", "dog")):
            (path / split / name).mkdir(parents=True)
            for i in range(3):
                (path / split / name / f"{i}.png").write_bytes(png(30 + i, 40, (60 * i, 100, 200)))
    elif "token_shards" in text:
        path.mkdir()
        for name in ("train", "val"):
            (path / f"{name}.bin").write_bytes(struct.pack("<H", 777) * 4096)
    else:
        return []
    return ["--set", f"task.path={path}"]


def fences(page):
    """Each fenced block of a page: (line number, language, mark above it, text)."""
    found, mark, start, text = [], "", 0, []
    language = None
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if language is None and line.startswith("```"):
            language, start, text = line[3:].strip(), number, []
        elif language is not None and line.startswith("```"):
            found.append((f"{page.relative_to(ROOT)}:{start}", language, mark, "\n".join(text) + "\n"))
            language, mark = None, ""
        elif language is not None:
            text.append(line)
        elif comment := re.fullmatch(r"<!-- (test: .*) -->", line):
            mark = comment[1]
        elif line.strip():
            mark = ""
    return found


def all_fences(language):
    return [(where, mark, text) for page in PAGES for where, known, mark, text in fences(page) if known == language]


class Help:
    """What `weft SUB --help` says that there is: options, with whether they take a value, and sub-commands."""

    known = {}

    @classmethod
    def of(cls, *words):
        if words not in cls.known:
            code, text, error = weft(*words, "--help")
            if code != 0:
                raise AssertionError(f"weft {' '.join(words)} --help: {error}")
            options, part = {}, ""
            for line in text.splitlines():
                part = line if line.endswith(":") and not line.startswith(" ") else part
                if part == "Options:" and (named := re.match(r"  (-[\w,-]+)(?: (\S+))?", line)):
                    for option in named[1].split(","):
                        options[option] = bool(re.match(r"[A-Z]+\b", named[2] or ""))
            subs = re.findall(r"^  ([a-z]+) ", text.split("Subcommands:")[1], re.M) if "Subcommands:" in text else []
            cls.known[words] = (options, subs)
        return cls.known[words]


def commands(text):
    """The weft commands in a shell text, as lists of words."""
    for line in text.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|;<>&")
        lexer.whitespace_split = True
        words, current = list(lexer), []
        for word in [*words, ";"]:
            if set(word) <= set("|;<>&"):
                while current and (current[0] == "do" or re.fullmatch(r"\w+=.*", current[0])):
                    current = current[1:]
                if "--no-python" in current:  # of torchrun: the program follows
                    current = current[current.index("--no-python") + 1:]
                if current and current[0] in ("weft", "build/release/weft"):
                    yield current[1:]
                current = []
            else:
                current.append(word)


def schema_has(schema, root, path):
    """Whether a schema knows a path of keys."""
    for key in path:
        while "$ref" in schema:
            schema = root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
        members = schema.get("properties", {})
        if key in members:
            schema = members[key]
        elif isinstance(schema.get("additionalProperties"), dict):
            schema = schema["additionalProperties"]
        else:
            return False
    return True


class Docs(unittest.TestCase):
    def test_the_tables_of_keys_are_up_to_date(self):
        done = subprocess.run([sys.executable, ROOT / "scripts" / "docs.py", "--check"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_every_command_that_is_shown_exists(self):
        schema = json.loads((ROOT / "schemas" / "experiment.schema.json").read_text())
        seen = 0
        for where, _, text in all_fences("sh"):
            for words in commands(text):
                seen += 1
                with self.subTest(where=where, command="weft " + " ".join(words)):
                    self.check_command(words, schema)
        self.assertGreater(seen, 20)

    def check_command(self, words, schema):
        subs, path = Help.of()[1], []
        while words and subs:
            if words[0].startswith("-"):
                break
            self.assertIn(words[0], subs)
            path.append(words.pop(0))
            subs = Help.of(*path)[1]
        options = Help.of(*path)[0]
        while words:
            word = words.pop(0)
            name, equals, value = word.partition("=")
            if not word.startswith("-") or word == "-":
                self.check_file(path, word)
                continue
            self.assertIn(name, options)
            if options[name] and not equals:
                self.assertTrue(words, f"{name} needs a value")
                value = words.pop(0)
            if name == "--set":
                key = value.partition("=")[0].split(".")
                self.assertTrue(schema_has(schema, schema, key), f"no key {'.'.join(key)} in an experiment")

    def check_file(self, path, word):
        if path in (["run"], ["supernet", "train"], ["llm", "check"]) and not word.startswith("my_"):
            stem = pathlib.Path(word).stem
            self.assertTrue((ROOT / "experiments" / f"{stem}.yaml").exists(), f"no experiment {word}")

    def test_the_batch_file_for_slurm_starts_a_torchrun_on_each_machine(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in (("srun", r'printf "%s\n" "$OMP_NUM_THREADS" "$@"'), ("scontrol", "echo first; echo second")):
                program = pathlib.Path(folder) / name
                program.write_text("#!/bin/sh\n" + text + "\n")
                program.chmod(0o755)
            job = {"SLURM_SUBMIT_DIR": str(ROOT), "SLURM_JOB_NUM_NODES": "2", "SLURM_JOB_ID": "40123",
                   "SLURM_JOB_NODELIST": "machines[1-2]", "SLURM_GPUS_ON_NODE": "4", "SLURM_CPUS_PER_TASK": "16",
                   "PATH": folder + ":" + os.environ["PATH"]}
            arguments = ["my_supernet.yaml", "-o", "runs/my_supernet"]
            done = subprocess.run(["bash", ROOT / "scripts" / "supernet_slurm.sh", *arguments], capture_output=True, text=True,
                                  env={**os.environ, **job}, cwd=folder, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
            threads, *command = done.stdout.splitlines()
            self.assertEqual(threads, "4")
            self.assertEqual(command, ["torchrun", "--nnodes", "2", "--nproc-per-node", "4", "--max-restarts", "0",
                                       "--rdzv-backend", "c10d", "--rdzv-id", "weft-40123", "--rdzv-endpoint", "first:20123",
                                       "--no-python", "weft", "supernet", "train", *arguments])

    def test_every_example_of_an_experiment_loads(self):
        files = [(str(path.relative_to(ROOT)), path.read_text()) for path in sorted((ROOT / "experiments").glob("*.yaml"))]
        examples = [(where, text) for where, mark, text in all_fences("yaml") if mark == "test: experiment"]
        self.assertGreater(len(examples), 2)
        for where, text in files + examples:
            with self.subTest(where=where), tempfile.TemporaryDirectory() as folder:
                file = pathlib.Path(folder) / "example.yaml"
                file.write_text(text)
                # A run of no minutes reads and resolves everything and asks for nothing.
                settings = ["--set", "budget.minutes=0", "--allow-command", "--json", "--out", folder + "/run"]
                settings += own_data(text, folder)
                if "train:" in text and "cascade:" not in text and "supernet:" not in text:
                    settings += ["--set", "evaluate.train.precision=fp32"]
                code, _, error = weft("run", str(file), *settings)
                self.assertEqual(code, 0, error)

    def test_every_example_of_a_space_and_a_block_is_valid(self):
        with tempfile.TemporaryDirectory() as folder:
            blocks = [(where, mark.split(), text) for where, mark, text in all_fences("python") if mark]
            spaces = [(where, text) for where, mark, text in all_fences("yaml") if mark == "test: space"]
            self.assertTrue(blocks and spaces)
            for where, mark, text in blocks:
                with self.subTest(where=where):
                    (pathlib.Path(folder) / mark[2]).write_text(text)
                    genes = [word for gene in mark[3:] for word in ("--gene", gene)]
                    code, _, error = weft("block", "check", mark[2], *genes, folder=folder)
                    self.assertEqual(code, 0, error)
            for where, text in spaces:
                with self.subTest(where=where):
                    (pathlib.Path(folder) / "example.yaml").write_text(text)
                    code, _, error = weft("space", "sample", "example.yaml", folder=folder)
                    self.assertEqual(code, 0, error)

    def test_every_example_of_a_study_of_rankings_is_read(self):
        examples = [(where, text) for where, mark, text in all_fences("json") if mark == "test: rank"]
        self.assertTrue(examples)
        for where, text in examples:
            with self.subTest(where=where), tempfile.TemporaryDirectory() as folder:
                (pathlib.Path(folder) / "rank.json").write_text(text)
                code, _, error = weft("rank", "rank.json", folder=folder)
                self.assertEqual(code, 0, error)

    def test_the_sizes_of_the_spaces_are_as_written(self):
        for path in (ROOT / "search_spaces").glob("*.yaml"):
            size = weft("space", "count", path.stem)[1].split()[0]
            for page in ("README.md", "docs/spaces.md"):
                self.assertIn(f"| {size}", (ROOT / page).read_text(), f"{page}: {path.name} has {size} genomes")

    def test_every_op_is_in_the_table_of_ops(self):
        text = (ROOT / "docs" / "blocks.md").read_text()
        shown = weft("space", "show", "gpt_nano_open")[1]
        signatures = re.findall(r"^- (\w+\(.*?\)):", shown.split("The ops:")[1], re.M)
        self.assertGreater(len(signatures), 10)
        for signature in signatures:
            self.assertIn(f"`{signature}`", text)

    def test_every_link_leads_somewhere(self):
        for page in PAGES:
            text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
            for target in re.findall(r"\]\(([^)\s]+)\)", text):
                if re.match(r"[a-z]+:", target):
                    continue
                with self.subTest(page=page.name, target=target):
                    file, _, anchor = target.partition("#")
                    self.assertTrue((page.parent / file).exists(), "no such file")
                    if anchor:
                        headings = re.findall(r"^#+ (.*)$", (page.parent / file if file else page).read_text(), re.M)
                        slugs = [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]
                        self.assertIn(anchor, slugs)

    def test_every_data_file_is_mentioned(self):
        text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
        for folder, extension in (("experiments", "yaml"), ("search_spaces", "yaml"), ("search_spaces/blocks", "block"),
                                  ("prompts", "mustache"), ("examples", "py"), ("scripts", "sh")):
            for path in (ROOT / folder).glob(f"*.{extension}"):
                self.assertRegex(text, rf"\b{re.escape(path.name)}\b")


if __name__ == "__main__":
    unittest.main()
