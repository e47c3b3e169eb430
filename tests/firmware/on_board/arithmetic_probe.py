# Runs samples through gait.py and tuck_cue.py and prints what they compute, to compare it with other arithmetic.
# Arguments: file of samples (ten i16 each), rate in Hz, ms on the clock at the first sample, "measure" or "known"
# (standing is measured from the samples, or is the z axis). Prints each cue with its time in ms after the first sample,
# the filter of each rate, the steps, and the cadence of each second.

import struct
import sys
from array import array
from time import ticks_diff

import wire

from gait import Gait
from settings import Settings
from tuck_cue import TuckCue

path, standing = sys.argv[1], sys.argv[4]
rate_hz, start_ms = int(sys.argv[2]), int(sys.argv[3])
settings = Settings(path + ".settings")
settings.set_tuck_cue(wire.OUT_ALL, 150, 5, 30)
gait = Gait()
filters = []
for hz in (50, 62, 100, 125, 200, 250):
    gait.begin(hz)
    filters.append((gait._b0, gait._a1, gait._a2))
gait.begin(rate_hz)
tuck_cue = TuckCue(gait, settings)
tuck_cue.begin()
if standing == "measure":
    tuck_cue.measure_standing()
else:
    settings.set_standing(0, 0, 16384)
sample = array("h", bytes(20))
record = bytearray(20)
cadences = []
time_ms = start_ms
with open(path, "rb") as file:
    while file.readinto(record) == 20:
        row = struct.unpack("<10h", record)
        for i in range(10):
            sample[i] = row[i]
        tuck_cue.add(gait.add(sample, time_ms // 1000, time_ms % 1000 * 1000))
        cue = tuck_cue.cue()
        if cue:
            print("cue", time_ms - start_ms, cue)
        time_ms += 1000 // rate_hz
        if (time_ms - start_ms) % 1000 == 0:
            cadences.append(gait.cadence_spm())
print("filters", filters)
print("steps", gait.steps, "since", ticks_diff(gait.now_ms, gait.last_step_ms))
print("cadences", cadences)
