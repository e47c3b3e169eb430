"""Forms of a watch's file: definitions first, chains, gzip and zip, fields of cadence, odd stamps, several sports."""

from __future__ import annotations

import gzip
import io
import math
import time
import types
import zipfile
from collections.abc import Sequence

import fitdecode
import numpy as np
import pytest
from bench.lib import merge_runs
from garmin_fit_sdk import Decoder, Stream

from untuck.errors import ReportError
from untuck.model import STRIDE_DTYPE
from untuck.report import fit_bytes as fb
from untuck.report.fit_merge import merge
from untuck.report.fit_watch import read_watch, unpacked
from untuck.run_results import Run

ZERO_S = 1_760_000_000
T0 = ZERO_S - fb.EPOCH_UNIX_S
RECORD_FIELDS = ((253, 4, 0x86), (4, 1, 0x02))
FILE_ID = fb.Definition(fb.FILE_ID, False, ((0, 1, 0),), ())


@pytest.fixture(scope="module")
def run() -> Run:
    """Five minutes of a simulated runner."""
    import untuck
    from untuck.simulate.runner import Phase, Scenario, simulate

    return untuck.analyse(simulate(Scenario((Phase("stand", 20.0), Phase("run", 280.0))), seed=2).samples)


def message(local: int, layout: fb.Definition, *values: int) -> bytes:
    sizes = [size for _, size, _ in layout.fields]
    return bytes([local]) + b"".join(v.to_bytes(n, "little") for v, n in zip(values, sizes, strict=True))


def whole(body: bytes, protocol: int = 0x20) -> bytes:
    head = bytes([14, protocol, 84, 8]) + len(body).to_bytes(4, "little") + b".FIT"
    head += fb.crc(head).to_bytes(2, "little")
    return head + body + fb.crc(head + body).to_bytes(2, "little")


def rpm(run: Run) -> list[int]:
    """One leg's strides a minute, second by second, as a watch has them."""
    strides = run.strides
    out = []
    for second in range(int(run.time_s[-1])):
        k = max(int(np.searchsorted(strides["start_s"], second)) - 1, 0)
        out.append(round(strides["cadence_spm"][k] / 2) if 0 <= second - strides["start_s"][k] < 1.5 else 0)
    return out


def records(values: Sequence[int], start: int = T0) -> bytes:
    layout = fb.Definition(fb.RECORD, False, RECORD_FIELDS, ())
    return b"".join(message(1, layout, start + k, value) for k, value in enumerate(values))


def intro(definitions_first: bool = False) -> bytes:
    layout = fb.Definition(fb.RECORD, False, RECORD_FIELDS, ())
    file_id = message(0, FILE_ID, 4)
    define, about = fb.definition_bytes(1, layout), fb.definition_bytes(0, FILE_ID)
    return about + define + file_id if definitions_first else about + file_id + define


def tilts(data: bytes) -> list[float]:
    """Pelvic tilt of all records by fitdecode, NaN without; every file of a chain is checked."""
    out = []
    strict = {"check_crc": fitdecode.CrcCheck.RAISE, "error_handling": fitdecode.ErrorHandling.RAISE}
    for frame in fitdecode.FitReader(io.BytesIO(data), **strict):
        if isinstance(frame, fitdecode.FitDataMessage) and frame.name == "record":
            out.append(frame.get_value("pelvic_tilt", fallback=None) or math.nan)
    return out


@pytest.mark.parametrize("protocol", [0x10, 0x20])
@pytest.mark.parametrize("no_file_id", [False, True])
def test_fields_are_described_before_a_layout_uses_them(run: Run, protocol: int, no_file_id: bool) -> None:
    begin = intro(definitions_first=True)
    if no_file_id:
        begin = fb.definition_bytes(1, fb.Definition(fb.RECORD, False, RECORD_FIELDS, ()))
    merged = merge(whole(begin + records(rpm(run)), protocol), "watch.fit", run, float(ZERO_S)).data
    assert merged[1] >= 0x20  # the protocol's first version with developer fields
    assert np.isfinite(tilts(merged)).sum() > 250
    described = False
    for each in fb.read(merged, "merged").messages:
        described |= each.definition.global_number == fb.FIELD_DESCRIPTION and not each.is_definition
        assert described or not each.definition.developer
    messages, errors = Decoder(Stream.from_byte_array(bytearray(merged))).read()
    assert errors == [] and sum("developer_fields" in each for each in messages["record_mesgs"]) == len(rpm(run))


def test_the_activity_in_a_chain_is_filled_and_named(run: Run) -> None:
    settings = whole(fb.definition_bytes(0, FILE_ID) + message(0, FILE_ID, 2))
    another = whole(intro() + records([84] * 300, T0 - 86400))
    activity = whole(intro() + records(rpm(run)))
    merged = merge(settings + another + activity, "watch.fit", run, float(ZERO_S))
    assert (merged.part, merged.parts) == (3, 3) and "file 3 was filled" in merged.notes[0]
    assert merged.data.startswith(settings + another)
    found = tilts(merged.data)
    assert len(found) == 300 + len(rpm(run)) and not np.isfinite(found[:300]).any()
    given = merge(settings + another + activity, "watch.fit", run, float(ZERO_S), offset_s=0.0)
    assert given.part == 3
    damaged = bytearray(settings + activity)
    damaged[-30] ^= 1
    with pytest.raises(ReportError, match=r"file 2 of the chain.* is damaged"):
        merge(bytes(damaged), "watch.fit", run, float(ZERO_S))


def test_packed_files_are_unpacked_and_that_is_said(run: Run) -> None:
    data = whole(intro() + records(rpm(run)))
    plain = merge(data, "watch.fit", run, float(ZERO_S))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("123_ACTIVITY.fit", data)
    for form in (gzip.compress(data), packed.getvalue()):
        merged = merge(form, "watch.fit.gz", run, float(ZERO_S))
        assert merged.data == plain.data and "unpacked" in merged.notes[0]
    for bad in (gzip.compress(data)[:-20], gzip.compress(data)[:15] + b"\x07" * 30, b"PK\x03\x04" + bytes(40)):
        with pytest.raises(ReportError, match="cannot be unpacked"):
            merge(bad, "watch.fit.gz", run, float(ZERO_S))
    with pytest.raises(ReportError, match="100 MB"):
        unpacked(gzip.compress(bytes(101_000_000)), "watch.fit.gz")


def test_power_on_stamps_and_outliers_are_ignored(run: Run) -> None:
    layout = fb.Definition(fb.RECORD, False, RECORD_FIELDS, ())
    y2000 = 946684800 + 17 - fb.EPOCH_UNIX_S
    odd = b"".join(message(1, layout, at, 90) for at in (5, 6, y2000, y2000 + 1, 0xFFFFFFF0))
    values = records(rpm(run))
    half = len(values) // 12 * 6
    merged = merge(whole(intro() + odd + values[:half] + odd + values[half:]), "watch.fit", run, float(ZERO_S))
    assert merged.match.offset_s == pytest.approx(0.0, abs=3.0)
    found = np.array(tilts(merged.data))
    assert merged.filled == np.isfinite(found).sum() > 250
    assert not np.isfinite(found[:5]).any() and "10 records" in merged.notes[0]


@pytest.mark.parametrize(
    ("fields", "values", "spm"),
    [
        (((52, 2, 0x84),), (21600 + 128,), 169.75),
        (((4, 1, 0x02), (53, 1, 0x02)), (84, 64), 169.0),
        (((4, 1, 0x02), (52, 2, 0x84)), (84, 0xFFFF), 168.0),
        (((4, 1, 0x02),), (0xFF,), math.nan),
    ],
)
def test_cadence_is_read_from_all_its_fields(
    fields: tuple[tuple[int, int, int], ...], values: tuple[int, ...], spm: float
) -> None:
    layout = fb.Definition(fb.RECORD, False, ((253, 4, 0x86), *fields), ())
    data = whole(fb.definition_bytes(0, layout) + message(0, layout, T0, *values))
    assert read_watch(fb.read(data, "watch.fit"), "watch.fit").spm == pytest.approx([spm], nan_ok=True)


def test_only_the_run_of_several_sports_counts(run: Run) -> None:
    session = fb.Definition(fb.SESSION, False, ((253, 4, 0x86), (2, 4, 0x86), (5, 1, 0)), ())
    ride = records([85] * 900, T0 - 1000)
    ends = fb.definition_bytes(2, session) + message(2, session, T0 - 50, T0 - 1000, 2)
    both = whole(intro() + ride + records(rpm(run)) + ends + message(2, session, T0 + 300, T0, 1))
    merged = merge(both, "watch.fit", run, float(ZERO_S))
    assert merged.match.offset_s == pytest.approx(0.0, abs=3.0)
    assert not np.isfinite(tilts(merged.data)[:900]).any()
    with pytest.raises(ReportError, match="other sports"):
        merge(whole(intro() + ride + ends), "watch.fit", run, float(ZERO_S))


def test_pauses_of_the_timer_are_stops() -> None:
    event = fb.Definition(fb.EVENT, False, ((253, 4, 0x86), (0, 1, 0), (1, 1, 0)), ())
    events = [(T0, 0, 0), (T0 + 60, 0, 4), (T0 + 61, 26, 4), (T0 + 90, 0, 0), (T0 + 200, 0, 4)]
    data = whole(
        intro() + records([84] * 50) + fb.definition_bytes(2, event) + b"".join(message(2, event, *e) for e in events)
    )
    watch = read_watch(fb.read(data, "watch.fit"), "watch.fit")
    assert (watch.paused_s - ZERO_S).tolist() == [[60.0, 90.0]]


def test_a_day_long_file_is_merged_within_two_seconds() -> None:
    """Twelve hours of records once a second, and a session of an hour in it, without its analysis."""
    rng = np.random.default_rng(1)
    course = merge_runs.course(rng, merge_runs.person(rng), merge_runs.plan(rng, "free", 3600.0), 3600.0)
    at, spm = merge_runs.records(rng, course, merge_runs.Watch())
    session = merge_runs.session(rng, course)
    strides = np.zeros(len(session.strides), STRIDE_DTYPE)
    for name in ("start_s", "duration_s", "cadence_spm", "valid"):
        strides[name] = session.strides[name]
    run = types.SimpleNamespace(time_s=session.time_s, strides=strides, cues=(), trunk=None)
    values = [0] * 20_000 + [int(v // 2) for v in np.nan_to_num(spm)] + [0] * 20_000
    data = whole(intro() + records(values, T0 - 20_000))
    begin_s = time.process_time()
    merged = merge(data, "watch.fit", run, float(ZERO_S))  # type: ignore[arg-type]
    assert time.process_time() - begin_s < 2.0
    assert merged.records == len(values) and merged.filled > 1000 and at[0] == 0.0
