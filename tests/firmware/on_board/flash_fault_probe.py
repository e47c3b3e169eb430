# The clip's real Control, store and transfer on a flash whose calls fail, with a fake radio, sensor and host: one
# scenario, repeated with a failure at its first file system call, at the second, and so on until none is left to fail.
# Arguments: number of consecutive calls that fail (0: all from there on), error code, first call, step.
# The scenario: start, stream, an outage that is recorded, back again, list, fetch and confirm a run, settings, stop.
# Prints for each scenario: first failing call, packets that the host received, packets that it should have, "ok" or
# what is wrong. tests/firmware/test_flash_faults.py reads it.

import asyncio
import binascii
import gc
import os
import struct
import sys

gc.threshold(1024)

import faulty_flash
import wire
import wire_runs
from fake_board import FakeInputs, FakeOutputs, FakeRadio

import control as control_module
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

count, code, first, step = [int(argument) for argument in sys.argv[1:5]]
_FILE = 0x8000
_FOREVER = 1 << 28
_OUTAGE = 60  # packets: three seconds
_sleep_ms = asyncio.sleep_ms


class Turns:
    """`asyncio` for control.py: time passes at once."""

    Lock = asyncio.Lock

    @staticmethod
    def sleep_ms(ms):
        return _sleep_ms(0)


class Sensor:
    """Every service() brings a sample; it is its own `samples`."""

    resets = 0
    present = True
    time_s = time_us = flags = 0
    sensor = 0  # a BNO085, as wire.SENSORS has it

    def __init__(self):
        self.samples = self
        self._number = 0
        self._waits = False

    async def start(self, rate_hz):
        return 1000 * rate_hz

    def stop(self):
        pass

    def service(self):
        self._waits = True

    def pop(self, sample):
        if not self._waits:
            return False
        self._waits = False
        self._number += 1
        self.time_s = 1 + self._number // 100
        self.time_us = self._number % 100 * 10000
        for i in range(10):
            sample[i] = (self._number * (i + 7)) & 0x3FF
        return True


class Radio(FakeRadio):
    """Commands come from `asked`; received packets and frames are kept as a host would."""

    def __init__(self):
        super().__init__()
        self.asked = []
        self.next = 0
        self.wrong = ""
        self.runs = []
        self.data = bytearray()
        self.status = None

    def command(self):
        return self.asked.pop(0) if self.asked else None

    def send(self, ring):
        packet = ring.peek()
        if packet is not None:
            sequence = struct.unpack_from("<I", packet, 4)[0]
            if sequence != self.next:
                self.wrong = "packet %d instead of %d" % (sequence, self.next)
            self.next = sequence + 1
            ring.sent()
        return True

    def notify_stream(self, data):
        if data[0] == wire_runs.FRAME_RUN:
            self.runs.append(struct.unpack(wire_runs.FRAME_RUN_FORMAT, data)[1:3])
        else:
            self.data.extend(data[wire_runs.FRAME_DATA_HEADER_SIZE :])
        return True

    def notify_status(self, status):
        self.status = bytes(status)
        return True

    def set_status(self, status):
        pass

    def maintain(self):
        pass


async def until(condition):
    """Give the clip's tasks up to 1000 turns, as long as they run."""
    for _ in range(1000):
        if condition() or any(task.done() for task in tasks):
            return
        await _sleep_ms(0)


async def ask(radio, *command):
    """Send a command; returns the result, None if the clip does not answer."""
    radio.status = None
    radio.asked.append(wire.command(*command))
    await until(lambda: radio.status is not None)
    return control.last[1] if radio.status else None


async def host(radio, ring):
    """What the host does; its requests may be rejected, but the clip must answer."""
    answers = [await ask(radio, wire.CMD_START, 100)]
    await until(lambda: radio.next >= 10)
    radio.asked.append(wire.command(wire.CMD_ACK, ring.stream_id, radio.next - 1))
    await until(lambda: not radio.asked)
    radio.connected = False
    radio.connections += 1
    there = ring.next
    await until(lambda: ring.next >= there + _OUTAGE)
    radio.connected = True
    radio.connections += 1
    answers.append(await ask(radio, wire.CMD_RESEND, ring.stream_id, radio.next))
    await until(lambda: radio.next >= ring.next - 1)
    radio.asked.append(wire.command(wire.CMD_ACK, ring.stream_id, radio.next - 1))
    answers.append(await ask(radio, wire.CMD_LIST))
    await until(lambda: answers[-1] or len(radio.runs) >= control.store.count)
    size = max([size for run, size in radio.runs if run == 1] or [1])
    answers.append(await ask(radio, wire.CMD_FETCH, 1, 0, size))
    await until(lambda: answers[-1] or len(radio.data) >= size)
    answers.append(await ask(radio, wire.CMD_CONFIRM, 1, len(radio.data), binascii.crc32(radio.data) & 0xFFFFFFFF, 1))
    answers.append(await ask(radio, wire.CMD_TUCK_CUE, wire.OUT_ALL, 300, 60, 30))
    there = ring.next
    await until(lambda: radio.next >= there + 10)
    answers.append(await ask(radio, wire.CMD_STOP))
    await until(lambda: radio.next >= ring.next)
    return answers


def clear():
    for folder in ("", "runs/"):
        for entry in list(os.ilistdir(folder)):
            if entry[1] == _FILE:
                os.remove(folder + entry[0])


def record_one():
    """A run of an earlier day."""
    store = RunStore("runs", 200000, losses)
    store.begin(1800000000)
    ring = Ring(losses, 2000)
    ring.begin(7, 5)
    samples = Sensor()
    stream = Stream(samples, ring, lambda sample, time_s, time_us: None)
    stream.begin(7, 100, 100000)
    for _ in range(300):
        samples.service()
        stream.drain()
        packet = ring.unsaved()
        if packet is not None:
            store.add(packet)
            ring.saved += 1
    store.end()


def build(radio, ring):
    settings = Settings()
    gait = Gait()
    sounder = Sounder(FakeOutputs(), settings)
    standalone = Standalone(gait, TuckCue(gait, settings), sounder, FakeInputs(), None)
    store = RunStore("runs", 200000, losses)
    sensor = Sensor()
    stream = Stream(sensor, ring, lambda sample, time_s, time_us: None)
    return Control(sensor, stream, ring, radio, store, RunTransfer(store, radio), standalone, settings, sounder, losses)


async def scenario():
    """Returns what is wrong, "" if nothing; and the radio."""
    global control, struck
    radio = Radio()
    ring.begin(0, 5)
    control = build(radio, ring)
    tasks[:] = [asyncio.create_task(control.run_sensor()), asyncio.create_task(control.run_host())]
    answers = await host(radio, ring)
    broken = any(task.done() for task in tasks)
    for task in tasks:
        task.cancel()
    struck = faults.struck
    faults.arm(0, 0, 0)
    if broken:
        return "a task of the clip ended", radio
    if None in answers:
        return "no answer: %r" % answers, radio
    if radio.wrong or radio.next != ring.next:
        return radio.wrong or "packets are missing", radio
    if count and control.store.count != len(control.store.runs()):
        return "the number of runs is wrong", radio
    return "", radio


faults = faulty_flash.Faults()
struck = True
tasks = []
faulty_flash.mount(faults)
os.mkdir("runs")
control_module.asyncio = Turns
control = None
ring = Ring(losses)
while True:
    clear()
    record_one()
    gc.collect()
    faults.arm(first, count or _FOREVER, code)
    try:
        wrong, radio = asyncio.run(scenario())
        outcome = "%d %d" % (radio.next, ring.next)
    except Exception as error:
        wrong, outcome = "raised %r" % error, "0 0"
        faults.arm(0, 0, 0)
    asyncio.new_event_loop()
    print(first, outcome, wrong or "ok")
    if not struck or first >= 1000:
        break
    first += step
