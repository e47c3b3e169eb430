"""What each cue sounds like, as pure samples: 48 kHz, stereo, no clicks, no clipping, told apart by ear alone.

A low double tone says tuck, a hollow tone at one ear pullback, a soft roll rigid, a rising chime recovered. Cues are
built from sine partials under raised-cosine fades. Pitches, lengths and levels live here and nowhere else.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from untuck.model import LEFT, RIGHT, Floats

RATE_HZ = 48_000
PEAK = 0.7  # of full scale: as loud as cues get, with room for what the sound system adds
FAR_EAR = 0.1  # -20 dB: the side is plain, and one lost earbud does not hide the cue
FADE_S = 0.012  # shorter fades click


def has_sound(fault: str) -> bool:
    """Whether this kind of cue is heard at all."""
    return fault in _VOICES


def render(fault: str, side: int = 0) -> Floats:
    """Samples (N,2), left and right, within +/-PEAK, of one cue; side -1 left, +1 right, 0 both ears.

    Raises KeyError for a fault that has no sound: ask has_sound.
    """
    mono = _VOICES[fault]()
    mono *= PEAK / np.abs(mono).max()
    gains = {LEFT: (1.0, FAR_EAR), RIGHT: (FAR_EAR, 1.0)}.get(side, (1.0, 1.0))
    return np.stack([mono * gains[0], mono * gains[1]], axis=1)


def to_int16(samples: Floats) -> NDArray[np.int16]:
    """Samples in -1..+1 as the integers that sound devices take."""
    return np.round(samples * 32767.0).astype(np.int16)


class Mixer:
    """Hands out sound piece by piece: silence, and the cues asked for, one after the other.

    Cues never overlap: two at once could not be told apart. play and read may run in different threads.
    """

    def __init__(self) -> None:
        self._waiting: deque[NDArray[np.int16]] = deque()
        self._playing = np.zeros((0, 2), dtype=np.int16)
        self._ready = {(fault, side): to_int16(render(fault, side)) for fault in _VOICES for side in (LEFT, 0, RIGHT)}

    def play(self, fault: str, side: int) -> None:
        """Queue a cue; one that has no sound is left out."""
        if (fault, side) in self._ready:
            self._waiting.append(self._ready[fault, side])

    def read(self, frames: int) -> NDArray[np.int16]:
        """The next samples, (frames, 2)."""
        piece = np.zeros((frames, 2), dtype=np.int16)
        filled = 0
        while filled < frames and (len(self._playing) or self._waiting):
            if not len(self._playing):
                self._playing = self._waiting.popleft()
            take = min(frames - filled, len(self._playing))
            piece[filled : filled + take] = self._playing[:take]
            self._playing = self._playing[take:]
            filled += take
        return piece

    @property
    def idle(self) -> bool:
        """True when everything asked for has been handed out."""
        return not len(self._playing) and not self._waiting


def _tone(pitch_hz: float, partials: tuple[float, ...], length_s: float) -> Floats:
    """Sine partials at 1, 2, 3 ... times the pitch, faded in and out."""
    time_s = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
    tone = sum(gain * np.sin(2 * np.pi * pitch_hz * (n + 1) * time_s) for n, gain in enumerate(partials))
    return _faded(np.asarray(tone), FADE_S)


def _faded(mono: Floats, fade_s: float) -> Floats:
    count = min(round(fade_s * RATE_HZ), len(mono) // 2)
    fade = 0.5 - 0.5 * np.cos(np.pi * np.arange(count) / count)
    mono[:count] *= fade
    mono[len(mono) - count :] *= fade[::-1]
    return mono


def _silence(length_s: float) -> Floats:
    return np.zeros(round(length_s * RATE_HZ))


def _tuck() -> Floats:
    # The fundamental alone is lost on small earbuds in wind; the partials carry the pitch there
    tone = _tone(294.0, (1.0, 0.6, 0.4, 0.2), 0.17)
    return np.concatenate([tone, _silence(0.08), tone])


def _pullback() -> Floats:
    return _tone(784.0, (1.0, 0.0, 0.5, 0.0, 0.3), 0.35)  # odd partials only: hollow, unlike the other cues


def _rigid() -> Floats:
    beat = _faded(_tone(440.0, (1.0, 0.3), 0.07), 0.03)
    swell = (0.5, 0.7, 0.85, 1.0, 0.85, 0.7)
    return np.concatenate([np.concatenate([gain * beat, _silence(0.02)]) for gain in swell])


def _recovered() -> Floats:
    notes_hz, apart_s, ring_s = (523.25, 659.25, 783.99), 0.11, 0.5
    chime = _silence(apart_s * (len(notes_hz) - 1) + ring_s)
    for n, pitch_hz in enumerate(notes_hz):
        note = _tone(pitch_hz, (1.0, 0.25, 0.1), ring_s)
        begin = round(n * apart_s * RATE_HZ)
        chime[begin : begin + len(note)] += note * np.exp(-np.arange(len(note)) / (0.12 * RATE_HZ))
    return chime


_VOICES: dict[str, Callable[[], Floats]] = {
    "tuck": _tuck,
    "pullback": _pullback,
    "rigid": _rigid,
    "recovered": _recovered,
}
