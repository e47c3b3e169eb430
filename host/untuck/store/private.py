"""Rights of files with a runner's data: only their owner may read them. What an earlier version wrote is tightened.

On Windows the profile folder keeps other users out, and rights of this kind do not exist: nothing is changed there.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from untuck.store import paths

FOLDER, FILE = 0o700, 0o600
POSIX = os.name == "posix"


def make_folder(path: Path) -> None:
    """Create a folder that only its owner may enter, with its parents; one that exists keeps its rights. OSError."""
    missing = []
    while not path.exists():
        missing.append(path)
        path = path.parent
    for each in reversed(missing):
        each.mkdir(mode=FOLDER, exist_ok=True)


def create(path: Path) -> None:
    """Create an empty file that only its owner may read; one that exists keeps its rights. OSError."""
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE))


def create_store(path: Path) -> None:
    """Create a store's file, so that SQLite gives the files beside it the same rights, or tighten them."""
    with contextlib.suppress(OSError):  # SQLite reports it
        create(path)
    tighten_store(path)


def tighten_store(path: Path) -> None:
    """Tighten a store's files, and its folder if it is our own: one that the user names may hold other things."""
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        tighten(path.with_name(name))
    if not os.environ.get("UNTUCK_HOME") and path == paths.sessions_path():
        tighten(path.parent, FOLDER)


def tighten(path: Path, mode: int = FILE) -> None:
    """Take from others what rights they have on a file or folder that an earlier version wrote, where possible."""
    if not POSIX:
        return
    with contextlib.suppress(OSError):  # not there, a read-only disk, or not ours
        before = path.stat().st_mode & 0o777
        if before & ~mode:
            path.chmod(before & mode)
