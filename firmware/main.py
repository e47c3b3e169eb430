# Starts the clip's tasks, and the clip anew if one of them fails. Nothing else lives here.

import asyncio
import gc
import sys
import time

import machine
from micropython import const

from bno085 import Bno085
from board import open_sensor
from control import Control
from radio import Radio
from ring import ARENA_BYTES, Ring
from stream import Stream

_PAUSE_MS = const(2000)  # long enough to break in over USB
_SHARE = const(3)  # the ring takes at most a third of what is free: sensor, stream and passing things need the rest


async def main():
    radio = Radio()  # it takes its memory first, then the ring its one big piece, then all others theirs
    gc.collect()
    ring = Ring(min(ARENA_BYTES, gc.mem_free() // _SHARE))
    sensor = Bno085(*open_sensor())
    control = Control(sensor, Stream(sensor, ring), ring, radio)
    await asyncio.gather(control.sample(), control.talk())


try:
    asyncio.run(main())
except Exception as error:  # whatever it was: a clip that runs again is worth more than a dead one
    sys.print_exception(error)
    time.sleep_ms(_PAUSE_MS)
    machine.reset()
