"""The browser's own storage as Files, in Pyodide's worker: page/files.mjs has the browser's calls."""

from __future__ import annotations

import importlib
from typing import Any

from untuck.errors import StoreError
from untuck.phone.app.files import FullError, OpenFile

_WORDS = {
    "NoModificationAllowedError": "another tab of this page uses a file: close that tab.",
    "SecurityError": "this browser keeps no files for this page: leave its private mode.",
    "InvalidStateError": "the browser has deleted this page's files: reload the page.",
}


class OpfsFiles:
    """Files as untuck.phone.app.files.Files. module: the namespace of files.mjs."""

    def __init__(self, module: Any) -> None:
        self._module = module
        self._to_js = importlib.import_module("pyodide.ffi").to_js

    async def names(self, folder: str) -> list[str]:
        """As Files.names."""
        found = await self._awaited(self._module.names(folder))
        return list(found.to_py())

    async def open(self, path: str) -> OpenFile:
        """As Files.open."""
        return _OpfsFile(await self._awaited(self._module.open(path)), self._to_js)

    async def read(self, path: str) -> bytes | None:
        """As Files.read."""
        found = await self._awaited(self._module.read(path))
        return None if _is_nothing(found) else _taken(found)

    async def replace(self, path: str, data: bytes) -> None:
        """As Files.replace."""
        await self._awaited(self._module.replace(path, self._to_js(data)))

    async def delete(self, path: str) -> None:
        """As Files.delete."""
        await self._awaited(self._module.remove(path))

    async def claim(self) -> bool:
        """Whether this page is the only one that is open; then it stays so."""
        return bool(await self._awaited(self._module.claim()))

    async def persist(self) -> bool:
        """Whether the browser keeps the files when space is short."""
        return bool(await self._awaited(self._module.persist()))

    async def _awaited(self, promise: Any) -> Any:
        try:
            return await promise
        except Exception as error:
            raise translated(error) from error


class _OpfsFile:
    def __init__(self, handle: Any, to_js: Any) -> None:
        self._handle = handle
        self._to_js = to_js

    def size(self) -> int:
        return int(self._call("size"))

    def read(self) -> bytes:
        return _taken(self._call("read"))

    def write(self, data: bytes, at: int) -> None:
        if int(self._call("write", self._to_js(data), at)) != len(data):
            raise FullError

    def truncate(self, size: int) -> None:
        self._call("truncate", size)

    def flush(self) -> None:
        self._call("flush")

    def close(self) -> None:
        self._call("close")

    def _call(self, name: str, *arguments: Any) -> Any:
        try:
            return getattr(self._handle, name)(*arguments)
        except Exception as error:
            raise translated(error) from error


def translated(error: Exception) -> StoreError:
    """An error of the browser as one for the user."""
    name = str(getattr(error, "name", type(error).__name__))
    if name == "QuotaExceededError":
        return FullError()
    words = _WORDS.get(name, f"the browser reports {name}: reload the page.")
    return StoreError(f"a file of this page cannot be used: {words}")


def _is_nothing(value: Any) -> bool:
    """Whether JavaScript gave null or undefined: None, or a value of its own in newer versions of Pyodide."""
    return value is None or type(value).__name__ in ("JsNull", "JsUndefined")


def _taken(array: Any) -> bytes:
    """The bytes of a Uint8Array."""
    return bytes(array.to_bytes())
