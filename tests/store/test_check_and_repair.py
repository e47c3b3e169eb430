"""`untuck doctor --store` finds damage of the file; `--repair` saves what can be read and keeps the damaged file."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.store.test_store import packets, settings, wire_packet

from untuck.cli.main import cli
from untuck.errors import StoreError
from untuck.session_commands import from_text
from untuck.store import Settings, Store
from untuck.store.profiles import Profiles

COUNT = 400


def doctor(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ("doctor", "--store", *arguments))


@pytest.fixture
def store(own_home: Path) -> Store:
    """Three sessions of 20 s, with a command each, and a saved baseline."""
    store = Store()
    for runner in ("Ada", "", "Ada"):
        with store.record("clip 0A1B", "run", Settings(rate_hz=100, runner=runner)) as recording:
            for packet in packets(COUNT):
                recording.append(packet)
            recording.command(from_text("lap", "first", 1.5))
            recording.end(None)
    baseline = settings().baseline
    assert baseline is not None
    Profiles().keep("Ada", baseline, 1)
    return store


def names(store: Store) -> list[str]:
    """Files beside the store; SQLite's own are left out."""
    return sorted(path.name for path in store.path.parent.iterdir() if path.suffix not in (".db-wal", ".db-shm"))


def execute(store: Store, *statements: str) -> None:
    with closing(sqlite3.connect(store.path)) as database, database:
        database.execute("PRAGMA foreign_keys = OFF")
        for statement in statements:
            database.execute(statement)
    with closing(sqlite3.connect(store.path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def test_a_sound_store_has_no_problem(store: Store) -> None:
    done = doctor()
    assert done.exit_code == 0 and f"3 sessions, {3 * COUNT} packets can be read" in done.output
    again = doctor("--repair", "--json")
    result = json.loads(again.stdout)
    assert (result["problems"], result["kept"], result["packets"]) == ([], None, 3 * COUNT)
    assert names(store) == ["sessions.db"]


def test_without_a_store_there_is_nothing_to_check(own_home: Path) -> None:
    assert "nothing to check" in doctor().output and doctor().exit_code == 1
    assert CliRunner().invoke(cli, ("doctor", "--repair")).exit_code == 2


WRONG = {
    "settings": ("UPDATE session SET settings = '{' WHERE id = 2", "session 2: its settings cannot be read"),
    "settings of another kind": ("UPDATE session SET settings = '[]' WHERE id = 2", "its settings cannot be read"),
    "summary": ("""UPDATE session SET summary = '{"strides":' WHERE id = 2""", "session 2: its summary cannot be read"),
    "tags": ("UPDATE session SET tags = 'x' WHERE id = 2", "session 2: its tags cannot be read"),
    "date": ("UPDATE session SET started_unix_s = 9e99 WHERE id = 2", "session 2: its date cannot be read"),
    "date as text": ("UPDATE session SET started_unix_s = 'x' WHERE id = 2", "session 2: its date cannot be read"),
    "blob": ("UPDATE packets SET data = zeroblob(900) WHERE session_id = 2 AND number = 3", "session 2: it is damaged"),
    "checksum": ("UPDATE packets SET crc32 = 5 WHERE session_id = 2 AND number = 3", "no packet is lost"),
    "count": ("UPDATE packets SET count = 5 WHERE session_id = 2 AND number = 3", "the number of its packets is wrong"),
    "part": ("DELETE FROM packets WHERE session_id = 2 AND number = 3", "session 2: a part of it is missing"),
    "command": ("UPDATE steer SET kind = 'what' WHERE session_id = 2", "session 2: a command of it cannot be read"),
    "profile": ("UPDATE kept SET data = 'x'", "the saved baseline of Ada cannot be read"),
    "orphans": ("DELETE FROM session WHERE id = 2", "belong to no session"),
    "name": ("UPDATE session SET name = CAST(X'41FF42' AS TEXT) WHERE id = 2", ""),
}


@pytest.mark.parametrize("name", WRONG)
def test_each_kind_of_damage_is_found_and_repaired(store: Store, name: str) -> None:
    statement, expected = WRONG[name]
    execute(store, statement)
    done = doctor()
    if expected:
        assert done.exit_code == 1 and expected in done.output and "doctor --store --repair" in done.output
        before = store.path.read_bytes()
        repaired = doctor("--repair", "--json")
        assert repaired.exit_code == 0, repaired.output
        kept = json.loads(repaired.stdout)["kept"]
        assert Path(kept).read_bytes() == before
    assert doctor().exit_code == 0, doctor().output
    assert len(store.sessions()) == 3
    for number in (1, 3):
        session = store.open(number)
        assert list(session.packets()) == packets(COUNT) and len(session.commands()) == 1
        assert session.settings().rate_hz == 100
    assert len(list(store.open(2).packets())) >= COUNT - 22


def test_repair_keeps_all_that_is_sound_to_the_bit(store: Store) -> None:
    def everything() -> list[object]:
        sessions = [store.open(number) for number in (1, 3)]
        return [(s.settings_json, s.started_unix_s, s.ended_unix_s, s.runner, s.commands()) for s in sessions]

    before = everything()
    execute(store, "UPDATE packets SET data = zeroblob(900) WHERE session_id = 2 AND number = 3")
    assert doctor("--repair").exit_code == 0
    assert everything() == before and Profiles().open("Ada").baseline is not None
    with store.record("a", "run", Settings()) as recording:
        recording.append(wire_packet(0))
    assert recording.id == 4


def test_numbers_of_lost_sessions_are_not_given_again(store: Store) -> None:
    execute(store, "DELETE FROM steer", "DELETE FROM packets WHERE session_id = 3", "DELETE FROM session WHERE id = 3")
    execute(store, "UPDATE session SET settings = '{' WHERE id = 1")
    assert doctor("--repair").exit_code == 0
    with store.record("a", "run", Settings()) as recording:
        recording.append(wire_packet(0))
    assert recording.id == 4


def zeroed(data: bytearray, page: int) -> None:
    data[4096 * page : 4096 * (page + 1)] = bytes(4096)


def noise(data: bytearray, page: int) -> None:
    data[4096 * page : 4096 * (page + 1)] = random.Random(page).randbytes(4096)


@pytest.mark.parametrize("damage", (zeroed, noise))
def test_any_damaged_page_but_the_first_costs_little(
    store: Store, damage: Callable[[bytearray, int], None], tmp_path: Path
) -> None:
    """Most pages hold packets. The first holds the definitions of the tables."""
    whole = store.path.read_bytes()
    pages = len(whole) // 4096
    costs = []
    for page in (*range(1, 12), *range(12, pages, 6)):
        data = bytearray(whole)
        damage(data, page)
        store.path.write_bytes(data)
        done = doctor("--repair")
        assert done.exit_code == 0, (page, done.output)
        assert doctor().exit_code == 0
        costs.append(3 * COUNT - sum(len(list(each.packets())) for each in store.sessions()))
        for path in store.path.parent.glob("*-damaged-*"):
            path.unlink()
    assert max(costs) <= 60 and sorted(costs)[len(costs) // 2] <= 22


def test_blocks_to_which_no_page_leads_are_found(store: Store) -> None:
    """The root of the table of packets is the page that costs most: without it SQLite finds none of them."""
    with closing(sqlite3.connect(store.path)) as database:
        (root,) = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'packets'").fetchone()
        database.execute("PRAGMA foreign_keys = ON")
        database.execute("DELETE FROM session WHERE id = 2")
        database.commit()
    data = bytearray(store.path.read_bytes())
    zeroed(data, root - 1)
    store.path.write_bytes(data)
    assert doctor("--repair").exit_code == 0
    assert [(each.id, len(list(each.packets()))) for each in store.sessions()] == [(1, COUNT), (3, COUNT)]


@pytest.mark.parametrize("at", (0, 5, 16, 18, 21))
def test_a_damaged_byte_at_the_beginning_of_the_file(store: Store, at: int) -> None:
    data = bytearray(store.path.read_bytes())
    data[at] ^= 0x20
    store.path.write_bytes(data)
    assert doctor().exit_code == 1
    done = doctor("--repair")
    assert done.exit_code == 0, done.output
    assert [len(list(store.open(number).packets())) for number in (1, 2, 3)] == [COUNT] * 3


def test_what_is_no_store_is_left_as_it_is(store: Store) -> None:
    store.path.write_bytes(b"neither a database nor empty" * 1000)
    done = doctor("--repair")
    assert done.exit_code == 1 and "Traceback" not in done.output, done.output
    assert store.path.read_bytes().startswith(b"neither")
    assert names(store) == ["sessions.db"]


def test_a_store_that_is_being_recorded_is_not_repaired(store: Store) -> None:
    execute(store, "UPDATE session SET settings = '{' WHERE id = 1")
    with store.record("a", "run", Settings()) as recording:
        recording.append(wire_packet(0))
        done = doctor("--repair")
        assert done.exit_code == 1 and "end it, then repair" in done.output
    assert len(list(store.open(4).packets())) == 1 and doctor("--repair").exit_code == 0


def test_a_log_that_was_not_written_back_is_part_of_the_repair(store: Store, tmp_path: Path) -> None:
    """A program that was killed leaves the last packets in the log beside the file."""
    execute(store, "UPDATE session SET settings = '{' WHERE id = 1")
    with closing(sqlite3.connect(store.path, isolation_level=None)) as database:
        database.execute("UPDATE session SET name = 'in the log' WHERE id = 2")
        copies = {path.name: path.read_bytes() for path in store.path.parent.glob("sessions.db*")}
    assert len(copies["sessions.db-wal"]) > 0
    for name, data in copies.items():
        if not name.endswith("-shm"):
            (store.path.parent / name).write_bytes(data)
    assert doctor("--repair").exit_code == 0
    assert store.open(2).name == "in the log" and doctor().exit_code == 0


def test_a_full_disk_leaves_the_store_as_it_was(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    execute(store, "UPDATE session SET settings = '{' WHERE id = 1")
    before = store.path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copy2", full)
    done = doctor("--repair")
    assert done.exit_code == 1 and "the disk is full: free some space; it is as before" in done.output
    assert store.path.read_bytes() == before
    assert names(store) == ["sessions.db"]


def test_a_newer_store_is_not_repaired(store: Store) -> None:
    execute(store, "PRAGMA user_version = 99")
    done = doctor("--repair")
    assert done.exit_code == 1 and "update Untuck" in done.output
    with pytest.raises(StoreError):
        store.sessions()


def test_a_number_of_the_format_that_is_lost(store: Store) -> None:
    execute(store, "PRAGMA user_version = 0")
    assert "the beginning of the file is damaged" in doctor().output and doctor("--repair").exit_code == 0
    assert [len(list(store.open(number).packets())) for number in (1, 2, 3)] == [COUNT] * 3


def test_an_empty_file_has_no_session_and_no_problem(own_home: Path) -> None:
    store = Store()
    store.path.parent.mkdir(exist_ok=True)
    store.path.touch()
    assert doctor().exit_code == 0 and "0 sessions" in doctor().output
