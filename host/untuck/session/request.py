"""The request for a session, and what it means for the analysis together with the runner's settings and history."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace

from untuck.errors import LinkError
from untuck.events import Event
from untuck.motion.params import Params
from untuck.session.calibration_watch import CalibrationWatch
from untuck.store.config import Config
from untuck.store.profile import Profile
from untuck.store.session import Settings

# Every fault is cued in the first FULL_SESSIONS, then two of three until MOST_SESSIONS, then one of three
FULL_SESSIONS, MOST_SESSIONS = 4, 6


@dataclass(frozen=True)
class SessionRequest:
    """A session with a runner's settings and the options of the command line.

    minutes: planned length of the run, 0 if open; recalibrate, new_baseline: do not use the saved one; mode: the
    command, as it is stored; until: returns True for the event that ends the session; unattended: nobody is there to
    end it: the caller handles signals, and a session without a stride is not kept; clips: how many take part at most.
    """

    config: Config
    minutes: float = 0.0
    recalibrate: bool = False
    new_baseline: bool = False
    mode: str = "run"
    until: Callable[[Event], bool] | None = None
    unattended: bool = False
    clips: int = 2


def calibration_request(config: Config, until: CalibrationWatch | None = None) -> SessionRequest:
    """A session that ends with the calibration of every clip from standing and hinges; until: None for one clip."""
    return SessionRequest(config, recalibrate=True, mode="calibrate", until=until or CalibrationWatch())


def has_trunk_clip(config: Config, profile: Profile) -> bool:
    """Whether a runner has a second clip, for the upper back."""
    return bool(config.clip.trunk_address or profile.trunk_clip)


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
        cue_trunk_faults=cues.trunk_faults,
        cue_cooldown_s=cues.cooldown_s,
        cue_gap_s=cues.gap_s,
        cue_cap=cues.cap,
        cue_recovered=config.sound.recovered,
        cue_share=cue_share(sessions) if cues.fading else 1.0,
        cue_silent_after_s=silent_after_s,
    )


def session_settings(request: SessionRequest, profile: Profile, firmware: str = "") -> Settings:
    """All that determines the analysis of a session with this runner; the config names the clips."""
    trunk = request.clips > 1 and bool(request.config.clip.trunk_address)
    return Settings(
        calibration=None if request.recalibrate else profile.calibration,
        baseline=None if request.new_baseline else profile.baseline,
        params=analysis_params(request.config, profile.sessions, request.minutes),
        rate_hz=request.config.clip.rate_hz,
        firmware=firmware,
        runner=request.config.name,
        audio_delay_ms=profile.audio_delay_ms,
        trunk=trunk,
        trunk_calibration=profile.trunk_calibration if trunk and not request.recalibrate else None,
    )


def with_own_clip(config: Config, profile: Profile) -> Config:
    """The settings with the runner's own clips, for a connection; that of the trunk is "" without one.

    Raises LinkError if no clip is named or paired for the pelvis, or the same one for both.
    """
    config = with_paired_clip(config, profile)
    if not config.clip.address:
        what, command = missing_clip(config)
        raise LinkError(
            f"{what}: hold the clip's button for 3 s until its light blinks fast, then run `{command}` within a "
            "minute, or choose New runner in the coach's window."
        )
    if config.clip.address.lower() == config.clip.trunk_address.lower():
        raise LinkError(
            "The same clip is set for the waistband and for the upper back: take clip.trunk_address out of the "
            "settings, or pair the clip of the upper back again with its role (`untuck pair`)."
        )
    return config


def missing_clip(config: Config) -> tuple[str, str]:
    """That a runner has no clip for the waistband, or none at all, and the command that pairs one."""
    whose, option = (f" for {config.name}", f" --runner {shlex.quote(config.name)}") if config.name else ("", "")
    if config.clip.trunk_address:
        return f"No clip for the waistband is paired{whose} yet", f"untuck pair --role pelvis{option}"
    return f"No clip is paired{whose} yet", f"untuck pair{option}"


def with_paired_clip(config: Config, profile: Profile) -> Config:
    """The settings with the clips that the runner has paired with, unless they name some."""
    clip = config.clip
    address, trunk_address = clip.address or profile.clip, clip.trunk_address or profile.trunk_clip
    return replace(config, clip=replace(clip, address=address, trunk_address=trunk_address))
