# Checks each part of the clip once and prints what it found as a line of JSON, for `untuck flash`.
# Runs in the REPL while main.py does not run. A part that fails is reported, and the others are still checked.

import asyncio
import gc
import json
import os
import sys
import time
from array import array

from micropython import const

_RATE_HZ = const(100)
_SAMPLES = const(20)
_WAIT_MS = const(1500)
_ACC = const(4)  # index of the acceleration in a sample


def run():
    """Print the result: a line of JSON."""
    result = {"micropython": "%d.%d.%d" % tuple(sys.implementation[1][:3]), "errors": {}}
    for name, check in (
        ("radio", _radio),  # first, as it needs memory in one piece
        ("files", _files),
        ("sensor", _sensor),
        ("battery", _battery),
        ("clip", _clip),
    ):
        try:
            check(result)
        except Exception as error:  # any: it is what this looks for
            result["errors"][name] = "%s: %s" % (type(error).__name__, error)
        gc.collect()
    result["heap_free"] = gc.mem_free()
    print(json.dumps(result))


def _radio(result):
    import bluetooth

    ble = bluetooth.BLE()
    ble.active(True)
    try:
        result["address"] = ":".join(["%02X" % byte for byte in ble.config("mac")[1]])
    finally:
        ble.active(False)


def _files(result):
    root = os.getcwd()
    facts = os.statvfs(root)
    result["flash_kb"] = facts[1] * facts[2] // 1024
    result["flash_free_kb"] = facts[1] * facts[3] // 1024
    try:
        names = [name.split(".") for name in os.listdir("runs")]
    except OSError:
        names = []  # none yet
    fetched = {run for run, part in names if part == "got"}
    result["runs"] = len({run for run, part in names} - fetched)  # that no host has fetched


def _sensor(result):
    import board

    result["board"] = board.BOARD
    result["bus"] = board.BUS
    result["bus_hz"] = board.SPI_HZ if board.BUS == "spi" else board.I2C_HZ
    result["sensor"] = board.SENSOR
    asyncio.run(_measure(board.new_sensor(), result))


async def _measure(sensor, result):
    granted_mhz = await sensor.start(_RATE_HZ)
    result["rate_hz"] = granted_mhz / 1000
    result["sensor_version"] = getattr(sensor, "version", None)
    if not granted_mhz:
        return
    sample = array("h", bytes(20))
    sums = [0, 0, 0]
    count = 0
    began_ms = time.ticks_ms()
    while count < _SAMPLES and time.ticks_diff(time.ticks_ms(), began_ms) < _WAIT_MS:
        await asyncio.sleep_ms(10)
        sensor.service()
        while sensor.samples.pop(sample):
            count += 1
            for i in range(3):
                sums[i] += sample[_ACC + i]
    sensor.stop()
    result["samples"] = count
    if count:
        from wire import SENSORS

        unit = SENSORS[sensor.samples.sensor][1]  # of an acceleration: 1 m/s2
        result["up_m_s2"] = [total / count / unit for total in sums]  # in sensor axes; at rest it points up


def _battery(result):
    import board

    result["battery_mv"] = board.Inputs().battery_mv()


def _clip(result):
    from services import FIRMWARE_VERSION

    result["firmware"] = "%d.%d.%d" % FIRMWARE_VERSION
