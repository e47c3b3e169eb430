"""The tones of the cues as pure samples: 48 kHz, without clicks or clipping, distinguishable by ear, also in mono.

A low double tone; a glide that falls, hollow, at the left ear and rises, bright, at the right; a soft roll; a trill; a
long deep tone that rises; three high pips; a rising chime. vocabulary.FAULTS maps faults to tones (its field `tone`).
Sine partials with raised-cosine fades, all equally loud by ITU-R BS.1770. Owns pitches, lengths and levels.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from untuck.model import LEFT, RIGHT, Floats
from untuck.sound.loudness import momentary_lufs
from untuck.vocabulary import facts

RATE_HZ = 48_000
LOUDNESS_LUFS = -9.0  # momentary, at full volume: 5 dB above the -14 LUFS of streaming services
PEAK_MAX = 0.89  # -1 dB of full scale, because resampling and converters overshoot
FAR_EAR = 0.1  # -20 dB: the side is clear, and the cue is audible with one earbud
FADE_S = 0.012  # shorter fades click


def has_sound(fault: str) -> bool:
    """Whether a cue of this fault has a tone."""
    return facts(fault).tone in _TONES


def render(fault: str, side: int = 0) -> Floats:
    """Samples (N,2), left and right, of one cue at full volume; side -1 left, +1 right, 0 both ears.

    Raises KeyError for a fault without a tone: check has_sound first.
    """
    mono = _TONES[facts(fault).tone](side)
    gains = {LEFT: (1.0, FAR_EAR), RIGHT: (FAR_EAR, 1.0)}.get(side, (1.0, 1.0))
    return levelled(np.stack([mono * gains[0], mono * gains[1]], axis=1))


def levelled(samples: Floats) -> Floats:
    """Samples (N,2) at LOUDNESS_LUFS, or as loud as PEAK_MAX allows."""
    gain = 10.0 ** ((LOUDNESS_LUFS - momentary_lufs(samples)) / 20.0)
    level: Floats = samples * min(gain, PEAK_MAX / float(np.abs(samples).max()))
    return level


def to_int16(samples: Floats) -> NDArray[np.int16]:
    """Samples in -1..+1 as 16-bit integers."""
    return np.round(samples * 32767.0).astype(np.int16)


def faded(mono: Floats, fade_s: float = FADE_S) -> Floats:
    """Mono samples (N,) with both ends faded, in place."""
    count = min(round(fade_s * RATE_HZ), len(mono) // 2)
    fade = 0.5 - 0.5 * np.cos(np.pi * np.arange(count) / count)
    mono[:count] *= fade
    mono[len(mono) - count :] *= fade[::-1]
    return mono


def _tone(pitch_hz: float, partials: tuple[float, ...], length_s: float, end_hz: float | None = None) -> Floats:
    """Sine partials at 1, 2, 3 ... times a pitch that may glide to end_hz, faded in and out."""
    time_s = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
    ratio = (end_hz or pitch_hz) / pitch_hz
    cycles = np.cumsum(pitch_hz * ratio ** (time_s / length_s)) / RATE_HZ
    tone = sum(gain * np.sin(2 * np.pi * (n + 1) * cycles) for n, gain in enumerate(partials))
    return faded(np.asarray(tone))


def _silence(length_s: float) -> Floats:
    return np.zeros(round(length_s * RATE_HZ))


def _double_tone(_side: int) -> Floats:
    # small earbuds in wind do not carry the fundamental: the partials carry the pitch
    tone = _tone(294.0, (1.0, 0.6, 0.4, 0.2), 0.17)
    return np.concatenate([tone, _silence(0.08), tone])


def _glide(side: int) -> Floats:
    if side == RIGHT:
        return _tone(880.0, (1.0, 0.7, 0.5, 0.3), 0.35, end_hz=1175.0)
    return _tone(659.0, (1.0, 0.0, 0.5, 0.0, 0.3), 0.35, end_hz=494.0)  # odd partials only: hollow


def _roll(_side: int) -> Floats:
    beat = faded(_tone(440.0, (1.0, 0.3), 0.07), 0.03)
    swell = (0.5, 0.7, 0.85, 1.0, 0.85, 0.7)
    return np.concatenate([np.concatenate([gain * beat, _silence(0.02)]) for gain in swell])


def _trill(_side: int) -> Floats:
    high, low = (faded(_tone(pitch_hz, (1.0, 0.3), 0.065), 0.015) for pitch_hz in (1397.0, 1109.0))
    return np.concatenate([high, low] * 4)


def _deep_rise(_side: int) -> Floats:
    # the partials are louder than the fundamental, which small earbuds do not carry
    return _tone(156.0, (0.5, 1.0, 0.9, 0.7, 0.5, 0.3), 0.6, end_hz=233.0)


def _pips(_side: int) -> Floats:
    pip = _tone(1976.0, (1.0, 0.2), 0.09)
    return np.concatenate([pip, _silence(0.07), pip, _silence(0.07), pip])


def _chime(_side: int) -> Floats:
    notes_hz, apart_s, ring_s = (523.25, 659.25, 783.99), 0.11, 0.5
    chime = _silence(apart_s * (len(notes_hz) - 1) + ring_s)
    for n, pitch_hz in enumerate(notes_hz):
        note = _tone(pitch_hz, (1.0, 0.25, 0.1), ring_s)
        begin = round(n * apart_s * RATE_HZ)
        chime[begin : begin + len(note)] += note * np.exp(-np.arange(len(note)) / (0.12 * RATE_HZ))
    return chime


_TONES: dict[str, Callable[[int], Floats]] = {  # by FaultFacts.tone
    "double tone": _double_tone,
    "glide": _glide,
    "roll": _roll,
    "trill": _trill,
    "deep rise": _deep_rise,
    "pips": _pips,
    "chime": _chime,
}
