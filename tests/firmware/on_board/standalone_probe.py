# The real Standalone in MicroPython with a control that only prints: what the clip does without a host.
# The script sets the time, so two hours pass in a moment. Prints the actions with their time in s, then tests the
# button with chosen times. tests/firmware/test_standalone.py reads the output.

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
    attended = listening = streaming = monitoring = recording = sensor_missing = pairing_open = False

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

    def prepare_sleep(self, until_motion):
        self.streaming = self.monitoring = False
        note("prepare sleep")
        return until_motion

    def mark(self, flag):
        note("lap" if flag == wire.FLAG_LAP else "flag")

    def open_pairing(self):
        note("open pairing")


now_ms = 0
gait = Gait()
control = Control()
settings = type("Settings", (), {"outputs": wire.OUT_ALL, "trunk": False})()


def note(what):
    print(now_ms // 1000, what)


def sleep(until_motion):
    """The board would stop here. A connection is simulated instead, which prevents further automatic actions."""
    note("sleep" if until_motion else "off")
    control.attended = True


standalone = Standalone(gait, TuckCue(), Sounder(FakeOutputs(), settings), FakeInputs(), sleep)


async def pass_s(seconds, running=False):
    """Let this time pass, running or not."""
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
    await pass_s(70)  # idle: monitors after a minute
    await pass_s(5, running=True)  # not long enough
    await pass_s(20)
    await pass_s(600, running=True)  # starts after 10 s of running
    await pass_s(200)  # a pause
    await pass_s(60, running=True)
    await pass_s(250)  # stops after 4 min, then monitors
    control.attended = True
    await pass_s(3600)  # an idle host keeps it awake
    control.attended = False
    await pass_s(910)  # sleeps
    for press in (button.SHORT, button.LONG, button.VERY_LONG):
        await standalone._handle_press(control, press)
    gait.run_began_ms = now_ms
    await standalone._handle_press(control, button.SHORT)


def held(*levels):
    """The presses that Button reports for these (pressed, ms)."""
    one = Button()
    presses = []
    for pressed, span_ms in levels:
        for _ in range(span_ms // TURN_MS):
            press = one.feed(pressed, TURN_MS)
            if press:
                presses.append(press)
    return presses


asyncio.run(day())
print("button", held((0, 100), (1, 200), (0, 100)) == [button.SHORT])
print("button", held((1, 20), (0, 100), (1, 20), (0, 20)) == [])
print("button", held((1, 4000), (0, 100)) == [button.LONG])
print("button", held((1, 9000), (0, 100), (1, 100), (0, 40)) == [button.LONG, button.VERY_LONG, button.SHORT])
print("battery", [battery_pct(mv) for mv in (0, 2600, 3300, 3650, 3850, 4180, 4300, 5000)])
