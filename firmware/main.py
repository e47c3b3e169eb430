# Starts the clip's tasks, and the clip anew if one of them fails. Nothing else lives here.
# The order matters: the radio takes its memory first, then the ring its one big piece, then comes everything else.

import asyncio
import gc
import sys
import time

import machine
from micropython import const

from bonds import Bonds
from radio import Radio
from ring import ARENA_BYTES, Ring

_PAUSE_MS = const(2000)  # long enough to break in over USB
_SHARE = const(7)  # the ring takes at most this part of what is free: 26 kB are 10 s at 100 Hz
_TIDY_BYTES = const(1024)  # while starting, so that what stays lies close together


def build(radio, ring):
    """Everything else, and its tasks."""
    import board
    from bno085 import Bno085
    from control import Control
    from gait import Gait
    from run_store import RunStore
    from run_transfer import RunTransfer
    from settings import Settings
    from sounder import Sounder
    from standalone import Standalone
    from stream import Stream
    from tuck_cue import TuckCue

    sensor = Bno085(*board.open_sensor())
    settings = Settings()
    sounder = Sounder(board.Outputs(), settings)
    gait = Gait()
    standalone = Standalone(gait, TuckCue(gait, settings), sounder, board.Inputs(), board.sleep)
    store = RunStore(board.RUNS_FOLDER, board.RUNS_BYTES[board.BOARD])
    stream = Stream(sensor.samples, ring, standalone.on_sample)
    control = Control(sensor, stream, ring, radio, store, RunTransfer(store, radio), standalone, settings, sounder)
    return control.run_sensor(), control.run_host(), standalone.run(control), sounder.run_cues(), sounder.run_led()


async def main():
    gc.threshold(_TIDY_BYTES)
    radio = Radio(Bonds())
    ring = Ring(min(ARENA_BYTES, gc.mem_free() // _SHARE))
    tasks = build(radio, ring)
    gc.threshold(-1)
    await asyncio.gather(*tasks)


try:
    asyncio.run(main())
except Exception as error:  # whatever it was: a clip that runs again is worth more than a dead one
    sys.print_exception(error)
    time.sleep_ms(_PAUSE_MS)
    machine.reset()
