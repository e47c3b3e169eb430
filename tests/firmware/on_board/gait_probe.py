# Runs many recordings through gait.py and tuck_cue.py in one process; for each prints the times in ms of running steps,
# then times and numbers of the cues. Argument: file of recordings. Each is a header (u32 samples; i16 rate in Hz,
# threshold in 1/100 deg, standing x y z in 1/16384), then its samples (u32 ms, ten i16).

import struct
import sys
from array import array

import wire

from gait import Gait
from settings import Settings
from tuck_cue import TuckCue

HEADER = "<I5h"
settings = Settings("settings")
record = bytearray(24)
sample = array("h", bytes(20))
with open(sys.argv[1], "rb") as file:
    while True:
        header = file.read(struct.calcsize(HEADER))
        if not header:
            break
        count, rate_hz, threshold_cdeg, *standing = struct.unpack(HEADER, header)
        settings.set_tuck_cue(wire.OUT_ALL, threshold_cdeg, 5, 30)
        settings.set_standing(*standing)
        gait = Gait()
        gait.begin(rate_hz)
        tuck_cue = TuckCue(gait, settings)
        tuck_cue.begin()
        steps, cues = [], []
        for _ in range(count):
            file.readinto(record)
            row = struct.unpack("<I10h", record)
            for i in range(10):
                sample[i] = row[1 + i]
            stepped = gait.add(sample, row[0] // 1000, row[0] % 1000 * 1000)
            tuck_cue.add(stepped)
            if stepped:
                steps.append(row[0])
            cue = tuck_cue.cue()
            if cue:
                cues += [row[0], cue]
        print("steps", *steps)
        print("cues", *cues)
