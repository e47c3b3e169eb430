# Sends random and mutated bytes to the SHTP parser, the sensor driver behind it, and the control characteristic.
# Arguments: number of inputs for the sensor, for the control, seed. The real driver on a bus that answers with random
# data, and the real Control with a radio that only counts. Prints numbers of inputs and outcomes. No input may raise,
# and only valid commands may change anything. tests/firmware/test_firmware_fuzz.py runs it.

import asyncio
import gc
import sys
import time
from array import array

gc.threshold(1024)  # as main.py does while it starts

import wire
from fake_board import FakeBus, FakeInputs, FakeOutputs, FakePin, FakeRadio, RandomBytes

from bno085 import Bno085
from control import Control
from gait import Gait
from losses import Losses
from ring import Ring
from run_store import RunStore
from run_transfer import RunTransfer
from settings import Settings
from sounder import Sounder
from standalone import Standalone
from stream import Stream
from tuck_cue import TuckCue

losses = Losses()

sensor_inputs, control_inputs, seed = [int(argument) for argument in sys.argv[1:4]]
random = RandomBytes(seed)
bus = FakeBus(random)
pin = FakePin()
sensor = Bno085(bus.link(pin), pin, pin)
ring = Ring(losses, 6000)
settings = Settings("settings")
gait = Gait()
standalone = Standalone(gait, TuckCue(gait, settings), Sounder(FakeOutputs(), settings), FakeInputs(), None)
store = RunStore("runs", 200000, losses)
radio = FakeRadio()
control = Control(
    sensor,
    Stream(sensor.samples, ring, standalone.on_sample),
    ring,
    radio,
    store,
    RunTransfer(store, radio),
    standalone,
    settings,
    Sounder(FakeOutputs(), settings),
    losses,
)
sample = array("h", bytes(20))


def throw_at_sensor(count):
    """Random transfers, with the driver in each of its states."""
    taken = longest_ms = 0
    for number in range(count):
        if number % 500 == 0:
            sensor._state = random.below(6)
            sensor._reports.restart(10000, 10000, 10000)
        bus.prepare()
        sensor.samples.settle()  # otherwise samples wait for two timestamps that agree
        before_ms = time.ticks_ms()
        sensor.service()
        while sensor.samples.pop(sample):
            taken += 1
        longest_ms = max(longest_ms, time.ticks_diff(time.ticks_ms(), before_ms))
    return taken, longest_ms


async def throw_at_control(count):
    """Random writes; a rejected one must not change settings, runs or state."""
    results = [0] * 12
    for _ in range(count):
        data = random.command()
        parsed = wire.parse_command(data)[0]
        before = settings.outputs, settings.threshold_cdeg, settings.standing, store.count, control.state
        await control._execute(data)
        control._answer_due = False
        control._transfer.send_frames()
        results[parsed] += 1
        if parsed != wire.RESULT_OK:
            after = settings.outputs, settings.threshold_cdeg, settings.standing, store.count, control.state
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
