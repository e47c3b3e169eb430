"""A session that was begun and received nothing is not kept, however its program ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.store.test_store import wire_packet

from untuck.store import Settings, Store, claims, edits

BEGIN = """
import sys, time
from untuck.store import Settings, Store
recording = Store(sys.argv[1]).record("clip", "run", Settings())
print(recording.id, flush=True)
time.sleep(60)
"""


def begun(path: Path, checkout: Path) -> tuple[subprocess.Popen[str], int]:
    """A program that has begun a session, and its number."""
    process = subprocess.Popen(
        [sys.executable, "-c", BEGIN, str(path)],
        env={**os.environ, "PYTHONPATH": str(checkout / "host")},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def end(process: subprocess.Popen[str], number: int) -> None:
    process.send_signal(number)
    process.communicate()


def record(store: Store) -> int:
    with store.record("clip", "run", Settings()) as recording:
        recording.append(wire_packet(0))
    assert recording.id is not None
    return recording.id


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_the_next_recording_removes_what_a_killed_program_began(tmp_path: Path, checkout: Path) -> None:
    store = Store(tmp_path / "sessions.db")
    process, number = begun(store.path, checkout)
    end(process, signal.SIGKILL)
    assert [session.id for session in store.sessions()] == [number]
    following = record(store)
    assert [session.id for session in store.sessions()] == [following] and following != number
    assert not list(tmp_path.glob("*-recording-*"))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_session_that_another_program_has_begun_stays(tmp_path: Path, checkout: Path) -> None:
    store = Store(tmp_path / "sessions.db")
    process, number = begun(store.path, checkout)
    try:
        assert claims.is_claimed(store.path, number)
        following = record(store)
        assert [session.id for session in store.sessions()] == [number, following]
    finally:
        end(process, signal.SIGKILL)
    record(store)
    assert number not in [session.id for session in store.sessions()]


def test_two_recordings_of_one_program_stay(tmp_path: Path) -> None:
    store = Store(tmp_path / "sessions.db")
    with store.record("clip", "run", Settings()) as one, store.record("clip", "run", Settings()) as other:
        assert one.id != other.id
        assert [session.id for session in store.sessions()] == [one.id, other.id]
        assert claims.is_any_claimed(store.path)
        one.append(wire_packet(0))
        other.append(wire_packet(0))
    assert len(store.sessions()) == 2 and not claims.is_any_claimed(store.path)


@pytest.mark.parametrize("error", (KeyboardInterrupt, SystemExit, RuntimeError))
def test_an_error_before_the_first_packet_leaves_no_session(tmp_path: Path, error: type[BaseException]) -> None:
    store = Store(tmp_path / "sessions.db")
    with pytest.raises(error), store.record("clip", "run", Settings()):
        raise error
    assert store.sessions() == [] and not list(tmp_path.glob("*-recording-*"))


def test_a_session_with_packets_or_a_name_stays(tmp_path: Path) -> None:
    store = Store(tmp_path / "sessions.db")
    cut_off = store.record("clip", "run", Settings())
    cut_off.append(wire_packet(0))
    cut_off.flush()
    named = store.record("clip", "run", Settings())
    edits.rename(store, int(named.id or 0), "the one with the flat battery")
    for recording in (cut_off, named):  # as if the program had been killed
        recording._claim.release()
        recording._database.close()
    record(store)
    assert [session.id for session in store.sessions()] == [1, 2, 3]


def test_where_locks_are_not_possible_a_session_stays_for_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some network drives reject every lock."""

    def rejected(file: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(claims, "_lock", rejected)
    store = Store(tmp_path / "sessions.db")
    begun = store.record("clip", "run", Settings())
    record(store)
    assert begun.id in [session.id for session in store.sessions()]
    mark = next(tmp_path.glob("*-recording-*"))
    os.utime(mark, (1e9, 1e9))
    begun._database.close()
    record(store)
    assert begun.id not in [session.id for session in store.sessions()]
