# From frames of the ICM-45686's FIFO to the clip's vertical and packets, without a bus, with values at all ends.
# Arguments: number of frames, rate in Hz, ticks_us at the start. Prints bytes allocated, and a checksum of the results.

import gc
import sys
from time import ticks_add

import wire

from fifo_clock import FifoClock
from gait import Gait
from icm45686 import _convert
from losses import Losses
from ring import Ring
from sample_queue import SampleQueue
from stream import Stream

count, rate_hz, tick_us = [int(argument) for argument in sys.argv[1:4]]
period_us = 1000000 // rate_hz
queue = SampleQueue(tick_us, wire.SENSOR_ICM45686)
clock = FifoClock(queue)
gait = Gait(wire.SENSOR_ICM45686)
gait.begin(rate_hz)
total = 0


def on_sample(sample, time_s, time_us):
    """Process a sample as the clip does; adds to the checksum."""
    global total
    gait.add(sample, time_s, time_us)
    total = (total * 31 + gait.up_x + 3 * gait.up_y + 7 * gait.up_z + sample[4] + sample[9] + time_us) & 0xFFFFF


stream = Stream(queue, Ring(Losses(), 4000), on_sample)
stream.begin(7, rate_hz, 1000 * rate_hz)
queue.begin()
queue.restart(period_us)
clock.restart(period_us)
frame = bytearray(20)


def take(count, tick_us):
    """Process so many frames: noise, with all values at an end for some."""
    noise = 1
    for number in range(count):
        for i in range(1, 13):
            noise = (noise * 75 + 74) % 65537
            frame[i] = noise & 0xFF
        kind = number // 64 % 4
        if kind:
            for i in range(2, 13, 2):
                frame[i] = 0x7F if kind == 1 else 0x80 if kind == 2 else 0
        frame[17] = frame[18] = frame[19] = noise & 0xFF
        tick_us = ticks_add(tick_us, period_us + noise % 50)
        stamp = (number * period_us) >> 4
        queue.advance(tick_us)
        clock.take(stamp & 0xFFFF, tick_us if number % 3 else None)
        at = queue.next_at()
        if not _convert(frame, 0, queue.values, at + 4):
            for i in range(4):
                queue.values[at + i] = 0
            queue.complete(clock.frame_us, wire.FLAG_NO_QUAT)
        clock.bound(tick_us)
        stream.drain()
    return tick_us


before = grown = 0
tick_us = take(400, tick_us)
gc.collect()
gc.disable()
before = gc.mem_alloc()
take(count, tick_us)
grown = gc.mem_alloc() - before
print(grown, total)
