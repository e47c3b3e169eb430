"""A runner with two clips from radio to store and replay: real firmware in both, virtual radio, virtual clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.paired import pair_both
from virtual_clip.clip import VirtualClip
from virtual_clip.pair import two_clips

from untuck import wire
from untuck.events import Event, TrunkCalibrated, TrunkChanged, Warned
from untuck.run_results import Run
from untuck.session import clip_session, live
from untuck.session.calibration_watch import CalibrationWatch
from untuck.session.clip_session import SessionResult, run_with_clip
from untuck.session.live import run_session
from untuck.session.packet_pipeline import PacketPipeline
from untuck.session.reanalysis import reanalyse
from untuck.session.request import SessionRequest, calibration_request, has_trunk_clip, with_paired_clip
from untuck.simulate.scenario import Phase, Scenario
from untuck.simulate.trunk import simulate_pair
from untuck.sources import ble_link
from untuck.sources.ble_runs import ClipRuns
from untuck.sources.replay import ReplaySource
from untuck.store import Store, StoredSession
from untuck.store.config import Config, FormConfig
from untuck.store.profile import Profile
from untuck.store.profiles import Profiles
from untuck.vocabulary import Role

ADA = Config(name="Ada", form=FormConfig(warmup_s=0.0))
BEFORE_S = 45.0  # of standing, while the clips are paired and connected
STAND = (Phase("stand", BEFORE_S), *[Phase("hinge", 3.5)] * 3, Phase("stand", 4.0))


class Silence:
    """A voice that says nothing."""

    def __init__(self, *_: object, **__: object) -> None: ...
    def take(self, *_: object) -> None: ...
    def speak(self, _: str) -> None: ...
    def close(self) -> None: ...


@dataclass
class Watched:
    """What the runner was shown, the events, and the pipeline of the live session."""

    said: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    packets: PacketPipeline | None = None
    finish: Callable[[], object] = lambda: None

    def show(self, events: list[Event], packets: PacketPipeline) -> None:
        self.events += events

    def say(self, text: str) -> None:
        self.said.append(text)

    @contextmanager
    def view(self, title: str, _: object) -> Iterator[Watched]:
        yield self

    @contextmanager
    def listen(self, packets: PacketPipeline, finish: Callable[[], object]) -> Iterator[None]:
        self.packets, self.finish = packets, finish
        yield

    def begin(self, request: SessionRequest, clip: VirtualClip) -> asyncio.Task[SessionResult]:
        """Run a session with the clips in range of the computer of this one."""
        return asyncio.create_task(run_with_clip(request, self.view, self.say, self.listen, clip.backend))

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, condition: Callable[[PacketPipeline], bool], running: asyncio.Task[SessionResult]) -> None:
        async with asyncio.timeout(600):
            while not running.done() and (self.packets is None or not condition(self.packets)):
                await asyncio.sleep(0.05)


@pytest.fixture
def in_clip_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[VirtualClip], None]:
    """Let packets arrive by the clips' clock, which may be faster than real time, and wait for a busy machine."""
    monkeypatch.setattr(live, "Voice", Silence)
    monkeypatch.setattr(clip_session.live_kernels, "start", lambda: None)

    def use(clip: VirtualClip) -> None:
        monkeypatch.setattr(
            ble_link, "time", SimpleNamespace(monotonic=lambda: clip.clock.now_us() / 1e6, time=ble_link.time.time)
        )

    return use


async def assert_empty(*clips: VirtualClip) -> None:
    """No run is left on any of the clips, which are near one computer."""
    for clip in clips:
        async with ClipRuns(clip.address, clips[0].backend) as runs:
            assert await runs.list() == []


async def replayed(session: StoredSession) -> tuple[Run, Any]:
    """Run and summary of a replay, packet by packet."""
    seen = Watched()
    hooks = live.SessionHooks(attach=lambda packets: setattr(seen, "packets", packets))
    outcome = await run_session(
        ReplaySource(session.packets()),
        session.settings(),
        seen,
        audible=False,
        commands=session.commands(),
        hooks=hooks,
    )
    assert seen.packets is not None
    return seen.packets.pipeline.run(), outcome.summary


@pytest.mark.slow
async def test_two_clips_from_the_radio_to_the_replay(in_clip_time: Callable[[VirtualClip], None]) -> None:
    run = (Phase("run", 55.0), Phase("stand", 30.0))
    truth = simulate_pair(Scenario((*STAND, *run)), seed=3)
    watched = Watched()
    async with two_clips(truth.pelvis.samples, truth.trunk, speed=4, begins_s=0.0) as (pelvis, trunk):
        in_clip_time(pelvis)
        await pair_both(pelvis, trunk, ADA.name)
        running = watched.begin(SessionRequest(ADA), pelvis)
        await watched.until(lambda packets: pelvis.clock.now_us() / 1e6 > BEFORE_S + 14.5 + 55.0, running)
        watched.finish()
        ended = await asyncio.wait_for(running, 300)
        await assert_empty(pelvis, trunk)
    assert ended.outcome.failure is None and ended.outcome.kept
    assert watched.packets is not None
    was = watched.packets.pipeline.run()
    assert len(watched.of(TrunkCalibrated)) >= 1 and [each.present for each in watched.of(TrunkChanged)] == [True]
    assert not [each for each in watched.of(Warned) if "No trunk" in each.text or "swapped" in each.text]
    measured = was.strides[was.strides["valid"]]
    assert len(measured) > 60 and (measured["trunk_reason"] == "").mean() > 0.95
    session = Store().open()
    roles = [packet.role for packet in session.packets()]
    summary = ended.outcome.summary
    assert summary.trunk is not None and (summary.signal.lost, summary.trunk.lost) == (0, 0)
    assert (roles.count(Role.PELVIS), roles.count(Role.TRUNK)) == (summary.signal.packets, summary.trunk.packets)
    again, summary_again = await replayed(session)
    assert again.strides.tobytes() == was.strides.tobytes() and again.contacts.tobytes() == was.contacts.tobytes()
    assert summary_again == summary
    assert reanalyse(session).run.strides.tobytes() == was.strides.tobytes()
    profile = Profiles().open("Ada")
    assert profile.trunk_calibration is not None and profile.calibration is not None
    assert not np.allclose(profile.trunk_calibration.sensor_to_pelvis, profile.calibration.sensor_to_pelvis, atol=0.05)
    assert session.settings().trunk and session.settings().trunk_calibration is None
    lean_deg = np.median(measured["trunk_lean_deg"][measured["trunk_reason"] == ""])
    assert abs(lean_deg - np.median(truth.truth.lean_deg[truth.pelvis.truth.running])) < 1.0


@pytest.mark.slow
async def test_a_trunk_clip_that_leaves_and_returns_is_completed_from_its_flash(
    in_clip_time: Callable[[VirtualClip], None],
) -> None:
    """Once for longer than its memory lasts, once for less: no packet is missing, none is left on a clip."""
    truth = simulate_pair(Scenario((*STAND, Phase("run", 70.0), Phase("stand", 60.0))), seed=3)
    runs_from_s = BEFORE_S + 14.5
    watched = Watched()
    async with two_clips(truth.pelvis.samples, truth.trunk, speed=4, begins_s=0.0) as (pelvis, trunk):
        in_clip_time(pelvis)
        await pair_both(pelvis, trunk, ADA.name)
        running = watched.begin(SessionRequest(ADA), pelvis)

        async def until(running_s: float) -> None:
            await watched.until(lambda _: pelvis.clock.now_us() / 1e6 > runs_from_s + running_s, running)

        for from_s, to_s in ((15.0, 36.0), (50.0, 56.0)):
            await until(from_s)
            pelvis.channel.hold(trunk.address)
            await pelvis.sleep(0.5)
            pelvis.channel.lose(trunk.address)
            pelvis.channel.set_in_range(False, trunk.address)
            await trunk.peripheral.drop()
            await until(to_s)
            pelvis.channel.set_in_range(True, trunk.address)
        await until(70.0)
        watched.finish()
        ended = await asyncio.wait_for(running, 300)
        await assert_empty(pelvis, trunk)
    assert ended.outcome.failure is None and ended.outcome.kept
    present = [each.present for each in watched.of(TrunkChanged)]
    assert present[:2] == [True, False] and present[-1]  # a slow machine may still catch up when the second gap comes
    assert all(before != after for before, after in pairwise(present))
    summary = ended.outcome.summary
    assert summary.trunk is not None and summary.signal.lost == summary.trunk.lost == 0
    for role in Role:
        numbers = [wire.unpack_header(packet.data)[3] for packet in Store().open().packets() if packet.role == role]
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
    strides = reanalyse(Store().open()).run.strides
    away = strides["valid"] & (strides["start_s"] > runs_from_s + 16.0) & (strides["start_s"] < runs_from_s + 35.0)
    assert away.sum() > 20 and (strides["trunk_reason"][away] == "").mean() > 0.5  # late ones keep their place


@pytest.mark.slow
async def test_calibrating_ends_once_both_clips_have_seen_the_hinges(
    in_clip_time: Callable[[VirtualClip], None],
) -> None:
    truth = simulate_pair(Scenario((*STAND, Phase("stand", 60.0))), seed=3)
    watched, watch = Watched(), CalibrationWatch(trunk=True)
    async with two_clips(truth.pelvis.samples, truth.trunk, speed=4, begins_s=0.0) as (pelvis, trunk):
        in_clip_time(pelvis)
        await pair_both(pelvis, trunk, ADA.name)
        config = with_paired_clip(ADA, Profiles().open(ADA.name))
        assert has_trunk_clip(ADA, Profiles().open(ADA.name)) and not has_trunk_clip(ADA, Profile("Ben"))
        request = calibration_request(config, watch)
        ended = await asyncio.wait_for(
            run_with_clip(request, watched.view, watched.say, watched.listen, pelvis.backend), 300
        )
    assert ended.outcome.failure is None and watch.missing == ()
    profile = Profiles().open("Ada")
    for role, kept in ((Role.PELVIS, profile.calibration), (Role.TRUNK, profile.trunk_calibration)):
        assert kept is not None and kept.source == "stand+hinges"
        np.testing.assert_array_equal(kept.sensor_to_pelvis, watch.found[role].sensor_to_pelvis)


async def test_clips_whose_roles_are_mixed_up_are_named_at_the_start(
    in_clip_time: Callable[[VirtualClip], None],
) -> None:
    felt = simulate_pair(Scenario((Phase("stand", 60.0),)), seed=3)
    watched = Watched()
    async with two_clips(felt.pelvis.samples, felt.trunk, speed=2, begins_s=0.0) as (pelvis, trunk):
        in_clip_time(pelvis)
        await pair_both(pelvis, trunk, ADA.name)
        for role, clip in ((Role.TRUNK, pelvis), (Role.PELVIS, trunk)):  # in the profile, not on the clips
            Profiles().keep_clip(ADA.name, clip.address, role)
        running = watched.begin(SessionRequest(ADA), pelvis)
        await watched.until(lambda packets: packets.decoder.samples > 100 and len(watched.said) > 2, running)
        watched.finish()
        await asyncio.wait_for(running, 300)
        mixed = [text for text in watched.said if "exchange the clips" in text]
        assert len(mixed) == 2 and "on the waistband" in mixed[-1] + mixed[0], watched.said
        watched.said, watched.packets = [], None
        alone = watched.begin(SessionRequest(ADA, clips=1), pelvis)
        await watched.until(lambda packets: packets.decoder.samples > 100, alone)
        assert watched.packets is not None and watched.packets.trunk_decoder is None  # left out, though it is paired
        watched.finish()
        await asyncio.wait_for(alone, 300)
