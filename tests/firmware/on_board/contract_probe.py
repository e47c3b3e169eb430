# What every sensor driver must give (CONTRIBUTING.md, "Another chip in the clip"), with the driver that board.py has
# selected. Prints a line for each rule that is broken, then the modules that are loaded, and what was measured.

import asyncio
import sys
import time
from array import array

import board

board.BUS = sys.argv[1]
sensor = board.new_sensor()
sample = array("h", bytes(20))


def rule(holds, text):
    if not holds:
        print("broken:", text)


async def take(count):
    """Pop so many samples; whether their times increase."""
    queue = sensor.samples
    last = 0, 0
    began_ms = time.ticks_ms()
    while count and time.ticks_diff(time.ticks_ms(), began_ms) < 10000:
        await asyncio.sleep_ms(5)
        sensor.service()
        while count and queue.pop(sample):
            if (queue.time_s, queue.time_us) <= last:
                return False
            last = queue.time_s, queue.time_us
            count -= 1
    return not count


async def main():
    rule(isinstance(sensor.name, str) and sensor.name, "name: as in wire.SENSORS")
    rule(not sensor.present, "present is False before start()")
    rule(sensor.service() == 0, "service() returns 0 while the sensor is off")
    for rate_hz in (50, 100, 200):
        rule(await sensor.start(rate_hz) == 1000 * rate_hz, "start() returns the granted rate in 1/1000 Hz")
        rule(sensor.present, "present after start()")
        rule(sensor.resets == 0 and sensor.errors == 0, "resets and errors count from 0")
        rule(await take(60), "samples come, in order of time")
        sensor.calibrate(True)
        sensor.calibrate(False)
        sensor.stop()
        rule(sensor.service() == 0, "service() returns 0 after stop()")
    rule(sensor.version is None or len(sensor.version) == 3, "version: three numbers, or None")
    await sensor.start(50)
    await sensor.ready.wait()
    rule(sensor.rest(False) in (True, False), "rest() says whether the chip obeys")


asyncio.run(main())
print(*sorted(name for name in sys.modules if "." not in name))
print(sensor.name, sensor.samples.sensor)
