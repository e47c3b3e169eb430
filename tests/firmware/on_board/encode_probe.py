# Runs the real RunEncoder in MicroPython. Arguments: file of packets (u16 length each), output file for the records.
# A record is closed every 20 packets, as the run store does each second. Encoding must not allocate.
# Prints packets, bytes written and bytes allocated; tests/firmware/test_run_encoder.py reads that.

import gc
import struct
import sys

from run_encoder import RunEncoder

encoder = RunEncoder()
packets = written = grown = 0


def close(target):
    size = encoder.close()
    target.write(memoryview(encoder.record)[:size])
    return size


def add(packet):
    global grown
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    added = encoder.add(packet)
    grown += gc.mem_alloc() - before
    gc.enable()
    return added


with open(sys.argv[1], "rb") as source, open(sys.argv[2], "wb") as target:
    while True:
        head = source.read(2)
        if not head:
            break
        packet = source.read(struct.unpack("<H", head)[0])
        if packets % 20 == 0:
            written += close(target)
        if not add(packet):
            written += close(target)
            assert add(packet)
        packets += 1
    written += close(target)
print(packets, written, grown)
