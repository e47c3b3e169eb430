"""The page's own files under names with their hash, so that a browser never mixes two versions.

References between the files (imports, links, URLs) are rewritten, a file after those that it refers to: its hash stands
for theirs too. What a browser asks for by a fixed name keeps it. The HTML gets the policy, the hash of each script and
style, and the list of modules with theirs: a browser refuses other bytes.
"""

from __future__ import annotations

import base64
import hashlib
import posixpath
import re
from dataclasses import dataclass, field
from pathlib import Path

from untuck.errors import PhoneError
from untuck.phone.site.headers import PAGE_POLICY

FOLDER = Path(__file__).resolve().parents[1] / "page"
INDEX, SERVICE_WORKER, MANIFEST = "index.html", "service_worker.js", "manifest.webmanifest"
FIXED = frozenset({INDEX, SERVICE_WORKER, MANIFEST, "licences.txt"})
_ENTRY = "window.mjs"
_TEXT = (".html", ".css", ".js", ".mjs", ".webmanifest", ".svg")
_REFERENCE = re.compile(r"""(?<=["'(])((?:\.{1,2}/)*[\w-][\w./-]*)(?=["')])""")
_IMPORT = re.compile(r"""\b(?:from|import)\s*["'](\.[^"']+)["']""")
_TAG = re.compile(r"""<(?:script|link)\b[^>]*?\b(?:src|href)="([^"]+)"[^>]*>""")


def hashed_name(name: str, data: bytes) -> str:
    """A path with the first 64 bits of the content's hash before its ending."""
    stem, dot, ending = name.rpartition(".")
    return f"{stem}.{short_hash(data)}{dot}{ending}"


def short_hash(data: bytes) -> str:
    """The first 64 bits of the SHA-256, as hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()[:16]


def integrity(data: bytes) -> str:
    """The value of an HTML attribute `integrity`."""
    return f"sha256-{base64.b64encode(hashlib.sha256(data).digest()).decode()}"


def page_sources(folder: Path = FOLDER) -> dict[str, bytes]:
    """The page's files as written, by path."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name[0] not in "._")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@dataclass
class _Renaming:
    sources: dict[str, bytes]
    names: dict[str, str]  # new name by old name; at first of what others have placed
    files: dict[str, bytes] = field(default_factory=dict)  # by new name
    open: list[str] = field(default_factory=list)

    def place(self, name: str) -> str:
        """The new name of a file, which is written if it is not yet."""
        if name in self.names:
            return self.names[name]
        if name in self.open:
            circle = " -> ".join([*self.open[self.open.index(name) :], name])
            raise PhoneError(f"files of the page refer to each other in a circle, so none can be hashed: {circle}.")
        self.open.append(name)
        data = self.sources[name]
        if name.endswith(_TEXT):
            data = _REFERENCE.sub(lambda match: self._reference(name, match[1]), data.decode()).encode()
        self.open.pop()
        new = name if name in FIXED else hashed_name(name, data)
        self.names[name], self.files[new] = new, data
        return new

    def _reference(self, name: str, reference: str) -> str:
        here = posixpath.dirname(name)
        target = posixpath.normpath(posixpath.join(here, reference)) + "/" * reference.endswith("/")
        if target == SERVICE_WORKER or (target not in self.sources and target not in self.names):
            return reference  # some other text, or a file whose name stays
        new = posixpath.relpath(self.place(target), here or ".") + "/" * reference.endswith("/")
        return new if new.startswith(".") or not reference.startswith(".") else f"./{new}"


def renamed(sources: dict[str, bytes], placed: dict[str, str]) -> dict[str, bytes]:
    """The page's files by the names that they get, rewritten; all but the service worker, which lists them.

    placed: names of the site's other files, by what the page's files call them. Raises PhoneError for a circle.
    """
    renaming = _Renaming(sources, dict(placed))
    for name in sorted(sources.keys() - {SERVICE_WORKER}):
        renaming.place(name)
    files = renaming.files
    files[INDEX] = _with_hashes(files[INDEX].decode(), files, renaming.names[_ENTRY]).encode()
    return files


def _with_hashes(html: str, files: dict[str, bytes], entry: str) -> str:
    """The HTML with its policy, and the hash of everything that its scripts and styles are."""

    def tag(match: re.Match[str]) -> str:
        data = files.get(match[1])
        is_code = match[1].endswith((".mjs", ".css"))
        return match[0][:-1] + f' integrity="{integrity(data)}">' if data is not None and is_code else match[0]

    modules = sorted(_imported(entry, files) - {entry})
    preload = [f'<link rel="modulepreload" href="{name}" integrity="{integrity(files[name])}">' for name in modules]
    policy = f'<meta http-equiv="Content-Security-Policy" content="{PAGE_POLICY}">'
    html = _TAG.sub(tag, html)
    added = "".join(f"\n    {line}" for line in [policy, *preload])  # before the script that imports the modules
    html, found = re.subn(r"<meta charset=[^>]*>", lambda match: match[0] + added, html, count=1)
    if not found:
        raise PhoneError("index.html has no <meta charset> after which its policy can stand.")
    return html


def _imported(name: str, files: dict[str, bytes]) -> set[str]:
    """A module and all that it imports."""
    found, waiting = set(), [name]
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            names = _IMPORT.findall(files[module].decode())
            waiting += [posixpath.normpath(posixpath.join(posixpath.dirname(module), each)) for each in names]
    return found
