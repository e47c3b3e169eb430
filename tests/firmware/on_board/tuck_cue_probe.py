# Runs recorded samples through the firmware's gait.py and tuck_cue.py in MicroPython; prints steps, cadence and cues.
# Arguments: file of samples (u32 ms, ten i16 each), rate in Hz, threshold in 1/100 deg, warm-up in s, settings file,
# sensor id.
# The first samples are standing, which the clip measures. Prints the cues (ms, cue), then one line of sums.

import gc
import struct
import sys
from array import array

import wire

from gait import Gait
from settings import Settings
from tuck_cue import TuckCue

path, kept = sys.argv[1], sys.argv[5]
rate_hz, threshold_cdeg, warm_up_s = [int(argument) for argument in sys.argv[2:5]]
settings = Settings(kept)
settings.set_tuck_cue(wire.OUT_ALL, threshold_cdeg, warm_up_s, 30)
gait = Gait(int(sys.argv[6]))
gait.begin(rate_hz)
tuck_cue = TuckCue(gait, settings)
tuck_cue.begin()
tuck_cue.measure_standing()
sample = array("h", bytes(20))
record = bytearray(24)
cadences = seconds = grown = samples = 0
with open(path, "rb") as file:
    while file.readinto(record) == 24:
        row = struct.unpack("<I10h", record)
        for i in range(10):
            sample[i] = row[1 + i]
        gc.collect()
        gc.disable()
        before = gc.mem_alloc()
        tuck_cue.add(gait.add(sample, row[0] // 1000, row[0] % 1000 * 1000))
        grown += gc.mem_alloc() - before if samples > 1000 else 0
        gc.enable()
        samples += 1
        cue = tuck_cue.cue()
        if cue:
            print("cue", row[0], cue)
        if samples % rate_hz == 0 and gait.cadence_spm():
            cadences += gait.cadence_spm()
            seconds += 1
print(
    "steps",
    gait.steps,
    "cadence",
    cadences // max(seconds, 1),
    "grown",
    grown,
    "standing",
    *settings.standing,
    Settings(kept).outputs,
)
