"""Spoken phrases: guidance through a session and the cue of each fault, as clips rendered in advance.

tools/render_speech.py renders the clips from these texts with espeak-ng; nothing is synthesised during a run. Cues name
things outside the body (belt, pockets), because an external focus of attention improves motor learning.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from untuck.errors import SoundError
from untuck.model import Floats
from untuck.sound.tones import FADE_S, RATE_HZ, faded, levelled
from untuck.vocabulary import FAULTS, SIDE_WORDS, facts

FOLDER = Path(__file__).parent / "speech"

GUIDANCE = {
    "stand": "Stand still for five seconds.",
    "hinge": "Good. Now bend forward at the hips, three times, slowly.",
    "hinge again": "Those bends did not count. Three more, slowly, with a straight back.",
    "hinge trunk": "The upper clip needs three more bends, with a straight back.",
    "hinge straight": "Your back was round. Stand still, then bend with a straight back.",
    "calibrated": "Calibrated.",
    "reused": "The clip sits as it did last time.",
    "moved": "The clip sits differently. Bend forward at the hips, three times, slowly.",
    "baseline": "Run easily, with your good form, for two minutes.",
    "baseline taken": "That is your baseline. From now on, silence means good form.",
    "baseline refused": "That was no good baseline. Let the belt tip forward, and run on.",
    "ready": "Ready. Start running.",
    "check clip": "Check the clip. Then stand still for five seconds.",
    "check trunk": "Check the upper clip. Then stand still for five seconds.",
    "swapped": "The two clips seem swapped. Exchange them, then stand still.",
    "zeroed": "Zero is set.",
    "no data": "No data from the clip.",
    "data again": "The clip is back.",
    "no trunk": "No data from the upper back.",
    "trunk again": "The upper clip is back.",
    "battery low": "The battery of the clip is low.",
    "cues off": "Cues are off.",
    "cues on": "Cues are on.",
    "lap": "Lap.",
    "finished": "Run finished.",
    "waiting": "Waiting for the clip.",
    "not paired": "The clip and this computer are not paired.",
    "no bluetooth": "Bluetooth does not work.",
    "not recorded": "The run cannot be recorded. Check the computer.",
}


def _name(fault: str, side: int) -> str:
    return f"{fault} {SIDE_WORDS[side]}".strip()


def cue_phrases() -> dict[str, str]:
    """The cues of vocabulary.FAULTS by name."""
    return {_name(f, side): text for f, row in FAULTS.items() for side, text in (row.phrases or {}).items()}


def phrases() -> dict[str, str]:
    """Every phrase by name: guidance and cues."""
    return GUIDANCE | cue_phrases()


def cue_phrase(fault: str, side: int) -> str:
    """Name of the phrase for a cue, "" if it has none."""
    return _name(fault, side) if side in (facts(fault).phrases or {}) else ""


def clip_path(name: str) -> Path:
    """The file of a phrase: Ogg Vorbis, 24 kHz, mono."""
    return FOLDER / f"{name.replace(' ', '_')}.ogg"


def spoken(name: str) -> Floats:
    """Samples (N,2) of a phrase at full volume. Raises SoundError if its clip is missing or damaged."""
    mono = faded(_decoded(name), FADE_S)
    return levelled(np.stack([mono, mono], axis=1))


def measured(name: str) -> tuple[float, float]:
    """Factor that brings a phrase to full volume, and its length in s. Raises SoundError as `spoken`."""
    mono = _decoded(name)
    return float(np.abs(spoken(name)).max() / np.abs(faded(mono.copy(), FADE_S)).max()), len(mono) / RATE_HZ


def _decoded(name: str) -> Floats:
    import miniaudio

    path = clip_path(name)
    try:
        clip = miniaudio.decode_file(str(path), miniaudio.SampleFormat.FLOAT32, nchannels=1, sample_rate=RATE_HZ)
    except (miniaudio.MiniaudioError, OSError) as error:
        raise SoundError(f"the spoken clip {path.name} is missing or damaged: reinstall Untuck.") from error
    return np.array(clip.samples, dtype=np.float64)
