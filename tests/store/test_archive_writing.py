"""An archive is written from a session's values alone, so that a phone without a store writes what a computer reads."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from virtual_clip.stream_checks import motion

from untuck import wire
from untuck.model import Packet
from untuck.session_commands import Lap, Mute
from untuck.simulate.packets import pack
from untuck.store import Settings, Store, codec
from untuck.store.archive import read_archive, write_archive
from untuck.store.archive_facts import FACTS
from untuck.store.archive_writing import write_parts
from untuck.store.blocks import in_seconds

PACKETS = [Packet(data, 7.0 + 0.05 * wire.unpack_header(data)[3]) for data in pack(motion(30, 100), 100, 7)]
FACTS_HERE = {
    "source": "clip UntkA4B5",
    "mode": "run",
    "started_unix_s": 1_800_000_000.25,
    "ended_unix_s": None,
    "settings": codec.to_json(Settings(rate_hz=100, runner="Ada")),
    "summary": None,
    "runner": "Ada",
    "name": "Tempo",
    "note": "",
    "tags": ("track",),
}
COMMANDS = (Lap("one", time_s=3.0), Mute(True, time_s=4.1))


def test_what_is_written_is_read_to_the_bit(tmp_path: Path) -> None:
    path = tmp_path / "run.untuck"
    with path.open("wb") as file:
        assert write_parts(file, FACTS_HERE, COMMANDS, in_seconds(PACKETS)) == len(PACKETS)
    store = Store(tmp_path / "sessions.db")
    session = store.open(read_archive(store, path))
    assert list(session.packets()) == PACKETS
    assert session.commands() == COMMANDS
    assert (session.name, session.tags, session.started_unix_s) == ("Tempo", ("track",), 1_800_000_000.25)
    assert session.settings().rate_hz == 100


def test_the_computer_writes_the_same_parts(tmp_path: Path) -> None:
    written = BytesIO()
    write_parts(written, FACTS_HERE, COMMANDS, in_seconds(PACKETS))
    first = tmp_path / "run.untuck"
    first.write_bytes(written.getvalue())
    store = Store(tmp_path / "sessions.db")
    again = tmp_path / "again.untuck"
    write_archive(store.open(read_archive(store, first)), again)
    with zipfile.ZipFile(first) as one, zipfile.ZipFile(again) as other:
        assert one.namelist() == other.namelist()
        assert all(one.read(name) == other.read(name) for name in one.namelist())


@pytest.mark.parametrize("missing", FACTS)
def test_every_fact_is_needed(missing: str) -> None:
    facts = {name: value for name, value in FACTS_HERE.items() if name != missing}
    with pytest.raises(KeyError):
        write_parts(BytesIO(), facts, (), ())
