"""A second clip on the upper back: what it adds to strides, its faults and cues, and how it vanishes and returns.

Simulated runs with known lean; that the pelvis's results do not depend on the second clip is compared to the bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

import untuck
from untuck.errors import SamplesError
from untuck.events import Event
from untuck.model import NOMINAL_MOUNT, STRIDE_DTYPE, Calibration, Floats
from untuck.motion.mount.tracker import Mounting
from untuck.motion.params import Params
from untuck.motion.pipeline import Pipeline
from untuck.motion.trunk.offset import clock_offset, is_sure
from untuck.motion.trunk.pair import Pair
from untuck.report.metrics import metrics_of
from untuck.report.sentences import answers
from untuck.report.summary import Signal, summarise
from untuck.run_results import Run
from untuck.samples import Samples
from untuck.simulate import trunk as trunk_simulation
from untuck.simulate.gait import Wave
from untuck.simulate.runner import Phase, Scenario
from untuck.simulate.trunk import SHIRT, STRAP, SimulatedPair, TrunkClip, simulate_pair
from untuck.vocabulary import Role

BEFORE = (Phase("stand", 7), Phase("hinge", 10.5), Phase("stand", 2.5), Phase("run", 56))
OURS = ("trunk_", "lumbar_", "side_bend")
PELVIC = [name for name in STRIDE_DTYPE.names or () if not name.startswith(OURS) and name != "lean_deg"]
GAP = (90.0, 6.0)


def after(*phases: Phase) -> Scenario:
    return Scenario((*BEFORE, *phases))


@cache
def tucked() -> SimulatedPair:
    return simulate_pair(after(Phase("run", 22, tuck_deg=6.0), Phase("run", 14), Phase("stand", 3)), seed=2)


@cache
def analysed() -> Run:
    pair = tucked()
    return untuck.analyse(pair.pelvis.samples, trunk=pair.trunk)


def bits(run: Run) -> bytes:
    texts = repr((run.findings, run.cues, run.suppressed_cues)).encode()
    return b"".join(np.ascontiguousarray(run.strides[name]).tobytes() for name in PELVIC) + run.quat.tobytes() + texts


def errors_deg(pair: SimulatedPair, run: Run) -> Floats:
    """(S,2) error of lean and lumbar extension in the strides whose trunk is measured."""
    rows, time_s = run.strides[run.strides["trunk_reason"] == ""], pair.truth.time_s
    found = []
    for row in rows:
        inside = (time_s >= row["start_s"]) & (time_s < row["start_s"] + row["duration_s"])
        true = pair.truth.lean_deg[inside].mean(), pair.truth.lumbar_deg[inside].mean()
        found.append((row["trunk_lean_deg"] - true[0], row["lumbar_deg"] - true[1]))
    return np.array(found)


def test_pelvis_is_judged_as_without_a_second_clip() -> None:
    pair = tucked()
    alone = untuck.analyse(pair.pelvis.samples)
    assert bits(alone) == bits(analysed())
    assert set(alone.strides["trunk_reason"]) == {"no trunk"} and alone.trunk is None
    assert np.isnan(alone.strides["lumbar_deg"]).all()


def test_lean_is_that_of_the_trunk_wherever_a_second_clip_takes_part() -> None:
    alone, both = untuck.analyse(tucked().pelvis.samples).strides, analysed().strides
    np.testing.assert_array_equal(alone["lean_deg"], alone["pelvic_lean_deg"])
    np.testing.assert_array_equal(both["pelvic_lean_deg"], alone["pelvic_lean_deg"])
    np.testing.assert_array_equal(both["lean_deg"], both["trunk_lean_deg"])
    assert not np.isnan(both["lean_deg"][both["trunk_reason"] == ""]).any()
    assert np.isnan(both["lean_deg"][both["trunk_reason"] != ""]).all()


def test_lean_and_lumbar_extension_are_measured_in_every_stride() -> None:
    run = analysed()
    assert set(run.strides["trunk_reason"]) == {""} and len(run.strides) > 110
    error = errors_deg(tucked(), run)
    assert np.sqrt((error**2).mean(axis=0)) == pytest.approx([0, 0], abs=0.6)
    assert run.strides["lumbar_deg"] == pytest.approx(run.strides["tilt_deg"] - run.strides["trunk_lean_deg"])
    assert run.trunk is not None and run.trunk.lean_deg.shape == run.trunk.time_s.shape


def delivered(pair: SimulatedPair, seed: int, late_s: float) -> Iterator[tuple[str, Samples]]:
    """Chunks of 1 to 60 samples of both clips, the trunk's up to late_s behind."""
    rng, at = np.random.default_rng(seed), {Role.PELVIS: 0, Role.TRUNK: 0}
    samples = {Role.PELVIS: pair.pelvis.samples, Role.TRUNK: pair.trunk}
    while any(at[role] < len(samples[role]) for role in at):
        next_s = {r: samples[r].time_s[at[r]] if at[r] < len(samples[r]) else np.inf for r in at}
        next_s[Role.TRUNK] += rng.uniform(0.0, late_s)
        role = min(at, key=lambda each: next_s[each])
        count = int(rng.integers(1, 12))
        yield role, samples[role][at[role] : at[role] + count]
        at[role] += count


def streamed(pipeline: Pipeline, pieces: Iterator[tuple[str, Samples]]) -> list[Event]:
    events = [event for role, samples in pieces for event in pipeline.push(samples, role)]
    return [*events, *pipeline.finish()]


@pytest.mark.parametrize(("seed", "late_s"), [(1, 0.0), (2, 0.2), (3, 0.35)])
def test_chunks_and_delays_change_nothing(seed: int, late_s: float) -> None:
    pipeline = Pipeline(keep_samples=True, trunk=True)
    streamed(pipeline, delivered(tucked(), seed, late_s))
    run = pipeline.run()
    assert bits(run) == bits(analysed())
    assert run.strides.tobytes() == analysed().strides.tobytes()
    assert run.trunk is not None and analysed().trunk is not None
    assert run.trunk.quat.tobytes() == analysed().trunk.quat.tobytes()


FAULTS = [
    ({"tuck_deg": -6.0}, ["arch"]),
    ({"tuck_deg": 6.0}, ["tuck"]),
    ({"tuck_deg": -6.0, "lean_deg": 6.0}, []),
    ({"tuck_deg": 4.0, "lean_deg": 4.0}, ["bent", "tuck"]),
    ({"lean_deg": -6.0}, ["arch", "upright"]),
]
CUES = {"arch": "arch", "tuck": "tuck", "": None, "bent tuck": "bent", "arch upright": "upright"}


@pytest.mark.parametrize("clip", [STRAP, SHIRT], ids=["strap", "shirt"])
@pytest.mark.parametrize(("changes", "faults"), FAULTS, ids=[" ".join(names) or "none" for _, names in FAULTS])
def test_spine_tells_the_faults_apart(changes: dict[str, float], faults: list[str], clip: TrunkClip) -> None:
    pair = simulate_pair(after(Phase("run", 24, **changes), Phase("stand", 3)), seed=5, clip=clip)
    run = untuck.analyse(pair.pelvis.samples, trunk=pair.trunk)
    assert sorted(finding.fault for finding in run.findings) == faults
    first = next(iter(run.cues), None)
    assert (first.fault if first else None) == CUES[" ".join(faults)]


def test_tuck_advice_is_held_back_while_arching() -> None:
    phases = Phase("run", 30, tuck_deg=4.5, lean_deg=-11.0), Phase("stand", 3)
    pair = simulate_pair(after(*phases), seed=5)
    run = untuck.analyse(pair.pelvis.samples, trunk=pair.trunk)
    assert {"tuck", "arch"} <= {finding.fault for finding in run.findings}
    assert "tuck" not in {cue.fault for cue in run.cues}
    assert ("tuck", "over-tip") in {(cue.fault, cue.reason) for cue in run.suppressed_cues}


def test_gap_of_the_trunk_ends_what_needs_both_and_the_pelvis_goes_on() -> None:
    scenario = after(Phase("run", 24, tuck_deg=-7.0), Phase("stand", 3))
    pair = simulate_pair(scenario, seed=2, gaps=(GAP,))
    pipeline = Pipeline(keep_samples=True)
    events = [*pipeline.push(pair.trunk, "trunk"), *pipeline.push(pair.pelvis.samples), *pipeline.finish()]
    run = pipeline.run()
    seen = [(round(e.time_s, 1), e.present) for e in events if e.kind == "trunk"]
    assert [present for _, present in seen] == [True, False, True]
    assert GAP[0] < seen[1][0] < GAP[0] + 0.5 and seen[2][0] == pytest.approx(sum(GAP), abs=0.1)
    during = (run.strides["start_s"] > GAP[0]) & (run.strides["start_s"] < sum(GAP) - 1.0)
    assert set(run.strides["trunk_reason"][during]) == {"no trunk"} and run.strides["valid"][during].all()
    assert (run.strides["reason"][during] == "").all() and np.isnan(run.strides["lumbar_deg"][during]).all()
    endings = [(f.fault, f.ended) for f in run.findings]
    assert ("arch", "not comparable") in endings and len([e for e in endings if e[0] == "arch"]) >= 2
    assert sum("No trunk" in text for text in run.warnings) == 1


def test_samples_that_come_after_a_lost_link_do_not_bring_the_trunk_back_until_it_has_caught_up() -> None:
    """They were measured while it was away, and come faster than they were measured, between the pelvis's."""
    samples = {Role.PELVIS: tucked().pelvis.samples, Role.TRUNK: tucked().trunk}

    def came_s(role: Role, first: int) -> float:
        at_s = float(samples[role].time_s[first])
        return 72.0 + (at_s - 60.0) / 3.0 if role == Role.TRUNK and 60.0 <= at_s < 78.0 else at_s

    chunks = [(role, first) for role in samples for first in range(0, len(samples[role]), 5)]
    pipeline = Pipeline(trunk=True)
    events = [
        event
        for role, first in sorted(chunks, key=lambda chunk: came_s(*chunk))
        for event in pipeline.push(samples[role][first : first + 5], role)
    ]
    seen = [(event.present, event.time_s) for event in events if event.kind == "trunk"]
    assert [present for present, _ in seen] == [True, False, True]
    assert 60.0 < seen[1][1] < 61.0 and 77.0 < seen[2][1] < 78.1


def test_pelvis_does_not_wait_for_a_trunk_that_has_stopped() -> None:
    pair, stop_s = tucked(), 60.0
    pipeline = Pipeline(trunk=True)
    trunk = pair.trunk[: int(stop_s * 100)]
    fed = (each for each in delivered(replace(pair, trunk=trunk), 4, 0.0))
    late_s = 0.0
    for role, samples in fed:
        pipeline.push(samples, role)
        if role == Role.PELVIS and pipeline.history.end:
            behind_s = samples.time_s[-1] - pipeline.history.at(pipeline.history.end - 1)
            late_s = max(late_s, behind_s if samples.time_s[-1] > stop_s + 1.0 else 0.0)
    assert late_s < 0.06 and not pipeline.trunk_present


def test_a_trunk_that_never_comes_is_said_once_and_the_pelvis_is_judged() -> None:
    pipeline = Pipeline(trunk=True)
    samples = tucked().pelvis.samples
    for start in range(0, len(samples), 500):
        pipeline.push(samples[start : start + 500])
    pipeline.finish()
    run = pipeline.run()
    assert sum("No trunk" in text for text in run.warnings) == 1 and len(run.findings) == 1
    assert set(run.strides["trunk_reason"]) == {"no trunk"} and run.trunk is None and not pipeline.trunk_present


def test_each_clip_has_its_own_order_of_time() -> None:
    samples = tucked().pelvis.samples
    pipeline = Pipeline(trunk=True)
    pipeline.push(samples[100:200], "trunk")
    pipeline.push(samples[:100], "pelvis")
    with pytest.raises(SamplesError, match="order of time"):
        pipeline.push(samples[150:160], "trunk")
    with pytest.raises(SamplesError, match="use pelvis or trunk"):
        pipeline.push(samples[200:210], "shoulder")


def test_an_earlier_calibration_of_both_is_used() -> None:
    first, pair = analysed(), tucked()
    part = slice(2300, None)
    trunk_calibration = first.trunk.calibration if first.trunk else None
    later = untuck.analyse(
        pair.pelvis.samples[part], first.calibration, first.baseline, trunk=pair.trunk[part],
        trunk_calibration=trunk_calibration,
    )  # fmt: skip
    assert "tuck" in {finding.fault for finding in later.findings}
    error = errors_deg(pair, later)
    assert len(error) > 100 and np.sqrt((error**2).mean(axis=0)) == pytest.approx([0, 0], abs=0.6)


def test_without_standing_the_trunk_is_not_measured_and_says_so() -> None:
    scenario = Scenario((Phase("run", 20), Phase("stand", 2)))
    pair = simulate_pair(scenario, seed=2)
    given = Calibration(NOMINAL_MOUNT.copy(), np.zeros(3))
    run = untuck.analyse(pair.pelvis.samples, given, trunk=pair.trunk)
    assert set(run.strides["trunk_reason"]) == {"trunk zero"}
    assert any(text.startswith("Upper back: ") for text in run.warnings)


def test_a_slip_of_the_trunks_clip_is_no_fault_and_the_pelvis_goes_on() -> None:
    slipping = replace(STRAP.mount, slip_s=90.0, slip_pitch_deg=-7.0, slip_roll_deg=4.0)
    scenario = after(Phase("run", 30), Phase("stand", 8), Phase("run", 20))
    pair = simulate_pair(scenario, seed=2, clip=replace(STRAP, mount=slipping))
    run = untuck.analyse(pair.pelvis.samples, trunk=pair.trunk)
    strides = run.strides
    between = (strides["start_s"] > 95.0) & (strides["start_s"] < 104.0)
    assert set(strides["trunk_reason"][between]) == {"trunk slip"} and strides["valid"][between].all()
    assert set(strides["trunk_reason"][strides["start_s"] > 118.0]) == {""}
    assert (
        run.findings == () and sum("Upper back: the clip seems to have slipped" in text for text in run.warnings) == 1
    )


def test_swapped_clips_are_noticed() -> None:
    pair = tucked()
    swapped = untuck.analyse(pair.trunk, trunk=pair.pelvis.samples)
    assert sum("seem to be swapped" in text for text in swapped.warnings) == 1
    assert not any("seem to be swapped" in text for text in analysed().warnings)
    reasons = swapped.strides["trunk_reason"].tolist()
    known = reasons.index("trunk mount")
    assert known < 40 and set(reasons[known:]) == {"trunk mount"}, "nothing of the trunk is relied on"
    later = swapped.strides[known:]
    assert not later["valid"].any() and set(later["reason"]) == {"swapped"}, "nor of the pelvis"
    assert swapped.findings == swapped.cues == ()
    summary = summarise(swapped, Signal(120.0))
    form = answers(summary, metrics_of(0, 0.0, summary), ())[0][1]
    assert "the two clips seem swapped; exchange them" in form and "Tilt was" not in form


def test_a_trunk_that_sways_more_than_the_pelvis_is_not_taken_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    sways = replace(trunk_simulation.RUNNING, obliquity=(Wave(1, 12.0, 0.4, 176),))
    monkeypatch.setattr(trunk_simulation, "RUNNING", sways)
    pair = simulate_pair(after(), seed=2)
    run = untuck.analyse(pair.pelvis.samples, trunk=pair.trunk)
    strides = run.strides[run.strides["valid"]]
    ratio = strides["trunk_obliquity_range_deg"] / strides["obliquity_range_deg"]
    assert np.nanmedian(ratio) > 1.3 and not any("seem to be swapped" in text for text in run.warnings)


def test_a_clip_on_the_breast_bone_measures_lean_and_a_message_says_so() -> None:
    """Half a turn about the vertical: what the hinges find takes it out."""
    pair = tucked()
    turned = Rotation.from_euler("y", 180, degrees=True)
    samples = pair.trunk
    front = Samples(samples.time_s, turned.apply(samples.gyr_rad_s), turned.apply(samples.acc_m_s2), None)
    run = untuck.analyse(pair.pelvis.samples, trunk=front)
    (told,) = [text for text in run.warnings if "breast bone" in text]
    assert told.startswith("Upper back: The hinges show the clip in front")
    assert not any("away from the middle" in text for text in run.warnings)
    error = errors_deg(pair, run)
    assert len(error) > 50 and np.sqrt((error**2).mean(axis=0)) == pytest.approx([0, 0], abs=0.6)


def test_hinges_show_which_clip_is_higher() -> None:
    run = analysed()
    assert run.trunk is not None
    higher_m = run.trunk.calibration.quality["lever_m"] - run.calibration.quality["lever_m"]
    assert higher_m == pytest.approx(trunk_simulation.BACK_M, abs=0.2)


@pytest.mark.parametrize(("trunk_deg", "told"), [(36.0, False), (60.0, True), (20.0, True)])
def test_hinges_of_both_are_compared(trunk_deg: float, told: bool) -> None:
    pelvis, known = (Mounting(Params(), Calibration(NOMINAL_MOUNT, np.zeros(3))) for _ in range(2))
    pair = Pair(Params(), known.calibration, keep_samples=False, pelvis=pelvis)
    hinged = [Calibration(NOMINAL_MOUNT, np.zeros(3), quality={"depth_deg": depth}) for depth in (35.0, trunk_deg)]
    assert pair.hinged(Role.PELVIS, hinged[0], 20.0) == []
    assert [event.kind for event in pair.hinged(Role.TRUNK, hinged[1], 20.0)] == ["rejected", "warning"] * told
    assert (pelvis.search is not None) == (pair.clip.mounting.search is not None) == told, "both are searched for again"


@pytest.mark.parametrize("offset_s", [-0.3, -0.04, 0.0, 0.12])
@pytest.mark.parametrize("clip", [STRAP, SHIRT], ids=["strap", "shirt"])
def test_offset_of_the_clocks_is_found(offset_s: float, clip: TrunkClip) -> None:
    pair = simulate_pair(Scenario((Phase("stand", 4), Phase("run", 56))), seed=3, clip=replace(clip, offset_s=offset_s))
    found = clock_offset(pair.pelvis.samples, pair.trunk)
    assert found.offset_s == pytest.approx(offset_s, abs=0.005 if clip is STRAP else 0.010)
    assert is_sure(found) == (abs(offset_s) > 0.03)


def test_offset_is_not_known_without_running() -> None:
    pair = simulate_pair(Scenario((Phase("stand", 50),)), seed=3)
    found = clock_offset(pair.pelvis.samples, pair.trunk)
    assert np.isnan(found.offset_s) and not is_sure(found)
