# The clip falls asleep on the virtual bus: the real Control, Standalone, driver and board.sleep, with a fake radio.
# Arguments: bus, "motion" (sleep until motion) or "off", then what happened before: "monitor", "stream" or "nothing".
# The process ends with what machine.deepsleep of the shims says. tests/firmware/test_sleep.py runs it.

import asyncio
import gc
import sys

gc.threshold(1024)  # as main.py does while it starts

from fake_board import FakeInputs, FakeRadio

import board
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

board.BUS, until, before = sys.argv[1:4]

sensor = board.new_sensor()
ring = Ring(losses, 6000)
settings = Settings()
gait = Gait(sensor.samples.sensor)
sounder = Sounder(board.Outputs(), settings)
standalone = Standalone(gait, TuckCue(gait, settings), sounder, FakeInputs(), board.sleep)
store = RunStore("runs", 200000, losses)
radio = FakeRadio()
stream = Stream(sensor.samples, ring, standalone.on_sample)
control = Control(sensor, stream, ring, radio, store, RunTransfer(store, radio), standalone, settings, sounder, losses)


async def main():
    if before == "monitor":
        await control.monitor()
    elif before == "stream":
        await control.start_stream(100)
        control.listening = True  # a host that has acknowledged nothing
    if before != "nothing":
        sensing = asyncio.create_task(control.run_sensor())
        await asyncio.sleep_ms(1500)
        sensing.cancel()
    standalone._fall_asleep(control, until == "motion")


asyncio.run(main())
