"""How late the output itself is: chirps are played, heard through a microphone, and found again by their shape.

Bluetooth earphones add 100-300 ms that no program can see. What the microphone itself takes is part of the figure.
Everything about this measurement lives here.
"""

from __future__ import annotations

import time
from collections.abc import Generator

import numpy as np

from untuck.errors import SoundError
from untuck.model import Floats
from untuck.sound.player import Player, quiet_stderr
from untuck.sound.voices import RATE_HZ, faded

CHIRPS = 6
APART_S = 0.9
LONGEST_S = 0.8  # a sound that comes later is not looked for
SETTLE_S = 2.0  # a new stream is silent for so long
LEAST = 10.0  # a chirp's peak stands out of the correlation's median so many times; noise alone reached 8.1
_CHIRP_S, _FROM_HZ, _TO_HZ = 0.06, 1000.0, 6000.0
NOT_HEARD = (
    "the microphone did not hear the test sounds: hold an earphone close to it, turn the volume up, and try again."
)


def chirp() -> Floats:
    """The test sound (N,), mono: a rise whose shape is found even where it is soft."""
    time_s = np.arange(round(_CHIRP_S * RATE_HZ)) / RATE_HZ
    cycles = _FROM_HZ * time_s + 0.5 * (_TO_HZ - _FROM_HZ) / _CHIRP_S * time_s**2
    return 0.5 * faded(np.sin(2 * np.pi * cycles), 0.005)


def delays_ms(heard: Floats, zero_s: float, asked_s: list[float]) -> Floats:
    """Delay of each chirp that is found in what was heard (N,), whose sample 0 was taken at zero_s.

    Raises SoundError if less than half of them are found.
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
        likeness = np.abs(product[: len(part) - len(shape) + 1])
        at = int(likeness.argmax())
        if likeness[at] > LEAST * max(float(np.median(likeness)), 1e-9):
            found.append(1e3 * ((first + at) / RATE_HZ + zero_s - begin_s))
    if len(found) < len(asked_s) / 2:
        raise SoundError(NOT_HEARD)
    return np.array(found)


def measure_delay_ms() -> float:
    """Median delay between asking for a sound and its arrival at the microphone, in ms; takes 8 s.

    Raises SoundError without sound device or microphone, or if the microphone hears nothing.
    """
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
            raise SoundError("no microphone: the delay can only be measured where there is one.") from error
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
    heard = np.frombuffer(b"".join(data for _, data in chunks), np.int16).astype(float)
    return float(np.median(delays_ms(heard, zero_s, asked_s)))
