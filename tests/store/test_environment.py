"""What a computer does to a store: locks that are refused or held, files that vanish, clocks that jump, time zones."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.store.test_store import packets, recorder, wire_packet

from untuck.cli.main import cli
from untuck.errors import StoreError
from untuck.model import Packet
from untuck.session.reanalysis import decode, reanalyse
from untuck.simulate.packets import pack
from untuck.simulate.runner import simulate
from untuck.simulate.scenario import Phase, Scenario
from untuck.store import Settings, Store, archive, codec, edits, schema
from untuck.store.repair.check import check_store

SENT = packets(100)


def record(store: Store, started_unix_s: float | None = None, sent: list[Packet] | None = None) -> int:
    with store.record("clip", "run", Settings(runner="Ada"), started_unix_s) as recording:
        for packet in SENT if sent is None else sent:
            recording.append(packet)
        recording.end('{"strides":1}')
    return recording.id


def untuck(*arguments: str) -> str:
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("existing", (False, True))
def test_a_drive_without_shared_memory(tmp_path: Path, existing: bool, caplog: pytest.LogCaptureFixture) -> None:
    """As on most network drives: SQLite's log is not possible. A folder in its place has the same effect."""
    store = Store(tmp_path / "sessions.db")
    if existing:
        record(store)
    Path(f"{store.path}-shm").mkdir()
    number = record(store)
    assert list(store.open(number).packets()) == SENT and "without shared memory" in caplog.text
    assert [len(list(each.packets())) for each in store.sessions()] == [100] * number
    with store.record("clip", "run", Settings()) as recording:
        for packet in SENT:
            recording.append(packet)
        assert len(store.sessions()) == number + 1  # others read meanwhile
    assert check_store(store.path).problems == []


REFUSE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
static int refuse(const char *name, int file, int command, va_list rest) {
    void *argument = va_arg(rest, void *);
    if (command == F_SETLK || command == F_SETLKW) { errno = REFUSAL; return -1; }
    return ((int (*)(int, int, void *))dlsym(RTLD_NEXT, name))(file, command, argument);
}
int fcntl(int file, int command, ...) {
    va_list rest; va_start(rest, command);
    int result = refuse("fcntl", file, command, rest); va_end(rest); return result;
}
int fcntl64(int file, int command, ...) {
    va_list rest; va_start(rest, command);
    int result = refuse("fcntl64", file, command, rest); va_end(rest); return result;
}
int flock(int file, int operation) { errno = REFUSAL; return -1; }
"""


@pytest.mark.parametrize("refusal", ("ENOLCK", "EOPNOTSUPP"))
def test_a_drive_that_refuses_locks(tmp_path: Path, checkout: Path, refusal: str) -> None:
    compiler = shutil.which("gcc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("needs gcc on Linux, to refuse locks")
    source, library = tmp_path / "refuse.c", tmp_path / "refuse.so"
    source.write_text(REFUSE)
    subprocess.run([compiler, f"-DREFUSAL={refusal}", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    done = subprocess.run(
        [sys.executable, "-c", "from untuck.store import Settings, Store; Store().record('a', 'run', Settings())"],
        env={
            **os.environ,
            "LD_PRELOAD": str(library),
            "UNTUCK_HOME": str(tmp_path),
            "PYTHONPATH": str(checkout / "host"),
        },
        capture_output=True,
        text=True,
    )
    assert "StoreError" in done.stderr and "drive" in done.stderr
    assert "et UNTUCK_HOME to a folder on this computer" in done.stderr


def test_a_store_that_another_program_has_locked(tmp_path: Path) -> None:
    store = Store(tmp_path / "sessions.db")
    record(store)
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        begin_s = time.monotonic()
        with pytest.raises(StoreError, match="is in use by another program: close that program and try again"):
            store.record("clip", "run", Settings())
        assert time.monotonic() - begin_s < 30
        assert list(store.open(1).packets()) == SENT  # reading goes on
    assert record(store) == 2


def test_a_lock_of_a_moment_is_waited_for(tmp_path: Path) -> None:
    store = Store(tmp_path / "sessions.db")
    record(store)
    with closing(sqlite3.connect(store.path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN EXCLUSIVE")
        later = threading.Timer(1.0, lambda: other.execute("COMMIT"))
        later.start()
        assert record(store) == 2
        later.join()


def test_the_log_is_deleted_after_a_crash(tmp_path: Path, checkout: Path) -> None:
    """What was not written back is lost, no more: the store opens, reads and records."""
    store = Store(tmp_path / "sessions.db")
    record(store)
    process = recorder(store.path, 100_000, "slowly", checkout)
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) >= 100:
            break
    process.send_signal(signal.SIGKILL)
    process.communicate()
    Path(f"{store.path}-wal").unlink()
    assert list(store.open(1).packets()) == SENT
    assert record(store) > 1
    assert check_store(store.path).problems == []


@pytest.mark.skipif(os.name == "nt", reason="Windows does not delete a file that is open")
def test_the_log_is_deleted_during_a_recording(tmp_path: Path) -> None:
    store = Store(tmp_path / "sessions.db")
    with store.record("clip", "run", Settings()) as recording:
        for number, packet in enumerate(SENT):
            if number == 50:
                Path(f"{store.path}-wal").unlink()
            recording.append(packet)
    assert list(store.open(1).packets()) == SENT


def test_a_store_that_cannot_grow_keeps_what_it_has(tmp_path: Path) -> None:
    store = Store(tmp_path / "sessions.db")
    record(store)
    with pytest.raises(StoreError, match="free some space"), store.record("clip", "run", Settings()) as recording:
        recording._database.execute("PRAGMA max_page_count = 30")
        for packet in packets(2000):
            recording.append(packet)
    kept = list(store.open(2).packets())
    assert kept == packets(2000)[: len(kept)] and check_store(store.path).problems == []


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if not hasattr(time, "tzset"):
        pytest.skip("this system cannot change its time zone for a program")
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def unix(*parts: int) -> float:
    return datetime(*parts, tzinfo=UTC).timestamp()  # type: ignore[misc, arg-type]


@pytest.mark.usefixtures("zone")
def test_dates_over_changes_of_the_clock(own_home: Path) -> None:
    """The hour that comes twice in autumn, midnight, the year 2038, and an hour before 2106, when 32 bits end."""
    store = Store()
    times = {
        unix(2026, 10, 25, 0, 30): "2026-10-25 02:30",  # summer time
        unix(2026, 10, 25, 1, 30): "2026-10-25 02:30",  # an hour later, winter time
        unix(2026, 12, 31, 22, 59, 59): "2026-12-31 23:59",
        unix(2038, 1, 19, 3, 14, 8): "2038-01-19 04:14",
        2.0**32 - 3600: "2106-02-07 06:28",
    }
    for started in times:
        record(store, started)
    listed = [line for line in untuck("sessions").splitlines() if "clip" in line]
    for line, expected in zip(listed, times.values(), strict=True):
        assert expected in line
    assert "2026-10-25" in untuck("sessions", "--since", "2026-10-25")
    assert len([line for line in untuck("sessions", "--since", "2027-01-01").splitlines() if "clip" in line]) == 2
    assert [session.started_unix_s for session in store.sessions()] == list(times)
    untuck("trend", "--weeks", "5000")
    untuck("sessions", "export", "5", "-o", str(own_home / "last.untuck"))
    other = Store(own_home / "other.db")
    assert other.open(archive.read_archive(other, own_home / "last.untuck")).started_unix_s == 2.0**32 - 3600
    assert check_store(store.path).problems == []


@pytest.mark.usefixtures("zone")
def test_a_trend_over_the_year_2038(own_home: Path) -> None:
    samples = simulate(Scenario((Phase("stand", 6.0), Phase("run", 30.0))), seed=1).samples
    sent = [Packet(data, 0.05 * number) for number, data in enumerate(pack(samples, 100))]
    store = Store()
    for started in (unix(2038, 1, 18, 12), unix(2038, 1, 20, 12), unix(2106, 2, 6, 12)):
        number = record(store, started, sent)
        edits.summarise(store, number, codec.to_json(reanalyse(store.open(number)).summary))
    shown = untuck("trend", "--weeks", "4000", "--html", str(own_home / "trend.html"))
    assert ("2038-01-18" in shown and "2106-02-06" in shown) or "trend.html" in shown
    untuck("export", "2", "--format", "fit", "-o", str(own_home))
    assert (own_home / "session-2.fit").stat().st_size > 100


def test_a_clock_that_is_set_back_during_a_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Length and order come from the packets' arrival on a clock that nobody sets."""
    store = Store(tmp_path / "sessions.db")
    first = record(store)
    with store.record("clip", "run", Settings()) as recording:
        for packet in SENT:
            recording.append(packet)
        now_s = time.time()
        monkeypatch.setattr(time, "time", lambda: now_s - 7200.0)
    monkeypatch.undo()
    session = store.open(recording.id)
    assert session.duration_s == pytest.approx(4.95) and list(session.packets()) == SENT
    assert [each.id for each in store.sessions()] == [first, recording.id]
    assert repr(session)


def test_a_computer_that_slept_during_a_session(tmp_path: Path) -> None:
    """The host's clock of arrivals stands still in some systems while it sleeps and jumps in others."""
    for name, gap_s in (("stands", 0.0), ("jumps", 3600.0)):
        store = Store(tmp_path / f"{name}.db")
        before = packets(100)
        late = [wire_packet(number).data for number in range(72_000, 72_100)]
        after = [Packet(data, 1005.0 + gap_s + 0.05 * number) for number, data in enumerate(late)]
        record(store, None, [*before, *after])
        samples = decode(store.open()).samples
        assert len(samples) == 1000  # nothing is dropped
        assert samples.time_s[500] - samples.time_s[499] == pytest.approx(3600 - 5, abs=6.0)


@pytest.mark.parametrize("started", (9e99, -1e99, float("inf"), "yesterday", 1e13))
def test_a_date_that_cannot_be_is_shown_as_unknown_and_found(own_home: Path, started: float | str) -> None:
    store = Store()
    record(store)
    with closing(schema.connect(store.path)) as database:
        database.execute("UPDATE session SET started_unix_s = ?, ended_unix_s = ?", (started, started))
    untuck("sessions")
    untuck("sessions", "--json")
    assert repr(store.open(1))
    assert [each.text for each in check_store(store.path).problems] == ["its date cannot be read"]
