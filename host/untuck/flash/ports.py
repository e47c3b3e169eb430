"""Finds the serial port of the board, and says why a port cannot be opened."""

from __future__ import annotations

import errno
import os
import sys
import time
from dataclasses import dataclass

from untuck.errors import FlashError
from untuck.extras import extra_for
from untuck.flash import waits

ESPRESSIF, SEEED = 0x303A, 0x2886
ROM_PRODUCT = 0x1001  # of the boot loader in an ESP32-S3
_MAKERS = {ESPRESSIF: "Espressif", SEEED: "Seeed", 0x10C4: "CP210x", 0x1A86: "CH34x", 0x0403: "FTDI"}
_BUSY = (errno.EBUSY, errno.EAGAIN)
_NAP_S = 0.1
_NAMED = "://"  # a port that is no device: rfc2217://, socket://


@dataclass(frozen=True)
class Port:
    """A serial port. kind: what is plugged in; place: the USB socket, which stays when the device's name changes."""

    name: str
    kind: str = ""
    place: str = ""
    maker: int = 0


def list_ports() -> list[Port]:
    """All serial ports of this computer that belong to a USB device."""
    with extra_for("`untuck flash`"):
        from serial.tools.list_ports import comports
    return [
        Port(each.device, each.description or "", each.location or "", each.vid or 0)
        for each in sorted(comports(), key=lambda each: str(each.device))
        if each.vid is not None
    ]


def find_port(name: str | None) -> Port:
    """The port of the board: the named one, or the only one that can be a board. Raises FlashError."""
    ports = list_ports()
    if name is not None:
        return next((port for port in ports if port.name == name), Port(name))
    boards = [port for port in ports if port.maker in _MAKERS]
    if len(boards) == 1:
        return boards[0]
    if boards:
        shown = ", ".join(f"{port.name} ({port.kind or _MAKERS[port.maker]})" for port in boards)
        raise FlashError(f"more than one board is connected: {shown}. Name one: untuck flash --port {boards[0].name}")
    others = ", ".join(f"{port.name} ({port.kind})" for port in ports)
    found = f"only {others} is connected, which is no board known here" if ports else "no board is connected"
    raise FlashError(
        f"{found}: plug the board in with a USB cable that carries data (many only charge). A clip that sleeps wakes "
        "when its button is pressed. If the board still does not appear, enter its boot loader: see docs/flash.md."
        + (" If it is the board, name it with --port." if ports else "")
    )


def wait_for(port: Port, seconds: float) -> Port | None:
    """The board after a restart, which may have another name in the same USB socket; None if it stays away."""
    end_s = time.monotonic() + seconds
    while True:
        if _NAMED in port.name or os.path.exists(port.name):
            return port
        if port.place and (same := [each for each in list_ports() if each.place == port.place]):
            return same[0]
        if not port.place and sys.platform == "win32" and port.name in {each.name for each in list_ports()}:
            return port
        if time.monotonic() > end_s:
            return None
        time.sleep(_NAP_S)


def check_port(port: Port) -> None:
    """Open and close the port. Raises FlashError that says why it cannot be used."""
    with extra_for("`untuck flash`"):
        import serial
    end_s = time.monotonic() + waits.BUSY_S
    while True:
        try:
            serial.serial_for_url(port.name, exclusive=True, timeout=1).close()
            return
        except (OSError, ValueError) as error:
            if getattr(error, "errno", None) not in _BUSY or time.monotonic() > end_s:
                raise FlashError(port_problem(port.name, error)) from error
        time.sleep(_NAP_S)


def port_problem(name: str, error: Exception | str) -> str:
    """What is wrong with a port that cannot be opened, and what to do. error: of the system or its text."""
    text, number = str(error).lower(), getattr(error, "errno", None)
    if number == errno.ENOENT or "no such file" in text or "filenotfound" in text:
        return f"there is no port {name}: plug the board in, or run the command without --port."
    if number in _BUSY or any(word in text for word in ("busy", "exclusively", "temporarily")):
        return f"another program uses {name}: close it (a serial monitor, Thonny, mpremote) and try again."
    if number in (errno.EACCES, errno.EPERM) or "denied" in text or "permitted" in text:
        if sys.platform == "win32":
            return f"another program uses {name}: close it (a serial monitor, Thonny, mpremote) and try again."
        return (
            f"you have no permission to use {name}: run `sudo usermod -a -G dialout $USER` (on Arch the group is "
            "uucp), then log out and in again."
        )
    return f"{name} cannot be opened as a serial port: unplug the board, plug it in again, and check the name."
