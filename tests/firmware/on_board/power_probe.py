# The real run store on a real littlefs over nor_flash.py's flash, whose power fails during an operation.
# Arguments: flash file; "format", "write" or "read"; operations until the power fails (0: never); file of packets, or
# output file for the run's bytes. write prints how many packets were added; read prints the run's number and size.

import gc
import struct
import sys

gc.threshold(1024)

import vfs
from nor_flash import Flash

from losses import Losses
from run_store import RunStore


def write(flash, path):
    store = RunStore("/flash/runs", 900000, Losses())
    store.begin(1800000000)
    with open(path, "rb") as source:
        while True:
            head = source.read(2)
            if not head:
                break
            assert store.add(source.read(struct.unpack("<H", head)[0]))
            flash.handed += 1
    store.end()
    print(flash.handed)


def read(path):
    store = RunStore("/flash/runs", 900000, Losses())
    with open(path, "wb") as target:
        for run, size, _ in store.runs():
            print(run, size)
            block = bytearray(256)
            for at in range(0, size, 256):
                part = memoryview(block)[: min(256, size - at)]
                store.read(run, at, part)
                target.write(part)
    store.begin(0)  # it can be written again
    store.end()


flash = Flash(sys.argv[1], int(sys.argv[3]))
if sys.argv[2] == "format":
    vfs.VfsLfs2.mkfs(flash)
else:
    vfs.mount(vfs.VfsLfs2(flash), "/flash")
    if sys.argv[2] == "write":
        write(flash, sys.argv[4])
    else:
        read(sys.argv[4])
