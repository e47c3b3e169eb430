# What the simulated board's MicroPython runs when it starts, as _boot.py does on an ESP32: mounts the file system in
# the flash's file, then runs main.py unless the raw REPL was asked for. Runs in MicroPython's Unix port.
# Settings are UNTUCK_FLASH "file:offset:bytes", UNTUCK_MACHINE and UNTUCK_BANNER (the names of board and version in the
# image that was written) and UNTUCK_REQUEST (a file that says why MicroPython ended).

import os
import sys

import vfs

_FOLDER = "/flash"
_BLOCK = 4096


class _Flash:
    def __init__(self, path, offset, size):
        self._file = open(path, "r+b")  # noqa: SIM115
        self._offset = offset
        self._size = size

    def readblocks(self, block, buffer, offset=0):
        self._file.seek(self._offset + block * _BLOCK + offset)
        self._file.readinto(buffer)

    def writeblocks(self, block, buffer, offset=0):
        self._file.seek(self._offset + block * _BLOCK + offset)
        self._file.write(buffer)
        self._file.flush()

    def ioctl(self, operation, argument):
        if operation == 4:
            return self._size // _BLOCK
        if operation == 5:
            return _BLOCK
        if operation == 6:
            self.writeblocks(argument, b"\xff" * _BLOCK)
        return 0


class _Partition:
    """The partition of the file system."""

    TYPE_DATA = 1

    @staticmethod
    def find(kind, label):
        return [_Partition()] if label == "vfs" else []

    @staticmethod
    def info():
        _, offset, size = os.getenv("UNTUCK_FLASH").split(":")
        return 1, 129, int(offset), int(size), "vfs", False


class _Sys:
    """The module sys, as the board's name differs."""

    def __init__(self, machine):
        self._machine = machine

    def __getattr__(self, name):
        if name == "implementation":
            return _implementation(self._machine)
        if name == "version":
            return "3.4.0; " + os.getenv("UNTUCK_BANNER")
        if name == "platform":
            return "esp32"
        return getattr(sys, name)


def _implementation(machine):
    from collections import namedtuple

    real = sys.implementation
    kind = namedtuple("implementation", ("name", "version", "_machine", "_mpy"))
    version = os.getenv("UNTUCK_BANNER").split(" ")[1]
    return kind(real[0], tuple([int(part) for part in version[1:].split(".")]), machine, real._mpy)


def _end(why):
    def end(*_):
        with open(os.getenv("UNTUCK_REQUEST"), "w") as file:
            file.write(why)
        raise SystemExit

    return end


def _mount():
    path, offset, size = os.getenv("UNTUCK_FLASH").split(":")
    flash = _Flash(path, int(offset), int(size))
    try:
        vfs.mount(flash, _FOLDER)
    except OSError:
        first = bytearray(_BLOCK)
        flash.readblocks(0, first)
        if any(byte != 0xFF for byte in first):
            print("The filesystem appears to be corrupted.")
            return
        vfs.VfsLfs2.mkfs(flash)
        vfs.mount(flash, _FOLDER)
        print("Performing initial setup")
    os.chdir(_FOLDER)


def start():
    """Mount the flash, then run main.py."""
    sys.path[:] = ["", ".frozen"]
    sys.path.extend(os.getenv("UNTUCK_SHIMS").split(":"))
    _mount()
    import esp32
    import machine

    esp32.Partition = _Partition
    machine.unique_id = lambda: bytes([int(part, 16) for part in os.getenv("UNTUCK_MAC").split(":")])
    machine.reset = _end("reset")
    machine.bootloader = _end("bootloader")
    machine.deepsleep = _end("sleep")
    print("\x06", end="")  # from now on the board hears what is typed
    sys.modules["sys"] = _Sys(os.getenv("UNTUCK_MACHINE"))
    if not os.getenv("UNTUCK_RAW"):
        try:
            os.stat("main.py")
        except OSError:
            return
        import main  # noqa: F401


start()
