"""Plays on a sound device that stays open: a cue then starts within 20 ms, a new stream takes over a second.

The device's thread pulls from the mixer; another thread notices when it no longer does, because the device was
unplugged, and opens the system's new default. Where there is no device the caller is told, and goes on without sound.
Everything that knows miniaudio's devices lives here and nowhere else.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from untuck.errors import SoundError
from untuck.model import Floats
from untuck.sound.mixer import Hearing, Mixer
from untuck.sound.phrases import phrases
from untuck.sound.voices import RATE_HZ

BUFFER_MS = 20  # 10 would sound 10 ms sooner, but stutters on a busy machine
SILENT_S = 1.0  # a device that has not asked for samples for so long is gone, not only a busy machine's
FIRST_S = 1.8  # but a new stream fills its buffer, and may then ask for nothing for so long
LOOK_EVERY_S = 0.2
LATE_S = 3.0  # a cue that waited longer, while a device was lost and found, is about another stride
TRY_EVERY_S = 0.5  # looking for a device where there is none
NO_DEVICE = "no sound device: cues are shown, not heard."


class Player:
    """An open sound device; close it, or use it in a with statement. backend: what plays, "" while there is none.

    on_change: called from another thread with the new backend when the device is lost or another one plays. patient:
    wait for a device where there is none, instead of raising SoundError. speaks: phrases will be said, get them ready.
    """

    def __init__(
        self,
        hearing: Hearing | None = None,
        on_change: Callable[[str], None] | None = None,
        patient: bool = False,
        speaks: bool = False,
    ) -> None:
        self._mixer = Mixer(hearing)
        self._on_change = on_change or _say_nothing
        self._fed_s = self._opened_s = time.monotonic()
        self._closing = threading.Event()
        self._speaks = speaks
        self._device: Any = None
        self.backend = ""
        try:
            self._open()
        except SoundError:
            if not patient:
                raise
        self._watcher = threading.Thread(target=self._watch, name="untuck-sound", daemon=True)
        self._watcher.start()

    @property
    def alive(self) -> bool:
        """Whether there is a device that plays."""
        return self._device is not None

    def play(self, fault: str, side: int) -> bool:
        """Start a cue, or queue it behind what sounds; returns at once, False if there is no device."""
        if self.alive:
            self._mixer.play(fault, side)
        return self.alive

    def say(self, phrase: str) -> bool:
        """Start a phrase of phrases.phrases(), or queue it; returns at once, False if there is no device."""
        if self.alive:
            with suppress(SoundError):  # a missing clip is not worth a run
                self._mixer.say(phrase)
        return self.alive

    def play_samples(self, mono: Floats) -> None:
        """Start samples (N,), mono at 48 kHz: test sounds."""
        self._mixer.play_samples(mono)

    def hum(self, beyond_deg: float) -> None:
        """A drill's hum, as of Mixer.hum."""
        self._mixer.hum(beyond_deg)

    def wait(self, timeout_s: float = 2.0) -> None:
        """Return when everything asked for has been handed to the device, or after timeout_s."""
        end_s = time.monotonic() + timeout_s
        while self.alive and not self._mixer.idle and time.monotonic() < end_s:
            time.sleep(BUFFER_MS / 1000)
        time.sleep(3 * BUFFER_MS / 1000)  # what the device still holds

    def close(self) -> None:
        """Give the device back."""
        self._closing.set()
        self._watcher.join(timeout=5.0)
        self._drop_device()

    def __enter__(self) -> Player:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> None:
        """Open the system's default device. Raises SoundError if there is none."""
        import miniaudio  # only those who play pay for loading it

        # NULL swallows sound and would pass for a device
        real = [each for each in miniaudio.Backend if each not in (miniaudio.Backend.NULL, miniaudio.Backend.CUSTOM)]
        try:
            with quiet_stderr():
                device = miniaudio.PlaybackDevice(
                    miniaudio.SampleFormat.SIGNED16, 2, RATE_HZ, BUFFER_MS, backends=real, app_name="Untuck"
                )
            feed = self._feed()
            next(feed)
            self._opened_s = time.monotonic()
            device.start(feed)
        except miniaudio.MiniaudioError as error:
            raise SoundError(NO_DEVICE) from error
        self._device = device
        self.backend = str(device.backend)

    def _watch(self) -> None:
        """Until closing: a device that no longer asks for samples is replaced by the system's new default."""
        with suppress(SoundError):  # a missing clip is not worth a run
            self._mixer.prepare(phrases() if self._speaks else ())
        silence = _Silence()
        while not self._closing.wait(LOOK_EVERY_S if self.alive else TRY_EVERY_S):
            if self.alive and silence.seconds(max(self._fed_s, self._opened_s + FIRST_S)) < SILENT_S:
                continue
            was_alive, fed_s = self.alive, self._fed_s
            self._drop_device()
            self.backend = ""
            with suppress(SoundError):
                self._open()
            if not self.alive or time.monotonic() - fed_s > LATE_S:
                self._mixer.drop()
            if self.alive or was_alive:
                self._on_change(self.backend)

    def _drop_device(self) -> None:
        device, self._device = self._device, None
        if device is not None:
            with quiet_stderr():
                device.close()

    def _feed(self) -> Generator[bytes, int, None]:
        frames = yield b""
        while True:
            self._fed_s = time.monotonic()
            frames = yield self._mixer.read(frames).tobytes()


class _Silence:
    """How long a device has asked for nothing, in time in which this process ran: a stall of its own is not counted."""

    def __init__(self) -> None:
        self._looked_s = time.monotonic()
        self._fed_s = -math.inf
        self._silent_s = 0.0

    def seconds(self, fed_s: float) -> float:
        """Silence since fed_s, when the device asked last, or may first ask; to be called every LOOK_EVERY_S."""
        now_s = time.monotonic()
        passed_s, self._looked_s = min(now_s - self._looked_s, 2 * LOOK_EVERY_S), now_s
        if fed_s != self._fed_s or fed_s > now_s:
            self._fed_s, self._silent_s = fed_s, 0.0
        else:
            self._silent_s += passed_s
        return self._silent_s


def _say_nothing(_text: str) -> None:
    """Nobody wants to know."""


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Keep what the sound libraries print about missing cards from the user's terminal."""
    try:
        kept = os.dup(2)
    except OSError:  # no stderr at all
        yield
        return
    try:
        with suppress(OSError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            os.close(nowhere)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
