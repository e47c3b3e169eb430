"""A simulated board, short waits, and a program of five small files in place of the clip's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from untuck.cli.main import cli
from untuck.flash import firmware, repl, waits

pytest.importorskip("micropython_run", reason="no MicroPython for this computer")
pytest.importorskip("esptool", reason="no esptool: pip install 'untuck[flash]'")

from virtual_clip.board_image import make_image
from virtual_clip.usb_board import UsbBoard

VERSION = "v1.28.0"
PROGRAM = {
    "services.py": "FIRMWARE_VERSION = (9, 8, 7)\n",
    "self_test.py": """
import json, os
def run():
    print(json.dumps({"firmware": "9.8.7", "micropython": "1.28.0", "board": "xiao_esp32s3", "bus": "spi",
        "bus_hz": 2000000, "sensor": "bno085", "rate_hz": 100.0, "samples": 20, "up_m_s2": [0, 9.8, 0],
        "battery_mv": 3900, "address": "F0", "flash_kb": 6144, "flash_free_kb": 6000, "runs": 0, "errors": {}}))
""",
    "one.py": "ONE = 1\n" + "# padding\n" * 50,
    "two.py": "TEXT = '" + "x" * 9000 + "'\n",
    "main.py": "import time\nimport one, two\nwhile True:\n    time.sleep_ms(50)\n",
}


@pytest.fixture(autouse=True)
def short_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulated board answers sooner than a real one; a data folder for each test."""
    monkeypatch.setenv("UNTUCK_HOME", str(tmp_path / "home"))
    short = {"ANSWER_S": 4.0, "ENTER_S": 1.0, "START_S": 5.0, "RUN_S": 0.3, "PORT_S": 2.0}
    short |= {"SETTLE_S": 0.3, "BUSY_S": 1.0}
    for name, seconds in short.items():
        monkeypatch.setattr(waits, name, seconds)


@pytest.fixture
def small_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the sources of a small program, which is flashed in place of the clip's."""
    folder = tmp_path / "program"
    folder.mkdir()
    for name, text in PROGRAM.items():
        (folder / name).write_text(text)
    monkeypatch.setattr(firmware, "sources", lambda: {path.name: path for path in sorted(folder.glob("*.py"))})
    return folder


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An image of MicroPython for an ESP32-S3."""
    file = tmp_path / f"ESP32_GENERIC_S3-20260406-{VERSION}.bin"
    file.write_bytes(make_image("esp32s3", VERSION, size=60_000))
    return file


@pytest.fixture
def empty_board(tmp_path: Path) -> Iterator[UsbBoard]:
    """A board whose flash is empty, in its boot loader."""
    board = UsbBoard(tmp_path / "board")
    board.plug(boot_button=True)
    yield board
    board.unplug()


@pytest.fixture
def board(tmp_path: Path, image: Path) -> Iterator[UsbBoard]:
    """A board that runs MicroPython without any program."""
    made = UsbBoard(tmp_path / "board")
    made.flash.write(0, image.read_bytes())
    with made:
        yield made


Flash = Callable[..., Result]


@pytest.fixture
def flash(tmp_path: Path) -> Flash:
    """Runs `untuck flash` for the board of this test."""

    def run(*arguments: str, port: str = str(tmp_path / "board" / "ttyACM0")) -> Result:
        return CliRunner().invoke(cli, ["flash", "--port", port, *arguments])

    return run


def files_of(board: UsbBoard) -> dict[str, str]:
    """Names and hashes of the files on a board that runs MicroPython."""
    from untuck.flash.ports import Port

    with repl.Repl(Port(board.url)) as open_repl:
        assert open_repl.enter(3.0)
        return open_repl.hashes()


def assert_ok(done: Result) -> None:
    """The command succeeded; if not, its output is shown."""
    assert done.exit_code == 0, done.output
