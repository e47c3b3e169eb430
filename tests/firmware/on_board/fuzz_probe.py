# Throws random and mutated bytes at the SHTP parser, the sensor driver behind it, and the control characteristic.
# Arguments: inputs for the sensor, inputs for the control, seed. The real driver and the real Control, on a bus that
# answers with whatever the generator makes and a radio that only records. Prints what was thrown and what came of it.
# Nothing may raise; nothing but what was asked for may change. tests/firmware/test_firmware_fuzz.py runs it.

import asyncio
import gc
import sys
import time
from array import array

gc.threshold(1024)  # as main.py does while it starts

import wire
from fake_board import Air, Bus, Line, Nobody, Noise

from bno085 import Bno085
from control import Control
from fetching import Fetching
from flashlog import FlashLog
from gait import Gait
from ring import Ring
from settings import Settings
from sounder import Sounder
from stream import Stream
from tuck_cue import Coach
from wearer import Wearer

sensor_inputs, control_inputs, seed = [int(argument) for argument in sys.argv[1:4]]
noise = Noise(seed)
bus = Bus(noise)
line = Line()
sensor = Bno085(bus.link(line), line, line)
ring = Ring(6000)
settings = Settings("settings")
gait = Gait()
wearer = Wearer(gait, Coach(gait, settings), Sounder(Nobody(), settings), Nobody(), None)
log = FlashLog("runs", 200000)
air = Air()
control = Control(
    sensor,
    Stream(sensor.samples, ring, wearer.feel),
    ring,
    air,
    log,
    Fetching(log, air),
    wearer,
    settings,
    Sounder(Nobody(), settings),
)
sample = array("h", bytes(20))


def throw_at_sensor(count):
    """Transfers of all kinds, at a driver in each of its states."""
    taken = longest_ms = 0
    for number in range(count):
        if number % 500 == 0:
            sensor._state = noise.below(6)
            sensor._reports.restart(10000, 10000, 10000)
        bus.prepare()
        sensor._pairing.settle()  # else samples wait for two stamps that agree
        before_ms = time.ticks_ms()
        sensor.service()
        while sensor.samples.pop(sample):
            taken += 1
        longest_ms = max(longest_ms, time.ticks_diff(time.ticks_ms(), before_ms))
    return taken, longest_ms


async def throw_at_control(count):
    """Writes of all kinds; each refused one leaves settings, bonds and runs as they were."""
    results = [0] * 12
    for _ in range(count):
        data = noise.command()
        parsed = wire.parse_command(data)[0]
        before = settings.outputs, settings.threshold_cdeg, settings.standing, log.count, control.state
        await control._obey(data)
        control._answer_due = False
        control._fetching.pump()
        results[parsed] += 1
        if parsed != wire.RESULT_OK:
            after = settings.outputs, settings.threshold_cdeg, settings.standing, log.count, control.state
            assert before == after, data
    return results


sensor._state = 4
gc.collect()
start = gc.mem_alloc()
print("sensor", sensor_inputs, *throw_at_sensor(sensor_inputs), sensor.errors, sensor._shtp.faults)
bus.silent = True
sensor._state = 5
print("control", control_inputs, *asyncio.run(throw_at_control(control_inputs)))
gc.collect()
print("grown", gc.mem_alloc() - start)
