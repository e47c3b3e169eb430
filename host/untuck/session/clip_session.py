"""A session with the clip, for `run`, `calibrate` and the coach's window: find the clip, record, save what was found.

Nothing waits for the compiler: the analysis starts interpreted. A new calibration or baseline is saved in the profile.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace

from untuck import wire
from untuck.errors import LinkError, StoreError
from untuck.events import BaselineExtended, BaselineTaken, Calibrated, Event
from untuck.model import Baseline, Calibration
from untuck.motion.params import Params
from untuck.session import live_kernels
from untuck.session.live import Outcome, SessionHooks, View, run_session
from untuck.session.packet_pipeline import PacketPipeline
from untuck.session.request import SessionRequest, session_settings, with_paired_clip
from untuck.sources.ble import Backend, BleSource, Timeouts
from untuck.sources.ble_scan import choose_adapter
from untuck.sources.clip_setup import WEAK_DBM, tuck_cue_commands
from untuck.store import Settings, Store
from untuck.store.profiles import Profile, Profiles

LOW_BATTERY_PCT = 15

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class ConnectedClip:
    """A clip that streams, the profile of its runner, and the settings of the session."""

    source: BleSource
    profile: Profile
    settings: Settings

    @property
    def battery_pct(self) -> int | None:
        """Charge of the clip's battery, None if it is not known."""
        return self.source.status.battery_pct if self.source.status is not None else None


@dataclass(frozen=True)
class SessionResult:
    """A session that has ended."""

    title: str
    session_id: int | None
    outcome: Outcome


MakeView = Callable[[str, Params], AbstractContextManager[View]]
Listen = Callable[[PacketPipeline, Callable[[], object]], AbstractContextManager[None]]


async def run_with_clip(
    request: SessionRequest,
    make_view: MakeView,
    note: Callable[[str], None],
    listen: Listen | None = None,
    backend: Backend | None = None,
) -> SessionResult:
    """Find the clip, record and run a session until it is finished.

    note: receives lines of progress; listen: a context in which keys give commands, made from the pipeline and from the
    function that ends the session; backend: a radio other than the platform's. Raises LinkError without a clip,
    StoreError if nothing can be recorded.
    """
    config = request.config
    backend = replace(backend or Backend(), adapter=config.clip.adapter)
    await choose_adapter(backend)  # without one the error comes before the kernels are compiled
    note("looking for the clip ...")
    starting = asyncio.create_task(asyncio.to_thread(live_kernels.start))
    try:
        async with connected_clip(request, backend) as clip:
            await starting
            source, settings = clip.source, clip.settings
            title = f"clip {source.name}" + (f", {config.name}" if config.name else "")
            with ExitStack() as stack:
                recording = stack.enter_context(Store().record(f"clip {source.name}", request.mode, settings))
                battery = "" if clip.battery_pct is None else f", battery {clip.battery_pct} %"
                view = stack.enter_context(make_view(f"{title}, {config.clip.rate_hz} Hz{battery}", settings.params))
                show_notices(view, clip)
                keeper = ProfileKeeper(config.name, recording.id, view, request.until)
                stack.enter_context(_ending_on_signals())
                hooks = SessionHooks(config.sound, True, _attach_keys(stack, listen), keeper.on_event)
                outcome = await run_session(source, settings, view, recording, hooks=hooks)
    finally:
        starting.cancel()
    number = recording.id if outcome.kept else None
    return SessionResult(title if number is None else f"Session {number}: {title}", number, outcome)


@asynccontextmanager
async def connected_clip(
    request: SessionRequest, backend: Backend | None = None, timeouts: Timeouts | None = None
) -> AsyncIterator[ConnectedClip]:
    """Connect a clip for this session; at the end it receives the runner's new calibration and baseline.

    Raises LinkError.
    """
    profile = Profiles().open(request.config.name)
    clip = with_paired_clip(request.config, profile).clip
    backend = replace(backend or Backend(), adapter=clip.adapter)
    async with BleSource(clip.rate_hz, clip.address or None, backend, timeouts) as source:
        settings = session_settings(request, profile, source.status.firmware if source.status is not None else "")
        connected = ConnectedClip(source, profile, settings)
        _log.info(
            "clip found: firmware %s, battery %s %%, signal %s dBm",
            settings.firmware or "?",
            connected.battery_pct,
            source.rssi_dbm,
        )
        yield connected
        await _configure_clip(source, request.config.name, settings.params)


async def _configure_clip(source: BleSource, runner: str, params: Params) -> None:
    """Send the profile's calibration and baseline to the clip, for its own tuck cues when it runs without a host."""
    try:
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
    except (StoreError, LinkError) as error:  # the session is complete; the clip keeps its earlier values
        _log.info("the clip was not configured: %s", error)


def show_notices(view: View, clip: ConnectedClip) -> None:
    """Show what the runner should know before the start: battery, signal, what is reused, how much is cued."""
    source, profile, settings = clip.source, clip.profile, clip.settings
    if clip.battery_pct is not None and clip.battery_pct < LOW_BATTERY_PCT:
        view.say(f"the clip's battery is at {clip.battery_pct} %: charge it soon")
    if source.status is not None and source.status.conditions & wire.COND_FAULT:
        view.say("the clip reports a fault of its firmware: switch it off and on, and report it if that comes again")
    if source.rssi_dbm < WEAK_DBM:
        view.say(f"weak signal, {source.rssi_dbm} dBm: wear the clip on the side of the computer")
    saved = [name for name in ("calibration", "baseline") if getattr(settings, name) is not None]
    if saved:
        whose = f" of {profile.runner}" if profile.runner else " from last time"
        view.say(f"using the {' and '.join(saved)}{whose}: stand still for 5 s so that they can be checked")
    if settings.params.cue_share < 1.0:
        share = "two of three" if settings.params.cue_share > 0.5 else "one of three"
        view.say(f"session {profile.sessions + 1}: {share} findings are cued")


class ProfileKeeper:
    """Saves a new calibration or baseline in the runner's profile. If that fails, the session goes on."""

    def __init__(self, runner: str, session_id: int | None, view: View, until: Callable[[Event], bool] | None) -> None:
        self._runner = runner
        self._session_id = session_id
        self._view = view
        self._until = until

    def on_event(self, event: Event) -> bool:
        """Save what the event holds; returns True for the event that ends the session."""
        match event:
            case BaselineTaken(baseline=baseline) | BaselineExtended(baseline=baseline):
                self._save(baseline)
            case Calibrated(calibration=calibration) if calibration.source == "stand+hinges":
                self._save(calibration)
            case _:
                pass
        return self._until is not None and self._until(event)

    def _save(self, value: Calibration | Baseline) -> None:
        try:
            Profiles().keep(self._runner, value, self._session_id)
        except StoreError as error:
            self._view.say(f"not saved for the next session: {error}")
            _log.info("the profile was not saved", exc_info=error)


def _attach_keys(stack: ExitStack, listen: Listen | None) -> Callable[[PacketPipeline], None] | None:
    """A function that lets the runner's keys give commands and end the session, until the stack is left."""
    if listen is None:
        return None
    task = asyncio.current_task()
    assert task is not None

    def attach(packets: PacketPipeline) -> None:
        stack.enter_context(listen(packets, lambda: bool(task.cancel())))

    return attach


@contextmanager
def _ending_on_signals() -> Iterator[None]:
    """A closed terminal or a stop by the system ends the session as Ctrl-C does: complete, with its summary."""
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
