# The clip's own life in MicroPython: what it does by itself, with the real Standalone and a control that only notes.
# Time is what this script says: two hours pass in a moment. Prints what was done, and when (s).
# Also the button, held for made-up times. tests/firmware/test_standalone.py reads it.

import asyncio
import gc

gc.threshold(1024)

import wire
from fake_board import FakeInputs, FakeOutputs

import button
from button import Button
from sounder import Sounder
from standalone import Standalone, battery_pct

TURN_MS = 20


class Gait:
    now_ms = 0
    run_began_ms = -1
    last_step_ms = 0

    def cadence_spm(self):
        return 0


class TuckCue:
    measuring = False

    def cue(self):
        return 0

    def measure_standing(self):
        note("measure standing")


class Control:
    connected = listening = streaming = monitoring = recording = sensor_missing = pairing_open = False

    async def monitor(self):
        self.monitoring = True
        note("monitor")

    async def start_stream(self, rate_hz):
        self.monitoring = False
        self.streaming = True
        note("start %d" % rate_hz)

    def stop(self):
        self.streaming = False
        note("stop")

    def prepare_sleep(self):
        self.streaming = self.monitoring = False
        note("prepare sleep")

    def mark(self, flag):
        note("lap" if flag == wire.FLAG_LAP else "flag")

    def open_pairing(self):
        note("open pairing")


now_ms = 0
gait = Gait()
control = Control()
settings = type("Settings", (), {"outputs": wire.OUT_ALL})()


def note(what):
    print(now_ms // 1000, what)


def sleep(forever):
    """The board would stop here; somebody connects instead, so that nothing more happens by itself."""
    note("off" if forever else "sleep")
    control.connected = True


standalone = Standalone(gait, TuckCue(), Sounder(FakeOutputs(), settings), FakeInputs(), sleep)


async def pass_s(seconds, running=False):
    """So much time, in which the runner runs or does not."""
    global now_ms
    if running and gait.run_began_ms < 0:
        gait.run_began_ms = now_ms
    if not running:
        gait.run_began_ms = -1
    for _ in range(seconds * 1000 // TURN_MS):
        now_ms += TURN_MS
        gait.now_ms = now_ms
        await standalone._manage_state(control, TURN_MS)


async def day():
    await pass_s(70)  # idle: begins to watch after a minute
    await pass_s(5, running=True)  # not long enough
    await pass_s(20)
    await pass_s(600, running=True)  # starts after 10 s of running
    await pass_s(200)  # a traffic light
    await pass_s(60, running=True)
    await pass_s(250)  # stops after 4 min, and watches again
    control.connected = True
    await pass_s(3600)  # a host that does nothing keeps it awake
    control.connected = False
    await pass_s(910)  # sleeps
    for press in (button.SHORT, button.LONG, button.VERY_LONG):
        await standalone._handle_press(control, press)
    gait.run_began_ms = now_ms
    await standalone._handle_press(control, button.SHORT)


def held(*levels):
    """What a button tells that is fed these (pressed, so many ms)."""
    one = Button()
    told = []
    for pressed, span_ms in levels:
        for _ in range(span_ms // TURN_MS):
            press = one.feed(pressed, TURN_MS)
            if press:
                told.append(press)
    return told


asyncio.run(day())
print("button", held((0, 100), (1, 200), (0, 100)) == [button.SHORT])
print("button", held((1, 20), (0, 100), (1, 20), (0, 20)) == [])
print("button", held((1, 4000), (0, 100)) == [button.LONG])
print("button", held((1, 9000), (0, 100), (1, 100), (0, 40)) == [button.LONG, button.VERY_LONG, button.SHORT])
print("battery", [battery_pct(mv) for mv in (0, 2600, 3300, 3650, 3850, 4180, 4300, 5000)])
