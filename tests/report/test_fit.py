"""FIT files checked with two independent decoders: our activity, and a watch's file before and after merging.

The watch's file comes from fit-tool and from hand-made variants: unknown messages, other developer fields, compressed
time stamps, big endian, all sixteen local numbers in use.
"""

from __future__ import annotations

import dataclasses
import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fitdecode
import numpy as np
import pytest
from fit_tool.fit_file_builder import FitFileBuilder
from fit_tool.profile.messages.event_message import EventMessage
from fit_tool.profile.messages.file_id_message import FileIdMessage
from fit_tool.profile.messages.record_message import RecordMessage
from fit_tool.profile.profile_type import Event, EventType, FileType
from garmin_fit_sdk import Decoder, Stream

from untuck.errors import ReportError
from untuck.report import fit_bytes as fb
from untuck.report.fit_activity import to_fit
from untuck.report.fit_fields import FIELDS
from untuck.report.fit_merge import merge
from untuck.report.summary import Signal, Summary, summarise
from untuck.run_results import Run

ZERO_S = 1_760_000_000.4  # unix time of the run's sensor time 0
CLOCK_S = 37  # by which the watch's clock is ahead
OURS = {field.name for field in FIELDS}


@pytest.fixture(scope="module")
def run() -> Run:
    """Six minutes of a simulated runner, with a tuck."""
    import untuck
    from untuck.simulate.runner import Phase, Scenario, simulate

    phases = (
        *Scenario.default().phases[:3],
        Phase("run", 250.0),
        Phase("run", 30.0, tuck_deg=7.0),
        Phase("run", 60.0),
        Phase("stand", 8.0),
    )
    return untuck.analyse(simulate(Scenario(phases), seed=5).samples)


@pytest.fixture(scope="module")
def summary(run: Run) -> Summary:
    return summarise(run, Signal(370.0, samples=len(run.time_s)))


def watch_bytes(run: Run, seed: int = 0, smooth_s: int = 5) -> bytes:
    """A watch's recording of the same run, once a second: own clock, smoothed cadence, position, heart rate."""
    rng = np.random.default_rng(seed)
    strides = run.strides
    second = np.arange(math.floor(ZERO_S) - 60, math.floor(ZERO_S + run.time_s[-1]) + 60)
    inside = (second >= ZERO_S + strides["start_s"][0]) & (second <= ZERO_S + strides["start_s"][-1])
    spm = np.interp(second - ZERO_S, strides["start_s"], strides["cadence_spm"])
    spm = np.convolve(spm, np.full(smooth_s, 1 / smooth_s), "same") + rng.normal(0, 0.5, len(second))
    builder = FitFileBuilder(auto_define=True)
    about = FileIdMessage()
    about.type, about.manufacturer, about.product, about.serial_number = FileType.ACTIVITY, 1, 4315, 123456
    about.time_created = 1000 * int(second[0] + CLOCK_S)
    builder.add(about)
    start = EventMessage()
    start.timestamp, start.event, start.event_type = 1000 * int(second[0] + CLOCK_S), Event.TIMER, EventType.START
    builder.add(start)
    for k, at in enumerate(second):
        record = RecordMessage()
        record.timestamp = 1000 * int(at + CLOCK_S)
        record.cadence = round(spm[k] / 2) if inside[k] else 0
        record.heart_rate, record.distance = 120 + k % 40, 3.1 * k
        record.position_lat, record.position_long = 52.5 + k * 1e-5, 13.4 - k * 1e-5
        builder.add(record)
    return bytes(builder.build_bytes())


def with_more(data: bytes, change: Callable[[list[fb.Message]], list[fb.Message]]) -> bytes:
    fit = fb.read(data, "watch")
    return fb.write(fb.FitFile(fit.header, tuple(change(list(fit.messages))), fit.rest))


def unknown_messages(messages: list[fb.Message]) -> list[fb.Message]:
    """Vendor messages with every local number; one of them is defined before our messages and used after them."""
    out = list(messages)
    for local in range(3, 16):
        layout = fb.Definition(0xFF00 + local, local % 2 == 0, ((9, 2, 0x84), (200, 3, 0x0D)), ())
        body = fb.Message(bytes([local, 1, local, 7, 7, 7]), local, layout, False, None)
        at = 1 if local == 5 else 2
        out[at:at] = [fb.Message(fb.definition_bytes(local, layout), local, layout, True, None), body]
        out.append(body)
    return out


def big_endian(messages: list[fb.Message]) -> list[fb.Message]:
    """Records in big endian, as some devices write them."""
    out = []
    for message in messages:
        old = message.definition
        if old.global_number == fb.RECORD:
            new = fb.Definition(old.global_number, True, old.fields, old.developer)
            if message.is_definition:
                data = fb.definition_bytes(message.local, new)
            else:
                parts, at = [message.data[:1]], 1
                for _, size, _ in old.fields:
                    parts.append(message.data[at : at + size][::-1])
                    at += size
                data = b"".join(parts)
            message = fb.Message(data, message.local, new, message.is_definition, message.time_s)
        out.append(message)
    return out


def compressed(messages: list[fb.Message]) -> list[fb.Message]:
    """Records with their time in the header, as older devices write them; an event with the full time comes first."""
    out = []
    for message in messages:
        old = message.definition
        if old.global_number == fb.RECORD and message.local < 4:
            new = fb.Definition(old.global_number, old.big_endian, tuple(f for f in old.fields if f[0] != 253), ())
            if message.is_definition:
                data = fb.definition_bytes(message.local, new)
            else:
                parts, at = [bytes([0x80 | message.local << 5 | (message.time_s or 0) & 31])], 1
                for number, size, _ in old.fields:
                    parts += [message.data[at : at + size]] if number != 253 else []
                    at += size
                data = b"".join(parts)
            message = fb.Message(data, message.local, new, message.is_definition, message.time_s)
        out.append(message)
    return out


def other_developer(messages: list[fb.Message]) -> list[fb.Message]:
    """A developer field of another application on the records, with index 0."""
    from untuck.report import fit_fields

    whole = fb.FitFile(b"\x0e\x20\x00\x00" + bytes(4) + b".FIT", tuple(messages), b"")
    ours = fit_fields.APPLICATION_ID
    intro = [(d, body.replace(ours, bytes(16)).replace(b"pelvic", b"vendor")) for d, body in fit_fields.describe(0)[:2]]
    added = fb.with_developer_fields(whole, intro, ((0, 4, 0),), lambda message: b"\0\0\x80\x3f")
    return list(added.messages)


VARIANTS: dict[str, Callable[[list[fb.Message]], list[fb.Message]]] = {
    "as it is": list,
    "unknown": unknown_messages,
    "big endian": big_endian,
    "compressed": compressed,
    "developer": other_developer,
}


def by_sdk(data: bytes) -> dict[str, list[dict[Any, Any]]]:
    """Messages by Garmin's own decoder; its checks must pass."""
    assert Decoder(Stream.from_byte_array(bytearray(data))).check_integrity()
    messages, errors = Decoder(Stream.from_byte_array(bytearray(data))).read(convert_datetimes_to_dates=False)
    assert errors == []
    return messages  # type: ignore[no-any-return]


def by_fitdecode(data: bytes) -> list[tuple[str, list[tuple[Any, ...]]]]:
    """Messages by fitdecode in order of the file, without our developer fields."""
    found = []
    with fitdecode.FitReader(io.BytesIO(data), check_crc=fitdecode.CrcCheck.RAISE) as reader:
        for frame in reader:
            if isinstance(frame, fitdecode.FitDataMessage):
                fields = [
                    (f.name, f.def_num, f.raw_value, f.value, f.units) for f in frame.fields if f.name not in OURS
                ]
                found.append((frame.name, fields))
    return found


@pytest.mark.parametrize("name", VARIANTS)
def test_merging_adds_our_fields_and_changes_nothing_else(run: Run, name: str) -> None:
    before = with_more(watch_bytes(run), VARIANTS[name])
    merged = merge(before, "watch.fit", run, ZERO_S)
    assert merged.match.offset_s == pytest.approx(CLOCK_S, abs=2.0)
    assert merged.match.edges_met == merged.match.edges == 2

    old, new = by_fitdecode(before), by_fitdecode(merged.data)
    added = [m for m in new if m not in old and m[0] in ("developer_data_id", "field_description")]
    assert len(added) == 1 + len(FIELDS)
    for message in added:
        new.remove(message)
    assert new == old and len(old) > 400

    if name == "compressed":
        return  # Garmin's decoder for Python cannot read it
    sdk_old, sdk_new = by_sdk(before), by_sdk(merged.data)
    index = {int(m["key"]): m for m in sdk_new.pop("field_description_mesgs")}
    assert {m["field_name"] for m in index.values()} >= OURS
    stripped = [{k: v for k, v in record.items() if k != "developer_fields"} for record in sdk_new["record_mesgs"]]
    assert stripped == [{k: v for k, v in r.items() if k != "developer_fields"} for r in sdk_old["record_mesgs"]]
    for kind in set(sdk_old) - {"record_mesgs", "field_description_mesgs", "developer_data_id_mesgs"}:
        assert sdk_new[kind] == sdk_old[kind], kind
    if name == "developer":
        vendor = [k for k, m in index.items() if m["field_name"].startswith("vendor")]
        assert all(record["developer_fields"][vendor[0]] == 1.0 for record in sdk_new["record_mesgs"])


def test_the_values_in_the_file_are_the_runs_own(run: Run) -> None:
    merged = merge(watch_bytes(run), "watch.fit", run, ZERO_S)
    messages = by_sdk(merged.data)
    keys = {m["field_name"]: m["key"] for m in messages["field_description_mesgs"]}
    units = {m["field_name"]: m["units"] for m in messages["field_description_mesgs"]}
    assert (units["pelvic_tilt"], units["stance_time"], units["cues"]) == ("deg", "ms", "count")
    natives = {m["field_name"]: m.get("native_field_num") for m in messages["field_description_mesgs"]}
    assert natives["stance_time"] == 41 and natives["pelvis_oscillation"] is None
    zero = ZERO_S + merged.match.offset_s - fb.EPOCH_UNIX_S
    strides = run.strides[run.strides["valid"]]
    middle = strides["start_s"] + strides["duration_s"] / 2
    compared = 0
    for record in messages["record_mesgs"]:
        value = record.get("developer_fields", {}).get(keys["pelvic_tilt"])
        at = record["timestamp"] - zero
        near = strides[np.abs(middle - at) <= 1.5]
        if value is None or math.isnan(value):
            continue
        assert near["tilt_deg"].min() - 1e-3 <= value <= near["tilt_deg"].max() + 1e-3
        compared += 1
    assert compared == merged.filled > 300
    assert messages["record_mesgs"][-70]["developer_fields"][keys["cues"]] == sum(
        cue.fault != "recovered" for cue in run.cues
    )


def test_the_variation_of_cadence_finds_any_offset(run: Run) -> None:
    """Real cadence varies over tens of seconds; the simulated one does not, so that this is added here."""
    rng = np.random.default_rng(3)
    drift = np.zeros(len(run.strides))
    for k in range(1, len(drift)):
        drift[k] = 0.95 * drift[k - 1] + rng.normal(0, 0.6)
    strides = run.strides.copy()
    strides["cadence_spm"] += drift
    varying = dataclasses.replace(run, strides=strides)
    match = merge(watch_bytes(varying), "watch.fit", varying, ZERO_S - 700).match
    assert match.offset_s == pytest.approx(CLOCK_S + 700, abs=1.5)
    assert match.score > 5 and match.r > 0.35
    with pytest.raises(ReportError, match="do not match"):  # the same starts and stops, but the clocks far apart
        merge(watch_bytes(varying), "watch.fit", run, ZERO_S - 700)


def test_missing_samples_are_not_a_stop(run: Run) -> None:
    lost = (run.time_s > 150) & (run.time_s < 158)
    strides = run.strides[(run.strides["start_s"] < 149) | (run.strides["start_s"] > 158)]
    gappy = dataclasses.replace(run, time_s=run.time_s[~lost], strides=strides)
    match = merge(watch_bytes(run), "watch.fit", gappy, ZERO_S).match
    assert match.edges_met == match.edges == 2 and match.offset_s == pytest.approx(CLOCK_S, abs=2.0)


def test_another_run_is_rejected_and_an_offset_can_be_given(run: Run) -> None:
    import untuck
    from untuck.simulate.runner import Phase, Scenario, simulate

    other = untuck.analyse(simulate(Scenario((Phase("stand", 7.0), Phase("run", 300.0))), seed=9).samples)
    data = watch_bytes(run)
    with pytest.raises(ReportError, match="do not match") as rejected:
        merge(data, "watch.fit", other, ZERO_S)
    assert "--offset" in str(rejected.value)
    assert merge(data, "watch.fit", other, ZERO_S, offset_s=37.0).match.text == "offset +37 s as given"
    with pytest.raises(ReportError, match="nothing to add"):
        merge(data, "watch.fit", other, ZERO_S, offset_s=86400.0)


def test_a_file_that_cannot_be_merged_is_rejected(run: Run) -> None:
    data = watch_bytes(run)
    merged = merge(data, "watch.fit", run, ZERO_S).data
    with pytest.raises(ReportError, match="already has Untuck's fields"):
        merge(merged, "watch.fit", run, ZERO_S)
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 4
    no_records = with_more(data, lambda messages: [m for m in messages if m.definition.global_number != fb.RECORD])
    bad_files = (
        (b"", "not a FIT file"),
        (b"x" * 500, "not a FIT file"),
        (data[:-9], "truncated"),
        (bytes(flipped), "checksum"),
        (no_records, "not an activity"),
    )
    for bad, expected in bad_files:
        with pytest.raises(ReportError, match=expected):
            merge(bad, "watch.fit", run, ZERO_S)


def test_chained_files_are_unchanged(run: Run) -> None:
    data = watch_bytes(run)
    assert merge(data + data, "watch.fit", run, ZERO_S).data.endswith(data)
    assert fb.write(fb.read(data, "watch.fit")) == data


def test_our_activity_is_a_run_with_native_dynamics(run: Run, summary: Summary) -> None:
    data = to_fit(run, summary, ZERO_S)
    messages = by_sdk(data)
    assert by_fitdecode(data)[0][0] == "file_id" and messages["file_id_mesgs"][0]["type"] == "activity"
    session = messages["session_mesgs"][0]
    assert session["sport"] == "running" and session["total_elapsed_time"] == pytest.approx(run.time_s[-1], abs=2)
    records = messages["record_mesgs"]
    assert len(records) == pytest.approx(run.time_s[-1], abs=2)
    with_cadence = [r for r in records if "cadence" in r]
    assert len(with_cadence) > 300
    steps = [2 * (r["cadence"] + r.get("fractional_cadence", 0)) for r in with_cadence]
    assert np.median(steps) == pytest.approx(summary.medians["cadence_spm"], abs=1.0)
    stance = np.median([r["stance_time"] for r in with_cadence])
    assert summary.medians["contact_left_ms"] == pytest.approx(stance, abs=5.0)
    assert not {"distance", "step_length", "vertical_oscillation", "speed"} & set().union(*records)
    tilt = {m["field_name"]: m["key"] for m in messages["field_description_mesgs"]}["pelvic_tilt"]
    values = [v for r in records if (v := r["developer_fields"].get(tilt)) is not None and not math.isnan(v)]
    assert np.median(values) == pytest.approx(summary.medians["tilt_deg"], abs=0.3)


def test_the_command_never_changes_the_watchs_file(tmp_path: Path, own_home: Path) -> None:
    from click.testing import CliRunner

    from untuck.cli.main import cli

    watch = tmp_path / "watch.fit"
    watch.write_bytes(b"foreign")
    for arguments in (("merge", str(watch), "-o", str(watch)), ("merge", str(tmp_path / "none.fit"))):
        done = CliRunner().invoke(cli, arguments)
        assert done.exit_code == 1 and ("never changed" in done.output or "cannot be read" in done.output)
    assert watch.read_bytes() == b"foreign"
