"""The wheel carries the clip's program, so that an installed package can flash a board."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
ESP32 = 6 | 3 << 8 | 10 << 10  # sys.implementation._mpy of an ESP32 or ESP32-S3


def test_the_wheel_carries_the_program(tmp_path: Path) -> None:
    pytest.importorskip("hatchling", reason="no hatchling")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True)
    wheel = zipfile.ZipFile(next(tmp_path.glob("*.whl")))
    names = set(wheel.namelist())
    carried = {f"untuck/flash/clip/{path.name}" for path in (CHECKOUT / "firmware").glob("*.py")}
    assert carried <= names
    assert not [name for name in names if "__pycache__" in name]
    wheel.extractall(tmp_path / "site")
    code = "import untuck.flash.firmware as f; p = f.compile_firmware(f.abi_of(%d), {}); "
    code += "print(f.sources()['main.py'], len(p.files))"
    done = subprocess.run(
        [sys.executable, "-c", code % ESP32],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        check=True,
        capture_output=True,
        text=True,
    )
    main = tmp_path / "site" / "untuck" / "flash" / "clip" / "main.py"
    assert done.stdout.split() == [str(main), str(len(carried) + 2)]
