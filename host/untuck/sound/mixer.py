"""Mixes the output in pieces: cues and phrases one after the other, and the hum of a drill below them.

Cues never overlap, because two at once could not be distinguished; a cue cuts a phrase short. Volume, ears, and tones
or speech are fixed at the start. The sounds are in tones.py and phrases.py, the device in player.py.
"""

from __future__ import annotations

import logging
import math
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from untuck.errors import SoundError
from untuck.model import BOTH, LEFT, RIGHT, Floats
from untuck.sound.phrases import cue_phrase, spoken
from untuck.sound.tones import FADE_S, RATE_HZ, has_sound, render, to_int16
from untuck.vocabulary import FAULTS, RECOVERED, facts

_log = logging.getLogger(__name__)
WAITING_MAX = 2  # a sound that would have to wait longer comes too late

HUM_HZ = 440.0  # pitch at the edge of the band
HUM_DEG_PER_OCTAVE = 8.0
HUM_OCTAVES_PER_S = 1.0  # fastest change of the pitch
HUM_GAIN = 0.12  # well below the cues
HUM_FADE_S = 0.15


@dataclass(frozen=True)
class Hearing:
    """Sound settings of the runner. volume: 0..1, of amplitude; cues: "tones" or "speech"; ear: "both" or one."""

    volume: float = 0.8
    cues: str = "tones"
    ear: str = "both"


def gains(hearing: Hearing) -> Floats:
    """Factors (2,) of the left and the right ear."""
    left, right = {"left": (1.0, 0.0), "right": (0.0, 1.0)}.get(hearing.ear, (1.0, 1.0))
    return hearing.volume * np.array([left, right])


def fitted(sound: Floats, hearing: Hearing) -> Floats:
    """A sound (N,2) at the set volume in the set ears; with one ear, cues of both sides are equally loud."""
    if hearing.ear != "both":
        sound = np.repeat(_louder(sound)[:, None], 2, axis=1)
    return sound * gains(hearing)


def audible_cues() -> list[tuple[str, int]]:
    """Fault and side of every cue that has a sound."""
    with_sound = (fault for fault in (*FAULTS, RECOVERED) if has_sound(fault))
    return [(fault, side) for fault in with_sound for side in ((LEFT, RIGHT) if facts(fault).sides else (BOTH,))]


class _Waiting(NamedTuple):
    sound: NDArray[np.int16]
    phrase: bool


class Mixer:
    """Queues sounds and returns the samples that the device plays next. Safe to call from several threads."""

    def __init__(self, hearing: Hearing | None = None) -> None:
        self._hearing = hearing or Hearing()
        self._waiting: deque[_Waiting] = deque()
        self._playing = np.zeros((0, 2), dtype=np.int16)
        self._speaking = False  # a phrase is playing
        self._lock = threading.Lock()
        self._phrases: dict[str, NDArray[np.int16]] = {}
        self._hum = Hum()
        self._ready = {(fault, side): self._fit(self._cue(fault, side)) for fault, side in audible_cues()}

    def play(self, fault: str, side: int) -> None:
        """Queue a cue ahead of any phrase; a cue without a sound is ignored."""
        sound = self._ready.get((fault, side))
        if sound is None:
            return
        with self._lock:
            self._waiting = deque(each for each in self._waiting if not each.phrase)
            if self._speaking:
                self._playing = _cut(self._playing)
            self._queue(_Waiting(sound, phrase=False))

    def play_samples(self, mono: Floats) -> None:
        """Queue samples (N,) in both ears at full volume: test sounds."""
        with self._lock:
            self._queue(_Waiting(to_int16(np.stack([mono, mono], axis=1)), phrase=False))

    def say(self, phrase: str) -> None:
        """Queue a phrase of phrases.phrases(). Raises SoundError if its clip is missing."""
        self.prepare((phrase,))
        with self._lock:
            self._queue(_Waiting(self._phrases[phrase], phrase=True))

    def prepare(self, phrases: Iterable[str]) -> None:
        """Read clips before they are needed, about 50 ms each. Raises SoundError if one is missing."""
        for phrase in phrases:
            if phrase not in self._phrases:
                self._phrases[phrase] = self._fit(spoken(phrase))

    def hum(self, beyond_deg: float) -> None:
        """Set the hum of a drill by how far tilt is outside its band: 0 silent, below (tucked) low, above high."""
        self._hum.beyond_deg = beyond_deg

    def read(self, frames: int) -> NDArray[np.int16]:
        """The next samples, (frames, 2)."""
        piece = np.zeros((frames, 2), dtype=np.int16)
        filled = 0
        with self._lock:
            while filled < frames and (len(self._playing) or self._waiting):
                if not len(self._playing):
                    self._playing, self._speaking = self._waiting.popleft()
                take = min(frames - filled, len(self._playing))
                piece[filled : filled + take] = self._playing[:take]
                self._playing = self._playing[take:]
                filled += take
        if self._hum.audible:
            hum = self._hum.read(frames)[:, None] * gains(self._hearing)
            piece = np.clip(piece + to_int16(hum), -32767, 32767).astype(np.int16)
        return piece

    @property
    def idle(self) -> bool:
        """Whether all queued sounds have been read; the hum does not count."""
        return not len(self._playing) and not self._waiting

    def drop(self) -> None:
        """Discard the queue: after a time without a device a cue would refer to another stride."""
        with self._lock:
            if self._waiting or len(self._playing):
                _log.info("queued sounds discarded: they are late")
            self._waiting.clear()
            self._playing = self._playing[:0]

    def _queue(self, sound: _Waiting) -> None:
        if len(self._waiting) < WAITING_MAX:
            self._waiting.append(sound)

    def _cue(self, fault: str, side: int) -> Floats:
        phrase = cue_phrase(fault, side) if self._hearing.cues == "speech" else ""
        try:
            return spoken(phrase) if phrase else render(fault, side)
        except SoundError as error:  # the tone has the same meaning
            _log.warning("a tone replaces the phrase %r: %s", phrase, error)
            return render(fault, side)

    def _fit(self, sound: Floats) -> NDArray[np.int16]:
        return to_int16(fitted(sound, self._hearing))


class Hum:
    """A tone whose pitch follows beyond_deg at a limited rate; it fades in and out."""

    def __init__(self) -> None:
        self.beyond_deg = 0.0
        self._octave = 0.0
        self._gain = 0.0
        self._cycles = 0.0

    @property
    def audible(self) -> bool:
        """Whether it sounds or fades out."""
        return self.beyond_deg != 0.0 or self._gain > 0.0

    def read(self, frames: int) -> Floats:
        """The next samples (frames,), mono."""
        target = self.beyond_deg / HUM_DEG_PER_OCTAVE
        if self._gain == 0.0:
            self._octave = target  # begin at the target pitch
        if self.beyond_deg == 0.0:
            target = self._octave  # fade out at the last pitch
        octaves = _towards(self._octave, target, HUM_OCTAVES_PER_S / RATE_HZ, frames)
        gains = _towards(self._gain, HUM_GAIN if self.beyond_deg else 0.0, HUM_GAIN / HUM_FADE_S / RATE_HZ, frames)
        cycles = self._cycles + np.cumsum(HUM_HZ * 2.0**octaves) / RATE_HZ
        self._octave, self._gain, self._cycles = float(octaves[-1]), float(gains[-1]), math.modf(cycles[-1])[0]
        hum: Floats = gains * (np.sin(2 * np.pi * cycles) + 0.3 * np.sin(4 * np.pi * cycles))
        return hum


def _cut(playing: NDArray[np.int16]) -> NDArray[np.int16]:
    """The rest of a sound, faded out within FADE_S."""
    count = min(round(FADE_S * RATE_HZ), len(playing))
    fade = 0.5 + 0.5 * np.cos(np.pi * np.arange(1, count + 1) / count)
    return np.round(playing[:count] * fade[:, None]).astype(np.int16)


def _towards(now: float, target: float, step: float, frames: int) -> Floats:
    """Values (frames,) from now towards target, at most step apart."""
    way = np.minimum(step * np.arange(1, frames + 1), abs(target - now))
    course: Floats = now + math.copysign(1.0, target - now) * way
    return course


def _louder(sound: Floats) -> Floats:
    """The louder channel (N,) of samples (N,2)."""
    louder: Floats = sound[:, int((sound**2).sum(axis=0).argmax())]
    return louder
