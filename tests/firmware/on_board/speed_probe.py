# Time and allocations of the clip's own code for each sample: parsing, joining, packets, gait, tuck cue, compression.
# In MicroPython, without the bus transfer, the radio and the flash.
# Arguments: rate in Hz, samples. Prints us a sample, bytes allocated, bytes of heap used by all this.

import gc
import sys

gc.threshold(1024)

from time import ticks_add

import utime
import wire

from gait import Gait
from losses import Losses
from reports import Reports
from ring import Ring
from run_encoder import RunEncoder
from sample_queue import SampleQueue
from sample_sync import SampleSync
from settings import Settings
from stream import Stream
from tuck_cue import TuckCue

rate_hz, samples = [int(argument) for argument in sys.argv[1:3]]
period_us = 1000000 // rate_hz
queue = SampleQueue(0, 0)
sync = SampleSync(queue)
reports = Reports(sync)
ring = Ring(Losses(), 6000)
settings = Settings("settings")
settings.set_standing(0, 16384, 0)
gait = Gait()
gait.begin(rate_hz)
tuck_cue = TuckCue(gait, settings)
encoder = RunEncoder()


def on_sample(sample, time_s, time_us):
    tuck_cue.add(gait.add(sample, time_s, time_us))


stream = Stream(queue, ring, on_sample)
stream.begin(7, rate_hz, 1000 * rate_hz)
queue.begin()
reports.restart(period_us, period_us, period_us)
queue.settle()
# Base timestamp, acceleration, gyro, quaternion; after the space that the parser needs for a split report
cargo = bytearray(24 + 5 + 10 + 10 + 12)
for at, report in ((24, 0xFB), (29, 0x01), (39, 0x02), (49, 0x08)):
    cargo[at] = report
cargo[49 + 11] = 64


def take(count, tick_us):
    """Process this many samples, one cargo each."""
    for number in range(count):
        tick_us = ticks_add(tick_us, period_us)
        cargo[30] = cargo[40] = cargo[50] = number & 0xFF
        cargo[35] = number * 37 & 0xFF
        cargo[45] = number * 91 & 0xFF
        queue.advance(tick_us)
        reports.begin_cargo(tick_us)
        reports.parse(cargo, 24, 61, False)
        sync.join()
        stream.drain()
        packet = ring.peek()
        if packet is not None:
            if not encoder.add(packet):
                encoder.close()
                encoder.add(packet)
            ring.sent()
            ring.acknowledge(ring.cursor - 1)
    return tick_us


before = began_us = took_us = grown = 0  # so that the table of names does not grow during the measurement
tick_us = take(1000, 0)
gc.collect()
gc.disable()
before = gc.mem_alloc()
began_us = utime.ticks_us()
take(samples, tick_us)
took_us = utime.ticks_diff(utime.ticks_us(), began_us)
grown = gc.mem_alloc() - before
print(took_us / samples, grown, before, ring.next * wire.SAMPLES_PER_PACKET[rate_hz])
