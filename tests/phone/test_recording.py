"""A run on the phone: what is reported as stored survives the end of the page, whenever that comes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.packets import packet

from untuck.model import Packet
from untuck.phone.app import recording as module
from untuck.phone.app.files import FolderFiles
from untuck.phone.app.recording import Recorder, Recording
from untuck.phone.app.run_file import command_record, first_line, packets_record, read_run
from untuck.phone.app.runs import Runs
from untuck.session_commands import Lap, Mute, SessionCommand
from untuck.store.session import Settings

PACKETS = [Packet(packet(number), 100.0 + 0.05 * number) for number in range(200)]
SETTINGS = Settings(rate_hz=100, runner="Ada")
FACTS = {"source": "clip 1", "mode": "run", "started_unix_s": 1.8e9, "settings": "{}", "runner": "Ada"}


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FLUSH_EVERY_S", 0.01)
    monkeypatch.setattr(module, "RETRY_S", 0.01)
    monkeypatch.setattr(module, "FINISH_S", 0.05)


class Session:
    """A recording on a folder; what was reported as stored, and said."""

    def __init__(self, folder: Path) -> None:
        self.files = FolderFiles(folder)
        self.runs = Runs(self.files)
        self.stored: list[Packet] = []
        self.said: list[str] = []

    def begin(self) -> tuple[Recording, Recorder]:
        recording = self.runs.record("clip 1", "run", SETTINGS)
        return recording, Recorder(recording, self.said.append, self.stored.append)

    async def stored_all(self, count: int) -> None:
        async with asyncio.timeout(60):
            while not self.stored or self.stored[-1] != PACKETS[count - 1]:
                await asyncio.sleep(0.005)


async def test_a_run_is_recorded_listed_and_opened(tmp_path: Path) -> None:
    session = Session(tmp_path)
    recording, recorder = session.begin()
    for number, each in enumerate(PACKETS):
        recorder.keep([Lap("one", time_s=2.0)] if number == 60 else [], each)
        if number % 20 == 0:
            await asyncio.sleep(0.012)
    await recorder.finish()
    await session.runs.end(recording, '{"strides":1}')
    assert session.stored[-1] == PACKETS[-1] and len(session.stored) > 3 and recorder.waiting == 0

    again = Runs(session.files)
    await again.load()
    (facts,) = again.list()
    assert (facts.packets, facts.runner, facts.summary) == (200, "Ada", '{"strides":1}') and not facts.cut_off
    opened = await again.open(facts.number)
    assert list(opened.packets()) == PACKETS and opened.commands() == (Lap("one", time_s=2.0),)
    assert opened.settings().rate_hz == 100 and opened.settings().package_version and not opened.damage_words()
    await again.rename(facts.number, "track")
    await session.runs.load()
    assert session.runs.facts(facts.number).name == "track"
    await again.delete(facts.number)
    assert again.list() == [] and await session.files.names("runs") == []


async def test_a_killed_page_keeps_all_that_was_acknowledged(tmp_path: Path) -> None:
    session = Session(tmp_path)
    _, recorder = session.begin()
    for each in PACKETS[:100]:
        recorder.keep([], each)
    await session.stored_all(100)
    recorder._task.cancel()  # the page ends here

    again = Runs(session.files)
    await again.load()
    (facts,) = again.list()
    assert facts.cut_off and facts.packets == 100
    assert list((await again.open(facts.number)).packets()) == PACKETS[:100]
    second = again.record("clip 1", "run", SETTINGS)
    assert second.number == facts.number + 1


async def test_a_page_killed_before_the_first_packet_leaves_no_run(tmp_path: Path) -> None:
    session = Session(tmp_path)
    recording = session.runs.record("clip 1", "run", SETTINGS)
    await recording.begin()
    again = Runs(session.files)
    await again.load()
    assert again.list() == [] and await session.files.names("runs") == []


async def test_a_full_storage_delays_the_recording_and_acknowledges_nothing(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.files.free_bytes = 9_000
    recording, recorder = session.begin()
    for count, each in enumerate(PACKETS):
        recorder.keep([], each)
        if count % 10 == 0:
            await asyncio.sleep(0.015)
    assert len(session.stored) > 0 and session.stored[-1] != PACKETS[-1]
    assert session.said == [
        "recording waits: the storage of this browser is full: free some space on the phone, or share and delete runs."
    ]
    kept = PACKETS[: PACKETS.index(session.stored[-1]) + 1]
    content = read_run((tmp_path / "runs" / "000001.run").read_bytes())
    assert content is not None and list(content.packets()) == kept and not content.tail
    assert recorder.waiting == 200 - len(kept)

    session.files.free_bytes = None
    await session.stored_all(200)
    await recorder.finish()
    assert session.said[1] == "recording goes on: all of it is stored"
    await session.runs.end(recording, None)
    assert list((await session.runs.open(recording.number)).packets()) == PACKETS


async def test_a_storage_that_stays_full_is_said_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMIND_S", 0.02)
    session = Session(tmp_path)
    session.files.free_bytes = 0
    _, recorder = session.begin()
    recorder.keep([], PACKETS[0])
    async with asyncio.timeout(60):
        while len(session.said) < 3:
            await asyncio.sleep(0.01)
    assert len(set(session.said)) == 1 and session.said[0].startswith("recording waits: the storage")
    await recorder.finish()


async def test_a_run_can_begin_while_there_is_no_space(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.files.free_bytes = 10
    _, recorder = session.begin()
    recorder.keep([], PACKETS[0])
    await asyncio.sleep(0.05)
    assert session.said and not session.stored
    session.files.free_bytes = None
    await session.stored_all(1)
    await recorder.finish()
    assert recorder.failure is None


async def test_an_end_without_space_names_what_is_missing(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.files.free_bytes = 0
    _, recorder = session.begin()
    recorder.keep([], PACKETS[0])
    await recorder.finish()
    assert recorder.waiting == 1 and "storage of this browser is full" in str(recorder.failure) and not session.stored


async def test_more_packets_replace_those_of_a_run_and_the_commands_stay(tmp_path: Path) -> None:
    session = Session(tmp_path)
    recording, recorder = session.begin()
    recorder.keep([Mute(True, time_s=1.0)])
    for each in PACKETS[:100]:
        recorder.keep([], each)
    await recorder.finish()
    await session.runs.end(recording, "{}")
    await session.runs.rewrite(recording.number, PACKETS, recording.facts["started_unix_s"] - 5.0)
    again = Runs(session.files)
    await again.load()
    opened = await again.open(recording.number)
    assert list(opened.packets()) == PACKETS and opened.commands() == (Mute(True, time_s=1.0),)
    assert opened.summary is None and opened.started_unix_s == recording.facts["started_unix_s"] - 5.0
    assert opened.settings().runner == "Ada" and opened.ended_unix_s is not None


def file_of(blocks: list[int], commands: list[SessionCommand]) -> tuple[bytes, list[int]]:
    """A run's file with blocks of so many packets, a command after each, and the offsets at which each block ends."""
    data, ends, at = first_line(FACTS), [], 0
    for number, size in enumerate(blocks):
        data += packets_record(PACKETS[at : at + size])
        at += size
        ends.append(len(data))
        data += command_record(commands[number % len(commands)])
    return data, ends


BLOCKS = [20, 1, 20, 32, 7]
DATA, ENDS = file_of(BLOCKS, [Lap("a", time_s=1.5), Mute(False, time_s=3.0)])


@given(cut=st.integers(0, len(DATA)))
@settings(max_examples=300)
def test_a_file_cut_anywhere_has_every_whole_block(cut: int) -> None:
    content = read_run(DATA[:cut])
    if content is None:
        assert cut < len(first_line(FACTS))
        return
    whole = sum(size for size, end in zip(BLOCKS, ENDS, strict=True) if end <= cut)
    assert list(content.packets()) == PACKETS[:whole]
    assert content.end + len(content.tail) == cut and content.facts["runner"] == "Ada"


@given(cut=st.integers(len(first_line(FACTS)), len(DATA)))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_torn_run_goes_on_being_readable(cut: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Its torn end is cut, without the packets in it that are whole."""
    folder = tmp_path_factory.mktemp("torn")
    (folder / "runs").mkdir()
    (folder / "runs" / "000003.run").write_bytes(DATA[:cut])
    runs = Runs(FolderFiles(folder))
    await runs.load()
    whole = sum(size for size, end in zip(BLOCKS, ENDS, strict=True) if end <= cut)
    found = [] if not runs.list() else list((await runs.open(3)).packets())
    assert len(found) >= whole and found == PACKETS[: len(found)]
    content = read_run((folder / "runs" / "000003.run").read_bytes()) if found else None
    assert content is None or content.tail == b""


@given(at=st.integers(len(first_line(FACTS)), len(DATA) - 1), bit=st.integers(0, 7))
@settings(max_examples=200)
def test_a_flipped_bit_costs_one_packet_at_most(at: int, bit: int) -> None:
    data = bytearray(DATA)
    data[at] ^= 1 << bit
    content = read_run(bytes(data))
    assert content is not None
    found = [each.data for each in content.packets()]
    if content.tail:  # the last record: the page's next start takes what is left of it
        return
    missing = [each.data for each in PACKETS[: sum(BLOCKS)] if each.data not in found]
    assert len(missing) <= 1 and len(content.commands) >= len(BLOCKS) - 1
    assert found == [each.data for each in PACKETS[: sum(BLOCKS)] if each.data not in missing]
