"""The request for a session, and what it means for the analysis together with the runner's settings and history."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from untuck.events import Calibrated, Event
from untuck.motion.params import Params
from untuck.store import Settings
from untuck.store.config import Config
from untuck.store.profiles import Profile

# Every fault is cued in the first FULL_SESSIONS, then two of three until MOST_SESSIONS, then one of three
FULL_SESSIONS, MOST_SESSIONS = 4, 6


@dataclass(frozen=True)
class SessionRequest:
    """A session with a runner's settings and the options of the command line.

    minutes: planned length of the run, 0 if open; recalibrate, new_baseline: do not use the saved one; mode: the
    command, as it is stored; until: returns True for the event that ends the session.
    """

    config: Config
    minutes: float = 0.0
    recalibrate: bool = False
    new_baseline: bool = False
    mode: str = "run"
    until: Callable[[Event], bool] | None = None


def calibration_request(config: Config) -> SessionRequest:
    """A session that ends with a calibration from standing and hinges."""

    def is_calibrated(event: Event) -> bool:
        return isinstance(event, Calibrated) and event.calibration.source == "stand+hinges"

    return SessionRequest(config, recalibrate=True, mode="calibrate", until=is_calibrated)


def cue_share(sessions: int) -> float:
    """The share of findings that is cued after so many sessions; it falls so that form does not depend on cues."""
    if sessions < FULL_SESSIONS:
        return 1.0
    return 2.0 / 3.0 if sessions < MOST_SESSIONS else 1.0 / 3.0


def analysis_params(config: Config, sessions: int = 0, minutes: float = 0.0) -> Params:
    """The parameters of the analysis for a runner's settings, earlier sessions and planned length (0: open)."""
    cues, form = config.cues, config.form
    silent_after_s = 60.0 * minutes * (1.0 - cues.silent_end_pct / 100.0) if minutes else math.inf
    return Params(
        tuck_on_deg=form.tuck_on_deg,
        tuck_off_deg=form.tuck_off_deg,
        pullback_on_deg=form.pullback_on_deg,
        pullback_off_deg=form.pullback_off_deg,
        baseline_warmup_s=form.warmup_s,
        cue_faults=cues.faults,
        cue_cooldown_s=cues.cooldown_s,
        cue_gap_s=cues.gap_s,
        cue_cap=cues.cap,
        cue_recovered=config.sound.recovered,
        cue_share=cue_share(sessions) if cues.fading else 1.0,
        cue_silent_after_s=silent_after_s,
    )


def session_settings(request: SessionRequest, profile: Profile, firmware: str = "") -> Settings:
    """All that determines the analysis of a session with this runner."""
    return Settings(
        calibration=None if request.recalibrate else profile.calibration,
        baseline=None if request.new_baseline else profile.baseline,
        params=analysis_params(request.config, profile.sessions, request.minutes),
        rate_hz=request.config.clip.rate_hz,
        firmware=firmware,
        runner=request.config.name,
        audio_delay_ms=profile.audio_delay_ms,
    )


def with_paired_clip(config: Config, profile: Profile) -> Config:
    """The settings with the clip that the runner has paired with, unless they name one."""
    return replace(config, clip=replace(config.clip, address=config.clip.address or profile.clip))
