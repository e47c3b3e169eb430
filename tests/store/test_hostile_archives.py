"""Archives that somebody else made: whatever is in them, the store and its lists stay usable, memory bounded."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.bounded import run_bounded
from tests.packets import packet

from untuck import limits
from untuck.cli.main import cli
from untuck.errors import StoreError
from untuck.model import Packet
from untuck.store import Settings, Store, archive, edits
from untuck.store.blocks import pack

Facts = dict[str, Any]


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A session of 100 packets, exported from a store of its own."""
    store = Store(tmp_path / "theirs.db")
    with store.record("clip 0A1B", "run", Settings(rate_hz=100, runner="Ada")) as recording:
        for number in range(100):
            recording.append(Packet(packet(number), 5.0 + 0.05 * number))
        recording.end(SUMMARY)
    archive.write_archive(store.open(1), tmp_path / "good.untuck")
    return tmp_path / "good.untuck"


SUMMARY = json.dumps(
    {"strides": 0, "clean_strides": 0, "running_s": 0.0, "medians": {}, "baseline_tilt_deg": None, "findings": []}
    | {"cues": [], "suppressed": {}, "rejected": {}, "calibration": "nominal", "calibration_error_deg": None}
    | {"signal": {"duration_s": 5.0}, "warnings": []}
)


def changed(path: Path, change: Callable[[Facts], object]) -> Path:
    """The archive with its session.json changed."""
    other = path.with_name("hostile.untuck")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "session.json":
                facts = json.loads(data)
                change(facts)
                data = json.dumps(facts).encode()
            new.writestr(name, data)
    return other


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


def in_json(facts: Facts, text: str, **changes: object) -> None:
    facts[text] = json.dumps(json.loads(facts[text]) | changes)


LONE = "a\ud800b"
STEPS = '"gait_steps":1e999'
HOSTILE: dict[str, Callable[[Facts], object]] = {
    "start 1e300": lambda f: f.update(started_unix_s=1e300),
    "start inf": lambda f: f.update(started_unix_s=float("inf")),
    "start nan": lambda f: f.update(started_unix_s=float("nan")),
    "start soon": lambda f: f.update(started_unix_s="soon"),
    "start null": lambda f: f.update(started_unix_s=None),
    "start true": lambda f: f.update(started_unix_s=True),
    "start before 1970": lambda f: f.update(started_unix_s=-1e9),
    "start of 40 digits": lambda f: f.update(started_unix_s=10**40),
    "end soon": lambda f: f.update(ended_unix_s="soon"),
    "end 1e300": lambda f: f.update(ended_unix_s=1e300),
    "tags nested": lambda f: f.update(tags=[["a"], ["b"]]),
    "tags deep": lambda f: f.update(tags=nested(500)),
    "tags a text": lambda f: f.update(tags="ab"),
    "tags an object": lambda f: f.update(tags={"a": 1}),
    "tags 100,000": lambda f: f.update(tags=[str(k) for k in range(100_000)]),
    "tag lone surrogate": lambda f: f.update(tags=[LONE]),
    "name lone surrogate": lambda f: f.update(name=LONE),
    "name a number": lambda f: f.update(name=5),
    "name a list": lambda f: f.update(name=["x"]),
    "name of a megabyte": lambda f: f.update(name="x" * 1_000_000),
    "note null": lambda f: f.update(note=None),
    "runner a list": lambda f: f.update(runner=["x"]),
    "runner null": lambda f: f.update(runner=None),
    "source null": lambda f: f.update(source=None),
    "mode a number": lambda f: f.update(mode=7),
    "mode with an escape": lambda f: f.update(mode="\x1b]0;x\x07"),
    "settings null": lambda f: f.update(settings=None),
    "settings a list": lambda f: f.update(settings="[]"),
    "settings deep": lambda f: f.update(settings="[" * 100_000 + "]" * 100_000),
    "settings wrong rate": lambda f: in_json(f, "settings", rate_hz="fast"),
    "settings huge rate": lambda f: in_json(f, "settings", rate_hz=10**30),
    "settings text a number": lambda f: in_json(f, "settings", firmware=5),
    "settings lone surrogate": lambda f: in_json(f, "settings", firmware=LONE),
    "settings parameters a list": lambda f: in_json(f, "settings", params=[]),
    "settings parameter 1e999": lambda f: f.update(
        settings=f["settings"].replace('"gait_steps":2', '"gait_steps":1e999')
    ),
    "summary a number": lambda f: f.update(summary=5),
    "summary no JSON": lambda f: f.update(summary="{"),
    "summary a list": lambda f: f.update(summary="[]"),
    "summary deep": lambda f: f.update(summary="[" * 100_000),
    "steers 300,000": lambda f: f.update(steers=[["lap", "1.0", "x"]] * 300_000),
    "steers a number": lambda f: f.update(steers=7),
    "steer kind a list": lambda f: f.update(steers=[[["lap"], "1.0", "x"]]),
    "steer value a number": lambda f: f.update(steers=[["threshold", "1.0", 5]]),
    "steer value lone surrogate": lambda f: f.update(steers=[["note", "1.0", LONE]]),
    "steer time nan": lambda f: f.update(steers=[["lap", "nan", "x"]]),
    "steer time inf": lambda f: f.update(steers=[["lap", "inf", "x"]]),
    "steer time 1e300": lambda f: f.update(steers=[["lap", "1e300", "x"]]),
    "steer time null": lambda f: f.update(steers=[["lap", None, "x"]]),
    "packets a text": lambda f: f.update(packets="100"),
    "packets true": lambda f: f.update(packets=True),
    "format a text": lambda f: f.update(format="1"),
    "format 0": lambda f: f.update(format=0),
}

UNREADABLE = {
    "summary strides a text": lambda f: in_json(f, "summary", clean_strides="many"),
    "summary running inf": lambda f: in_json(f, "summary", running_s=float("inf")),
    "summary medians a list": lambda f: in_json(f, "summary", medians=[1, 2]),
    "summary median a text": lambda f: in_json(f, "summary", medians={"tilt_deg": "x"}),
}


def untuck(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def check_lists(numbers: list[int]) -> None:
    """All lists of sessions work, and show these."""
    listed = untuck("sessions", "--json")
    assert listed.exit_code == 0, listed.output
    assert [row["id"] for row in json.loads(listed.stdout)["sessions"]] == numbers
    for command in (("sessions",), ("trend",), ("trend", "--json")):
        done = untuck(*command)
        assert done.exception is None or isinstance(done.exception, SystemExit), (command, done.exception)
        assert done.exit_code == 0 or not numbers


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_of_a_hostile_archive_reaches_the_store(own_home: Path, good: Path, name: str) -> None:
    earlier = changed(good, lambda f: f.update(started_unix_s=f["started_unix_s"] - 1000.0))
    assert untuck("sessions", "import", str(earlier)).exit_code == 0
    done = untuck("sessions", "import", str(changed(good, HOSTILE[name])))
    assert done.exit_code == 1 and isinstance(done.exception, SystemExit), done.exception
    assert len(done.output.strip().splitlines()) == 1 and "hostile.untuck" in done.output and len(done.output) < 400
    check_lists([1])


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_summary_that_cannot_be_read_is_left_out_and_the_run_is_kept(own_home: Path, good: Path, name: str) -> None:
    done = untuck("sessions", "import", str(changed(good, UNREADABLE[name])))
    assert done.exit_code == 0 and "the summary in the archive cannot be read and was left out" in done.output
    assert Store().open(1).summary is None and Store().open(1).packet_count == 100
    check_lists([1])


def with_packets(path: Path, packets: list[Packet], name: str = "packets.untuck") -> Path:
    """The archive with other packets, all in one part."""
    other = path.with_name(name)
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w") as new:
        facts = json.loads(old.read("session.json")) | {"packets": len(packets)}
        new.writestr("session.json", json.dumps(facts))
        new.writestr("packets/000000.bin", pack(packets))
    return other


ODD_PACKETS = {
    "arrival nan": [Packet(packet(0), float("nan"))],
    "arrival inf": [Packet(packet(0), 0.0), Packet(packet(1), float("inf"))],
    "arrival 1e300": [Packet(packet(0), 1e300)],
    "arrivals a month apart": [Packet(packet(0), 0.0), Packet(packet(1), 30 * 86400.0)],
    "a clock a century ahead": [Packet(packet(0), 0.0), Packet(packet(1, time_s=3e9), 0.1)],
    "two million microseconds": [Packet(packet(0, micro_s=2_000_000), 0.0)],
    "no time between samples": [Packet(packet(0, period_us=0), 0.0)],
    "a minute between samples": [Packet(packet(0, period_us=60_000), 0.0)],
    "noise": [Packet(bytes(range(200)), 0.1 * k) for k in range(10)],
    "empty packets": [Packet(b"", 0.1 * k) for k in range(10)],
}


@pytest.mark.parametrize("name", ODD_PACKETS)
def test_packets_that_no_clip_sends_are_rejected(own_home: Path, good: Path, name: str) -> None:
    done = untuck("sessions", "import", str(with_packets(good, ODD_PACKETS[name])))
    assert done.exit_code == 1 and "is damaged: " in done.output and len(done.output.splitlines()) == 1
    check_lists([])


def test_a_few_damaged_packets_are_imported_as_they_were_received(own_home: Path, good: Path) -> None:
    packets = [Packet(packet(k) if k % 10 else b"\1noise", 0.1 * k) for k in range(100)]
    assert untuck("sessions", "import", str(with_packets(good, packets))).exit_code == 0
    assert list(Store().open(1).packets()) == packets


BOMB_MB, BOUND_MB = 150, 100
IMPORT = """
from pathlib import Path
from untuck.errors import StoreError
from untuck.store import Store, archive
"""
TRY = """
try:
    said = str(archive.read_archive(Store(Path(sys.argv[2])), Path(sys.argv[1])))
except StoreError as error:
    said = str(error)
"""


def bomb(path: Path, kind: str) -> Path:
    """A small archive that unpacks to 150 or 630 MB, has very many parts, or a part that is larger than it claims."""
    other = path.with_name("bomb.untuck")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new:
        facts = old.read("session.json")
        if kind == "session.json":
            new.writestr("session.json", b" " * BOMB_MB * 1_000_000 + facts)
            return other
        new.writestr("session.json", facts)
        if kind == "a million parts":
            for number in range(300_000):
                new.writestr(zipfile.ZipInfo(f"{number:06d}"), b"")
            return other
        size, count = (15_000_000, 42) if kind == "many parts" else (BOMB_MB * 1_000_000, 1)
        for number in range(count):
            new.writestr(f"packets/{number:06d}.bin", bytes(size))
    if kind == "a part that lies":
        data = bytearray(other.read_bytes())
        for size_at in (data.rindex(b"PK\1\2") + 24, data.index(b"PK\3\4", 10) + 22):
            data[size_at : size_at + 4] = (1000).to_bytes(4, "little")
        other.write_bytes(data)
    return other


@pytest.mark.parametrize("kind", ["one part", "many parts", "session.json", "a part that lies", "a million parts"])
def test_a_bomb_is_rejected_within_100_mb(tmp_path: Path, good: Path, kind: str) -> None:
    path = bomb(good, kind)
    assert path.stat().st_size < 3_000_000 or kind == "a million parts"
    tried = run_bounded(IMPORT, TRY, str(path), str(tmp_path / "ours.db"))
    assert "bomb.untuck" in tried.said and len(tried.said) < 300
    assert tried.more_mb < BOUND_MB, tried
    assert Store(tmp_path / "ours.db").sessions() == []


def test_an_import_of_many_archives_has_a_limit_of_its_own(
    own_home: Path, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [
        changed(good, lambda f, k=k: f.update(started_unix_s=1e9 + k)).rename(good.with_name(f"{k}.untuck"))
        for k in range(4)
    ]
    size = sum(each.file_size for each in zipfile.ZipFile(paths[0]).infolist())
    monkeypatch.setattr(limits, "MOST_IMPORT_BYTES", 3 * size + 100)
    done = untuck("sessions", "import", *map(str, paths))
    assert done.exit_code == 1 and "one import reads up to" in done.output and "1 of 4 files were not" in done.output
    check_lists([1, 2, 3])


def test_one_bad_archive_does_not_stop_the_others(own_home: Path, good: Path) -> None:
    bad = changed(good, HOSTILE["start soon"])
    done = untuck("sessions", "import", str(bad), str(good))
    assert done.exit_code == 1 and "imported" in done.output and "1 of 2 files were not imported" in done.output
    check_lists([1])


def test_nothing_is_left_of_an_import(own_home: Path, good: Path) -> None:
    for path in (good, changed(good, HOSTILE["start soon"])):
        untuck("sessions", "import", str(path))
    assert {each.name.partition("-")[0] for each in own_home.iterdir()} <= {"sessions.db"}


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=3), each, max_size=3),
    max_leaves=5,
)
FIELDS = (
    *("source", "mode", "started_unix_s", "ended_unix_s", "settings", "summary", "runner", "name", "note", "tags"),
    *("steers", "packets", "format", "untuck"),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(field=st.sampled_from(FIELDS), value=PLAIN)
def test_whatever_a_field_holds_the_lists_work_or_it_is_rejected(
    own_home: Path, good: Path, field: str, value: Any
) -> None:
    store = Store()
    try:
        number = archive.read_archive(store, changed(good, lambda f: f.update({field: value})))
    except StoreError as error:
        assert str(error).isprintable()
    else:
        check_lists([number])
        edits.delete(store, number)
