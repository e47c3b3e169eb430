"""Builds the page as a folder of static files, which any server can deliver and a browser keeps for use offline.

The service worker gets the list of all files with their SHA-256: it keeps and answers with nothing else. The same
sources give the same bytes. Owns the site's layout.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from untuck.errors import PhoneError, reason
from untuck.phone.site.headers import HEADERS, TYPES
from untuck.phone.site.page_files import (
    INDEX,
    SERVICE_WORKER,
    hashed_name,
    integrity,
    page_sources,
    renamed,
    short_hash,
)
from untuck.phone.site.parts import LOCK, NUMPY, RUNTIME, locked
from untuck.phone.site.wheels import Wheel, bleak_wheel, core_wheel, speech_wheel

LIST = "files.json"  # of a built folder: what of it is ours
PYTHON = "python.mjs"  # of the page: fetches what Python consists of
FETCHED = (".wasm", ".zip", ".json")
_MARK = "const SITE = null;"  # in the service worker
_NO_INTEGRITY = "const INTEGRITY = {};"


@dataclass(frozen=True)
class Site:
    """The files by path; version: changes with any of them; core: path of the core's wheel."""

    files: dict[str, bytes]
    version: str
    core: str

    def bytes_raw(self) -> int:
        """Size of all files together."""
        return sum(map(len, self.files.values()))

    def bytes_gzipped(self, *names: str) -> int:
        """Size of these files, or of all, as a server sends them."""
        return sum(len(gzip.compress(self.files[name], 6, mtime=0)) for name in names or self.files)


def make_site(parts: dict[str, bytes], page: dict[str, bytes] | None = None) -> Site:
    """The site's files. parts: as of parts.py; page: the page's sources if not the package's own.

    Raises PhoneError if something does not fit, MissingExtraError without bleak.
    """
    page = page_sources() if page is None else page
    files, placed = _runtime(parts)
    packages, core = _packages(parts)
    lock = next(name for name in packages if name.endswith(".json"))
    placed["packages/pyodide-lock.json"] = lock
    fetched = {name: integrity(data) for name, data in (files | packages).items() if name.endswith(FETCHED)}
    files |= packages | renamed({**page, PYTHON: _with(page[PYTHON], _NO_INTEGRITY, fetched)}, placed)
    listed = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())}
    version = short_hash(json.dumps([listed, HEADERS, page[SERVICE_WORKER].decode()]).encode())
    files[SERVICE_WORKER] = _service_worker(page[SERVICE_WORKER].decode(), files, listed, version)
    return Site(dict(sorted(files.items())), version, core)


def write_site(site: Site, folder: Path) -> None:
    """Write the site into a folder: an empty one, a new one, or one that holds a site. Raises PhoneError."""
    try:
        old = _listed(folder)
        for name, data in sorted(site.files.items(), key=lambda item: item[0] in (INDEX, SERVICE_WORKER)):
            path = folder / name  # those two last: what they name is there before them
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        hashes = {name: hashlib.sha256(data).hexdigest() for name, data in site.files.items()}
        (folder / LIST).write_text(json.dumps(hashes, indent=1) + "\n", "utf-8")
        for name in old - site.files.keys():
            (folder / name).unlink(missing_ok=True)
            if (folder / name).parent != folder and not any((folder / name).parent.iterdir()):
                (folder / name).parent.rmdir()
    except OSError as error:
        raise PhoneError(f"{folder} cannot be written: {reason(error)}.") from error


def _listed(folder: Path) -> set[str]:
    """The files of the site that a folder holds. Raises PhoneError if it holds something else."""
    if not folder.exists() or not any(folder.iterdir()):
        return set()
    try:
        names = json.loads((folder / LIST).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise PhoneError(f"{folder} holds other files than the page: name an empty or a new folder.") from error
    return {name for name in names if (folder / name).resolve().is_relative_to(folder.resolve())}


def _runtime(parts: dict[str, bytes]) -> tuple[dict[str, bytes], dict[str, str]]:
    """Pyodide's files, by the names they get, and those names by what the page calls them."""
    folder = f"pyodide.{short_hash(b''.join(parts[part.name] for part in RUNTIME))}/"
    names = {f"pyodide/{part.name}": f"{folder}{part.name}" for part in RUNTIME}
    return {names[f"pyodide/{part.name}"]: parts[part.name] for part in RUNTIME}, {"pyodide/": folder, **names}


def _packages(parts: dict[str, bytes]) -> tuple[dict[str, bytes], str]:
    """The packages with the lock file by which Pyodide finds and checks them; the path of the core."""
    lock = json.loads(parts[LOCK.name])
    core = core_wheel()
    numpy = locked(parts, "numpy")
    entries = {"numpy": numpy} | {wheel.name: _entry(wheel) for wheel in (core, speech_wheel(), bleak_wheel())}
    wheels = {wheel.file_name: wheel.data for wheel in (core, speech_wheel(), bleak_wheel())}
    data = {NUMPY.name: parts[NUMPY.name], **wheels}
    text = json.dumps({"info": lock["info"], "packages": entries}, indent=1, sort_keys=True).encode()
    files = {f"packages/{name}": content for name, content in data.items()}
    return files | {hashed_name("packages/pyodide-lock.json", text): text}, f"packages/{core.file_name}"


def _entry(wheel: Wheel) -> dict[str, object]:
    return {
        "depends": [],
        "file_name": wheel.file_name,
        "imports": [wheel.name],
        "install_dir": "site",
        "name": wheel.name,
        "package_type": "package",
        "sha256": wheel.sha256,
        "unvendored_tests": False,
        "version": wheel.version,
    }


def _service_worker(text: str, files: dict[str, bytes], hashes: dict[str, str], version: str) -> bytes:
    listed = {
        name: {"sha256": digest, "bytes": len(files[name]), "type": _type(name)} for name, digest in hashes.items()
    }
    site = {"version": version, "headers": HEADERS, "files": listed}
    return _with(text.encode(), _MARK, site)


def _with(script: bytes, mark: str, value: object) -> bytes:
    """A script of the page in which this line has a value. Raises PhoneError if it has no such line."""
    text = script.decode()
    if text.count(mark) != 1:
        raise PhoneError(f"a script of the page has no line {mark!r} for what is built.")
    written = json.dumps(value, indent=1, sort_keys=True)
    return text.replace(mark, f"{mark.rpartition(' = ')[0]} = {written};").encode()


def _type(name: str) -> str:
    return TYPES.get(Path(name).suffix, "application/octet-stream")
