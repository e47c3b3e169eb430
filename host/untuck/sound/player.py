"""Plays on a sound device that stays open: a cue then starts within 20 ms, while a new stream takes over a second.

The device's thread reads from the mixer. Another thread detects when it stops reading, because the device was
unplugged, and opens the system's new default device. Without a device, the caller gets SoundError or a callback.
"""

from __future__ import annotations

import logging
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
from untuck.sound.tones import RATE_HZ

_log = logging.getLogger(__name__)
BUFFER_MS = 20  # 10 ms would be faster, but stutters on a busy machine
SILENT_S = 1.0  # a device that has not read for so long is lost; a busy machine causes shorter breaks
FIRST_S = 1.8  # a new stream fills its buffer, and may then not read for so long
CHECK_EVERY_S = 0.2
LATE_S = 3.0  # after a longer break a queued cue would refer to another stride
RETRY_EVERY_S = 0.5  # while there is no device
NO_DEVICE = "no sound device: cues are shown, not heard."


class Player:
    """An open sound device; close it, or use it in a with statement. backend: name of the sound system, "" for none.

    on_change: called from another thread with the new backend when the device is lost or replaced; patient: wait for a
    device if there is none, instead of raising SoundError; speaks: read the phrases in advance.
    """

    def __init__(
        self,
        hearing: Hearing | None = None,
        on_change: Callable[[str], None] | None = None,
        patient: bool = False,
        speaks: bool = False,
    ) -> None:
        self._mixer = Mixer(hearing)
        self._on_change = on_change or _ignore
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
        """Whether there is a device."""
        return self._device is not None

    def play(self, fault: str, side: int) -> bool:
        """Queue a cue; returns at once, False if there is no device."""
        if self.alive:
            self._mixer.play(fault, side)
        return self.alive

    def say(self, phrase: str) -> bool:
        """Queue a phrase of phrases.phrases(); returns at once, False if there is no device."""
        if self.alive:
            with _logged():
                self._mixer.say(phrase)
        return self.alive

    def play_samples(self, mono: Floats) -> None:
        """Queue samples (N,), mono at 48 kHz: test sounds."""
        self._mixer.play_samples(mono)

    def hum(self, beyond_deg: float) -> None:
        """Set the hum of a drill, as Mixer.hum."""
        self._mixer.hum(beyond_deg)

    def wait(self, timeout_s: float = 2.0) -> None:
        """Wait until all queued sounds have been played, at most timeout_s."""
        end_s = time.monotonic() + timeout_s
        while self.alive and not self._mixer.idle and time.monotonic() < end_s:
            time.sleep(BUFFER_MS / 1000)
        time.sleep(3 * BUFFER_MS / 1000)  # the device's own buffers

    def close(self) -> None:
        """Close the device."""
        self._closing.set()
        self._watcher.join(timeout=5.0)
        self._drop_device()

    def __enter__(self) -> Player:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> None:
        """Open the system's default device. Raises SoundError if there is none."""
        import miniaudio  # loaded only when sound is played

        # the NULL backend would always open, without sound
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
        _log.info("sound device opened: %s, buffer %d ms", self.backend, BUFFER_MS)

    def _watch(self) -> None:
        """Until closing: replace a device that no longer reads samples by the system's new default device."""
        with _logged():
            self._mixer.prepare(phrases() if self._speaks else ())
        silence = _Silence()
        while not self._closing.wait(CHECK_EVERY_S if self.alive else RETRY_EVERY_S):
            if self.alive and silence.seconds(max(self._fed_s, self._opened_s + FIRST_S)) < SILENT_S:
                continue
            was_alive, fed_s = self.alive, self._fed_s
            if was_alive:
                _log.warning("sound device lost: it has not read samples for %.1f s", SILENT_S)
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
    """How long the device has not read samples; time in which this process itself was stopped does not count."""

    def __init__(self) -> None:
        self._checked_s = time.monotonic()
        self._fed_s = -math.inf
        self._silent_s = 0.0

    def seconds(self, fed_s: float) -> float:
        """Silence since fed_s, the time of the last read or of the first possible one; call it every CHECK_EVERY_S."""
        now_s = time.monotonic()
        passed_s, self._checked_s = min(now_s - self._checked_s, 2 * CHECK_EVERY_S), now_s
        if fed_s != self._fed_s or fed_s > now_s:
            self._fed_s, self._silent_s = fed_s, 0.0
        else:
            self._silent_s += passed_s
        return self._silent_s


def _ignore(_backend: str) -> None:
    """Stands in for on_change."""


@contextmanager
def _logged() -> Iterator[None]:
    """Log a missing clip instead of ending the run."""
    try:
        yield
    except SoundError as error:
        _log.warning("%s", error)


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Suppress what the sound libraries print about missing sound cards."""
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
