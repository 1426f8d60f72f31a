"""Writes a TFRecord file of two repetitions of one module, as NAS-Bench-101's format has it, to the path given."""

import base64
import json
import struct
import sys


def varint(value):
    out = b""
    while True:
        low, value = value & 127, value >> 7
        out += bytes([low | (128 if value else 0)])
        if not value:
            return out


def double(field, value):
    return varint(field << 3 | 1) + struct.pack("<d", value)


def evaluation(*numbers):
    message = b"".join(double(field, value) for field, value in enumerate(numbers, 1)) + varint(6 << 3 | 2) + b"\x03abc"
    return varint(1 << 3 | 2) + varint(len(message)) + message


metrics = (evaluation(0, 0, .1, .1, .1) + evaluation(54, 500, .9, .85, .84) + evaluation(108, 1000.5, 1, .9375, .9276) +
           varint(2 << 3) + varint(8555530) + double(3, 1100))
# The input leads to a and the output, a to b and c, both to the output.
record = json.dumps(["hash", 108, "01001" "00110" "00001" "00001" "00000",
                     "input,conv3x3-bn-relu,maxpool3x3,conv1x1-bn-relu,output", base64.b64encode(metrics).decode()]).encode()
with open(sys.argv[1], "wb") as file:
    file.write((struct.pack("<Q", len(record)) + bytes(4) + record + bytes(4)) * 2)
