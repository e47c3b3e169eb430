"""FIT files that are damaged or made to be costly: one line each, in bounded time and memory; and the GPS track."""

from __future__ import annotations

import gzip
import pickle
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.bounded import run_bounded
from tests.report.test_fit_files import FILE_ID, RECORD_FIELDS, T0, ZERO_S, intro, message, records, rpm, run, whole

from untuck.errors import ReportError
from untuck.report import fit_bytes as fb
from untuck.report.fit_merge import check_dates, merge
from untuck.run_results import Run

__all__ = ["run"]  # a fixture
RECORD = fb.Definition(fb.RECORD, False, RECORD_FIELDS, ())
EVENT = fb.Definition(fb.EVENT, False, ((253, 4, 0x86), (0, 1, 0), (1, 1, 0)), ())


def stamped(pairs: Sequence[tuple[int, int]]) -> bytes:
    return b"".join(message(1, RECORD, at, value) for at, value in pairs)


def good(run: Run) -> list[tuple[int, int]]:
    return [(T0 + 7 + k, value) for k, value in enumerate(rpm(run))]


def ladder(run: Run) -> bytes:
    """A record every five hours for ten years: no gap in it looks like the end of a recording."""
    return whole(intro() + stamped(sorted(good(run) + [(T0 + 18_000 * k, 84) for k in range(1, 17_500)])))


def in_stages(run: Run) -> bytes:
    """The run, and another one each 20 hours for a month."""
    return whole(intro() + stamped([(at + 72_000 * k, value) for k in range(36) for at, value in good(run)]))


def pauses(run: Run) -> bytes:
    """100,000 pauses of two hours, all of them the same."""
    events = fb.definition_bytes(2, EVENT)
    events += (message(2, EVENT, T0 + 9000, 0, 4) + message(2, EVENT, T0 + 16_000, 0, 0)) * 100_000
    return whole(intro() + events + records(rpm(run), T0 + 7))


COSTLY: dict[str, Callable[[Run], bytes]] = {
    "a record every five hours for ten years": ladder,
    "a run each 20 hours for a month": in_stages,
    "the same pause 100,000 times": pauses,
    "1989 among good ones": lambda run: whole(intro() + stamped([*good(run)[:99], (5, 84), *good(run)[99:]])),
    "2125 among good ones": lambda run: whole(intro() + stamped([*good(run)[:99], (0xFFFFFFF0, 84), *good(run)[99:]])),
}
IMPORTS = """
import pickle
from pathlib import Path
from untuck.errors import ReportError
from untuck.report.fit_merge import check_dates, merge
data, run = Path(sys.argv[1]).read_bytes(), pickle.loads(Path(sys.argv[2]).read_bytes())
"""
TRY = f"""
try:
    check_dates(data, "watch.fit", {ZERO_S}.0, {ZERO_S}.0 + 300)
    said = merge(data, "watch.fit", run, {ZERO_S}.0).match.text
except ReportError as error:
    said = str(error)
"""


def tried(path: Path, data: bytes, run: Run) -> tuple[str, float]:
    """What merge says, and the memory in MB that it takes beyond the file."""
    (path / "watch.fit").write_bytes(data)
    (path / "run").write_bytes(pickle.dumps(run))
    done = run_bounded(IMPORTS, TRY, str(path / "watch.fit"), str(path / "run"), timeout_s=60.0)
    return done.said, done.more_mb


@pytest.mark.parametrize("name", COSTLY)
def test_odd_times_cost_neither_memory_nor_the_match(run: Run, tmp_path: Path, name: str) -> None:
    said, more_mb = tried(tmp_path, COSTLY[name](run), run)
    assert said.startswith("offset +7 s") or said.startswith("offset +6 s"), said
    assert more_mb < 200, more_mb


def many_messages(_: Run) -> bytes:
    """20 million messages of one byte in 20 MB."""
    empty = fb.Definition(99, False, (), ())
    return whole(fb.definition_bytes(0, empty) + bytes(20_000_000))


def many_layouts(_: Run) -> bytes:
    """Definitions of 255 fields, each another one, in 20 MB."""
    fields = bytes(range(255)) * 3
    return whole(b"".join(b"\x40\0\0" + k.to_bytes(2, "little") + b"\xff" + fields for k in range(26_000)))


def long_chain(_: Run) -> bytes:
    """100,000 files, each only a head."""
    return whole(b"") * 100_000


HUGE = {"messages": many_messages, "layouts": many_layouts, "chain": long_chain}


@pytest.mark.parametrize("name", HUGE)
def test_what_no_recording_has_is_rejected_before_it_fills_the_memory(run: Run, tmp_path: Path, name: str) -> None:
    began = time.monotonic()
    said, more_mb = tried(tmp_path, HUGE[name](run), run)
    assert f"more than 1,000,000 {name}" in said or "more layouts" in said or "more than 100 FIT files" in said
    assert more_mb < 400 and time.monotonic() - began < 60, more_mb


@pytest.mark.parametrize("count", [241, 242, 255])
def test_records_full_of_other_fields_are_rejected_with_the_reason(run: Run, count: int) -> None:
    layout = fb.Definition(fb.RECORD, False, RECORD_FIELDS, tuple((k, 1, 0) for k in range(count)))
    body = fb.definition_bytes(0, FILE_ID) + message(0, FILE_ID, 4) + fb.definition_bytes(1, layout)
    body += b"".join(message(1, layout, *pair) + bytes(count) for pair in good(run))
    if count == 241:  # and 14 of ours
        assert merge(whole(body), "watch.fit", run, float(ZERO_S)).filled > 200
        return
    with pytest.raises(
        ReportError, match=rf"watch.fit cannot be merged: its records have {count} fields of other apps"
    ):
        merge(whole(body), "watch.fit", run, float(ZERO_S))


def test_a_file_that_uses_every_index_is_rejected_with_the_reason(run: Run) -> None:
    layout = fb.Definition(fb.DEVELOPER_DATA_ID, False, ((3, 1, 2),), ())
    apps = fb.definition_bytes(2, layout) + b"".join(message(2, layout, k) for k in range(255))
    with pytest.raises(ReportError, match="other apps use all 255 places"):
        merge(whole(intro() + apps + stamped(good(run))), "watch.fit", run, float(ZERO_S))


@pytest.mark.parametrize("offset_s", [float("nan"), float("inf"), -float("inf"), 1e300])
def test_an_offset_that_is_no_time_is_rejected(run: Run, offset_s: float) -> None:
    with pytest.raises(ReportError, match=r"is no number of seconds|no record of"):
        merge(whole(intro() + stamped(good(run))), "watch.fit", run, float(ZERO_S), offset_s)


def test_a_file_larger_than_any_recording_is_rejected_unread(tmp_path: Path, own_home: Path) -> None:
    from click.testing import CliRunner

    from untuck.cli.main import cli

    path = tmp_path / "watch.fit"
    with path.open("wb") as file:
        file.truncate(101_000_000)
    done = CliRunner().invoke(cli, ["merge", str(path)])
    assert done.exit_code == 1 and "has more than 100 MB" in done.output and len(done.output.splitlines()) == 1


@pytest.mark.parametrize("track", [True, False])
def test_a_merged_file_that_says_where_one_ran_is_named(run: Run, track: bool) -> None:
    layout = fb.Definition(fb.RECORD, False, (*RECORD_FIELDS, (0, 4, 0x85), (1, 4, 0x85)), ())
    place = 500_000_000 if track else 0x7FFFFFFF
    body = fb.definition_bytes(0, FILE_ID) + message(0, FILE_ID, 4) + fb.definition_bytes(1, layout)
    body += b"".join(message(1, layout, *pair, place, place) for pair in good(run))
    notes = merge(whole(body), "watch.fit", run, float(ZERO_S)).notes
    assert any("keeps the watch's GPS track" in note for note in notes) == track


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_changed_file_is_merged_or_rejected(run: Run, data: st.DataObject) -> None:
    """Bytes of a good file are changed, and its checksum is made right again."""
    body = bytearray(intro() + fb.definition_bytes(2, EVENT) + message(2, EVENT, T0, 0, 0) + stamped(good(run)))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, 80) | st.integers(0, len(body) - 1))
        body[at] = data.draw(st.sampled_from([0, 1, 0x40, 0x60, 0x80, 0xFF]) | st.integers(0, 255))
    form = data.draw(st.sampled_from([bytes, gzip.compress]))
    offset_s = data.draw(st.sampled_from([None, None, 0.0, 1e9]))
    try:
        check_dates(form(whole(bytes(body))), "watch.fit", ZERO_S, ZERO_S + 300.0)
        merged = merge(form(whole(bytes(body))), "watch.fit", run, float(ZERO_S), offset_s)
    except ReportError as error:
        assert str(error).isprintable() and len(str(error)) < 700
    else:
        assert np.isfinite(merged.match.offset_s) and fb.read_chain(merged.data, "merged")
