"""Live results of the page equal the computer's analysis of the recorded packets, and need none of what it lacks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from tests.exact import exact
from tests.phone.absent import IN_A_PAGE, IN_AN_APP, run_without
from tests.phone.page_run import Page, run

import untuck
from untuck.events import CueDecided, Event, FindingChanged, StrideMeasured
from untuck.model import BOTH, RIGHT, Packet
from untuck.motion.pipeline import Pipeline
from untuck.report.summary import Summary
from untuck.session.packet_pipeline import PacketPipeline
from untuck.session.reanalysis import decode, reanalyse
from untuck.simulate.packets import pack
from untuck.store import Settings, Store, StoredSession, codec
from untuck.store.archive import read_archive
from untuck.store.archive_writing import write_parts
from untuck.store.blocks import in_seconds
from untuck.store.blocks import pack as as_blob

NUMBER = re.compile(r"-?\b\d+\.\d+(?:e[+-]?\d+)?|-?\b\d+e[+-]?\d+")
WITHIN = 1e-9


def received() -> list[Packet]:
    """The example as a phone receives it: some packets lost, one damaged, a second that comes late."""
    packets = []
    for number, data in enumerate(pack(untuck.example(), 100)):
        if number % 401 == 400 or 2200 <= number < 2203:
            continue
        if number == 777:
            data = data[:30] + bytes((data[30] ^ 1,)) + data[31:]
        late_s = 1.4 if 1700 <= number < 1720 else 0.004 * (number % 5)
        packets.append(Packet(data, 50.0 + 0.05 * number + late_s))
    return packets


@pytest.fixture(scope="module")
def live() -> tuple[Page, PacketPipeline]:
    return run(received(), Settings(rate_hz=100))


@pytest.fixture(scope="module")
def imported(live: tuple[Page, PacketPipeline], tmp_path_factory: pytest.TempPathFactory) -> StoredSession:
    """The run as the computer has it, from the archive that the page wrote."""
    page, pipeline = live
    folder = tmp_path_factory.mktemp("imported")
    facts = {
        **dict.fromkeys(("source", "mode", "name", "note", "runner"), ""),
        "started_unix_s": 1.8e9,
        "ended_unix_s": 1.8e9 + 143.0,
        "settings": codec.to_json(Settings(rate_hz=100)),
        "summary": codec.to_json(pipeline.summary()),
        "tags": (),
    }
    with (folder / "run.untuck").open("wb") as file:
        write_parts(file, facts, page.commands, in_seconds(page.packets))
    store = Store(folder / "sessions.db")
    return store.open(read_archive(store, folder / "run.untuck", Summary))


def close(one: str, other: str) -> bool:
    """Whether two texts are the same, with numbers within WITHIN."""
    numbers = [np.array(NUMBER.findall(text), dtype=float) for text in (one, other)]
    alike = NUMBER.sub("#", one) == NUMBER.sub("#", other) and len(numbers[0]) == len(numbers[1])
    return alike and bool(np.allclose(*numbers, rtol=WITHIN, atol=WITHIN))


def differing(one: Iterable[str], other: Iterable[str]) -> list[tuple[str, str]]:
    """The pairs that are not close. Raises ValueError for different counts."""
    return [(a, b) for a, b in zip(one, other, strict=True) if not close(a, b)]


def test_a_difference_is_seen() -> None:
    assert close("Cue(1.0000000001, nan)", "Cue(1.0, nan)")
    assert not close("Cue(1.00000001)", "Cue(1.0)")
    assert not close("Cue(1.0, nan)", "Cue(1.0, 2.0)") and not close("Cue(side=1)", "Cue(side=-1)")


def test_the_example_has_what_a_run_has(live: tuple[Page, PacketPipeline]) -> None:
    page, pipeline = live
    kinds = {type(event) for event in page.events}
    assert {StrideMeasured, FindingChanged, CueDecided} <= kinds and len(kinds) >= 10
    assert pipeline.decoder.lost > 5 and pipeline.decoder.corrupt == 1
    assert [command.kind for command in page.commands] == ["lap", "mute", "mute"]
    assert {(f.fault, f.side) for f in pipeline.pipeline.run().findings} == {("tuck", BOTH), ("pullback", RIGHT)}


def test_packets_arrive_at_the_computer_to_the_bit(live: tuple[Page, PacketPipeline], imported: StoredSession) -> None:
    assert list(imported.packets()) == received() == live[0].packets
    assert list(imported.commands()) == live[0].commands


def test_live_events_are_those_of_the_whole(live: tuple[Page, PacketPipeline], imported: StoredSession) -> None:
    page, _ = live
    decoded = decode(imported)
    pipeline = Pipeline(decoded.settings.calibration, decoded.settings.baseline, decoded.settings.params)
    for command in decoded.commands:
        pipeline.command(command)
    events: list[Event] = [*pipeline.push(decoded.samples), *pipeline.finish()]
    assert len(events) == len(page.events) > 500
    assert differing(map(exact, page.events), map(exact, events)) == []


def test_what_is_shown_after_the_run_is_the_same(live: tuple[Page, PacketPipeline], imported: StoredSession) -> None:
    found, run_there = reanalyse(imported), live[1].pipeline.run()
    for name in ("strides", "contacts", "findings", "cues", "suppressed_cues"):
        assert close(exact(getattr(found.run, name)), exact(getattr(run_there, name))), name
    assert close(codec.to_json(found.summary), imported.summary or "")


@pytest.mark.slow
def test_nothing_that_a_page_lacks_changes_a_result(live: tuple[Page, PacketPipeline]) -> None:
    program = "import runpy; runpy.run_module('tests.phone.page_run', run_name='__main__')"
    lines = run_without(IN_A_PAGE, program, as_blob(received())).splitlines()
    assert differing(lines, map(exact, live[0].events)) == []


APP = """
import untuck
from tests.exact import exact
from untuck.model import Packet
from untuck.session.reanalysis import reanalyse
from untuck.simulate.packets import pack
from untuck.store import Settings, Store
samples = untuck.example()
run = untuck.analyse(samples)
with Store().record("clip", "run", Settings(rate_hz=100)) as recording:
    for number, data in enumerate(pack(samples, 100)):
        recording.append(Packet(data, 0.05 * number))
again = reanalyse(Store().open()).run
print(exact((run.findings, run.cues)))
print(exact((again.findings, again.cues)))
"""


@pytest.mark.slow
def test_an_app_without_compiler_and_desktop_finds_the_same(tmp_path: Path) -> None:
    """On Android there is SQLite, and no numba, scipy or platformdirs."""
    batch, recorded = run_without(IN_AN_APP, APP, UNTUCK_HOME=str(tmp_path)).splitlines()
    run_here = untuck.analyse(untuck.example())
    assert close(batch, exact((run_here.findings, run_here.cues))) and len(run_here.findings) == 2
    assert batch.count("Finding(") == recorded.count("Finding(") == 2
    assert batch.count("Cue(") == recorded.count("Cue(") == len(run_here.cues)
