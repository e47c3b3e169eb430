"""Untuck's core, its spoken clips and bleak as wheels for the page: the same files as here, unchanged.

A wheel made twice has the same bytes: files in order, one date, one compression level. Which modules belong to the core
says closure.py.
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import untuck
from untuck import kernel_wasm
from untuck.errors import PhoneError
from untuck.extras import extra_for
from untuck.phone.site.closure import PACKAGE, file_of, page_modules
from untuck.phone.site.kernels import compiled_kernels
from untuck.sound import phrases

_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip file can hold
_OTHER_SYSTEMS = tuple(
    f"bleak/backends/{each}" for each in ("android", "bluezdbus", "corebluetooth", "p4android", "winrt")
)


@dataclass(frozen=True)
class Wheel:
    """A wheel. name: of the package; version: its own; data: the file."""

    name: str
    version: str
    data: bytes

    @property
    def sha256(self) -> str:
        """Hash of the file as hexadecimal digits."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def file_name(self) -> str:
        """Name of the file, with its hash as the build number."""
        return f"{self.name.replace('-', '_')}-{self.version}-0{self.sha256[:16]}-py3-none-any.whl"


def core_wheel() -> Wheel:
    """The modules of Untuck that the page can load, with the compiled kernels. Raises PhoneError if these are old."""
    files = {path: path.read_bytes() for path in map(file_of, page_modules())} | {kernel_wasm.FILE: compiled_kernels()}
    data = {path.relative_to(PACKAGE.parent).as_posix(): content for path, content in files.items()}
    return _wheel("untuck", untuck.__version__, data)


def speech_wheel() -> Wheel:
    """The clips of the spoken phrases, where untuck.sound.phrases looks for them."""
    folder = phrases.FOLDER.relative_to(PACKAGE.parent).as_posix()
    files = {f"{folder}/{path.name}": path.read_bytes() for path in phrases.FOLDER.glob("*.ogg")}
    return _wheel("untuck-speech", untuck.__version__, files)


def bleak_wheel() -> Wheel:
    """bleak as installed here, without the backends of other systems. Raises MissingExtraError without bleak."""
    with extra_for("untuck phone"):
        import bleak
    installed = metadata.distribution("bleak")
    root = Path(bleak.__file__).parents[1]
    files = {path.relative_to(root).as_posix(): path for path in Path(bleak.__file__).parent.rglob("*.py")}
    data = {name: path.read_bytes() for name, path in files.items() if not name.startswith(_OTHER_SYSTEMS)}
    licences = [path for path in installed.files or () if path.name.startswith("LICENSE")]
    if not data or not licences:
        raise PhoneError("the installed bleak lacks its files: install it again with pip.")
    data |= {f"bleak/{path.name}": path.read_binary() for path in licences}
    return _wheel("bleak", installed.version, data)


def _wheel(name: str, version: str, files: dict[str, bytes]) -> Wheel:
    """A wheel of these files by path. Pyodide takes the package's name from the folder of its description."""
    about = f"{name.replace('-', '_')}-{version}.dist-info"
    files = files | {
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{about}/WHEEL": b"Wheel-Version: 1.0\nGenerator: untuck\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [f"{path},sha256={_record_hash(data)},{len(data)}" for path, data in sorted(files.items())]
    files[f"{about}/RECORD"] = "\n".join([*record, f"{about}/RECORD,,", ""]).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, data in sorted(files.items()):
            entry = zipfile.ZipInfo(path, _DATE)
            entry.create_system, entry.external_attr = 3, 0o644 << 16  # as on Linux, wherever it is built
            stored = path.endswith(".ogg")  # compressed already
            kind = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            archive.writestr(entry, data, kind, None if stored else 9)
    return Wheel(name, version, packed.getvalue())


def _record_hash(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
