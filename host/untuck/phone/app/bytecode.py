"""Compiled modules, kept from one start of the page to the next, so that Python need not compile its sources again.

Python writes them to files in memory, which are lost with the page: `packed` makes one archive of them, `use` reads it
back. They count as valid whatever the date of the source, which is that of its unpacking: who keeps the archive keeps
it for one version of the site only. Imports little, as what it imports is compiled at each start.
"""

from __future__ import annotations

import io
import os
import sys
import zipfile
import zlib

FOLDER = "/home/pyodide/bytecode"  # Python 3.13 makes no folders in one that is directly below the root
_FLAGS = slice(4, 8)  # of a file's head (PEP 552)
_UNCHECKED = (1).to_bytes(4, "little")


def use(kept: bytes | memoryview | None) -> bool:
    """Import compiled modules from now on, and write those that are absent; whether `kept`, from `packed`, is used.

    Of a damaged archive nothing is used: each file in it has a checksum, and all are read before one is written.
    """
    os.makedirs(FOLDER, exist_ok=True)
    sys.pycache_prefix, sys.dont_write_bytecode = FOLDER, False
    if kept is None:
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(kept)) as archive:
            if archive.testzip() is not None:
                return False
            archive.extractall(FOLDER)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError):
        return False
    return True


def packed() -> bytes:
    """An archive of all modules that were compiled since `use`."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:  # not compressed: it is read more often than written
        for folder, _, names in os.walk(FOLDER):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    data = bytearray(file.read())
                data[_FLAGS] = _UNCHECKED
                archive.writestr(os.path.relpath(path, FOLDER), bytes(data))
    return made.getvalue()
