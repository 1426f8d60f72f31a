#!/usr/bin/env python3
"""Turns NAS-Bench-101's TFRecord into JSON lines that `weft table import` reads.

    scripts/convert_nasbench101.py nasbench_full.tfrecord -o nasbench101.jsonl
    weft table import nasbench101 nasbench101.jsonl -o tables/nasbench101

Needs neither TensorFlow nor protobuf: a record is JSON, its metrics a message of a few numbers, which are read here.
"""

import argparse
import base64
import binascii
import json
import struct
import sys
from pathlib import Path

import safe_pickle

INNER = 5  # vertices between input and output of the largest module
LARGEST = 1 << 20  # bytes of a record


def records(path):
    """The records of a TFRecord file: length, its checksum, content, its checksum."""
    with open(path, "rb") as file:
        number = 0
        while head := file.read(12):
            if len(head) < 12:
                raise ValueError(f"record {number} is cut short")
            (length,) = struct.unpack("<Q", head[:8])
            if length > LARGEST:
                raise ValueError(f"record {number} says that it has {length} bytes")
            content = file.read(length)
            if len(content) < length or len(file.read(4)) < 4:
                raise ValueError(f"record {number} is cut short")
            yield number, content
            number += 1


def fields(message):
    """(number, value) of a protobuf message's fields: whole numbers, doubles, bytes."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            if at >= len(message) or shift > 63:
                raise ValueError("a message is cut short")
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    while at < len(message):
        key = varint()
        kind = key & 7
        if kind == 0:
            yield key >> 3, varint()
        elif kind in (1, 2, 5):
            size = {1: 8, 5: 4}.get(kind) or 0
            size = varint() if kind == 2 else size
            content = message[at:at + size]
            if len(content) < size:
                raise ValueError("a message is cut short")
            at += size
            yield key >> 3, struct.unpack("<d", content)[0] if kind == 1 else content
        else:
            raise ValueError(f"a message has a field of kind {kind}")


def notation(adjacency, operations):
    """The module as the space nasbench101 writes it: the rows of its upper triangle, then the ops of five vertices."""
    size = len(operations)
    matrix = [adjacency[i * size:(i + 1) * size] for i in range(size)]
    if len(adjacency) != size * size or not 2 <= size <= INNER + 2:
        raise ValueError("a module's matrix has another size than its list of ops")

    def edge(start, end):  # vertices of the largest module; its last is the output
        if start > size - 2 or (end > size - 2 and end != INNER + 1):
            return "0"
        return matrix[start][size - 1 if end == INNER + 1 else end]

    rows = ["".join(edge(start, end) for end in range(start + 1, INNER + 2)) for start in range(INNER + 1)]
    inner = operations[1:-1] + ["conv1x1-bn-relu"] * (INNER + 2 - size)  # of vertices without edges
    return " ".join(rows + inner)


def convert(content):
    _, epochs, adjacency, operations, metrics = json.loads(content)
    text = notation(adjacency, operations.split(","))
    params, at_epochs = None, []
    for number, value in fields(base64.b64decode(metrics, validate=True)):
        if number == 1:
            at_epochs.append({key: one for key, one in fields(value) if isinstance(one, float)})
        elif number == 2:
            params = value
    last = at_epochs[-1]  # of three: before training, half-way, after
    return {"cell": text, "epochs": epochs, "params": params, "train_s": last[2], "train_accuracy": last[3],
            "val_accuracy": last[4], "test_accuracy": last[5]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True, help="the JSON lines to write")
    options = parser.parse_args()
    seeds, count = {}, 0
    try:
        with safe_pickle.whole_file(options.out) as out:
            for number, content in records(options.file):
                try:
                    row = convert(content)
                except (ValueError, KeyError, IndexError, TypeError, binascii.Error) as error:
                    raise ValueError(f"record {number}: {error}") from error
                key = (row["cell"], row["epochs"])
                row["seed"] = seeds[key] = seeds.get(key, -1) + 1  # repetitions are numbered as they come
                out.write(json.dumps(row) + "\n")
                count += 1
                if count % 100_000 == 0:
                    print(f"{count} records", file=sys.stderr)
    except (OSError, ValueError) as error:
        sys.exit(f"convert_nasbench101: {options.file}: {error}; nothing was written")
    print(f"{options.out}: {count} records")


if __name__ == "__main__":
    main()
