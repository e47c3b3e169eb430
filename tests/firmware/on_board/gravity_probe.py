# Runs recorded samples of a sensor without a quaternion through the firmware's gait.py and gravity.py in MicroPython.
# Arguments: file of samples (u32 ms, ten i16 each), rate in Hz, memory of the correction in s (0: the firmware's own).
# Prints the vertical after each sample, then the bytes allocated after 10 s, steps and breaks.

import gc
import struct
import sys
from array import array

import wire

from gait import Gait

path = sys.argv[1]
rate_hz, memory_s = [int(argument) for argument in sys.argv[2:4]]
gait = Gait(wire.SENSOR_ICM45686)
gait.begin(rate_hz)
if memory_s:
    gait._gravity._memory = memory_s * rate_hz
sample = array("h", bytes(20))
record = bytearray(24)
grown = samples = 0
with open(path, "rb") as file:
    while file.readinto(record) == 24:
        row = struct.unpack("<I10h", record)
        for i in range(10):
            sample[i] = row[1 + i]
        gc.collect()
        gc.disable()
        before = gc.mem_alloc()
        gait.add(sample, row[0] // 1000, row[0] % 1000 * 1000)
        grown += gc.mem_alloc() - before if samples > 1000 else 0
        gc.enable()
        samples += 1
        print(gait.up_x, gait.up_y, gait.up_z)
print(grown, gait.steps, gait.breaks)
