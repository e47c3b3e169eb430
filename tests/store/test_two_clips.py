"""Packets of two clips in one session: their role and order through store, archive, older schemas and damage."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from untuck import wire
from untuck.model import Calibration, Packet
from untuck.samples import Samples
from untuck.simulate.packets import pack as to_wire
from untuck.store import Settings, Store, profile_file
from untuck.store.archive import read_archive, write_archive
from untuck.store.blocks import Block, in_seconds, pack, read_block, unpack
from untuck.store.profiles import Profiles
from untuck.store.repair.check import check_store
from untuck.store.streams import completed
from untuck.vocabulary import Role


def clip(role: Role, count: int, stream: int, first_s: float, arrival_s: float) -> list[Packet]:
    time_s = first_s + np.arange(5 * count) * 0.01
    samples = Samples(time_s, np.zeros((5 * count, 3)), np.full((5 * count, 3), 5.0))
    packets = to_wire(samples, 100, stream)
    return [Packet(data, arrival_s + 0.05 * number, role) for number, data in enumerate(packets)]


BOTH = sorted(
    clip(Role.PELVIS, 100, 7, 3.0, 100.0) + clip(Role.TRUNK, 100, 9, 50.0, 100.013), key=lambda each: each.arrival_s
)


def recorded(path: Path, packets: list[Packet] = BOTH) -> Store:
    store = Store(path)
    with store.record("clip A", "run", Settings(trunk=True), trunk_source="clip B") as recording:
        for packet in packets:
            recording.append(packet)
    return store


packets_of_any = st.lists(
    st.builds(
        Packet,
        data=st.binary(min_size=0, max_size=300),
        arrival_s=st.floats(0, 1e9),
        role=st.sampled_from(list(Role)),
    ),
    max_size=100,
)


@given(packets=packets_of_any)
def test_role_and_order_survive_a_blob(packets: list[Packet]) -> None:
    assert list(unpack(pack(packets))) == packets
    assert [each for part in in_seconds(packets) for each in unpack(pack(part))] == packets


def test_a_session_has_the_packets_of_both_in_order_of_arrival(tmp_path: Path) -> None:
    session = recorded(tmp_path / "s.db").open(1)
    assert list(session.packets()) == BOTH and not session.damage()
    assert (session.packet_count, session.trunk_count, session.trunk_source) == (200, 100, "clip B")
    assert check_store(tmp_path / "s.db").problems == []


@settings(deadline=None)
@given(
    live=st.lists(st.booleans(), min_size=40, max_size=40),
    late_s=st.lists(st.floats(0, 0.4), min_size=40, max_size=40),
)
def test_what_a_clip_kept_goes_where_it_was_measured_however_late_the_live_ones_came(
    live: list[bool], late_s: list[float]
) -> None:
    """Packets before a link is lost come late: those of the flash, which follow them, must not come before."""
    pelvis, trunk = clip(Role.PELVIS, 40, 7, 3.0, 100.0), clip(Role.TRUNK, 40, 9, 50.0, 100.013)
    for role, all_of_it in ((Role.TRUNK, trunk), (Role.PELVIS, pelvis)):
        came, latest_s = list[Packet](), 0.0
        for packet, there, late in zip(all_of_it, live, late_s, strict=True):
            latest_s = max(latest_s, packet.arrival_s + late)
            came += [packet._replace(arrival_s=latest_s)] * there
        if not came:
            continue
        other = pelvis if role == Role.TRUNK else trunk
        here = sorted(other + came, key=lambda each: each.arrival_s)
        merged = completed(here, [packet.data for packet in all_of_it], role)
        assert merged is not None
        assert [each.data for each in merged if each.role == role] == [packet.data for packet in all_of_it]
        assert [each for each in merged if each in here] == here
        if role == Role.TRUNK:
            arrivals_s = [each.arrival_s for each in merged]
            assert arrivals_s == sorted(arrivals_s)


def test_an_archive_carries_both_clips(tmp_path: Path) -> None:
    store = recorded(tmp_path / "s.db")
    write_archive(store.open(1), tmp_path / "one.untuck")
    there = Store(tmp_path / "there" / "s.db")
    session = there.open(read_archive(there, tmp_path / "one.untuck"))
    assert list(session.packets()) == BOTH
    assert (session.trunk_count, session.trunk_source, session.settings().trunk) == (100, "clip B", True)


@pytest.mark.parametrize(("packets", "number"), [(BOTH, 2), ([p for p in BOTH if p.role == Role.PELVIS], 1)])
def test_older_versions_read_archives_of_one_clip(packets: list[Packet], number: int, tmp_path: Path) -> None:
    store = Store(tmp_path / "s.db")
    with store.record("clip A", "run", Settings()) as recording:
        recording.write(packets)
    write_archive(store.open(1), tmp_path / "one.untuck")
    with zipfile.ZipFile(tmp_path / "one.untuck") as archive:
        about = json.loads(archive.read("session.json"))
    assert about["format"] == number and "trunk_source" not in about


def block(data: bytes, packets: list[Packet]) -> Block:
    ends = packets[0].arrival_s, packets[-1].arrival_s
    return Block(number=0, count=len(packets), first_arrival_s=ends[0], last_arrival_s=ends[1], data=data, crc32=1)


@settings(max_examples=100, deadline=None)
@given(at=st.integers(0, len(pack(BOTH[:40])) - 1), bit=st.integers(0, 7))
def test_a_damaged_bit_gives_no_packet_to_the_other_clip(at: int, bit: int) -> None:
    """It costs one packet at most; the role of the others is that of their stream, whichever bit was hit."""
    packets = BOTH[:40]
    data = bytearray(pack(packets))
    data[at] ^= 1 << bit
    found, damage = read_block(block(bytes(data), packets))
    assert len(found) >= len(packets) - 1 and damage is not None
    streams = {Role.PELVIS: 7, Role.TRUNK: 9}
    assert all(wire.unpack_header(each.data)[2] == streams[each.role] for each in found)
    bodies = [each.data for each in packets]
    assert [bodies.index(each.data) for each in found] == sorted(bodies.index(each.data) for each in found)


def test_a_store_of_the_schema_before_reads_as_one_of_one_clip(tmp_path: Path) -> None:
    pelvis = [packet for packet in BOTH if packet.role == Role.PELVIS]
    recorded(tmp_path / "s.db", pelvis)
    with sqlite3.connect(tmp_path / "s.db") as database:
        database.execute("ALTER TABLE packets DROP COLUMN trunk")
        database.execute("ALTER TABLE session DROP COLUMN trunk_source")
        database.execute("PRAGMA user_version = 4")
    database.close()
    assert check_store(tmp_path / "s.db").problems == []
    session = Store(tmp_path / "s.db").open(1)
    assert list(session.packets()) == pelvis and (session.trunk_count, session.trunk_source) == (0, "")


def calibration(source: str) -> Calibration:
    return Calibration(np.eye(3), np.zeros(3), source=source)


def test_a_profile_keeps_what_belongs_to_each_clip(tmp_path: Path) -> None:
    profiles = Profiles(tmp_path / "s.db")
    assert profiles.open("Ada").trunk_calibration is None and profiles.open("Ada").trunk_clip == ""
    profiles.keep("Ada", calibration("stand"))
    profiles.keep("Ada", calibration("stand+hinges"), role=Role.TRUNK)
    profiles.keep_clip("Ada", "AA")
    profiles.keep_clip("Ada", "BB", Role.TRUNK)
    found = profiles.open("Ada")
    assert found.calibration is not None and found.trunk_calibration is not None
    assert (found.calibration.source, found.trunk_calibration.source) == ("stand", "stand+hinges")
    assert (found.clip, found.trunk_clip) == ("AA", "BB")
    assert check_store(tmp_path / "s.db").problems == []


def test_a_profile_file_carries_the_calibration_of_both(tmp_path: Path) -> None:
    profiles = Profiles(tmp_path / "s.db")
    profiles.keep("Ada", calibration("stand"))
    profiles.keep("Ada", calibration("stand+hinges"), role=Role.TRUNK)
    theirs = profile_file.from_text(profile_file.to_text(profiles.open("Ada")))
    assert Profiles(tmp_path / "other.db").adopt(theirs, "Ada") == ("calibration", "trunk calibration")
    adopted = Profiles(tmp_path / "other.db").open("Ada")
    assert adopted.trunk_calibration is not None and adopted.trunk_calibration.source == "stand+hinges"
    older = {name: value for name, value in json.loads(profile_file.to_text(theirs)).items() if "trunk" not in name}
    assert profile_file.from_text(json.dumps(older)).trunk_calibration is None


def test_a_bad_calibration_of_the_trunk_is_rejected() -> None:
    bad = replace(calibration("stand"), sensor_to_pelvis=2.0 * np.eye(3))
    profile = replace(Profiles("nowhere/s.db").open("Ada"), trunk_calibration=bad)
    with pytest.raises(profile_file.StoreError, match="sensor_to_pelvis"):
        profile_file.from_text(profile_file.to_text(profile))
