"""Plays cues on a sound device that stays open: a cue then starts within 20 ms, a new stream takes over a second.

The device's thread pulls from the mixer. Where there is no device the caller is told, and goes on without sound.
Everything that knows miniaudio lives here and nowhere else.
"""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress

from untuck.errors import SoundError
from untuck.sound.mixer import RATE_HZ, Mixer

BUFFER_MS = 10


class Player:
    """An open sound device. Raises SoundError if there is none; close it, or use it in a with statement."""

    def __init__(self) -> None:
        import miniaudio  # only those who play pay for loading it

        # NULL swallows sound and would pass for a device
        real = [each for each in miniaudio.Backend if each not in (miniaudio.Backend.NULL, miniaudio.Backend.CUSTOM)]
        self._mixer = Mixer()
        try:
            with _quiet_stderr():
                self._device = miniaudio.PlaybackDevice(
                    miniaudio.SampleFormat.SIGNED16, 2, RATE_HZ, BUFFER_MS, backends=real, app_name="Untuck"
                )
            feed = self._feed()
            next(feed)
            self._device.start(feed)
        except miniaudio.MiniaudioError as error:
            raise SoundError("no sound device: cues are shown, not heard.") from error
        self.backend: str = self._device.backend

    def play(self, fault: str, side: int) -> None:
        """Start a cue, or queue it behind the one that sounds. Returns at once."""
        self._mixer.play(fault, side)

    def wait(self, timeout_s: float = 2.0) -> None:
        """Return when everything asked for has been handed to the device, or after timeout_s."""
        end_s = time.monotonic() + timeout_s
        while not self._mixer.idle and time.monotonic() < end_s:
            time.sleep(BUFFER_MS / 1000)
        time.sleep(3 * BUFFER_MS / 1000)  # what the device still holds

    def close(self) -> None:
        """Give the device back."""
        self._device.close()

    def __enter__(self) -> Player:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _feed(self) -> Generator[bytes, int, None]:
        frames = yield b""
        while True:
            frames = yield self._mixer.read(frames).tobytes()


@contextmanager
def _quiet_stderr() -> Iterator[None]:
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
