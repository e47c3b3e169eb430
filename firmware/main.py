# Starts the clip's tasks; restarts the clip if one of them fails.
# The order matters for memory: the radio first, then the ring's one large buffer, then everything else.

import asyncio
import gc
import sys
import time

import machine
from micropython import const

from bonds import Bonds
from losses import Losses
from radio import Radio
from ring import ARENA_BYTES, Ring

_PAUSE_MS = const(2000)  # before the restart: long enough to interrupt over USB
_SHARE = const(7)  # the ring takes at most a seventh of the free memory; 26 kB hold 10 s at 100 Hz
_GC_BYTES = const(1024)  # collect this often while starting, so that permanent objects lie close together


def build(radio, ring, losses):
    """Create all other objects; returns the tasks to run."""
    import board
    from control import Control
    from gait import Gait
    from run_store import RunStore
    from run_transfer import RunTransfer
    from settings import Settings
    from sounder import Sounder
    from standalone import Standalone
    from stream import Stream
    from tuck_cue import TuckCue

    sensor = board.new_sensor()
    settings = Settings()
    sounder = Sounder(board.Outputs(), settings)
    gait = Gait(sensor.samples.sensor)
    standalone = Standalone(gait, TuckCue(gait, settings), sounder, board.Inputs(), board.sleep)
    store = RunStore(board.RUNS_FOLDER, board.RUNS_BYTES[board.BOARD], losses)
    stream = Stream(sensor.samples, ring, standalone.on_sample)
    transfer = RunTransfer(store, radio)
    control = Control(sensor, stream, ring, radio, store, transfer, standalone, settings, sounder, losses)
    return control.run_sensor(), control.run_host(), standalone.run(control), sounder.run_cues(), sounder.run_led()


async def main():
    gc.threshold(_GC_BYTES)
    radio = Radio(Bonds())
    losses = Losses()
    ring = Ring(losses, min(ARENA_BYTES, gc.mem_free() // _SHARE))
    tasks = build(radio, ring, losses)
    gc.threshold(-1)
    await asyncio.gather(*tasks)


try:
    asyncio.run(main())
except ImportError as error:  # a restart would not help; at the prompt the board takes what is absent
    sys.print_exception(error)
except Exception as error:  # any other error: a restarted clip records again
    sys.print_exception(error)
    time.sleep_ms(_PAUSE_MS)
    machine.reset()
