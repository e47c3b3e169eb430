"""Damage on the disk costs at most one second of a session and is reported by everything that reads it."""

from __future__ import annotations

import json
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from untuck.cli.main import cli
from untuck.model import Packet
from untuck.session.reanalysis import decode, reanalyse
from untuck.simulate.packets import pack as to_wire
from untuck.simulate.runner import simulate
from untuck.simulate.scenario import Phase, Scenario
from untuck.store import Settings, Store, archive, blocks, codec, edits
from untuck.store.block_rows import as_row
from untuck.store.blocks import Block, read_block

SECONDS, RATE_HZ, SPACING_S = 12, 100, 0.05
ENTRY_BYTES = 10  # arrival and size before each packet


def untuck(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


@pytest.fixture(scope="module")
def sent() -> list[Packet]:
    samples = simulate(Scenario((Phase("stand", 6.0), Phase("run", SECONDS - 6.0))), seed=4).samples
    return [Packet(data, 1000.0 + SPACING_S * number) for number, data in enumerate(to_wire(samples, RATE_HZ))]


@pytest.fixture
def store(own_home: Path, sent: list[Packet]) -> Store:
    with (store := Store()).record("simulated", "run", Settings(rate_hz=RATE_HZ)) as recording:
        for packet in sent:
            recording.append(packet)
        recording.end()
    return store


@contextmanager
def opened(store: Store) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(store.path, isolation_level=None)) as database:
        database.execute("PRAGMA synchronous = OFF")
        yield database


def flip(database: sqlite3.Connection, number: int, bit: int) -> bytes:
    """Flip a bit in a stored block; returns what it was before."""
    (data,) = database.execute("SELECT data FROM packets WHERE number = ?", (number,)).fetchone()
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    database.execute("UPDATE packets SET data = ? WHERE number = ?", (bytes(changed), number))
    return bytes(data)


@pytest.mark.parametrize("has_checksum", (True, False))
def test_any_flipped_bit_costs_at_most_a_second(store: Store, sent: list[Packet], has_checksum: bool) -> None:
    """1,000 single bits anywhere in the blobs, with and without a checksum of the block (stores before schema 4)."""
    rng = random.Random(17)
    whole = decode(store.open()).samples
    silent = worst = 0
    with opened(store) as database:
        if not has_checksum:
            database.execute("UPDATE packets SET crc32 = NULL")
        sizes = dict(database.execute("SELECT number, length(data) FROM packets").fetchall())
        arrivals = {packet.data: packet.arrival_s for packet in sent}
        for _ in range(1000):
            number = rng.choice(list(sizes))
            bit = rng.randrange(8 * sizes[number])
            before = flip(database, number, bit)
            session = store.open()
            read, damage = list(session.packets()), session.damage()
            assert all(packet.data in arrivals for packet in read)  # none is made up
            worst = max(worst, len(sent) - len(read))
            late_s = max(abs(arrivals[packet.data] - packet.arrival_s) for packet in read)
            # of two in the wrong order either may be the wrong one; without a checksum small shifts are not noticed
            assert late_s <= (2 * SPACING_S if has_checksum else 0.2 + SPACING_S + 1e-9)
            assert len(sent) - len(read) <= 1 / SPACING_S
            in_arrival = bit // 8 % (ENTRY_BYTES + len(sent[0].data)) < 8
            assert damage or (in_arrival and len(read) == len(sent) and not has_checksum)
            silent += not damage
            database.execute("UPDATE packets SET data = ? WHERE number = ?", (before, number))
    assert worst == 1  # far less than a second
    assert silent < 80  # of a block without checksum: an arrival that still is between its neighbours
    assert np.array_equal(decode(store.open()).samples.time_s, whole.time_s)


@pytest.mark.parametrize("has_checksum", (True, False))
def test_a_flipped_bit_leaves_the_samples_of_all_other_packets(store: Store, has_checksum: bool) -> None:
    rng = random.Random(18)
    whole = decode(store.open()).samples
    with opened(store) as database:
        if not has_checksum:
            database.execute("UPDATE packets SET crc32 = NULL")
        for _ in range(40):
            before = flip(database, 7, rng.randrange(8 * 2000))
            found = decode(store.open()).samples
            assert len(whole) - len(found) <= RATE_HZ / 20  # a packet
            assert np.isin(found.time_s, whole.time_s).all()
            database.execute("UPDATE packets SET data = ? WHERE number = 7", (before,))


PLACES = {  # byte within the first entry of a block
    "arrival": 7,
    "size": 8,
    "version": ENTRY_BYTES,
    "sequence": ENTRY_BYTES + 4,
    "count": ENTRY_BYTES + 18,
    "a sample": ENTRY_BYTES + 50,
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("has_checksum", (True, False))
def test_every_reader_goes_on_and_says_so(store: Store, tmp_path: Path, place: str, has_checksum: bool) -> None:
    with opened(store) as database:
        if not has_checksum:
            database.execute("UPDATE packets SET crc32 = NULL")
        flip(database, 10, 8 * PLACES[place] + 5)
    words = "This recording is damaged on the disk, at 0:1"
    for command in (("summary",), ("replay",), ("summary", "--html", str(tmp_path / "run.html"))):
        done = untuck(*command)
        assert done.exit_code == 0 and words in " ".join(done.output.split()), done.output
    assert words in (tmp_path / "run.html").read_text("utf-8")
    for command in (("export", "-o", str(tmp_path)), ("sessions", "export", "1", "-o", str(tmp_path / "a.untuck"))):
        done = untuck(*command)
        assert done.exit_code == 0 and words in done.output
    assert untuck("trend").exit_code == 0
    warnings = json.loads(untuck("summary", "--json").stdout.splitlines()[-1])["warnings"]
    assert any(words in each for each in warnings)
    copied = Store(tmp_path / "other.db")
    number = archive.read_archive(copied, tmp_path / "a.untuck")
    assert list(copied.open(number).packets()) == list(store.open().packets())


def test_a_summary_that_was_stored_reports_damage_that_came_later(store: Store) -> None:
    edits.summarise(store, 1, codec.to_json(reanalyse(store.open()).summary))
    assert "damaged on the disk" not in untuck("summary").output
    with opened(store) as database:
        flip(database, 3, 8 * 60)
    assert "damaged on the disk, at 0:0" in " ".join(untuck("summary").output.split())


def parts(packets: list[Packet]) -> tuple[int, float, float, bytes, int]:
    row: dict[str, Any] = as_row(1, packets)
    return row["count"], row["first_arrival_s"], row["last_arrival_s"], row["data"], row["crc32"]


def damaged_block(sent: list[Packet], change: dict[int, bytes], crc32: bool = True) -> Block:
    count, first_s, last_s, data, checksum = parts(sent[:20])
    changed = bytearray(data)
    for at, part in change.items():
        changed[at : at + len(part)] = part
    return Block(0, count, first_s, last_s, bytes(changed), checksum if crc32 else None)


@pytest.mark.parametrize("crc32", (True, False))
def test_a_hole_costs_the_packets_it_touches(sent: list[Packet], crc32: bool) -> None:
    size = len(sent[0].data) + ENTRY_BYTES
    packets, damage = read_block(damaged_block(sent, {3 * size + 5: bytes(2 * size)}, crc32))
    assert packets == sent[:3] + sent[5:20]  # of the entry after the hole only bytes are hit that were zero
    assert damage is not None and (damage.packets, damage.entries) == (2, 0)


def test_bytes_that_are_missing_or_too_many_cost_the_packet_they_hit(sent: list[Packet]) -> None:
    count, first_s, last_s, data, checksum = parts(sent[:20])
    size = len(sent[0].data) + ENTRY_BYTES
    at = 5 * size + 40
    for changed in (data[:at] + data[at + 7 :], data[:at] + b"\x01" * 9 + data[at:]):
        assert read_block(Block(0, count, first_s, last_s, changed, checksum))[0] == sent[:5] + sent[6:20]
    packets, damage = read_block(Block(0, count, first_s, last_s, b"", checksum))
    assert packets == [] and damage is not None and damage.packets == 20


def test_a_block_without_a_sign_of_sense_is_searched_fast(sent: list[Packet]) -> None:
    noise = random.Random(2).randbytes(70_000)
    begin_s = time.process_time()
    assert read_block(Block(0, 512, 0.0, 1.0, noise, 1))[0] == []
    assert time.process_time() - begin_s < 2.0


@pytest.mark.parametrize("wrong", (b"\xff" * 8, bytes(8), b"\x00\x00\x00\x00\x00\x00\xf0\x7f"))
@pytest.mark.parametrize("entry", (0, 7, 19))
def test_an_arrival_that_cannot_be_is_taken_from_its_neighbours(sent: list[Packet], wrong: bytes, entry: int) -> None:
    size = len(sent[0].data) + ENTRY_BYTES
    packets, damage = read_block(damaged_block(sent, {entry * size: wrong}))
    assert [packet.data for packet in packets] == [packet.data for packet in sent[:20]]
    expected_s = np.array([packet.arrival_s for packet in sent[:20]])
    assert np.abs(np.array([packet.arrival_s for packet in packets]) - expected_s).max() <= SPACING_S + 1e-9
    assert damage is not None and (damage.packets, damage.entries) == (0, 1)


def test_a_run_whose_clip_restarted_keeps_its_arrivals(sent: list[Packet]) -> None:
    """In a run that the clip recorded by itself, sensor time stands for the arrival, and may begin again."""
    run = [Packet(packet.data, float(number % 10)) for number, packet in enumerate(sent[:20])]
    count, first_s, last_s, data, _ = parts(run)
    assert read_block(Block(0, count, first_s, last_s, data, None)) == (run, None)


def test_arrivals_that_jitter_stay_as_they_are_without_a_checksum(sent: list[Packet]) -> None:
    """A store before schema 4 is replayed as it always was, to the bit."""
    rng = random.Random(3)
    run = [Packet(packet.data, packet.arrival_s + rng.uniform(0.0, 0.19)) for packet in sent[:20]]
    count, first_s, last_s, data, _ = parts(run)
    assert read_block(Block(0, count, first_s, last_s, data, None)) == (run, None)


def test_words_name_places_and_numbers() -> None:
    two = [blocks.Damage(4, 1, 0, 1060.0, 1061.0), blocks.Damage(90, 2, 0, 4700.2, 4701.0)]
    assert blocks.damage_words(two, 1000.0) == (
        "This recording is damaged on the disk, at 1:00, 1:01:40: 3 packets cannot be read; the rest is used."
    )
    assert blocks.damage_words([], 0.0) == ""
