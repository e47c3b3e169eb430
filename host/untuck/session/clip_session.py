"""A session with the clip, as `run` and `calibrate` need it: profile and settings in, clip found, session recorded.

The analysis warms up while the clip is looked for; a new calibration or baseline is kept in the runner's profile.
Decides what a runner's settings and history mean for the analysis.
"""

from __future__ import annotations

import asyncio
import math
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace

from untuck.errors import LinkError, StoreError
from untuck.events import BaselineTaken, Calibrated, Event
from untuck.model import Baseline, Calibration
from untuck.motion.params import Params
from untuck.session.live import Outcome, SessionHooks, View, run_session
from untuck.session.packet_pipeline import PacketPipeline
from untuck.session.warmup import warm_up
from untuck.sources.ble import Backend, BleSource, Timeouts
from untuck.sources.clip_setup import WEAK_DBM, tuck_cue_commands
from untuck.store import Settings, Store
from untuck.store.config import Config
from untuck.store.profiles import Profile, Profiles

LOW_BATTERY_PCT = 15
FULL_SESSIONS, MOST_SESSIONS = 4, 6  # every fault is cued until the first, two of three until the second, then one


@dataclass(frozen=True)
class SessionRequest:
    """What is asked for on the command line, beside the settings. minutes: planned length of the run, 0 if open.

    anew: "calibration" or "baseline" are made anew although the profile has them. mode: the command, as it is stored.
    """

    config: Config
    minutes: float = 0.0
    anew: tuple[str, ...] = ()
    mode: str = "run"
    until: Callable[[Event], bool] | None = None


@dataclass(frozen=True, eq=False)
class ConnectedClip:
    """A clip that streams, whom it is for, and what steers the analysis of the session with it."""

    source: BleSource
    profile: Profile
    settings: Settings


@dataclass(frozen=True)
class SessionResult:
    """A session that has ended."""

    title: str
    session_id: int | None
    outcome: Outcome


MakeView = Callable[[str, Params], AbstractContextManager[View]]
Listen = Callable[[PacketPipeline, Callable[[], object]], AbstractContextManager[None]]


def share_of(sessions: int) -> float:
    """Which share of the findings is cued after so many sessions: fading keeps what was learnt from hanging on cues."""
    if sessions < FULL_SESSIONS:
        return 1.0
    return 2.0 / 3.0 if sessions < MOST_SESSIONS else 1.0 / 3.0


def params_of(config: Config, sessions: int = 0, minutes: float = 0.0) -> Params:
    """The analysis's parameters for a runner's settings, sessions until now, and planned length (0: open)."""
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
        cue_share=share_of(sessions) if cues.fading else 1.0,
        cue_silent_after_s=silent_after_s,
    )


def settings_of(wanted: SessionRequest, profile: Profile, firmware: str = "") -> Settings:
    """Everything that steers the analysis of a session with this runner."""
    return Settings(
        calibration=None if "calibration" in wanted.anew else profile.calibration,
        baseline=None if "baseline" in wanted.anew else profile.baseline,
        params=params_of(wanted.config, profile.sessions, wanted.minutes),
        rate_hz=wanted.config.clip.rate_hz,
        firmware=firmware,
        runner=wanted.config.name,
        audio_delay_ms=profile.audio_delay_ms,
    )


async def run_with_clip(
    wanted: SessionRequest,
    make_view: MakeView,
    note: Callable[[str], None],
    listen: Listen | None = None,
    backend: Backend | None = None,
) -> SessionResult:
    """Find the clip, record and run a session until it is finished.

    note: takes lines of progress; listen: lets keys steer the session while its context lasts, given what ends it;
    backend: a radio other than the platform's. Raises LinkError without a clip, StoreError if nothing can be recorded.
    """
    config = wanted.config
    note("looking for the clip ...")
    warming = asyncio.create_task(asyncio.to_thread(warm_up, note))
    try:
        async with connected_clip(wanted, backend) as found:
            await warming
            source, settings = found.source, found.settings
            battery_pct = source.status.battery_pct if source.status is not None else None
            title = f"clip {source.name}" + (f", {config.name}" if config.name else "")
            with ExitStack() as stack:
                recording = stack.enter_context(Store().record(f"clip {source.name}", wanted.mode, settings))
                battery = "" if battery_pct is None else f", battery {battery_pct} %"
                view = stack.enter_context(make_view(f"{title}, {config.clip.rate_hz} Hz{battery}", settings.params))
                tell(view, found)
                keeper = ProfileKeeper(config.name, recording.id, view, wanted.until)
                stack.enter_context(_ending_on_signals())
                hooks = SessionHooks(config.sound, True, _attach_keys(stack, listen), keeper.on_event)
                outcome = await run_session(source, settings, view, recording, hooks=hooks)
    finally:
        warming.cancel()
    return SessionResult(f"Session {recording.id}: {title}", recording.id, outcome)


@asynccontextmanager
async def connected_clip(
    wanted: SessionRequest, backend: Backend | None = None, timeouts: Timeouts | None = None
) -> AsyncIterator[ConnectedClip]:
    """A clip for this session, streaming; it is taught what the session has found out. Raises LinkError."""
    profile = Profiles().open(wanted.config.name)
    clip = with_own_clip(wanted.config, profile).clip
    async with BleSource(clip.rate_hz, clip.address or None, backend, timeouts) as source:
        settings = settings_of(wanted, profile, source.status.firmware if source.status is not None else "")
        yield ConnectedClip(source, profile, settings)
        await _teach(source, wanted.config.name, settings.params)


def with_own_clip(config: Config, profile: Profile) -> Config:
    """The same settings, but that where they name no clip it is the one that the runner has paired with."""
    return replace(config, clip=replace(config.clip, address=config.clip.address or profile.clip))


async def _teach(source: BleSource, runner: str, params: Params) -> None:
    """What the profile now knows goes to the clip, which cues tucks by itself when next it runs without a computer."""
    with suppress(StoreError, LinkError):  # the session is whole; the clip keeps what it was taught before
        profile = Profiles().open(runner)
        if profile.calibration is not None and profile.baseline is not None:
            await source.configure(
                tuck_cue_commands(
                    profile.calibration,
                    profile.baseline,
                    params.tuck_on_deg,
                    params.baseline_warmup_s,
                    params.cue_cooldown_s,
                )
            )


def tell(view: View, found: ConnectedClip) -> None:
    """What the runner should know before the start."""
    source, profile, settings = found.source, found.profile, found.settings
    battery_pct = source.status.battery_pct if source.status is not None else None
    if battery_pct is not None and battery_pct < LOW_BATTERY_PCT:
        view.say(f"the clip's battery is at {battery_pct} %: charge it soon")
    if source.rssi_dbm < WEAK_DBM:
        view.say(f"weak signal, {source.rssi_dbm} dBm: wear the clip on the side of the computer")
    kept = [name for name in ("calibration", "baseline") if getattr(settings, name) is not None]
    if kept:
        view.say(f"{' and '.join(kept)} of {profile.runner or 'last time'} are used: stand still for 5 s to check")
    if settings.params.cue_share < 1.0:
        share = "two of three" if settings.params.cue_share > 0.5 else "one of three"
        view.say(f"session {profile.sessions + 1}: {share} findings are cued")


class ProfileKeeper:
    """Keeps what a session finds out about the runner; a store that fails ends the keeping, not the session."""

    def __init__(self, runner: str, session_id: int | None, view: View, until: Callable[[Event], bool] | None) -> None:
        self._runner = runner
        self._session_id = session_id
        self._view = view
        self._until = until

    def on_event(self, event: Event) -> bool:
        """Look at an event; True if it is the one that the session was for."""
        match event:
            case BaselineTaken(baseline=found):
                self._keep(found)
            case Calibrated(calibration=found) if found.source == "stand+hinges":
                self._keep(found)
            case _:
                pass
        return self._until is not None and self._until(event)

    def _keep(self, found: Calibration | Baseline) -> None:
        try:
            Profiles().keep(self._runner, found, self._session_id)
        except StoreError as error:
            self._view.say(f"not kept for the next session: {error}")


def _attach_keys(stack: ExitStack, listen: Listen | None) -> Callable[[PacketPipeline], None] | None:
    """What lets the runner's keys steer the session, and end it, until the stack is left."""
    task = asyncio.current_task()
    assert task is not None

    def attach(line: PacketPipeline) -> None:
        assert listen is not None
        stack.enter_context(listen(line, lambda: bool(task.cancel())))

    return None if listen is None else attach


@contextmanager
def _ending_on_signals() -> Iterator[None]:
    """A closed terminal or a stop from the system ends a session as Ctrl-C does: whole, with its summary."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    with suppress(NotImplementedError, RuntimeError, ValueError):  # Windows, or not in the main thread
        for name in names:
            loop.add_signal_handler(getattr(signal, name), task.cancel)
    try:
        yield
    finally:
        with suppress(NotImplementedError, RuntimeError, ValueError):
            for name in names:
                loop.remove_signal_handler(getattr(signal, name))
