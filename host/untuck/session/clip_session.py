"""A session with the clip, for `run`, `calibrate` and the coach's window: find the clip, record, save what was found.

Nothing waits for the compiler: the analysis starts interpreted. A new calibration or baseline is saved in the profile.
"""

from __future__ import annotations

import asyncio
import logging
import math
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace

from untuck.errors import LinkError, StoreError
from untuck.motion.params import Params
from untuck.session import live_kernels
from untuck.session.completion import complete, incomplete_clips
from untuck.session.connected_clip import ConnectedClip, configure_clip, show_notices
from untuck.session.live import SessionHooks, run_session
from untuck.session.outcome import Outcome
from untuck.session.packet_loop import View
from untuck.session.packet_pipeline import PacketPipeline
from untuck.session.profile_keeper import ProfileKeeper
from untuck.session.recorder import begin_recording
from untuck.session.request import SessionRequest, session_settings, with_own_clip
from untuck.session.stored_profile import save_in_store
from untuck.session.two_clips import TwoClips, trunk_source
from untuck.sources.ble import Backend, BleSource, Timeouts
from untuck.sources.ble_scan import choose_adapter
from untuck.store.profiles import Profiles

_log = logging.getLogger(__name__)


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
                name = f"clip {source.name}"
                recording = stack.enter_context(await begin_recording(name, request.mode, settings, clip.trunk_name))
                battery = "" if clip.battery_pct is None else f", battery {clip.battery_pct} %"
                view = stack.enter_context(make_view(f"{title}, {config.clip.rate_hz} Hz{battery}", settings.params))
                show_notices(view, clip)
                profile = ProfileKeeper(save_in_store(config.name, recording.id), view.say, request.until)
                if not request.unattended:
                    stack.enter_context(ending_on_signals())
                keep_s = math.inf if request.unattended else None
                hooks = SessionHooks(config.sound, True, _attach_keys(stack, listen), profile, keep_s=keep_s)
                outcome = await run_session(clip.stream, settings, view, recording, hooks=hooks)
    finally:
        starting.cancel()
    number = recording.id if outcome.kept else None
    if number is not None and (clips := incomplete_clips(clip.stream, outcome)):
        note("a part of this run is only on the clip: fetching it")
        outcome = await complete(number, outcome, clips, note, backend)
    return SessionResult(title if number is None else f"Session {number}: {title}", number, outcome)


@asynccontextmanager
async def connected_clip(
    request: SessionRequest, backend: Backend | None = None, timeouts: Timeouts | None = None
) -> AsyncIterator[ConnectedClip]:
    """Connect the clips of this session; at the end the pelvis's receives the runner's new calibration and baseline.

    Raises LinkError for the pelvis's clip; the trunk's is waited for a few seconds, then looked for during the session.
    """
    profile = Profiles().open(request.config.name)
    request = replace(request, config=with_own_clip(request.config, profile))
    clip = request.config.clip
    backend = replace(backend or Backend(), adapter=clip.adapter, pairs=False)
    async with (
        BleSource(clip.rate_hz, clip.address or None, backend, timeouts, durable=True) as source,
        AsyncExitStack() as stack,
    ):
        settings = session_settings(request, profile, source.status.firmware if source.status is not None else "")
        both = None
        if settings.trunk:
            trunk = trunk_source(clip.rate_hz, clip.trunk_address, backend, timeouts)
            both = await stack.enter_async_context(TwoClips(source, trunk))
        connected = ConnectedClip(source, profile, settings, both)
        _log.info(
            "clip found: firmware %s, battery %s %%, signal %s dBm",
            settings.firmware or "?",
            connected.battery_pct,
            source.rssi_dbm,
        )
        yield connected
        await _configure_profile(source, request.config.name, settings.params)


async def _configure_profile(source: BleSource, runner: str, params: Params) -> None:
    """Send the profile's calibration and baseline to the clip, for its own tuck cues when it runs without a host."""
    try:
        await configure_clip(source, Profiles().open(runner), params)
    except (StoreError, LinkError) as error:  # the session is complete; the clip keeps its earlier values
        _log.info("the clip was not configured: %s", error)


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
def ending_on_signals() -> Iterator[None]:
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
