# Starts the clip's tasks. Nothing else lives here.
# The radio takes its memory first, then the ring its one big piece while the heap is whole, then all others theirs.

import asyncio
import gc

gc.threshold(4096)  # collect early and often while starting: garbage between what stays would break the heap up

from radio import Radio  # noqa: E402

radio = Radio()

from ring import Ring  # noqa: E402

ring = Ring()

from bno085 import Bno085  # noqa: E402
from board import open_sensor  # noqa: E402

sensor = Bno085(*open_sensor())

from control import Control  # noqa: E402
from stream import Stream  # noqa: E402

control = Control(sensor, Stream(sensor, ring), ring, radio)


async def main():
    await asyncio.gather(control.sample(), control.talk())


asyncio.run(main())
