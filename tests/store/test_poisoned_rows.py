"""Rows that an earlier version took from a bad archive: every list works, and says which row it is and what to do."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.packets import packet

from untuck.cli.main import cli
from untuck.model import Packet
from untuck.store import Settings, Store, rows, schema
from untuck.store.profiles import Profiles

POISON = {
    "start 1e300": "UPDATE session SET started_unix_s = 1e300 WHERE id = 2",
    "start inf": "UPDATE session SET started_unix_s = 9e999 WHERE id = 2",
    "start soon": "UPDATE session SET started_unix_s = 'soon' WHERE id = 2",
    "start a blob": "UPDATE session SET started_unix_s = x'00' WHERE id = 2",
    "end soon": "UPDATE session SET ended_unix_s = 'soon' WHERE id = 2",
    "tags nested": 'UPDATE session SET tags = \'[["a"],["b"]]\' WHERE id = 2',
    "tags no JSON": "UPDATE session SET tags = '[' WHERE id = 2",
    "tags deep": "UPDATE session SET tags = '" + "[" * 100_000 + "' WHERE id = 2",
    "tags a number": "UPDATE session SET tags = '5' WHERE id = 2",
    "tag half a character": "UPDATE session SET tags = '[\"\\ud800\"]' WHERE id = 2",
    "name a blob": "UPDATE session SET name = x'ff' WHERE id = 2",
    "source a number": "UPDATE session SET source = x'ff' WHERE id = 2",
    "arrival 1e300": "UPDATE packets SET last_arrival_s = 1e300 WHERE session_id = 2",
    "arrival a text": "UPDATE packets SET last_arrival_s = 'x' WHERE session_id = 2",
}
BAD_SUMMARY = {
    "no JSON": "{",
    "a list": "[]",
    "a number": "5",
    "deep": "[" * 100_000,
    "strides a text": {"clean_strides": "many", "strides": "many"},
    "running inf": {"running_s": "inf"},
    "median inf": {"medians": {"tilt_deg": "inf"}},
    "median 1e300": {"medians": {"tilt_deg": 1e300}},
    "medians a list": {"medians": [1]},
    "judged a text": {"reliability": {"judged": "x"}},
    "cues a number": {"cues": 5},
}


def untuck(*arguments: str) -> Result:
    rows.warn.cache_clear()  # each command is a process of its own
    return CliRunner().invoke(cli, arguments)


@pytest.fixture
def store(own_home: Path) -> Store:
    """Three sessions; the tests damage the second."""
    store = Store()
    for _ in range(3):
        with store.record("clip 0A1B", "run", Settings(rate_hz=100)) as recording:
            for number in range(40):
                recording.append(Packet(packet(number), 5.0 + 0.05 * number))
            recording.end(json.dumps(SUMMARY))
    return store


SUMMARY = (
    {"strides": 9, "clean_strides": 9, "running_s": 6.0, "medians": {"tilt_deg": 1.0}, "baseline_tilt_deg": None}
    | {"findings": [], "cues": [], "suppressed": {}, "rejected": {}, "calibration": "nominal"}
    | {"calibration_error_deg": None, "signal": {"duration_s": 5.0}, "warnings": []}
)


def execute(store: Store, query: str, *values: str) -> None:
    with closing(schema.connect(store.path)) as database:
        database.execute(query, values)


def check_commands() -> Result:
    """The lists work; what the first one prints."""
    for command in (("trend",), ("trend", "--json"), ("summary",)):
        done = untuck(*command)
        assert done.exception is None or isinstance(done.exception, SystemExit), (command, repr(done.exception))
        assert done.exit_code == 0, done.output
    return untuck("sessions")


@pytest.mark.parametrize("name", POISON)
def test_a_poisoned_row_is_named_stops_nothing_and_can_be_deleted(store: Store, name: str) -> None:
    execute(store, POISON[name])
    shown = check_commands()
    assert shown.exit_code == 0 and "session 2 is damaged: " in shown.output, shown.output
    assert "`untuck sessions delete 2`" in shown.output and shown.output.count("is damaged") == 1
    assert [row["id"] for row in json.loads(untuck("sessions", "--json").stdout)["sessions"]] == [1, 2, 3]
    assert Profiles().open("") is not None and Store().open().id == 3
    assert Store().open(2).packet_count == 40  # the run itself is kept
    assert untuck("sessions", "delete", "2", "--yes").exit_code == 0
    assert "is damaged" not in untuck("sessions").output
    with closing(schema.connect(store.path)) as database:
        assert database.execute("SELECT count(*) FROM packets WHERE session_id = 2").fetchone() == (0,)


@pytest.mark.parametrize("name", BAD_SUMMARY)
def test_a_poisoned_summary_spoils_only_its_own_session(store: Store, name: str) -> None:
    bad = BAD_SUMMARY[name]
    text = bad if isinstance(bad, str) else json.dumps(SUMMARY | bad)
    for number in (2, 3):  # the newest too: what is opened by default depends on its summary
        execute(store, f"UPDATE session SET summary = ? WHERE id = {number}", text)
    assert untuck("sessions").exit_code == 0 and Profiles().open("").sessions == 0
    done = untuck("trend", "--json")
    assert done.exit_code == 0, repr(done.exception)
    assert [row["session"] for row in json.loads(done.stdout)["sessions"]] == [1]
    assert untuck("trend").exit_code == 0
    opened = untuck("summary")
    assert opened.exception is None or isinstance(opened.exception, SystemExit), repr(opened.exception)


def test_a_session_of_a_wrong_clock_does_not_hide_the_others(store: Store) -> None:
    execute(store, "UPDATE session SET started_unix_s = 4000000000.0 WHERE id = 2")
    done = untuck("trend", "--json")
    assert [row["session"] for row in json.loads(done.stdout)["sessions"]] == [1, 3]
