# Runs in MicroPython with the shim of `bluetooth`: prints how it answers, one line for each property.
# A host connects while advertising; tests/virtual_clip/test_strict_radio.py compares.

import time

import bluetooth

LONG = bytes(32)
ADVERTISEMENT = b"\x02\x01\x06"
events = []
counted = 0


def handle(event, data):
    events.append([bytes(part) if isinstance(part, memoryview) else part for part in data])
    events[-1].insert(0, event)
    if event == 29:
        kept.append(data[2])
    return b"i" * 16 if event == 29 and data[0] == 10 else None


def fail(event, data):
    global counted
    counted += 1
    raise ValueError("a fault in an interrupt")


def error(call, *arguments, **named):
    try:
        call(*arguments, **named)
    except (OSError, ValueError) as raised:
        return raised.args[0]


async def main():
    ble = bluetooth.BLE()
    print("= off:", error(ble.gap_advertise, 100000), error(ble.config, "mac"), error(ble.gatts_write, 1, b""))
    ble.irq(handle)
    ble.active(True)
    print("= starting:", events, kept[0] == b"irk")
    print("= config:", error(ble.config, sc_only=True), error(ble.config, "bond"), error(ble.config, bond=True))
    ble.gatts_register_services(((bluetooth.UUID(0x180F), ((bluetooth.UUID(0x2A19), 2),)),))
    print("= calls:", error(ble.gatts_write, 2, b""), error(ble.gatts_notify, 0, 1, b""), ble.gap_disconnect(0))
    print("= length:", error(ble.gap_advertise, 100000, LONG), error(ble.gap_advertise, 100000, b"", resp_data=LONG))
    print("= refused:", error(ble.gap_advertise, 100000, ADVERTISEMENT))
    events.clear()
    ble.gap_advertise(100000, ADVERTISEMENT)
    while not events:  # nothing here waits, reads or calls
        pass
    print("= at any bytecode:", events[0][0])
    ble.irq(fail)
    connection = events[0][1]
    ble.gap_disconnect(connection)
    while not counted:
        pass
    ble.gap_advertise(100000, ADVERTISEMENT)
    time.sleep_ms(1000)
    print("= disabled:", counted)
    ble.irq(handle)
    ble.active(False)
    print("= off again:", ble.active(), error(ble.gatts_write, 1, b""), error(ble.gap_advertise, 100000))


kept = []
import asyncio  # noqa: E402

asyncio.run(main())
