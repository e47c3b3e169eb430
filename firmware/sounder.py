# Plays cues on the buzzer and the vibration motor, one after the other, and shows the clip's state on the LED.
# A pattern is a row of (tone in Hz, milliseconds); tone 0 is silence; the motor runs while there is a tone.
# Owns the clip's cue patterns and light patterns; hardware/README.md has the table of the lights.

import asyncio
from time import ticks_add, ticks_diff, ticks_ms

import wire
from micropython import const

_PATTERNS = {  # as text, which needs a fifth of the memory of tuples
    wire.CUE_TUCK: "330 180 0 90 330 180",
    wire.CUE_PULLBACK_LEFT: "440 300 0 80 440 100",
    wire.CUE_PULLBACK_RIGHT: "440 100 0 80 440 300",
    wire.CUE_RIGID: "520 80 0 80 520 80 0 80 520 80",
    wire.CUE_RECOVERED: "660 70 880 110",
    wire.CUE_LOST: "220 400 0 200 220 400 0 200 220 400 0 200 220 400 0 200 220 400",
    wire.CUE_FULL: "220 120 0 80 220 120 0 80 220 120 0 500 220 120 0 80 220 120 0 80 220 120",
}

# Light: (ms on, ms of a period). It repeats until another is chosen, at the latest _LOOK_MS later.
LIGHT_STARTING = 1000, 1000
LIGHT_PAIRING = 125, 250
LIGHT_NO_SENSOR = 900, 1000
LIGHT_RECORDING = 200, 2000
LIGHT_CONNECTED = 40, 1000
LIGHT_IDLE = 40, 4000
_BETWEEN_MS = const(160)  # blinks of one group
_TRUNK_MS = const(600)  # a long blink before each group: the clip is worn on the trunk
_LOOK_MS = const(100)


def _number(text, at):
    """(the number that begins at `at`, where the next one begins), without a list that a full heap has no room for."""
    end = text.find(" ", at)
    if end < 0:
        end = len(text)
    return int(text[at:end]), end + 1


class Sounder:
    """`outputs` has buzz(tone_hz), vibrate(on) and light(on); see board.py. `settings.outputs` enables them.

    playing: the cue, 0 for none. shown: a LIGHT_, and how many blinks are in each of its groups; 0: it has no groups.
    """

    def __init__(self, outputs, settings):
        self.playing = 0
        self.shown = LIGHT_STARTING, 0
        self._outputs = outputs
        self._settings = settings

    def play(self, cue):
        """Play a cue, unless one is already playing."""
        if not self.playing:
            self.playing = cue

    def off(self):
        """Switch buzzer, motor and LED off."""
        self._outputs.buzz(0)
        self._outputs.vibrate(False)
        self._outputs.light(False)

    async def run_cues(self):
        """Task: plays the cues."""
        while True:
            if self.playing:
                text = _PATTERNS[self.playing]
                at = 0
                while at < len(text):
                    tone_hz, at = _number(text, at)
                    duration_ms, at = _number(text, at)
                    wanted = self._settings.outputs
                    self._outputs.buzz(tone_hz if wanted & wire.OUT_BUZZER else 0)
                    self._outputs.vibrate(bool(tone_hz) and bool(wanted & wire.OUT_VIBRATION))
                    await asyncio.sleep_ms(duration_ms)
                self._outputs.buzz(0)
                self._outputs.vibrate(False)
                self.playing = 0
            await asyncio.sleep_ms(20)

    def show(self, light, blinks):
        """Choose the light: a LIGHT_, and how many blinks are in each group; 0: it has no groups."""
        if self.shown[0] is not light or self.shown[1] != blinks:
            self.shown = light, blinks

    async def run_led(self):
        """Task: blinks the LED."""
        while True:
            shown = self.shown
            (on_ms, left_ms), blinks = shown
            if blinks and self._settings.trunk:
                self._outputs.light(True)
                await self._last(_TRUNK_MS, shown)
                self._outputs.light(False)
                await self._last(_BETWEEN_MS, shown)
            for _ in range(blinks or 1):
                self._outputs.light(True)
                left_ms -= await self._last(on_ms, shown)
                if left_ms > 0:
                    self._outputs.light(False)
                    left_ms -= await self._last(min(_BETWEEN_MS, left_ms), shown)
            await self._last(left_ms, shown)

    async def _last(self, duration_ms, shown):
        """Wait so long, or until another light is chosen; returns duration_ms."""
        end_ms = ticks_add(ticks_ms(), duration_ms)
        left_ms = duration_ms
        while left_ms > 0 and self.shown is shown:
            await asyncio.sleep_ms(min(left_ms, _LOOK_MS))
            left_ms = ticks_diff(end_ms, ticks_ms())
        return duration_ms
