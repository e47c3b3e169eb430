"""Marks which sessions are being recorded now, by a lock on a file beside the store that ends with its program.

A program that is killed, or a computer that loses power, leaves the file but not the lock. Where locks are not
possible, as on some network drives, a session counts as being recorded for a day.
"""

from __future__ import annotations

import errno
import logging
import os
import time
from contextlib import suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]
    import msvcrt

_log = logging.getLogger(__name__)
_DAY_S = 86400.0
_HELD = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK}


class Claim:
    """The mark of a session that this program records, until it is released."""

    def __init__(self, store: Path, session_id: int) -> None:
        self._path = _path(store, session_id)
        self._file: int | None = None
        try:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            _lock(self._file)
        except OSError as error:  # it is recorded all the same
            _log.info("session %d cannot be marked as being recorded: errno %s", session_id, error.errno)

    def release(self) -> None:
        """Remove the mark."""
        if self._file is None:
            return
        file, self._file = self._file, None
        if fcntl is not None:
            self._path.unlink(missing_ok=True)  # before the lock ends: nobody else may hold this file
        os.close(file)
        if fcntl is None:
            _remove(self._path)


def is_claimed(store: Path, session_id: int) -> bool:
    """Whether a program records this session now."""
    return _is_held(_path(store, session_id))


def is_any_claimed(store: Path) -> bool:
    """Whether any session of this store is being recorded now."""
    return any(_is_held(path) for path in store.parent.glob(f"{store.name}-recording-*"))


def _path(store: Path, session_id: int) -> Path:
    return store.with_name(f"{store.name}-recording-{session_id}")


def _is_held(path: Path) -> bool:
    try:
        file = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        _lock(file)
    except OSError as error:
        young = time.time() - os.fstat(file).st_mtime < _DAY_S
        os.close(file)
        return error.errno in _HELD or young
    os.close(file)
    _remove(path)
    return False


def _lock(file: int) -> None:
    """Lock an open file. Raises OSError if another has locked it, or locks are not possible."""
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    else:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)


def _remove(path: Path) -> None:
    with suppress(OSError):  # another program may look at it
        path.unlink(missing_ok=True)
