# Runs the real sensor driver in MicroPython and prints the samples; tests/firmware/sensor_driver.py reads them.
# Arguments: rate_hz, samples, poll_ms (0: at each interrupt), bus, "print", "again" or "heap", longest payload read.
# First line: granted rate in mHz. print: a line per sample (time_s time_us flags, ten values), then a line of counters.
# again: the same, after the sensor was started at 50 Hz and stopped.
# heap: bytes allocated during that many samples with garbage collection off, and resets.

import asyncio
import gc
import sys
import time
from array import array

gc.threshold(1024)  # as main.py does while it starts

import board

rate_hz, samples, poll_ms = [int(argument) for argument in sys.argv[1:4]]
board.BUS, mode = sys.argv[4:6]
longest = int(sys.argv[6]) if len(sys.argv) > 6 else 0
_WARM_UP = 1000
_GIVE_UP_MS = 60000

sensor = board.new_sensor()
if longest:
    sensor._shtp._link.window.longest = longest
gc.threshold(-1)
sample = array("h", bytes(20))


async def print_samples():
    taken = 0
    line = " ".join(["%d"] * 13)
    started_ms = time.ticks_ms()
    while taken < samples and time.ticks_diff(time.ticks_ms(), started_ms) < _GIVE_UP_MS:
        if poll_ms:
            await asyncio.sleep_ms(poll_ms)
        else:
            await sensor.ready.wait()
        while sensor.service():
            while sensor.samples.pop(sample):
                row = [sensor.samples.time_s, sensor.samples.time_us, sensor.samples.flags]
                row.extend(sample)
                print(line % tuple(row))
                taken += 1
                started_ms = time.ticks_ms()
    print(
        "resets",
        sensor.resets,
        "errors",
        sensor.errors,
        "present",
        sensor.present,
        "faults",
        getattr(getattr(sensor, "_shtp", None), "faults", 0),
    )


def take(count):
    while count > 0:
        time.sleep_ms(poll_ms)
        while sensor.service():
            while sensor.samples.pop(sample):
                count -= 1


async def start_and_stop():
    await sensor.start(50)
    take(20)
    sensor.stop()
    await asyncio.sleep_ms(200)


async def main():
    if mode == "again":
        await start_and_stop()
    print(await sensor.start(rate_hz))
    if mode == "heap":
        take(_WARM_UP)
        gc.collect()
        gc.disable()
        before = gc.mem_alloc()
        take(samples)
        print(gc.mem_alloc() - before, sensor.resets)
    else:
        await print_samples()
    sensor.stop()


asyncio.run(main())
