# Starts the clip's tasks. Nothing else lives here.

import asyncio

from radio import Radio
from ring import Ring

radio = Radio()  # the radio takes its memory first, then the ring its one big piece, then all others what is left
ring = Ring()

from bno085 import Bno085  # noqa: E402
from board import open_sensor  # noqa: E402
from control import Control  # noqa: E402
from stream import Stream  # noqa: E402

sensor = Bno085(*open_sensor())
control = Control(sensor, Stream(sensor, ring), ring, radio)


async def main():
    await asyncio.gather(control.sample(), control.talk())


asyncio.run(main())
