"""Writes into each kernel module the checksums of the modules that are compiled into it: `make format` runs this.

numba's cache of a file does not notice when another file, whose constants and loops were compiled into it, changes.
The checksum changes the file itself, so that its cache is rebuilt.
"""

from __future__ import annotations

import ast
import re
import sys
import zlib
from pathlib import Path

MOTION = Path(__file__).resolve().parents[1] / "host" / "untuck" / "motion"
_LINE = re.compile(r"^COMPILED_IN = \{.*?\}$", re.MULTILINE | re.DOTALL)


def compiled_in(path: Path) -> dict[str, int]:
    """CRC-32 of each module of motion/ that this kernel module imports, by path; empty for one without kernels."""
    froms = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.ImportFrom)]
    taken = {alias.name for node in froms if node.module == "untuck.motion.jit" for alias in node.names}
    if not taken & {"entry", "inner"}:
        return {}
    names = [name for node in froms for name in (f"{node.module}", *(f"{node.module}.{a.name}" for a in node.names))]
    files = {MOTION.joinpath(*name.split(".")[2:]).with_suffix(".py") for name in names if "untuck.motion." in name}
    kept = sorted(file for file in files if file.is_file() and file.name != "jit.py")
    return {file.relative_to(MOTION).as_posix(): zlib.crc32(file.read_bytes()) for file in kept}


def as_line(sums: dict[str, int]) -> str:
    """The sums as they stand in a kernel module, formatted as ruff does."""
    inside = [f'"{name}": 0x{crc:08X}' for name, crc in sums.items()]
    line = f"COMPILED_IN = {{{', '.join(inside)}}}"
    return line if len(line) <= 120 else "COMPILED_IN = {\n" + "".join(f"    {each},\n" for each in inside) + "}"


def main() -> int:
    """Update until nothing changes: a module that names another's checksum has a checksum itself."""
    changed = True
    while changed:
        changed = False
        for path in sorted(MOTION.rglob("*.py")):
            text = path.read_text("utf-8")
            if (sums := compiled_in(path)) and (new := _LINE.sub(as_line(sums), text)) != text:
                path.write_text(new, "utf-8")
                changed = True
    return 0


if __name__ == "__main__":
    sys.exit(main())
