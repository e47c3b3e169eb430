# What long idle times do to the clip: ticks_us wraps at 2^30 (18 min), ticks_ms too (12 days). The script sets them.
# The real Control and Bno085, which is off, for 40 min; the pairing window, opened once, for 13 days; standing,
# measured after the sensor was off for 10 min. Prints a line for each. tests/firmware/test_32bit.py reads it.

import asyncio
import gc

gc.threshold(1024)  # as main.py does while it starts

from array import array
from time import ticks_add

from fake_board import FakeBus, FakeOutputs, FakePin, FakeRadio, RandomBytes

import bno085
import bonds
from bonds import Bonds
from control import Control
from gait import Gait
from losses import Losses
from ring import Ring
from run_store import RunStore
from run_transfer import RunTransfer
from settings import Settings
from sounder import Sounder
from stream import Stream
from tuck_cue import TuckCue

losses = Losses()

MINUTE_US = 60000000
now_us = (1 << 30) - 5
now_ms = (1 << 30) - 5
bno085.ticks_us = lambda: now_us
bonds.ticks_ms = lambda: now_ms

pin = FakePin()
sensor = bno085.Bno085(FakeBus(RandomBytes(1)).link(pin), pin, pin)
settings = Settings("settings")
gait = Gait()
tuck_cue = TuckCue(gait, settings)


async def idle_with_a_host():
    """Seconds that the samples' clock advances while a connected host leaves the clip idle."""
    global now_us
    ring = Ring(losses, 2000)
    store = RunStore("runs", 200000, losses)
    radio = FakeRadio()
    stream = Stream(sensor.samples, ring, None)
    sounder = Sounder(FakeOutputs(), settings)
    control = Control(sensor, stream, ring, radio, store, RunTransfer(store, radio), None, settings, sounder, losses)
    before_s = sensor.samples._clock_s
    task = asyncio.create_task(control.run_sensor())
    for _ in range(40):
        await asyncio.sleep_ms(5)
        now_us = ticks_add(now_us, MINUTE_US)
    await asyncio.sleep_ms(5)
    task.cancel()
    return sensor.samples._clock_s - before_s


def open_hours():
    """The hours after open_window() in which a new host may pair."""
    global now_ms
    hosts = Bonds("none")
    hosts._secrets = hosts._bonds = {(1, b"host"): b"secret"}  # otherwise anyone may pair
    hosts.open_window()
    hours = []
    for hour in range(13 * 24):
        if hosts.open:
            hours.append(hour)
        now_ms = ticks_add(now_ms, 3600000)
    return hours


def standing_after_a_pause():
    """The cues of measuring standing for 6 s, after 10 min without samples."""
    sample = array("h", [16384, 0, 0, 0, 0, 0, 2511, 0, 0, 0])
    gait.begin(50)
    gait.add(sample, 5, 0)
    tuck_cue.measure_standing()
    cues = []
    for i in range(300):
        tuck_cue.add(gait.add(sample, 605 + i // 50, i % 50 * 20000))
        cue = tuck_cue.cue()
        if cue:
            cues.append(cue)
    return cues


print("idle", asyncio.run(idle_with_a_host()))
print("open", *open_hours())
print("standing", *standing_after_a_pause())
