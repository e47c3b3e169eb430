# A day of running in simulated time, through sample_sync, stream, ring, gait, tuck_cue, run_encoder and run_store.
# Arguments: minutes, ticks_us, sequence and seconds on the clock at the start. Reports are pushed as the sensor driver
# pushes them; the script sets the clock, so a day takes minutes. Every sample's time is checked against the true one.
# Prints samples, wrong times, heap bytes after five minutes and at the end, packets, steps, number of kept runs.

import gc
import struct
import sys

gc.threshold(1024)  # as main.py does while it starts

from array import array
from time import ticks_add

from gait import Gait
from losses import Losses
from ring import Ring
from run_store import RunStore
from sample_queue import SampleQueue
from sample_sync import ACC, GYR, QUAT, SampleSync
from settings import Settings
from stream import Stream
from tuck_cue import TuckCue

minutes, ticks_us, sequence, clock_s = [int(argument) for argument in sys.argv[1:5]]
PERIOD_US = 10000
KEPT_SAMPLES = 100  # saved to the flash in each minute; saving the whole day would take long

queue = SampleQueue(ticks_us, 0)
queue._clock_s = clock_s
sync = SampleSync(queue)
ring = Ring(Losses(), 4000)
settings = Settings("settings")
settings.set_standing(0, 16384, 0)
gait = Gait()
tuck_cue = TuckCue(gait, settings)
store = RunStore("runs", 400000, Losses())


def on_sample(sample, time_s, time_us):
    tuck_cue.add(gait.add(sample, time_s, time_us))


stream = Stream(queue, ring, on_sample)
gait.begin(100)
stream.begin(7, 100, 100000)
ring.next = ring.oldest = ring.cursor = ring.saved = sequence
queue.begin()
sync.restart(PERIOD_US, PERIOD_US, PERIOD_US)
queue.settle()
store.begin(1800000000)

acc = bytearray(6)
quat = struct.pack("<4h", 11585, 0, 0, 11585)  # x y z w: the y axis is up
gyr = bytearray(6)
# Vertical acceleration of a step of 36 samples, in Q8, without gravity: flight, then stance
STEP = array("h", [-2400] * 14 + [2000, 4500, 6000, 6500, 6000, 4500, 3000, 1500, 500] + [-1000] * 3 + [-2300] * 10)
# Forward acceleration of a pelvis that is fastest when highest: as the vertical velocity
FORE = array("h", [sum(STEP[: i + 1]) * 36 - sum(STEP) * (i + 1) >> 9 for i in range(36)])


def a_minute(wrong, began):
    """Process 6000 samples; returns the number of wrong times so far and the next expected time."""
    global ticks_us
    expected_s, expected_us = began
    for number in range(6000):
        ticks_us = ticks_add(ticks_us, PERIOD_US)
        expected_us += PERIOD_US
        if expected_us >= 1000000:
            expected_us -= 1000000
            expected_s += 1
        up = 2511 + STEP[number % 36]
        back = -FORE[number % 36]
        acc[2] = up & 0xFF
        acc[3] = up >> 8 & 0xFF
        acc[4] = back & 0xFF
        acc[5] = back >> 8 & 0xFF
        queue.advance(ticks_us)
        sync.push(ACC, ticks_us, acc, 0)
        sync.push(QUAT, ticks_us, quat, 0)
        sync.push(GYR, ticks_us, gyr, 0)
        sync.join()
        stream.drain()
        if queue.time_s != expected_s or queue.time_us != expected_us or queue.flags:
            wrong += 1
        while ring.peek() is not None:
            packet = ring.unsaved()
            if number < KEPT_SAMPLES:
                store.add(packet)
            ring.saved += 1
            ring.sent()
            ring.acknowledge(ring.cursor - 1)
    return wrong, (expected_s, expected_us)


wrong = 0
state = (clock_s, 0)
early = 0
for minute in range(minutes):
    wrong, state = a_minute(wrong, state)
    if minute == 4:
        gc.collect()
        early = gc.mem_alloc()
gc.collect()
print(minutes * 6000, wrong, early, gc.mem_alloc(), ring.next - sequence, gait.steps, store.count)
