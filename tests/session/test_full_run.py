"""A runner's first day with the clip, scripted: calibrate, then a run with baseline, faults, a lap, and key q.

Real firmware and protocol, virtual radio. Phrases and cues are recorded with their sensor time in place of a
loudspeaker. The second session uses the calibration of the first.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.paired import pair
from virtual_clip.clip import VirtualClip

from untuck.cli.views.live import run_clip
from untuck.events import Event
from untuck.model import RIGHT
from untuck.session import live, voice
from untuck.session.clip_session import SessionResult
from untuck.session.packet_pipeline import PacketPipeline
from untuck.session.request import SessionRequest, calibration_request
from untuck.session.warmup import warm_up
from untuck.simulate.runner import Phase, Scenario, simulate
from untuck.sources.ble_runs import ClipRuns
from untuck.store import Store
from untuck.store.config import Config, FormConfig
from untuck.store.profiles import Profiles

RATE_HZ = 100
STAND = Scenario((Phase("stand", 7.0), *[Phase("hinge", 3.5)] * 3, Phase("stand", 4.0)))
TUCK_S, PULL_S, END_S = 60.0, 84.0, 115.0
RUN = Scenario(
    (
        *(Phase("stand", 7.0), Phase("run", 53.0), Phase("run", 12.0, tuck_deg=7.0), Phase("run", 12.0)),
        *(Phase("run", 18.0, pullback_deg=5.0, side=RIGHT), Phase("run", 13.0), Phase("stand", 9.0)),
    )
)
ADA = Config(name="Ada", form=FormConfig(warmup_s=0.0))

Said = list[tuple[float, str]]


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Said:
    """What the runner hears, with its sensor time: phrases by name, cues as "<fault> <side>"."""
    heard: Said = []
    now_s = [0.0]

    class Loudspeaker:
        backend = "a loudspeaker"

        def __init__(self, *_: object, **__: object) -> None: ...

        def play(self, fault: str, side: int) -> bool:
            heard.append((now_s[0], f"<{fault} {side}>"))
            return True

        def say(self, phrase: str) -> bool:
            heard.append((now_s[0], phrase))
            return True

        def hum(self, beyond_deg: float) -> None: ...

        def wait(self, timeout_s: float) -> None: ...

        def close(self) -> None: ...

    class Timed(voice.Voice):
        def take(self, events: list[Event], packets: PacketPipeline) -> None:  # type: ignore[override]
            now_s[0] = packets.last_s - packets.first_s
            super().take(events, packets)

    monkeypatch.setattr(voice, "Player", Loudspeaker)
    monkeypatch.setattr(live, "Voice", Timed)
    return heard


@contextmanager
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A terminal to type into, as a file number."""
    pty = pytest.importorskip("pty")  # not on Windows
    ours, theirs = pty.openpty()
    with os.fdopen(theirs) as terminal:
        monkeypatch.setattr("sys.stdin", terminal)
        yield ours
    os.close(ours)


async def until(seconds: float, running: asyncio.Task[SessionResult]) -> None:
    """Wait until this many seconds of the newest session, in sensor time, are stored."""
    async with asyncio.timeout(600):
        while not running.done():
            sessions = Store().sessions()
            if sessions and sessions[-1].ended_unix_s is None and sessions[-1].packet_count >= seconds * RATE_HZ / 5:
                return
            await asyncio.sleep(0.2)


@pytest.mark.slow
async def test_from_the_first_calibration_to_the_end_of_a_run(said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    await asyncio.to_thread(warm_up, lambda text: None)
    async with VirtualClip(simulate(STAND, rate_hz=RATE_HZ).samples, speed=4) as clip:
        await pair(clip, ADA.name)
        ended = await asyncio.wait_for(run_clip(calibration_request(ADA), True, backend=clip.backend), 300)
    assert ended.outcome.failure is None and ended.outcome.summary.calibration == "stand+hinges"
    assert [what for _, what in said] == ["stand", "hinge", "calibrated", "baseline", "finished"]
    assert Profiles().open("Ada").calibration is not None and Profiles().open("Ben").calibration is None
    said.clear()

    with keyboard(monkeypatch) as keys:
        async with VirtualClip(simulate(RUN, rate_hz=RATE_HZ).samples, speed=4) as clip:
            await pair(clip, ADA.name)
            running = asyncio.create_task(run_clip(SessionRequest(ADA), as_json=True, backend=clip.backend))
            await until(TUCK_S - 5.0, running)
            os.write(keys, b"l")
            await until(END_S - 3.0, running)
            os.write(keys, b"q")
            ended = await asyncio.wait_for(running, 120)
    for time_s, what in said:
        print(f"{time_s:7.1f} s  {what}")
    assert ended.outcome.failure is None
    order = [what for _, what in said]
    assert order[0] == "stand" and order[1] in ("reused", "zeroed") and order[2] == "baseline"
    assert sorted(order[3:5]) == ["baseline taken", "lap"]
    when = {what: time_s for time_s, what in reversed(said)}
    assert TUCK_S < when["<tuck 0>"] < TUCK_S + 9.0 and PULL_S < when["<pullback 1>"] < PULL_S + 15.0
    assert order.count("<recovered 0>") == 2 and order[-1] == "finished" and "<pullback -1>" not in order
    summary = ended.outcome.summary
    assert [entry.fault for entry in summary.cue_log if entry.sounded] == ["tuck", "pullback"]
    assert all(entry.correct_s is not None and entry.correct_s < 30.0 for entry in summary.cue_log)
    session = Store().open()
    assert [command.kind for command in session.commands()] == ["lap"] and session.runner == "Ada"
    assert session.ended_unix_s is not None and session.summary is not None
    profile = Profiles().open("Ada")
    assert profile.baseline is not None and profile.sessions == 1


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
async def test_a_stop_by_the_system_ends_a_run_with_its_summary(said: Said, name: str) -> None:
    """As when the terminal is closed or the machine shuts down."""
    await asyncio.to_thread(warm_up, lambda text: None)
    async with VirtualClip(simulate(STAND, rate_hz=RATE_HZ).samples, speed=4) as clip:
        await pair(clip, ADA.name)
        running = asyncio.create_task(run_clip(SessionRequest(ADA), as_json=True, backend=clip.backend))
        await until(8.0, running)
        os.kill(os.getpid(), getattr(signal, name))
        ended = await asyncio.wait_for(running, 120)
        async with ClipRuns(backend=clip.backend) as runs:
            assert await runs.list() == []  # the clip keeps nothing of a session that is stored here
    assert ended.outcome.failure is None and ended.outcome.summary.signal.packets > 100
    assert not ended.outcome.kept and Store().sessions() == []  # seconds of standing are no session
    assert [what for _, what in said][:2] == ["stand", "hinge"] and said[-1][1] == "finished"


async def test_a_low_battery_is_reported_before_the_start_and_once_during_the_run(
    said: Said, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UNTUCK_CELL_UV", "1780000")  # half of 3.56 V: 6 % are left
    await asyncio.to_thread(warm_up, lambda text: None)
    async with VirtualClip(simulate(STAND, rate_hz=RATE_HZ).samples, speed=2) as clip:
        await pair(clip, ADA.name)
        running = asyncio.create_task(run_clip(SessionRequest(ADA), as_json=True, backend=clip.backend))
        await until(8.0, running)
        running.cancel()
        await running
    assert [what for _, what in said].count("battery low") == 1
    shown = capsys.readouterr()
    assert (shown.out + shown.err).count("the clip's battery is at 6 %: charge it soon") == 1
    assert (shown.out + shown.err).count("the clip's battery is low") == 1
