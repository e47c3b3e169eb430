# The real run store on a real littlefs that becomes full: runs recorded one after the other, then one without end.
# Arguments: flash file (with an empty file system), file of packets, space for runs in bytes, number of runs, the run
# that is marked as fetched, repeats of the packets in the endless run, output file for that run's bytes. Each run has
# all packets. Prints after each run, and after a restart: dropped, full, used bytes, then the run numbers.

import gc
import struct
import sys

gc.threshold(1024)

import vfs
from nor_flash import Flash

from losses import Losses
from run_store import RunStore

losses = Losses()

packets_path, bytes_path = sys.argv[2], sys.argv[7]
room_bytes, runs, fetched, repeats = [int(argument) for argument in sys.argv[3:7]]


def record(store):
    """Add all packets; returns whether all could be saved."""
    kept = True
    with open(packets_path, "rb") as source:
        while True:
            head = source.read(2)
            if not head:
                return kept
            kept = store.add(source.read(struct.unpack("<H", head)[0])) and kept


def report(store):
    print(losses.runs, int(store.full), store._used_bytes, *[run for run, _, _ in store.runs()])


vfs.mount(vfs.VfsLfs2(Flash(sys.argv[1], 0)), "/flash")
store = RunStore("/flash/runs", room_bytes, losses)
for number in range(1, runs + 1):
    store.begin(1800000000 + number)
    assert record(store)
    store.end()
    if number == fetched:
        store.mark_fetched(number)
    report(store)
store.begin(1900000000)
for _ in range(repeats):
    record(store)
last = store.recording
store.end()
report(store)
with open(bytes_path, "wb") as target:
    block = bytearray(256)
    size = store.size(last)
    for at in range(0, size, 256):
        part = memoryview(block)[: min(256, size - at)]
        store.read(last, at, part)
        target.write(part)
store = RunStore("/flash/runs", room_bytes, losses)  # as after a restart
report(store)
