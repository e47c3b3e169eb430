"""Files of the page: a small protocol over the browser's own storage, and the same on a folder for tests.

A path is "folder/name". Every error is a StoreError that says what to do; a full storage is FullError, because what
waits for space goes on waiting. opfs.py has the browser's storage.
"""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Protocol

from untuck.errors import StoreError, reason

FULL = "the storage of this browser is full: free some space on the phone, or share and delete runs"


class FullError(StoreError):
    """The browser gives no more space."""

    def __init__(self) -> None:
        super().__init__(f"{FULL}.")


class OpenFile(Protocol):
    """A file that only this page has open. All methods raise StoreError, and write FullError."""

    def size(self) -> int:
        """Its length in bytes."""

    def read(self) -> bytes:
        """All of it."""

    def write(self, data: bytes, at: int) -> None:
        """Write at this offset; a part may be written before an error."""

    def truncate(self, size: int) -> None:
        """Cut it to this length."""

    def flush(self) -> None:
        """Return when what was written survives the end of the page."""

    def close(self) -> None:
        """Flush and let others open it."""


class Files(Protocol):
    """The page's files. All methods raise StoreError, and what writes FullError."""

    async def names(self, folder: str) -> list[str]:
        """The names of the files in a folder, in order; none where there is no folder."""

    async def open(self, path: str) -> OpenFile:
        """Open a file, which is created if it is missing."""

    async def read(self, path: str) -> bytes | None:
        """The bytes of a file, None if there is none."""

    async def replace(self, path: str, data: bytes) -> None:
        """Write a file as a whole: after the page's end it is the old one or the new one."""

    async def delete(self, path: str) -> None:
        """Delete a file, if there is one."""


class FolderFiles:
    """Files in a folder. free_bytes: how many more may be written, None without a limit; for tests."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.free_bytes: int | None = None

    async def names(self, folder: str) -> list[str]:
        """As Files.names."""
        path = self.root / folder
        return sorted(each.name for each in path.iterdir()) if path.is_dir() else []

    async def open(self, path: str) -> OpenFile:
        """As Files.open."""
        full = self.root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.touch()
        return _FolderFile(self, full)

    async def read(self, path: str) -> bytes | None:
        """As Files.read."""
        full = self.root / path
        return full.read_bytes() if full.exists() else None

    async def replace(self, path: str, data: bytes) -> None:
        """As Files.replace."""
        self.spend(len(data))
        full = self.root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        new = full.with_name(f"{full.name}.new")
        try:
            new.write_bytes(data)
            new.replace(full)
        except OSError as error:
            raise translated(error) from error

    async def delete(self, path: str) -> None:
        """As Files.delete."""
        (self.root / path).unlink(missing_ok=True)

    def spend(self, size: int) -> None:
        """Count bytes to be written. Raises FullError."""
        if self.free_bytes is not None:
            if size > self.free_bytes:
                raise FullError
            self.free_bytes -= size


class _FolderFile:
    def __init__(self, files: FolderFiles, path: Path) -> None:
        self._files = files
        self._file = path.open("r+b")

    def size(self) -> int:
        return self._file.seek(0, 2)

    def read(self) -> bytes:
        self._file.seek(0)
        return self._file.read()

    def write(self, data: bytes, at: int) -> None:
        self._file.seek(at)
        try:
            self._files.spend(len(data))
        except FullError:
            self._file.write(data[: len(data) // 2])  # as a disk that fills up
            raise
        self._file.write(data)

    def truncate(self, size: int) -> None:
        self._file.truncate(size)

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def translated(error: OSError) -> StoreError:
    """An error of the system as one for the user."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return FullError()
    return StoreError(f"a file of this page cannot be written: {reason(error)}.")
