"""Reads pickles of published benchmarks, and runs nothing that they ask for. Used by the scripts that convert them.

A pickle may name any function of Python and have it called. Here it gets numbers, texts, lists, dictionaries and numpy's
numbers and arrays, and what a script adds; what it names beside these ends the reading.
"""

import collections
import contextlib
import math
import pickle
import struct
import zipfile
import zlib
from pathlib import Path

LARGEST = 1 << 34  # bytes of one array
CODES = {"f8": "d", "f4": "f", "i8": "q", "i4": "i", "i2": "h", "i1": "b", "u8": "Q", "u4": "I", "u2": "H", "u1": "B",
         "b1": "?"}
TORCH_MAGIC = 0x1950A86A20F9469CFC6C  # of torch.save before PyTorch 1.6

# What a damaged or foreign file leads to, here and in what reads its dictionaries.
ERRORS = (pickle.UnpicklingError, zipfile.BadZipFile, zlib.error, OSError, EOFError, KeyError, TypeError, ValueError,
          AttributeError, IndexError, OverflowError, struct.error)


class Dtype:
    """Stands for numpy.dtype, as far as numbers need it; `code` is None for objects."""

    def __init__(self, code, *_):
        if code != "O8" and code not in CODES:
            raise pickle.UnpicklingError(f"an array of {code!r} was not expected")
        self.code, self.swapped = CODES.get(code), False

    def __setstate__(self, state):
        self.swapped = state[1] == ">"

    @property
    def format(self):
        return (">" if self.swapped else "<") + self.code


class Array:
    """Stands for numpy.ndarray: its `shape`, and its values as one flat list or view in the order of `column_major`."""

    def __init__(self, *_):
        self.shape, self.column_major, self.flat = (0,), False, []

    def __setstate__(self, state):
        _, shape, dtype, self.column_major, content = state
        self.shape = tuple(int(length) for length in shape)
        count = math.prod(self.shape)
        if dtype.code is None:
            self.flat = list(content)
        else:
            raw = content.encode("latin-1") if isinstance(content, str) else bytes(content)
            if len(raw) > LARGEST or len(raw) != count * struct.calcsize(dtype.format):
                raise pickle.UnpicklingError("an array has another size than its shape")
            self.flat = struct.unpack(f">{count}{dtype.code}", raw) if dtype.swapped else memoryview(raw).cast(dtype.code)
        if len(self.flat) != count:
            raise pickle.UnpicklingError("an array has another size than its shape")

    def __len__(self):
        return self.shape[0] if self.shape else 0

    def __iter__(self):
        if len(self.shape) != 1:
            raise TypeError(f"a list of numbers was expected, not an array of shape {self.shape}")
        return iter(self.flat)


def from_buffer(buffer, dtype, shape, order):
    """Stands for numpy.core.numeric._frombuffer, which protocol 5 writes arrays with."""
    array = Array()
    array.__setstate__((1, shape, dtype, order == "F", bytes(buffer)))
    return array


def scalar(dtype, raw):
    """Stands for numpy.core.multiarray.scalar."""
    if dtype.code is None:
        raise pickle.UnpicklingError("a number was expected, not an object")
    return struct.unpack(dtype.format, raw.encode("latin-1") if isinstance(raw, str) else raw)[0]


def encode(text, encoding):
    """Stands for _codecs.encode, with which Python 2's protocols write bytes."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"an encoding {encoding!r} was not expected")
    return text.encode("latin-1")


PLAIN = {("collections", "OrderedDict"): collections.OrderedDict, ("_codecs", "encode"): encode, ("numpy", "dtype"): Dtype,
         ("numpy", "ndarray"): Array}
for numpy_core in ("numpy.core", "numpy._core"):
    PLAIN[(f"{numpy_core}.multiarray", "scalar")] = scalar
    PLAIN[(f"{numpy_core}.multiarray", "_reconstruct")] = Array
    PLAIN[(f"{numpy_core}.numeric", "_frombuffer")] = from_buffer


class Unpickler(pickle.Unpickler):
    """Makes plain values, and by `known`, from (module, name) to what stands for it; `needs` is what is being read."""

    def __init__(self, file, known=None, needs="table", persistent=None):
        super().__init__(file)
        self.known, self.needs, self.persistent = {**PLAIN, **(known or {})}, needs, persistent

    def find_class(self, module, name):
        if (module, name) not in self.known:
            raise pickle.UnpicklingError(f"the pickle asks for {module}.{name}, which no {self.needs} needs")
        return self.known[(module, name)]

    def persistent_load(self, key):
        if self.persistent is None:
            raise pickle.UnpicklingError("the pickle asks for what is not in it")
        return self.persistent(key)


def load(file, known=None, needs="table"):
    return Unpickler(file, known, needs).load()


def torch_archive(archive):
    """The folder within a file of torch.save, from PyTorch 1.6 on a zip archive, in which data.pkl stands."""
    pickles = [name for name in archive.namelist() if name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise ValueError("is no PyTorch file")
    return pickles[0].rsplit("/", 1)[0]


def load_torch(path, needs="table"):
    """What torch.save has written, if there is no tensor in it."""
    with open(path, "rb") as file:
        if file.read(2) == b"PK":
            with zipfile.ZipFile(file) as archive, archive.open(f"{torch_archive(archive)}/data.pkl") as inner:
                return load(inner, needs=needs)
        file.seek(0)
        # What it is, a version, sizes of types, the content, and which tensors follow.
        magic, _, _, content, tensors = (load(file, needs=needs) for _ in range(5))
        if magic != TORCH_MAGIC or tensors != []:
            raise ValueError("is no PyTorch file without tensors")
        return content


@contextlib.contextmanager
def whole_file(path):
    """A text file to write that is there when all went well, and is not otherwise."""
    partial = Path(path).with_name(Path(path).name + ".partial")
    try:
        with open(partial, "w", encoding="utf-8", newline="") as out:
            yield out
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
