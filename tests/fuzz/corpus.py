#!/usr/bin/env python3
"""Keeps the corpus of a fuzzing target as one text file, tests/fuzz/corpus/TARGET.jsonl: a JSON string an input, in which
each character stands for a byte.

corpus.py unpack TARGET FOLDER   writes the inputs, and seeds from the files that weft ships, into a folder for libFuzzer
corpus.py pack TARGET FOLDER     keeps what libFuzzer left in the folder, the shortest first, up to half a megabyte of text
"""
import hashlib
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MOST = 500_000


def seeds(target):
    """What a person would write: the shipped files, and a genome of each space that the target reads."""
    if target == "program":
        return [path.read_bytes() for path in sorted((ROOT / "search_spaces/blocks").glob("*.block"))]
    if target == "yaml":
        return [path.read_bytes() for folder in ("search_spaces", "experiments") for path in sorted((ROOT / folder).glob("*.yaml"))]
    written = HERE / f"{target}.seeds"
    return [seed.encode() for seed in written.read_text().split("\n\n")] if written.exists() else []


def unpack(target, folder):
    folder.mkdir(parents=True, exist_ok=True)
    kept = HERE / "corpus" / f"{target}.jsonl"
    lines = kept.read_text().splitlines() if kept.exists() else []
    for data in seeds(target) + [json.loads(line).encode("latin-1") for line in lines]:
        (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)


def pack(target, folder):
    inputs = sorted((path.read_bytes() for path in folder.iterdir()), key=lambda data: (len(data), data))
    lines, size = [], 0
    for data in inputs:
        line = json.dumps(data.decode("latin-1")) + "\n"
        size += len(line)
        if size > MOST:
            break
        lines.append(line)
    (HERE / "corpus").mkdir(exist_ok=True)
    (HERE / "corpus" / f"{target}.jsonl").write_text("".join(lines))
    print(f"{target}: {len(lines)} of {len(inputs)} inputs kept")


if __name__ == "__main__":
    {"unpack": unpack, "pack": pack}[sys.argv[1]](sys.argv[2], pathlib.Path(sys.argv[3]))
