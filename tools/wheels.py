"""Which pinned packages have a wheel for which system and Python: `make wheels` writes the table of docs/setup.

uv resolves each pin for each system, from wheels only, without installing anything. It needs a package index; the tests
only compare the table with the pins that it was made for.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
PAGE = CHECKOUT / "docs" / "setup" / "index.md"
PINS = CHECKOUT / "requirements.txt"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
SYSTEMS = {  # as people name them, and as uv does, with the oldest glibc: that of Debian 12, and 13
    "Linux, x86-64": "x86_64-manylinux_2_36",
    "Raspberry Pi, 64 bit, Debian 12": "aarch64-manylinux_2_36",
    "Raspberry Pi, 64 bit, Debian 13": "aarch64-manylinux_2_40",
    "macOS 13, Apple silicon": "aarch64-apple-darwin",
    "macOS 13, Intel": "x86_64-apple-darwin",
    "Windows 10 and 11, x86-64": "x86_64-pc-windows-msvc",
}
BEGIN, END = "<!-- wheels for {key}: `make wheels` writes this table -->", "<!-- end of wheels -->"
_BLOCK = re.compile(r"<!-- wheels for (\w+): .*?-->\n(.*?)<!-- end of wheels -->\n", re.DOTALL)
_PIN = re.compile(r"^([\w.-]+)==[^\n]*(?:\n    --hash=[^\n]*)*\n", re.MULTILINE)
_NO_WHEEL = re.compile(r"Because ([\w.-]+)(?:\{[^}]*\})?==\S+ has no (?:usable )?wheels")


def pins_key(text: str) -> str:
    """Identifies the names and versions of a requirements file; hashes do not count."""
    lines = sorted(re.findall(r"^[\w.-]+==[\w.!+]+(?: ; [^\\\n]+)?", text, re.MULTILINE))
    return hashlib.sha256("\n".join(line.strip() for line in lines).encode()).hexdigest()[:16]


def written(page: str) -> tuple[str, list[list[str]]]:
    """The key and the rows of the table on a page, "" and none if there is none."""
    found = _BLOCK.search(page)
    if found is None:
        return "", []
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in found[2].splitlines() if "|" in line]
    return found[1], rows[2:]


def without_wheel(system: str, python: str, text: str) -> list[str]:
    """Names of the pins that have no wheel. Ends the program if uv fails in another way."""
    missing: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        asked = Path(folder, "asked.txt")
        while True:
            asked.write_text(_PIN.sub(lambda pin: "" if pin[1] in missing else pin[0], text))
            command = [sys.executable, "-m", "uv", "pip", "install", "--dry-run", "--no-deps", "--no-config", "--quiet"]
            command += ["--only-binary", ":all:", "--target", str(Path(folder, "none"))]
            command += ["--python-platform", system, "--python-version", python, "-r", str(asked)]
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, env=os.environ | {"COLUMNS": "999"}
            )
            if done.returncode == 0:
                return sorted(missing)
            lacks = _NO_WHEEL.search(" ".join(done.stderr.split()))
            if lacks is None or lacks[1] in missing:
                sys.exit(f"{system}, Python {python}: {done.stderr.strip()}")
            missing.append(lacks[1])


def table(text: str) -> str:
    """The table for the pins in `text`, between its two comments."""
    lines = [
        BEGIN.format(key=pins_key(text)),
        "| system | " + " | ".join(PYTHONS) + " |",
        "|---" * (len(PYTHONS) + 1) + "|",
    ]
    for name, system in SYSTEMS.items():
        cells = []
        for python in PYTHONS:
            missing = without_wheel(system, python, text)
            cells.append("all" if not missing else "all but " + ", ".join(missing))
            print(f"{name}, Python {python}: {cells[-1]}", file=sys.stderr)
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, END]) + "\n"


def main() -> None:
    """Write the table."""
    new = table(PINS.read_text("utf-8"))
    page = PAGE.read_text("utf-8")
    if not _BLOCK.search(page):
        sys.exit(f"{PAGE} has no place for the table: {BEGIN}")
    PAGE.write_text(_BLOCK.sub(lambda _: new, page), "utf-8")


if __name__ == "__main__":
    main()
