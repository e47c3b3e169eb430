"""`untuck run --unattended`: runs one after the other with a real clip's firmware, without screen and keyboard.

What a computer in the belt meets: no clip yet, runs and rests, a power-off, a clock that is set late.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from tests.paired import pair
from virtual_clip.clip import VirtualClip

from untuck.cli.logs import Redactor
from untuck.cli.views.unattended import journal_note, journal_view
from untuck.errors import LinkError
from untuck.events import MovingChanged
from untuck.session import live, service_manager
from untuck.session.request import SessionRequest
from untuck.session.start_times import StartTimes
from untuck.session.unattended import Activity, Limits, Surroundings, run_unattended
from untuck.session.waiting import Lacking, Waiting, lacking
from untuck.session.warmup import warm_up
from untuck.simulate.runner import Phase, Scenario, simulate
from untuck.sources import remedies
from untuck.sources.stack import Adapter, Backend, Stack
from untuck.store import Settings, Store
from untuck.store.config import Config
from untuck.vocabulary import Moving

RATE_HZ = 100
ADA = SessionRequest(Config(name="Ada"))
TWO_RUNS = Scenario(
    (
        *(Phase("stand", 7.0), *[Phase("hinge", 3.5)] * 3, Phase("stand", 2.0)),
        *(Phase("run", 12.0), Phase("stand", 25.0), Phase("run", 12.0), Phase("stand", 60.0)),
    )
)
BRISK = Limits(rest_s=10.0, empty_s=60.0, away_s=1.0, scan_s=1.0, retry_s=0.1, check_s=0.05)


class SilentVoice:
    """A voice that says nothing."""

    def __init__(self, *_: object) -> None: ...

    def take(self, *_: object) -> None: ...

    def speak(self, _: str) -> None: ...

    def close(self) -> None: ...


@pytest.fixture(autouse=True)
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "Voice", SilentVoice)


class Belt:
    """The unattended program as a task. said: its lines; spoken: its phrases while it waits."""

    def __init__(self, backend: Backend | None, limits: Limits = BRISK) -> None:
        self.said: list[str] = []
        self.spoken: list[str] = []
        say = journal_note(Redactor(), self.said.append)
        around = Surroundings(journal_view(say), say, backend, lambda _, phrase: self.spoken.append(phrase), limits)
        self.running = asyncio.create_task(run_unattended(lambda: ADA, around))

    async def until(self, done: Callable[[], bool], seconds: float = 120.0) -> None:
        async with asyncio.timeout(seconds):
            while not done():
                assert not self.running.done(), self.running.result()
                await asyncio.sleep(0.1)


@pytest.mark.slow
async def test_a_run_ends_with_rest_and_the_next_one_begins_by_itself() -> None:
    await asyncio.to_thread(warm_up, lambda text: None)
    async with VirtualClip(simulate(TWO_RUNS, rate_hz=RATE_HZ).samples, speed=4) as clip:
        await pair(clip, "Ada")
        belt = Belt(clip.backend)
        await belt.until(lambda: sum("is saved" in line for line in belt.said) == 2)
        belt.running.cancel()
        assert await belt.running == 2
    first, second = Store().sessions()
    assert first.runner == second.runner == "Ada" and first.summary and second.summary
    assert first.ended_unix_s is not None and first.ended_unix_s <= second.started_unix_s
    text = "\n".join(belt.said)
    assert "Ada" not in text and "F0:F1" not in text


async def test_standing_only_is_not_kept_and_releases_the_clip_until_it_was_away() -> None:
    """Otherwise a belt in a cupboard would keep the clip awake, and fill the store with standing."""
    await asyncio.to_thread(warm_up, lambda text: None)
    standing = simulate(Scenario((Phase("stand", 120.0),)), rate_hz=RATE_HZ).samples
    async with VirtualClip(standing, speed=4) as clip:
        await pair(clip, "Ada")
        belt = Belt(clip.backend, replace(BRISK, empty_s=10.0))
        await belt.until(lambda: any("may sleep" in line for line in belt.said))
        assert Store().sessions() == []
        count = len(belt.said)
        await asyncio.sleep(1.0)
        assert len(belt.said) == count  # it is in range, and is left alone
        clip.channel.set_in_range(False)
        await asyncio.sleep(3.0)
        clip.channel.set_in_range(True)
        await belt.until(lambda: bool(Store().sessions()))
        belt.running.cancel()
        await belt.running


async def test_it_waits_for_the_clip_and_says_so_once() -> None:
    async with VirtualClip(simulate(TWO_RUNS, rate_hz=RATE_HZ).samples, speed=4) as clip:
        await pair(clip, "Ada")
        clip.channel.set_in_range(False)
        belt = Belt(clip.backend)
        await belt.until(lambda: belt.spoken == ["waiting"])
        await asyncio.sleep(3.0)
        assert belt.spoken == ["waiting"] and sum(remedies.NO_CLIP in line for line in belt.said) == 1
        clip.channel.set_in_range(True)
        await belt.until(lambda: bool(Store().sessions()))
        belt.running.cancel()
        await belt.running


@pytest.mark.skipif(not hasattr(signal, "SIGTERM") or os.name == "nt", reason="systemd's signal")
async def test_a_power_off_saves_the_run_in_time() -> None:
    await asyncio.to_thread(warm_up, lambda text: None)
    async with VirtualClip(simulate(TWO_RUNS, rate_hz=RATE_HZ).samples, speed=4) as clip:
        await pair(clip, "Ada")
        belt = Belt(clip.backend)
        await belt.until(lambda: bool(Store().sessions()) and Store().open().packet_count > 28 * RATE_HZ / 5)
        asked_s = time.monotonic()
        os.kill(os.getpid(), signal.SIGTERM)
        assert await belt.running == 1
        assert time.monotonic() - asked_s < 30.0
    session = Store().open()
    assert session.ended_unix_s is not None and session.summary is not None


async def test_without_bluetooth_or_pairing_it_waits_and_ends_when_told() -> None:
    class NoAdapter(Stack):
        async def choose_adapter(self, wanted: str, clip: str | None) -> Adapter | None:
            raise LinkError(remedies.NO_ADAPTER)

    belt = Belt(Backend(stack=NoAdapter()))
    await belt.until(lambda: belt.spoken == ["not paired"])
    from untuck.store.profiles import Profiles

    Profiles().keep_clip("Ada", "F0:F1:F2:F3:F4:F5")
    await belt.until(lambda: belt.spoken == ["not paired", "no bluetooth"])
    belt.running.cancel()
    assert await belt.running == 0


async def test_reminders_become_rarer(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [0.0]
    monkeypatch.setattr("untuck.session.waiting.time.monotonic", lambda: now_s[0])
    noted: list[str] = []
    spoken: list[float] = []
    waiting = Waiting(noted.append, lambda *_: spoken.append(now_s[0]))
    for second in range(0, 3600, 5):
        now_s[0] = float(second)
        await waiting.report(Lacking("waiting", "no clip"))
    assert noted == ["no clip"]
    assert spoken[:4] == [0.0, 60.0, 180.0, 420.0]
    assert max(after_s - before_s for before_s, after_s in pairwise(spoken)) <= 605.0
    await waiting.report(Lacking("no bluetooth", "off"))
    assert noted == ["no clip", "off"] and len(spoken) < 15


def test_a_stranger_is_not_reported_as_absent() -> None:
    with pytest.raises(Lacking) as found, lacking("waiting"):
        raise LinkError(remedies.NOT_PAIRED)
    assert found.value.phrase == "not paired"


class Packets:
    """As much of a packet pipeline as Activity reads."""

    class decoder:
        samples = 1

    def __init__(self, first_s: float, last_s: float) -> None:
        self.first_s, self.last_s = first_s, last_s


@pytest.mark.parametrize(
    ("events", "last_s", "over"),
    [
        ([], 899.0, False),
        ([], 901.0, True),
        ([(10.0, Moving.RUNNING)], 5000.0, False),
        ([(10.0, Moving.RUNNING), (600.0, Moving.STANDING)], 839.0, False),
        ([(10.0, Moving.RUNNING), (600.0, Moving.STANDING)], 841.0, True),
        ([(10.0, Moving.RUNNING), (600.0, Moving.WALKING), (700.0, Moving.STANDING)], 900.0, False),
    ],
)
def test_when_a_session_is_over(events: list[tuple[float, Moving]], last_s: float, over: bool) -> None:
    activity = Activity(Limits())
    for time_s, moving in events:
        assert not activity.on_event(MovingChanged(time_s, moving))
    assert activity._is_over(Packets(0.0, last_s)) is over  # type: ignore[arg-type]


@pytest.mark.parametrize("jump_s", [9_000_000.0, -3600.0, 0.5])
def test_a_clock_that_is_set_late_corrects_the_sessions(jump_s: float) -> None:
    right, offset_s = [False], [1000.0]
    times = StartTimes(lambda: right[0], lambda: offset_s[0])
    times.begin()
    with Store().record("clip", "run", Settings()) as recording:
        number = recording.id
    times.end(number)
    before = Store().open(number)
    assert times.correct() == 0
    right[0], offset_s[0] = True, 1000.0 + jump_s
    assert times.correct() == (abs(jump_s) > 2.0)
    after = Store().open(number)
    moved_s = jump_s if abs(jump_s) > 2.0 else 0.0
    assert after.started_unix_s == pytest.approx(before.started_unix_s + moved_s, abs=0.01)
    assert before.ended_unix_s and after.ended_unix_s == pytest.approx(before.ended_unix_s + moved_s, abs=0.01)
    assert times.correct() == 0


def test_a_clock_that_was_right_corrects_nothing() -> None:
    times = StartTimes(lambda: True, lambda: time.time())
    times.begin()
    times.end(7)
    assert times.correct() == 0


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="systemd's sockets")
async def test_systemd_hears_that_it_is_alive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(5.0)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "100000")
        service_manager.report(READY="1", STATUS="waiting\nfor the clip")
        assert manager.recv(200) == b"READY=1\nSTATUS=waiting for the clip"
        with service_manager.alive():
            await asyncio.sleep(0.1)
            assert [manager.recv(200) for _ in range(2)] == [b"WATCHDOG=1"] * 2
    service_manager.report(READY="1")  # the manager has gone: no error
