"""numba's cache of compiled kernels, made safe: a power cut or a full disk costs a compilation, never a session.

Code is saved before the index that names it, and with a checksum; what cannot be read counts as not cached, and what
cannot be saved is used all the same. numba itself lets the error out, or runs the damaged code.
"""

from __future__ import annotations

import logging
import os
import pickle
import zlib
from pathlib import Path
from typing import Any

if os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
    raise ImportError("numba is switched off: its import alone would take 60 MB")

from numba.core import caching

_Files: Any = caching.IndexDataCacheFile  # numba has no types
CHECKSUM_BYTES = 4
CHECKED = "-checked"  # in the names of files with checksums: numba's own files, of an older version, have none

_log = logging.getLogger(__name__)


class _CheckedFile(_Files):  # type: ignore[misc]
    """The files of one kernel: an index, and code that ends with its checksum."""

    def save(self, key: Any, data: Any) -> None:
        """Save the code of a signature, then the index."""
        overloads = self._load_index()
        taken = set(overloads.values())
        name = overloads.get(key) or next(
            name for n in range(1, len(taken) + 2) if (name := self._data_name(n)) not in taken
        )
        self._save_data(name, data)
        self._save_index({**overloads, key: name})

    def _save_data(self, name: str, data: Any) -> None:
        code = self._dump(data)
        with self._open_for_write(self._data_path(name)) as file:
            file.write(code + zlib.crc32(code).to_bytes(CHECKSUM_BYTES, "little"))

    def _load_data(self, name: str) -> Any:
        code = checked(Path(self._data_path(name)).read_bytes())
        if code is None:
            raise ValueError(f"{name} is damaged")
        return pickle.loads(code)


def make_safe(dispatcher: Any) -> None:
    """Give a kernel's dispatcher the checked files, and let no error of its cache out."""
    cache = dispatcher._cache
    file = getattr(cache, "_cache_file", None)
    if file is None:  # it has no cache
        return
    names = {"cache_path": file._cache_path, "source_stamp": file._source_stamp}
    cache._cache_file = _CheckedFile(filename_base=file._index_name.removesuffix(".nbi") + CHECKED, **names)
    load, save = cache.load_overload, cache.save_overload

    def load_or_none(*arguments: Any) -> Any:
        try:
            return load(*arguments)
        except Exception as error:  # whatever unpickling damaged bytes raises
            _log.info("compiled code cannot be read and is compiled again: %s: %s", type(error).__name__, error)
            _forget(cache)
            return None

    def save_if_possible(*arguments: Any) -> None:
        try:
            save(*arguments)
        except Exception as error:  # a full or read-only disk
            _log.info("compiled code cannot be saved: %s: %s", type(error).__name__, error)

    cache.load_overload, cache.save_overload = load_or_none, save_if_possible


def checked(data: bytes) -> bytes | None:
    """The code in a file of the cache, None if it is damaged."""
    code, checksum = data[:-CHECKSUM_BYTES], data[-CHECKSUM_BYTES:]
    return code if code and zlib.crc32(code).to_bytes(CHECKSUM_BYTES, "little") == checksum else None


def is_damaged(folder: Path) -> bool:
    """Whether any file of the cache in this folder cannot be read."""
    try:
        return any(checked(path.read_bytes()) is None for path in folder.glob(f"*{CHECKED}.*.nbc")) or any(
            not _is_index(path) for path in folder.glob(f"*{CHECKED}.nbi")
        )
    except OSError:
        return True


def _is_index(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            pickle.load(file)  # numba's version
            pickle.load(file)  # of the source, and the names of the code
    except Exception:  # whatever unpickling damaged bytes raises
        return False
    return True


def _forget(cache: Any) -> None:
    try:
        cache.flush()
    except OSError as error:
        _log.info("the cache cannot be emptied: %s", error)
