# Plays cues on the buzzer and the vibration motor, one after the other, and shows the clip's state on the LED.
# A pattern is a row of (tone in Hz, milliseconds); tone 0 is silence; the motor runs while there is a tone.
# Owns the clip's cue patterns and LED patterns.

import asyncio

import wire

_PATTERNS = {  # as text, which needs a fifth of the memory of tuples
    wire.CUE_TUCK: "330 180 0 90 330 180",
    wire.CUE_PULLBACK_LEFT: "440 300 0 80 440 100",
    wire.CUE_PULLBACK_RIGHT: "440 100 0 80 440 300",
    wire.CUE_RIGID: "520 80 0 80 520 80 0 80 520 80",
    wire.CUE_RECOVERED: "660 70 880 110",
    wire.CUE_LOST: "220 400 0 200 220 400 0 200 220 400 0 200 220 400 0 200 220 400",
}

# LED: (milliseconds on, milliseconds off)
BLINK_IDLE = 30, 3970
BLINK_STREAMING = 30, 970
BLINK_RECORDING = 150, 850
BLINK_PAIRING = 250, 250
BLINK_LOST = 900, 100


class Sounder:
    """`outputs` has buzz(tone_hz), vibrate(on) and light(on); see board.py. `settings.outputs` enables them."""

    def __init__(self, outputs, settings):
        self.blink = BLINK_IDLE
        self.playing = 0
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
                numbers = [int(number) for number in _PATTERNS[self.playing].split()]
                for i in range(0, len(numbers), 2):
                    tone_hz = numbers[i]
                    wanted = self._settings.outputs
                    self._outputs.buzz(tone_hz if wanted & wire.OUT_BUZZER else 0)
                    self._outputs.vibrate(bool(tone_hz) and bool(wanted & wire.OUT_VIBRATION))
                    await asyncio.sleep_ms(numbers[i + 1])
                self._outputs.buzz(0)
                self._outputs.vibrate(False)
                self.playing = 0
            await asyncio.sleep_ms(20)

    async def run_led(self):
        """Task: blinks the LED."""
        while True:
            on_ms, off_ms = self.blink
            self._outputs.light(True)
            await asyncio.sleep_ms(on_ms)
            self._outputs.light(False)
            await asyncio.sleep_ms(off_ms)
