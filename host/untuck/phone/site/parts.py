"""What the page needs of others: Pyodide (Python as WebAssembly) and its numpy, each file pinned by size and SHA-256.

They come from Pyodide's own distribution, or from a folder; what has been fetched is kept in the cache. A file with
another hash is never used. Owns versions and hashes.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from untuck.errors import PhoneError, reason

VERSION = "0.29.0"  # of Pyodide; it holds Python 3.13
DISTRIBUTION = os.environ.get("UNTUCK_PYODIDE_SITE", f"https://cdn.jsdelivr.net/pyodide/v{VERSION}/full/")
_TIMEOUT_S = 30


@dataclass(frozen=True)
class Part:
    """A file. size: in bytes; sha256: as hexadecimal digits."""

    name: str
    size: int
    sha256: str


LOCK = Part("pyodide-lock.json", 114_535, "701557726114e9a968d2088153414b2f126b8631aa734ed98eaf1797d4e4d087")
NUMPY = Part(
    "numpy-2.2.5-cp313-cp313-pyodide_2025_0_wasm32.whl",
    3_110_297,
    "2ca46b70661caea8f9f8089d22495c7a24c120fc5881e68934ac3a04d3fc8a02",
)
RUNTIME = (  # what the browser loads by these names from one folder
    Part("pyodide.mjs", 17_616, "31afa960fdf68333de6f3f0513bad154495c8fc635a66b7e58ab9cf356a76501"),
    Part("pyodide.asm.js", 1_074_248, "f1e70077bd701757b2798fc57f540fe39cf23d36ee5cd7c1a9b3a6f35cf500a7"),
    Part("pyodide.asm.wasm", 8_647_609, "615172c6b2f5efe53e41d0201a98eb37c1f3aa7675d11cb06b6079b3a6b2bef5"),
    Part("python_stdlib.zip", 2_423_414, "e389fbdc394a00d31ff0624386c9e3e52e04727130ac73597a99c477afe4f1ca"),
)
PARTS = (*RUNTIME, LOCK, NUMPY)


def parts_of(folder: Path) -> dict[str, bytes]:
    """The parts by name, from a folder that holds all of them. Raises PhoneError if one is absent or another file."""
    return {part.name: _read(part, folder / part.name) for part in PARTS}


def fetch_parts(cache: Path, on_fetch: Callable[[str], None] = lambda _: None) -> dict[str, bytes]:
    """The parts by name: from the cache where they are in order, else downloaded into it.

    on_fetch: called with the name of each file that is downloaded. Raises PhoneError, which says what to do.
    """
    found = {}
    for part in PARTS:
        path = cache / part.name
        try:
            data = _read(part, path)
        except PhoneError:  # absent, or damaged on the disk
            on_fetch(part.name)
            data = _checked(part, _download(part), f"{DISTRIBUTION}{part.name}")
            _keep(path, data)
        found[part.name] = data
    return found


def locked(parts: dict[str, bytes], name: str) -> dict[str, object]:
    """What Pyodide's own lock file says of a package. Raises PhoneError if it names other bytes than are pinned."""
    entry: dict[str, object] = json.loads(parts[LOCK.name])["packages"][name]
    part = next((part for part in PARTS if part.name == entry["file_name"]), None)
    if part is None or part.sha256 != entry["sha256"]:
        raise PhoneError(f"{name} is not the file that Pyodide {VERSION} was made with: install Untuck again.")
    return entry


def _read(part: Part, path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PhoneError(f"{path} cannot be read: {reason(error)}.") from error
    return _checked(part, data, str(path))


def _checked(part: Part, data: bytes, place: str) -> bytes:
    if len(data) != part.size or hashlib.sha256(data).hexdigest() != part.sha256:
        raise PhoneError(
            f"{place} is not the file of Pyodide {VERSION} that Untuck was tested with, so it is not used: "
            "delete it and run the command again, or name another folder with --parts."
        )
    return data


def _download(part: Part) -> bytes:
    address = f"{DISTRIBUTION}{part.name}"
    try:
        with urllib.request.urlopen(address, timeout=_TIMEOUT_S) as answer:
            return bytes(answer.read(part.size + 1))
    except (OSError, ValueError, http.client.HTTPException) as error:
        status = f" (answer {error.code})" if isinstance(error, urllib.error.HTTPError) else ""
        raise PhoneError(
            f"{address} cannot be reached{status}. On a computer with internet get this folder's files "
            f"{', '.join(part.name for part in PARTS)}, then run `untuck phone --parts FOLDER`."
        ) from error


def _keep(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(data)
        unfinished.replace(path)
    except OSError as error:
        raise PhoneError(f"{path} cannot be written: {reason(error)}.") from error
