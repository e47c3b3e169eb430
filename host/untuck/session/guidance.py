"""Which phrase a session's events call for, so that a runner gets through it without looking at a screen.

Stand, hinge, run for a baseline, run; check the clip; what a key has done. Pure: events in, names of phrases out.
The order of a session, as the runner hears it, lives here; the words themselves in sound.phrases.
"""

from __future__ import annotations

from untuck.model import Baseline, Calibration, Event, Standing, Steer
from untuck.motion.params import Params

_AFTER_KEY = {
    ("mute", "on"): "cues off",
    ("mute", "off"): "cues on",
    ("zero", ""): "stand",
    ("calibrate", ""): "stand",
    ("baseline", ""): "baseline",
}


class Guide:
    """Keeps what the runner has still to do. calibration, baseline: those kept from earlier, None if there are none."""

    def __init__(self, params: Params, calibration: Calibration | None, baseline: Baseline | None) -> None:
        self._params = params
        self._to_check = calibration is not None
        self._baseline = baseline is not None
        self._zeroed = False
        self._running = False

    def begin(self) -> str:
        """What is said first."""
        return "stand"

    def take(self, event: Event) -> list[str]:
        """Phrases that an event calls for, in order."""
        value = event.value
        if event.kind == "state":
            self._running = value == "running"
        elif event.kind == "still":
            return ["hinge"]
        elif event.kind == "standing":
            return self._standing(value)
        elif event.kind == "calibrated":
            return self._calibrated(value)
        elif event.kind == "refused":
            return ["hinge again" if value == "hinges" else "baseline refused"]
        elif event.kind == "slipped":
            return ["check clip"]
        elif event.kind == "baseline":
            self._baseline = True
            return ["baseline taken"]
        elif event.kind == "steer":
            return self._key(value)
        return []

    def _standing(self, standing: Standing) -> list[str]:
        checked, self._to_check = self._to_check, False
        self._zeroed = standing.zeroed
        if checked and standing.difference_deg > self._params.reuse_zero_max_deg:
            return ["moved"]
        if checked and not standing.zeroed:
            return ["reused", *self._next()]
        if standing.zeroed:
            return ["zeroed", *(self._next() if checked else [])]
        return []

    def _calibrated(self, calibration: Calibration) -> list[str]:
        if self._zeroed:  # the calibration that a new zero brings: said already
            self._zeroed = False
            return []
        return ["calibrated", *self._next()] if calibration.source == "stand+hinges" else []

    def _key(self, steer: Steer) -> list[str]:
        if steer.kind == "baseline":
            self._baseline = False
        if steer.kind == "lap":
            return ["lap"]
        phrase = _AFTER_KEY.get((steer.kind, steer.value))
        return [phrase] if phrase else []

    def _next(self) -> list[str]:
        if self._running:
            return []
        return ["ready"] if self._baseline else ["baseline"]
