"""What is said aloud: short phrases, spoken by clips that were rendered when the package was built.

tools/render_speech.py makes the clips from these texts with espeak-ng; nothing is synthesised while somebody runs.
Cues are worded by what is outside the body (belt, pockets): that is learnt better than words about muscles and bones.
The words live here and nowhere else.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from untuck.errors import SoundError
from untuck.model import LEFT, RIGHT, Floats
from untuck.sound.voices import FADE_S, RATE_HZ, faded, levelled

FOLDER = Path(__file__).parent / "speech"

PHRASES = {
    "stand": "Stand still for five seconds.",
    "hinge": "Good. Now bend forward at the hips, three times, slowly.",
    "hinge again": "Those bends did not count. Three more, slowly, with a straight back.",
    "calibrated": "Calibrated.",
    "reused": "The clip sits as it did last time.",
    "moved": "The clip sits differently. Bend forward at the hips, three times, slowly.",
    "baseline": "Run easily, with your good form, for two minutes.",
    "baseline taken": "That is your baseline. From now on, silence means good form.",
    "baseline refused": "That was no good baseline. Let the belt tip forward, and run on.",
    "ready": "Ready. Start running.",
    "tuck": "Let the belt tip forward.",
    "pullback left": "Let the left pocket swing forward.",
    "pullback right": "Let the right pocket swing forward.",
    "rigid": "Let the pockets swing.",
    "check clip": "Check the clip. Then stand still for five seconds.",
    "zeroed": "Zero is set.",
    "no data": "No data from the clip.",
    "data again": "The clip is back.",
    "battery low": "The battery of the clip is low.",
    "cues off": "Cues are off.",
    "cues on": "Cues are on.",
    "lap": "Lap.",
    "finished": "Run finished.",
}


def cue_phrase(fault: str, side: int) -> str:
    """Name of the phrase for a cue, "" if nothing is said for it."""
    name = f"{fault} {'left' if side == LEFT else 'right'}" if side in (LEFT, RIGHT) else fault
    return name if name in PHRASES else ""


def spoken(name: str) -> Floats:
    """Samples (N,2) of a phrase at full volume. Raises SoundError if its clip is missing or damaged."""
    import miniaudio

    path = FOLDER / f"{name.replace(' ', '_')}.ogg"
    try:
        clip = miniaudio.decode_file(str(path), miniaudio.SampleFormat.FLOAT32, nchannels=1, sample_rate=RATE_HZ)
    except (miniaudio.MiniaudioError, OSError) as error:
        raise SoundError(f"the spoken clip {path.name} is missing or damaged: install Untuck again.") from error
    mono = faded(np.array(clip.samples, dtype=np.float64), FADE_S)
    return levelled(np.stack([mono, mono], axis=1))
