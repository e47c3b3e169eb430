"""Measures the delay of the sound output: plays chirps, records them with a microphone, and finds them by correlation.

Bluetooth earphones add 100-300 ms that the system does not report. The result includes the delay of the microphone.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Generator

import numpy as np

from untuck.errors import SoundError
from untuck.model import Floats
from untuck.sound.player import Player, quiet_stderr
from untuck.sound.tones import RATE_HZ, faded

_log = logging.getLogger(__name__)
CHIRPS = 6
APART_S = 0.9
LONGEST_S = 0.8  # longest delay that can be found
SETTLE_S = 2.0  # until a new stream plays
LEAST = 10.0  # least ratio of a chirp's peak to the median of the correlation; noise alone reached 8.1
_CHIRP_S, _FROM_HZ, _TO_HZ = 0.06, 1000.0, 6000.0
NOT_HEARD = (
    "the microphone did not pick up the test sounds: hold an earphone close to it, turn the volume up, and try again."
)


def chirp() -> Floats:
    """The test sound (N,), mono: a linear sweep, which correlation finds even at a low level."""
    time_s = np.arange(round(_CHIRP_S * RATE_HZ)) / RATE_HZ
    cycles = _FROM_HZ * time_s + 0.5 * (_TO_HZ - _FROM_HZ) / _CHIRP_S * time_s**2
    return 0.5 * faded(np.sin(2 * np.pi * cycles), 0.005)


def delays_ms(heard: Floats, zero_s: float, asked_s: list[float]) -> Floats:
    """Delay of each chirp that is found in a recording (N,) whose sample 0 was taken at zero_s.

    Raises SoundError if fewer than half of the chirps are found.
    """
    shape = chirp()
    found = []
    for begin_s in asked_s:
        first = max(round((begin_s - zero_s) * RATE_HZ), 0)
        part = heard[first : first + round((LONGEST_S + _CHIRP_S) * RATE_HZ)]
        if len(part) < len(shape):
            continue
        size = len(part) + len(shape)
        product = np.fft.irfft(np.fft.rfft(part, size) * np.conj(np.fft.rfft(shape, size)), size)
        correlation = np.abs(product[: len(part) - len(shape) + 1])
        at = int(correlation.argmax())
        if correlation[at] > LEAST * max(float(np.median(correlation)), 1e-9):
            found.append(1e3 * ((first + at) / RATE_HZ + zero_s - begin_s))
    if len(found) < len(asked_s) / 2:
        raise SoundError(NOT_HEARD)
    return np.array(found)


def _record_chirps() -> tuple[Floats, float, list[float]]:
    """Play and record CHIRPS: the recording (N,), the time of its sample 0, and when each chirp was requested."""
    import miniaudio

    chunks: list[tuple[float, bytes]] = []

    def collect() -> Generator[None, bytes, None]:
        while True:
            data = yield
            chunks.append((time.monotonic(), bytes(data)))

    take = collect()
    next(take)
    with Player() as player:
        try:
            with quiet_stderr():
                microphone = miniaudio.CaptureDevice(miniaudio.SampleFormat.SIGNED16, 1, RATE_HZ, 10)
            microphone.start(take)
        except miniaudio.MiniaudioError as error:
            raise SoundError("no microphone: connect one to measure the delay.") from error
        try:
            time.sleep(SETTLE_S)
            asked_s = []
            for _ in range(CHIRPS):
                asked_s.append(time.monotonic())
                player.play_samples(chirp())
                time.sleep(APART_S)
        finally:
            microphone.close()
    if not chunks:
        raise SoundError(NOT_HEARD)
    counts = np.cumsum([len(data) // 2 for _, data in chunks])
    zero_s = float(np.percentile(np.array([at_s for at_s, _ in chunks]) - counts / RATE_HZ, 2))
    return np.frombuffer(b"".join(data for _, data in chunks), np.int16).astype(float), zero_s, asked_s


def measure_delay_ms() -> float:
    """Median time from a request to play a sound to its arrival at the microphone, in ms; takes 8 s.

    Raises SoundError without a sound device or microphone, or if the microphone picks up nothing.
    """
    heard, zero_s, asked_s = _record_chirps()
    found_ms = delays_ms(heard, zero_s, asked_s)
    delay_ms = float(np.median(found_ms))
    _log.info("audio delay %.0f ms, %d of %d chirps found", delay_ms, len(found_ms), CHIRPS)
    return delay_ms
