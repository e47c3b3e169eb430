"""The session store: exact round trips, crashes, full and read-only disks, damaged and newer files.

The disks are real: a small tmpfs where the tests may mount one, and a file size limit everywhere.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import math
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from untuck import Baseline, Calibration, Cue, Finding, analyse, example, wire
from untuck.errors import StoreError
from untuck.model import Packet
from untuck.motion.params import Params
from untuck.report.summary import Signal, Summary, summarise
from untuck.session_commands import from_text
from untuck.sources.replay import ReplaySource
from untuck.store import Settings, Store, codec, schema
from untuck.store.blocks import pack, unpack

RATE_HZ = 100
COUNT = wire.SAMPLES_PER_PACKET[RATE_HZ]
PERIOD_S = COUNT / RATE_HZ


def wire_packet(sequence: int) -> Packet:
    """A well-formed packet whose samples depend on its number."""
    buffer = bytearray(wire.packet_size(COUNT))
    time_us = round(sequence * PERIOD_S * 1e6)
    wire.pack_header(buffer, 0, 7, sequence, time_us // 10**6, time_us % 10**6, 10**6 // RATE_HZ, COUNT)
    for index in range(COUNT):
        wire.pack_sample(buffer, index, 16384, 0, 0, 0, sequence % 3000, 2511, -index, 5, -6, 7)
    wire.seal(buffer, COUNT)
    return Packet(bytes(buffer), 1000.0 + sequence * PERIOD_S + 1e-7 * math.sin(sequence))


def packets(count: int) -> list[Packet]:
    return [wire_packet(sequence) for sequence in range(count)]


def settings() -> Settings:
    rng = np.random.default_rng(3)
    calibration = Calibration(
        sensor_to_pelvis=rng.normal(size=(3, 3)),
        gyr_bias_rad_s=rng.normal(size=3) / 7,
        acc_gain=1 / 3,
        error_deg=math.nan,
        source="stand",
        quality={"still": 0.1},
    )
    bins = [rng.normal(size=3) for _ in range(8)]
    baseline = Baseline(
        bins[0], np.array([12, 30, 18]), *bins[1:], rng.normal(size=(3, 100)), rng.normal(size=(3, 8, 2))
    )
    baseline.tilt_sd_deg[1] = math.nan
    return Settings(
        calibration=calibration,
        baseline=baseline,
        params=Params(tuck_on_deg=0.1 + 0.2, side_votes=4),
        rate_hz=RATE_HZ,
        firmware="0.1.0",
        notes="new shoes",
    )


def same(one: object, other: object) -> bool:
    """Equal to the bit, including NaN, types and dtypes."""
    if dataclasses.is_dataclass(one):
        return type(one) is type(other) and all(
            same(getattr(one, field.name), getattr(other, field.name)) for field in dataclasses.fields(one)
        )
    if isinstance(one, np.ndarray):
        return isinstance(other, np.ndarray) and one.dtype == other.dtype and one.tobytes() == other.tobytes()
    return type(one) is type(other) and repr(one) == repr(other)


def test_settings_come_back_exact_to_the_bit() -> None:
    written = settings()
    text = codec.to_json(written)
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert same(codec.from_json(Settings, text), written)


def test_settings_without_calibration_come_back() -> None:
    assert same(codec.from_json(Settings, codec.to_json(Settings())), Settings())


def test_a_summary_of_an_older_version_is_read(caplog: pytest.LogCaptureFixture) -> None:
    """It called suppressed cues held, and each cue carried its finding instead of the finding's number."""
    finding = Finding("tuck", 0, 70.0, 95.0, 7.5, 74.0, "corrected", 1)
    made = summarise(analyse(example()), Signal(1.0))
    cues = (Cue("tuck", 0, 74.3),)
    old = json.loads(codec.to_json(replace(made, findings=(finding,), cues=cues, suppressed={"muted": 2})))
    old["held"] = old.pop("suppressed")
    del old["findings"][0]["id"]
    old["cues"] = [{"fault": "tuck", "side": 0, "time_s": 74.3, "finding": old["findings"][0]}]
    read = codec.from_json(Summary, json.dumps(old))
    assert read.suppressed == {"muted": 2} and read.findings == (replace(finding, id=0),)
    assert [(cue.fault, cue.time_s, cue.finding_id) for cue in read.cues] == [("tuck", 74.3, 0)]
    assert not caplog.records  # nothing was lost


def test_settings_of_another_version_are_read_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    """A field that was removed, or that only a newer version knows, does not make a session unreadable."""
    text = codec.to_json(settings()).replace('"side_votes":4', '"side_votes":4,"side_guess":0.5')
    assert same(codec.from_json(Settings, text), settings())
    codec.from_json(Settings, text)
    assert caplog.text.count("Params: fields of another version are ignored: side_guess") == 1


def test_a_session_with_settings_of_another_version_replays() -> None:
    store = Store()
    with store.record("simulated", "run", Settings()) as recording:
        for packet in packets(3):
            recording.append(packet)
    with closing(schema.connect(store.path)) as database:
        database.execute("""UPDATE session SET settings = replace(settings, '"params":{', '"params":{"gone":1,')""")
    session = store.open()
    assert '"gone":1' in session.settings_json and same(session.settings().params, Params())
    assert list(session.packets()) == packets(3)


def test_blob_round_trip_and_damage() -> None:
    some = [*packets(3), Packet(b"", 1e9 + 1 / 3), Packet(b"broken", -0.0)]
    assert list(unpack(pack(some))) == some
    with pytest.raises(StoreError, match="damaged"):
        list(unpack(pack(some)[:-1]))


async def test_a_session_comes_back_as_it_was_recorded(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "untuck.store")
    store, sent = Store(), packets(333)
    assert store.sessions() == []
    with store.record("clip Untk1A2B", "run", settings()) as recording:
        for packet in sent:
            recording.append(packet)
        recording.end('{"strides":0}')
    session = store.open()
    assert list(session.packets()) == sent
    assert [packet async for packet in ReplaySource(session.packets()).packets()] == sent
    assert (session.id, session.packet_count, session.source, session.mode) == (1, 333, "clip Untk1A2B", "run")
    assert session.duration_s == pytest.approx(332 * PERIOD_S)
    assert session.ended_unix_s is not None and session.summary == '{"strides":0}'
    kept = session.settings()
    assert same(kept.calibration, settings().calibration) and same(kept.baseline, settings().baseline)
    assert kept.package_version and kept.protocol_version == wire.PROTOCOL_VERSION
    assert [record.getMessage() for record in caplog.records] == [
        f"session store created, schema {schema.SCHEMA_VERSION}",
        "recording of session 1 begun: mode run, 100 Hz",
        "recording of session 1 ended: 333 packets in 16 blobs, 0 commands",
    ]


async def test_replay_in_real_time_takes_the_recorded_time() -> None:
    begin_s = time.monotonic()
    count = len([packet async for packet in ReplaySource(packets(21), speed=5.0).packets()])
    elapsed_s = time.monotonic() - begin_s
    assert count == 21 and 0.19 < elapsed_s < 1.0  # 20 packets of 50 ms, five times as fast


def test_sessions_are_listed_and_found_by_number() -> None:
    store = Store()
    for mode in ("demo", "run"):
        with store.record("a", mode, Settings()):
            pass
    assert [session.mode for session in store.sessions()] == ["demo", "run"]
    assert store.open(1).mode == "demo" and store.open().mode == "run"
    with pytest.raises(StoreError, match=r"no session 9.*untuck sessions"):
        store.open(9)


def test_without_a_store_the_message_says_how_to_record() -> None:
    with pytest.raises(StoreError, match="no session is recorded yet"):
        Store().open()


def test_reading_while_recording() -> None:
    store = Store()
    with store.record("a", "run", Settings()) as recording:
        for packet in packets(50):
            recording.append(packet)
        session = store.open()
        assert session.ended_unix_s is None
        assert list(session.packets()) == packets(50)[: session.packet_count]
        assert session.packet_count >= 30  # all but the last second


def test_an_error_while_recording_keeps_the_packets_so_far() -> None:
    with pytest.raises(KeyboardInterrupt), Store().record("a", "run", Settings()) as recording:
        recording.append(wire_packet(0))
        raise KeyboardInterrupt
    assert list(Store().open().packets()) == packets(1)


RECORD = """
import sys, time
from untuck.store import Settings, Store
from untuck.errors import StoreError
from tests.store.test_store import wire_packet
try:
    with Store(sys.argv[1]).record("a", "run", Settings()) as recording:
        for sequence in range(int(sys.argv[2])):
            recording.append(wire_packet(sequence))
            if sys.argv[3] == "slowly":
                print(sequence, flush=True)
                time.sleep(0.002)
except StoreError as error:
    sys.exit(f"untuck: {error}")
"""


def recorder(
    path: Path, count: int, pace: str, checkout: Path, limit_bytes: int | None = None
) -> subprocess.Popen[str]:
    resource = pytest.importorskip("resource")  # not on Windows

    def limit() -> None:
        if limit_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))

    return subprocess.Popen(
        [sys.executable, "-c", RECORD, str(path), str(count), pace],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": f"{checkout / 'host'}{os.pathsep}{checkout}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=limit,
    )


def test_kill_9_loses_at_most_a_second(tmp_path: Path, checkout: Path) -> None:
    path = tmp_path / "sessions.db"
    process = recorder(path, 100_000, "slowly", checkout)
    assert process.stdout is not None and process.stderr is not None
    for line in process.stdout:
        if int(line) >= 250:
            break
    process.send_signal(signal.SIGKILL)
    process.communicate()
    session = Store(path).open()
    kept = list(session.packets())
    assert session.ended_unix_s is None
    assert kept == packets(len(kept))
    assert len(kept) >= 250 - 1 / PERIOD_S - 1


def test_the_file_cannot_grow(tmp_path: Path, checkout: Path) -> None:
    path = tmp_path / "sessions.db"
    _, error = (process := recorder(path, 20_000, "fast", checkout, limit_bytes=300_000)).communicate(timeout=60)
    assert process.returncode == 1 and error.startswith("untuck: ") and len(error.splitlines()) == 1
    assert "free some space" in error
    kept = list(Store(path).open().packets())
    assert len(kept) > 300 and kept == packets(len(kept))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 400 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "untuck", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("this user may not mount a small disk")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_full_disk_keeps_what_was_recorded(small_disk: Path) -> None:
    store = Store(small_disk / "sessions.db")
    sent = packets(20_000)
    with (
        pytest.raises(StoreError, match="disk is full: free some space; what was recorded so far is kept"),
        store.record("a", "run", Settings()) as recording,
    ):
        for packet in sent:
            recording.append(packet)
    kept = list(store.open().packets())
    assert len(kept) > 300 and kept == sent[: len(kept)]


def test_a_read_only_disk_can_be_read_not_written(small_disk: Path) -> None:
    store = Store(small_disk / "sessions.db")
    with store.record("a", "run", Settings()) as recording:
        recording.append(wire_packet(0))
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(StoreError, match="et UNTUCK_HOME to a folder"):
        store.record("a", "run", Settings())
    assert list(store.open().packets()) == packets(1)


def test_a_folder_that_cannot_be_created(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    store = Store(tmp_path / "file" / "deeper" / "sessions.db")
    with pytest.raises(StoreError, match=r"cannot be created: .*et UNTUCK_HOME to"):
        store.record("a", "run", Settings())
    assert store.sessions() == []


def test_a_file_that_is_not_a_store(tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    path.write_bytes(b"neither a database nor empty" * 100)
    for use in (Store(path).sessions, lambda: Store(path).record("a", "run", Settings())):
        with pytest.raises(StoreError, match="move it away"):
            use()
    assert path.read_bytes().startswith(b"neither")


def test_a_damaged_store_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    with Store(path).record("a", "run", Settings()) as recording:
        for packet in packets(600):
            recording.append(packet)
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 8192] = b"\xff" * 8192
    path.write_bytes(data)
    with pytest.raises(StoreError, match="is damaged: `untuck doctor --store --repair`"):
        list(Store(path).open().packets())


def test_a_newer_store_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")
    for use in (Store(path).sessions, lambda: Store(path).record("a", "run", Settings())):
        with pytest.raises(StoreError, match=r"newer Untuck .*update Untuck"):
            use()


OLD = """
CREATE TABLE session (id INTEGER PRIMARY KEY AUTOINCREMENT, started_unix_s REAL NOT NULL, ended_unix_s REAL,
    source TEXT NOT NULL, mode TEXT NOT NULL, settings TEXT NOT NULL, summary TEXT);
CREATE TABLE packets (session_id INTEGER NOT NULL REFERENCES session(id) ON DELETE CASCADE, number INTEGER NOT NULL,
    count INTEGER NOT NULL, first_arrival_s REAL NOT NULL, last_arrival_s REAL NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (session_id, number));
PRAGMA user_version = 1;
"""


def old_store(path: Path) -> list[Packet]:
    """A file as schema 1 wrote it, with one session."""
    sent = packets(3)
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(OLD)
        database.execute("INSERT INTO session VALUES (1, 5.0, 9.0, 'clip', 'run', '{}', NULL)")
        row = (len(sent), sent[0].arrival_s, sent[-1].arrival_s, pack(sent))
        database.execute("INSERT INTO packets VALUES (1, 0, ?, ?, ?, ?)", row)
    return sent


def test_reading_updates_an_older_store(tmp_path: Path) -> None:
    sent = old_store(tmp_path / "sessions.db")
    store = Store(tmp_path / "sessions.db")
    session = store.open()
    assert list(session.packets()) == sent and session.commands() == () and session.runner == ""
    with store.record("clip", "run", Settings(runner="Ada")) as recording:
        recording.command(from_text("lap", "", 1.5))
    assert [(each.id, each.runner) for each in store.sessions()] == [(1, ""), (2, "Ada")]


def test_recording_updates_an_older_store(tmp_path: Path) -> None:
    sent = old_store(tmp_path / "sessions.db")
    with Store(tmp_path / "sessions.db").record("clip", "run", Settings()):
        pass
    assert list(Store(tmp_path / "sessions.db").open(1).packets()) == sent


def test_commands_come_back_as_they_were_given() -> None:
    given = (
        from_text("note", "new shoes; -- ?", -math.inf),
        from_text("lap", "one", 0.1 + 0.2),
        from_text("mute", "on", 1 / 3),
    )
    with Store().record("a", "run", Settings()) as recording:
        for command in given:
            recording.append(wire_packet(0))
            recording.command(command)
    assert Store().open().commands() == given
