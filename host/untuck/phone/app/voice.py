"""What the runner hears from a phone: the computer's cues and phrases, played by the window on its audio clock.

The samples of the cues are rendered here and given to the window once, phrases as their compressed clips. The policy is
that of sound.mixer: a cue goes ahead of phrases and cuts one short, sounds never overlap, at most two wait.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from untuck.model import Floats
from untuck.phone.app.bridge import Bridge
from untuck.sound.mixer import (
    HUM_DEG_PER_OCTAVE,
    HUM_FADE_S,
    HUM_GAIN,
    HUM_HZ,
    HUM_OCTAVES_PER_S,
    WAITING_MAX,
    Hearing,
    audible_cues,
    fitted,
    gains,
)
from untuck.sound.phrases import clip_path, cue_phrase
from untuck.sound.speech_levels import LEVELS
from untuck.sound.tones import FADE_S, RATE_HZ, render

BACKEND = "this phone"
_ROUNDING_S = 1e-7  # times closer than this are the same: sums of lengths are rounded

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sounding:
    """A sound that plays or waits. begin_s, end_s: on the worker's monotonic clock."""

    id: int
    begin_s: float
    end_s: float
    phrase: bool


class SoundQueue:
    """Which sounds play, and which are cut for a cue; pure."""

    def __init__(self) -> None:
        self._sounds: list[Sounding] = []
        self._ids = count(1)

    def play(self, now_s: float, length_s: float) -> tuple[Sounding | None, list[int]]:
        """A cue: its place, None if two wait already; and the ids of the phrases that it cuts short or replaces."""
        self._forget(now_s)
        cut = [each.id for each in self._sounds if each.phrase]
        kept = [each for each in self._sounds if not each.phrase or each.begin_s < now_s - _ROUNDING_S]
        self._sounds = [replace(each, end_s=min(each.end_s, now_s + FADE_S)) if each.phrase else each for each in kept]
        return self._add(now_s, length_s, phrase=False), cut

    def say(self, now_s: float, length_s: float) -> Sounding | None:
        """A phrase: its place, None if two sounds wait already."""
        self._forget(now_s)
        return self._add(now_s, length_s, phrase=True)

    def clear(self) -> list[int]:
        """Forget all; returns the ids of what was there."""
        cut, self._sounds = [each.id for each in self._sounds], []
        return cut

    def _add(self, now_s: float, length_s: float, *, phrase: bool) -> Sounding | None:
        waiting = [each for each in self._sounds if each.begin_s > now_s - _ROUNDING_S]  # also what begins just now
        if len(waiting) >= WAITING_MAX:
            return None
        begin_s = max([now_s, *(each.end_s for each in self._sounds)])
        sound = Sounding(next(self._ids), begin_s, begin_s + length_s, phrase)
        self._sounds.append(sound)
        return sound

    def _forget(self, now_s: float) -> None:
        self._sounds = [each for each in self._sounds if each.end_s > now_s + _ROUNDING_S]


class WindowPlayer:
    """The window's sound as session.voice.Output; made once, and given to each session by `output`.

    It sounds while the window reports that its audio runs: until then, and after an interruption by the system, `play`
    returns False, so that the clip's buzzer sounds instead.
    """

    def __init__(self, bridge: Bridge) -> None:
        self.backend = ""
        self.hearing = Hearing()
        self._bridge = bridge
        self._queue = SoundQueue()
        self._tones: dict[tuple[str, int], Floats] = {}
        self._loaded: Hearing | None = None
        self._speech_loaded = False
        self._lengths: dict[str, float] = {}
        self._on_change: Callable[[str], None] = lambda _: None
        self._hum_deg = 0.0
        self._octave = 0.0
        bridge.on("sound.state", self._state)

    def output(self, hearing: Hearing, on_change: Callable[[str], None], _speaks: bool) -> WindowPlayer:
        """The same player with a session's settings, as session.voice.MakeOutput."""
        self.hear(hearing)
        self._on_change = on_change
        return self

    def hear(self, hearing: Hearing) -> None:
        """Use these settings from the next sound on; gives the window the sounds if they change."""
        self.hearing = hearing
        if self._loaded == hearing:
            return
        for key, sound in self._cue_samples(hearing):
            self._bridge.tell("sound.load", {"key": key, "left": _floats(sound[:, 0]), "right": _floats(sound[:, 1])})
            self._lengths[key] = len(sound) / RATE_HZ
        levels = gains(hearing)
        for name, (gain, length_s) in LEVELS.items():
            value: dict[str, Any] = {"key": name, "gains": [float(each) for each in gain * levels]}
            if not self._speech_loaded:
                value |= {"ogg": clip_path(name).read_bytes()}
            self._bridge.tell("sound.load", value)
            self._lengths[name] = length_s
        self._speech_loaded = True
        self._loaded = hearing

    def play(self, fault: str, side: int) -> bool:
        """Queue a cue; False if the window's audio does not run."""
        key = self._key(fault, side)
        if self.backend and key in self._lengths:
            sound, cut = self._queue.play(time.monotonic(), self._lengths[key])
            self._cut(cut)
            self._begin(key, sound)
        return bool(self.backend)

    def say(self, phrase: str) -> bool:
        """Queue a phrase of sound.phrases; False if the window's audio does not run."""
        if self.backend:
            self._begin(phrase, self._queue.say(time.monotonic(), self._lengths[phrase]))
        return bool(self.backend)

    def hum(self, beyond_deg: float) -> None:
        """Set the hum of a drill, as Mixer.hum."""
        if beyond_deg == self._hum_deg:
            return
        octave = beyond_deg / HUM_DEG_PER_OCTAVE
        begins = self._hum_deg == 0.0
        self._hum_deg = beyond_deg
        if beyond_deg == 0.0:
            octave = self._octave  # fade out at the last pitch
        glide_s = 0.0 if begins else abs(octave - self._octave) / HUM_OCTAVES_PER_S
        self._octave = octave
        gain = [float(each) for each in gains(self.hearing) * (HUM_GAIN if beyond_deg else 0.0)]
        value = {"hz": HUM_HZ * 2.0**octave, "glide_s": glide_s, "gains": gain, "fade_s": HUM_FADE_S}
        self._bridge.tell("sound.hum", value)

    def wait(self, timeout_s: float = 2.0) -> None:
        """Nothing to wait for: the window plays on."""

    def close(self) -> None:
        """End a session's use of it; queued sounds are played."""
        self.hum(0.0)
        self._on_change = lambda _: None

    def _key(self, fault: str, side: int) -> str:
        phrase = cue_phrase(fault, side) if self.hearing.cues == "speech" else ""
        return phrase or f"{fault} {side:+d}"

    def _cue_samples(self, hearing: Hearing) -> Iterator[tuple[str, Floats]]:
        for cue in audible_cues():
            if cue not in self._tones:
                self._tones[cue] = render(*cue)
            yield f"{cue[0]} {cue[1]:+d}", fitted(self._tones[cue], hearing)

    def _begin(self, key: str, sound: Sounding | None) -> None:
        if sound is not None:
            self._bridge.tell("sound.play", {"id": sound.id, "key": key})

    def _cut(self, ids: list[int]) -> None:
        if ids:
            self._bridge.tell("sound.cut", {"ids": ids, "fade_s": FADE_S})

    def _state(self, value: dict[str, object]) -> None:
        """The window's audio runs, or was interrupted: then nothing that waits would still be right."""
        backend = BACKEND if value.get("running") else ""
        if backend == self.backend:
            return
        self.backend = backend
        if not backend:
            self._cut(self._queue.clear())
        _log.info("the window's audio %s", "runs" if backend else "is interrupted")
        self._on_change(backend)


def _floats(channel: Floats) -> bytes:
    """Samples (N,) as little-endian 32-bit floats."""
    return channel.astype("<f4").tobytes()
