"""The clip alone: recorded walks are no running and get no cue; runs are found, in bends and with lost samples.

The firmware runs in MicroPython. Sensors are turned to the nominal mount, which the clip assumes. Their quaternion is
that of a filter that does not know the runner's speed, so that it leans in bends as the chip's does.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from bench.lib import gaits
from bench.lib.gait_counts import count_found
from bench.lib.gaits import GaitTrial
from bench.lib.injections import InjectedFault
from bench.lib.recordings import DEV
from bench.lib.semisynthetic import RunTruth, make_run
from bench.lib.standing import PREFIX_S
from virtual_clip.bno085_motion import chip_values
from virtual_clip.micropython_script import run_script

import untuck
from conftest import data_dir
from untuck import wire
from untuck.model import NOMINAL_MOUNT, Floats
from untuck.samples import Samples

PROBE = Path(__file__).resolve().parent / "on_board" / "gait_probe.py"
ALWAYS_DEG = 90.0  # a threshold that every tilt is below: each running stride counts as a tuck
NEVER_DEG = -90.0
STARTING_S = 4.0  # eight running steps in a row start a run
ON_DEG = 2.8  # the host sets the threshold this far below the baseline


@dataclass(frozen=True)
class Recording:
    """What the clip gets: rows (N,10) in wire order, their times in ms, the settings."""

    rows: np.ndarray
    time_ms: np.ndarray
    rate_hz: int
    threshold_deg: float
    standing: tuple[int, int, int] = (0, wire.QUAT_SCALE, 0)

    @classmethod
    def of(cls, samples: Samples, mount: Floats = NOMINAL_MOUNT, threshold_deg: float = ALWAYS_DEG) -> Recording:
        """mount (3,3): rows P.x, P.y, P.z in the sensor; the sensor is turned so that it is the nominal one."""
        rate_hz = round(1.0 / float(np.median(np.diff(samples.time_s))))
        turn = NOMINAL_MOUNT.T @ mount
        gyr, acc = samples.gyr_rad_s @ turn.T, samples.acc_m_s2 @ turn.T
        quat = untuck.estimate_orientation(gyr, acc, rate_hz)
        return cls(chip_values(gyr, acc, quat), np.rint(1000 * samples.time_s).astype(int), rate_hz, threshold_deg)

    def without(self, lost: np.ndarray) -> Recording:
        """Samples where `lost` (N,) are missing."""
        return Recording(self.rows[~lost], self.time_ms[~lost], self.rate_hz, self.threshold_deg, self.standing)

    def packed(self) -> bytes:
        header = struct.pack(
            "<I5h",
            len(self.rows),
            self.rate_hz,
            max(-32768, min(32767, round(100 * self.threshold_deg))),
            *self.standing,
        )
        samples = zip(self.time_ms.tolist(), self.rows.tolist(), strict=True)
        return header + b"".join(struct.pack("<I10h", time_ms, *row) for time_ms, row in samples)


@dataclass(frozen=True)
class Outcome:
    """Times of running steps in s, and cues as (s, number)."""

    steps_s: Floats
    cues: list[tuple[float, int]]


def alone(recordings: Iterable[Recording], folder: Path) -> list[Outcome]:
    path = folder / "recordings"
    path.write_bytes(b"".join(recording.packed() for recording in recordings))
    lines = run_script(PROBE, path, folder=folder).splitlines()
    numbers = [[int(word) for word in line.split()[1:]] for line in lines]
    return [
        Outcome(np.array(steps) / 1000, [(ms / 1000, cue) for ms, cue in zip(cues[::2], cues[1::2], strict=True)])
        for steps, cues in zip(numbers[::2], numbers[1::2], strict=True)
    ]


def share_found(outcomes: Sequence[Outcome], strides: Sequence[Floats]) -> tuple[int, int]:
    """Of strides (n,2), start and duration in s: those found by pairs of steps once the run has begun; all of them."""
    found = true = 0
    for outcome, those in zip(outcomes, strides, strict=True):
        later = those[those[:, 0] > STARTING_S + those[0, 0]]
        steps_s = outcome.steps_s
        found += count_found(later, np.column_stack([steps_s[:-2], steps_s[2:] - steps_s[:-2]]))
        true += len(later)
    return found, true


def walks() -> list[GaitTrial]:
    data_dir("ipol_walk", "ipol_lowback_walk.npz")
    data_dir("worn", "worn.npz")
    return [*gaits.ipol_walks(), *gaits.worn_trials("walk", 10.0)]


@pytest.mark.data
def test_recorded_walks_are_no_running_and_get_no_cue(tmp_path: Path) -> None:
    trials = walks()
    found = alone([Recording.of(each.samples, each.calibration.sensor_to_pelvis) for each in trials], tmp_path)
    wrong = {each.name: len(one.steps_s) for each, one in zip(trials, found, strict=True) if len(one.steps_s)}
    assert len(trials) == 128 and wrong == {}
    assert [one.cues for one in found if one.cues] == []


@pytest.mark.data
@pytest.mark.parametrize("name", ["D03_SE02", "D03_SE08", "D03_SE12", "D03_SA23"])
def test_joggers_with_little_flight_are_found(name: str, tmp_path: Path) -> None:
    data_dir("natural", "natural.npz")
    trial = next(each for each in gaits.natural_runs() if each.name == name)
    outcomes = alone([Recording.of(trial.samples, trial.calibration.sensor_to_pelvis)], tmp_path)
    found, true = share_found(outcomes, [trial.strides])
    assert true > 80 and found >= 0.97 * true


def with_threshold(samples: Samples, truth: RunTruth, lost: np.ndarray | None = None) -> Recording:
    """The samples of a made run, set up by the host: standing from its start, the threshold below the clean run's."""
    plain = Recording.of(samples)
    up = np.median(samples.acc_m_s2[samples.time_s < 5.0], axis=0)
    standing = np.rint(wire.QUAT_SCALE * up / np.linalg.norm(up)).astype(int)
    running = (truth.time_s > truth.running[0, 0] + 5.0) & (truth.time_s < truth.running[0, 0] + 40.0)
    threshold_deg = float(truth.tilt_deg[running].mean()) - ON_DEG
    whole = Recording(plain.rows, plain.time_ms, plain.rate_hz, threshold_deg, tuple(standing.tolist()))
    return whole if lost is None else whole.without(lost)


def strides_of(truth: RunTruth) -> Floats:
    strides = gaits.right_strides(truth.contacts)
    inside = [(strides[:, 0] > a) & (strides.sum(axis=1) < b) for a, b in truth.running]
    return strides[np.any(inside, axis=0)]


@pytest.mark.data
@pytest.mark.parametrize("trial", ["T25", "T35", "T45"])
def test_bends_of_a_track_neither_silence_nor_cue(trial: str, tmp_path: Path) -> None:
    data_dir("fukuchi", f"fukuchi_{trial}.npz")
    tuck = InjectedFault("tuck", 0, 6.0, PREFIX_S + 80.0, PREFIX_S + 105.0)
    clean, tucked = [], []
    for seed, runner in enumerate(DEV[:2]):
        clean.append(make_run(runner, trial, 2.0, controls=("track",), wearing="bad", seed=seed))
        tucked.append(make_run(runner, trial, 2.0, (tuck,), controls=("track",), wearing="bad", seed=seed))
    outcomes = alone([with_threshold(*run) for run in clean + tucked], tmp_path)
    found, true = share_found(outcomes, [strides_of(truth) for _, truth in clean + tucked])
    print(f"{trial}: {found} of {true} strides")
    assert found >= 0.99 * true
    assert [one.cues for one in outcomes[:2]] == [[]] * 2
    for one in outcomes[2:]:
        (tuck_s, first), (back_s, second) = one.cues
        assert (first, second) == (wire.CUE_TUCK, wire.CUE_RECOVERED)
        assert tuck.start_s < tuck_s < tuck.start_s + 9 and tuck.end_s < back_s < tuck.end_s + 9


@pytest.mark.data
def test_a_clip_inside_out_finds_the_run_and_cues_nothing(tmp_path: Path) -> None:
    data_dir("fukuchi", "fukuchi_T35.npz")
    inside_out = np.diag([-1.0, 1.0, -1.0]) @ NOMINAL_MOUNT
    recordings, strides = [], []
    for runner in DEV[:3]:
        trial = next(gaits.treadmill_runs([runner], ["T35"], "good", 0))
        recordings += [Recording.of(trial.samples, mount) for mount in (NOMINAL_MOUNT, inside_out)]
        strides += [trial.strides] * 2
    outcomes = alone(recordings, tmp_path)
    for one, those, turned in zip(outcomes, strides, (False, True) * 3, strict=True):
        found, true = share_found([one], [those])
        assert found >= true - 2
        assert (one.cues == []) == turned


def lost_samples(count: int, rate_hz: int, share: float, longest_s: float, seed: int) -> np.ndarray:
    """(count,) True for samples in gaps of up to `longest_s` that take a share of all."""
    rng = np.random.default_rng(seed)
    lost = np.zeros(count, dtype=bool)
    while lost.mean() < share:
        first = rng.integers(6 * rate_hz, count)
        lost[first : first + int(rng.uniform(1, 1 + longest_s * rate_hz))] = True
    return lost


@pytest.mark.data
@pytest.mark.parametrize(
    ("share", "longest_s", "least"), [(0.05, 0.0, 0.99), (0.05, 0.05, 0.97), (0.1, 0.3, 0.5), (0.1, 1.5, 0.7)]
)
def test_lost_samples_neither_cue_nor_end_a_run(share: float, longest_s: float, least: float, tmp_path: Path) -> None:
    data_dir("fukuchi", "fukuchi_T35.npz")
    recordings, strides = [], []
    for seed, runner in enumerate(DEV[:2]):
        samples, truth = make_run(runner, "T35", 1.5, wearing="bad", seed=seed)
        lost = lost_samples(len(samples), 100, share, longest_s, seed)
        recordings.append(with_threshold(samples, truth, lost))
        strides.append(strides_of(truth))
    outcomes = alone(recordings, tmp_path)
    found, true = share_found(outcomes, strides)
    print(f"{share:.0%} in gaps up to {longest_s} s: {found} of {true} strides")
    assert [one.cues for one in outcomes] == [[]] * 2
    assert found >= least * true


@pytest.mark.data
def test_walks_with_lost_samples_are_no_running(tmp_path: Path) -> None:
    data_dir("worn", "worn.npz")
    recordings = []
    for seed, trial in enumerate(gaits.worn_trials("walk", 20.0)):
        if "FastGait" in trial.name:
            whole = Recording.of(trial.samples, trial.calibration.sensor_to_pelvis)
            for share, longest_s in ((0.05, 0.05), (0.1, 0.3)):
                recordings.append(whole.without(lost_samples(len(whole.rows), 100, share, longest_s, seed)))
    outcomes = alone(recordings, tmp_path)
    assert len(outcomes) == 20
    assert [len(one.steps_s) for one in outcomes] == [0] * 20
