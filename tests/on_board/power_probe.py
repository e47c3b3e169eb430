# The real flash log on a real littlefs over a simulated NOR flash that loses its power in the middle of an operation.
# Arguments: file that is the flash, "write" or "read", operations until the power fails (0: never), file of packets or
# for the run's bytes. write prints how many packets were handed over; read prints the run's number and size.
# The flash is a file: bits only fall when written, blocks of 4 kB are erased whole, a failing operation is half done.

import gc
import struct
import sys

gc.threshold(1024)

import vfs

from flashlog import FlashLog

BLOCK = 4096
BLOCKS = 256


class Flash:
    """A block device as MicroPython's Partition is one; dies after `left` more operations."""

    def __init__(self, path, left):
        self._file = open(path, "r+b")  # noqa: SIM115 (for as long as the board has power)
        self._left = left
        self.handed = 0

    def readblocks(self, block, buffer, offset=0):
        self._file.seek(block * BLOCK + offset)
        self._file.readinto(buffer)

    def writeblocks(self, block, buffer, offset=0):
        self._change(block * BLOCK + offset, buffer)

    def ioctl(self, operation, argument):
        if operation == 4:
            return BLOCKS
        if operation == 5:
            return BLOCK
        if operation == 6:
            self._change(argument * BLOCK, b"\xff" * BLOCK)
        return 0

    def _change(self, at, data):
        self._left -= 1
        dies = self._left == 0
        self._file.seek(at)
        self._file.write(memoryview(data)[: len(data) // 2] if dies else data)
        if dies:
            self._file.close()
            print(self.handed)
            raise SystemExit


def write(flash, path):
    log = FlashLog("/flash/runs", 900000)
    log.begin(1800000000)
    with open(path, "rb") as source:
        while True:
            head = source.read(2)
            if not head:
                break
            assert log.add(source.read(struct.unpack("<H", head)[0]))
            flash.handed += 1
    log.end()
    print(flash.handed)


def read(path):
    log = FlashLog("/flash/runs", 900000)
    with open(path, "wb") as target:
        for run, size, _ in log.runs():
            print(run, size)
            block = bytearray(256)
            for at in range(0, size, 256):
                part = memoryview(block)[: min(256, size - at)]
                log.read(run, at, part)
                target.write(part)
    log.begin(0)  # and it can be written to again
    log.end()


flash = Flash(sys.argv[1], int(sys.argv[3]))
if sys.argv[2] == "format":
    vfs.VfsLfs2.mkfs(flash)
else:
    vfs.mount(vfs.VfsLfs2(flash), "/flash")
    if sys.argv[2] == "write":
        write(flash, sys.argv[4])
    else:
        read(sys.argv[4])
