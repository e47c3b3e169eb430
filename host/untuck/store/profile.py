"""A runner's profile as a value, and which sessions count as training.

Who keeps profiles is another matter: profiles.py in the session store, the phone in files.
"""

from __future__ import annotations

from dataclasses import dataclass

from untuck.model import ENOUGH_JUDGED, Baseline, Calibration
from untuck.store.values import loads
from untuck.vocabulary import Suppression

COUNTED_MODES = ("run", "coach")  # sessions that count as training, for the fading of cues
_UNHEARD = {Suppression.MUTED, Suppression.BLOCK}


@dataclass(frozen=True, eq=False)
class Profile:
    """The profile of a runner; None for what is unknown.

    clip: address of the paired clip; sessions: number of training sessions so far in which cues could sound;
    audio_delay_ms: of this machine; trunk_clip, trunk_calibration: of the second clip, on the upper back.
    """

    runner: str
    calibration: Calibration | None = None
    calibration_unix_s: float = 0.0
    baseline: Baseline | None = None
    baseline_unix_s: float = 0.0
    clip: str = ""
    sessions: int = 0
    audio_delay_ms: float | None = None
    trunk_clip: str = ""
    trunk_calibration: Calibration | None = None
    trunk_calibration_unix_s: float = 0.0


def cues_could_sound(summary_json: str) -> bool:
    """Whether enough strides of a session were judged, and the runner had not muted all of its cues."""
    try:
        summary = loads(summary_json)
        known = summary.get("reliability")
        judged = known["judged"] if known else summary["clean_strides"] - ENOUGH_JUDGED  # of an older version
        suppressed = set(summary.get("suppressed", {}))
        silent = bool(suppressed) and suppressed <= _UNHEARD and not summary.get("cues")
        return bool(judged >= ENOUGH_JUDGED) and not silent
    except (ValueError, TypeError, KeyError, AttributeError):
        return False  # `untuck summary` reports it
