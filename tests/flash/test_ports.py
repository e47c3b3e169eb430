"""Finding the board's port, and what is said of a port that cannot be used."""

from __future__ import annotations

import errno
import threading
from pathlib import Path
from typing import Any

import pytest
import serial
from click.testing import CliRunner, Result

from untuck.cli.main import cli
from untuck.flash import loader, ports, waits
from untuck.flash.ports import Port


def flash(name: str) -> Result:
    return CliRunner().invoke(cli, ["flash", "--yes", "--port", name])


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermissionError(13, "Permission denied"), "usermod -a -G dialout"),
        (FileNotFoundError(2, "No such file or directory"), "there is no port"),
        (OSError(16, "Device or resource busy"), "another program uses"),
        (serial.SerialException("could not open port"), "cannot be opened as a serial port"),
    ],
)
def test_a_port_that_cannot_be_opened(monkeypatch: pytest.MonkeyPatch, error: Exception, words: str) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(serial, "serial_for_url", fail)
    monkeypatch.setattr(waits, "BUSY_S", 0.0)
    done = flash("COM3")
    assert done.exit_code == 1 and words in done.stderr and len(done.stderr.splitlines()) == 1


def test_a_port_that_is_busy_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the system probes a new device."""
    calls = []

    def open_port(*_: Any, **__: Any) -> serial.SerialBase:
        calls.append(1)
        if len(calls) < 3:
            raise serial.SerialException(errno.EAGAIN, "Could not exclusively lock port")
        return serial.SerialBase()

    monkeypatch.setattr(serial, "serial_for_url", open_port)
    monkeypatch.setattr(serial.SerialBase, "close", lambda _: None)
    ports.check_port(Port("COM3"))
    assert len(calls) == 3


def test_a_gps_receiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serial_lines = pytest.importorskip("virtual_clip.serial_lines", reason="no pseudo-terminals on this system")
    for name in ("ANSWER_S", "SETTLE_S", "ENTER_S"):
        monkeypatch.setattr(waits, name, 0.3)
    line = serial_lines.PtyLine(str(tmp_path / "ttyGPS"), lambda _: None)
    stop = threading.Event()

    def speak() -> None:
        while not stop.wait(0.05):
            line.send(b"$GPGGA,120000,4717.1,N,00833.9,E,1,08,0.9,545.4,M,46.9,M,,*47\r\n")

    thread = threading.Thread(target=speak)
    thread.start()
    done = flash(line.url)
    stop.set()
    thread.join()
    line.close()
    assert done.exit_code == 1 and "is a GPS receiver" in done.stderr


def port(name: str, maker: int, kind: str = "USB Serial") -> Port:
    return Port(name, kind, "1-1", maker)


@pytest.mark.parametrize(
    ("connected", "words"),
    [
        ([], "no board is connected: plug the board in with a USB cable that carries data"),
        ([port("COM3", 0x303A), port("COM4", 0x10C4)], "more than one board is connected: COM3 (USB Serial), COM4"),
        ([port("COM7", 0x1546, "u-blox GNSS")], "only COM7 (u-blox GNSS) is connected, which is no board known here"),
    ],
)
def test_which_board(monkeypatch: pytest.MonkeyPatch, connected: list[Port], words: str) -> None:
    monkeypatch.setattr(ports, "list_ports", lambda: connected)
    done = CliRunner().invoke(cli, ["flash", "--yes"])
    assert done.exit_code == 1 and words in done.stderr


def test_the_only_board_is_found_beside_other_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    connected = [port("COM7", 0x1546), port("COM3", 0x303A)]
    monkeypatch.setattr(ports, "list_ports", lambda: connected)
    assert ports.find_port(None).name == "COM3"


def test_the_board_keeps_its_socket_when_its_name_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an ESP32-S3 does when its boot loader takes the USB device over."""
    monkeypatch.setattr(ports, "list_ports", lambda: [Port("/dev/ttyACM9", "JTAG", "1-1", 0x303A)])
    found = ports.wait_for(Port("/dev/no-such-port", "MicroPython", "1-1", 0x303A), 0.5)
    assert found is not None and found.name == "/dev/ttyACM9"
    assert ports.wait_for(Port("/dev/no-such-port", "", "1-2"), 0.2) is None


def test_esptools_messages_become_ours() -> None:
    """An unknown one is shown, with what to do."""
    text = loader._in_words("Connected to ESP32\nA fatal error occurred: something new", "COM3")
    assert "something new" in text and "run the same command again" in text
