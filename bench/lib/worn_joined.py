"""Runs of the recorded people with a worn sensor: trials of 1-6 s joined, after standing and hinges, and their scores.

Whole strides of a person's trials are repeated in turn, each made to end where the next one starts. What one stride
differs from the next is in them only as far as the trials show it: 1 to 2 strides each in running.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from bench.lib.recordings import Recording, angles_to_quat
from bench.lib.run_motion import BLEND_S, MOTION_HZ, RunMotion, recorded_motion
from bench.lib.scoring import BASELINE_STRIDES, MATCH_S, rms, stride_means
from bench.lib.semisynthetic import RATE_HZ, WEARINGS
from bench.lib.standing import PREFIX_S
from bench.lib.stride_chain import EDGE_S
from bench.lib.worn_data import WornTrial
from untuck.model import CONTACT_DTYPE, LEFT, RIGHT, Floats
from untuck.motion.strides.phase_grid import PHASE
from untuck.motion.strides.stride import LINE_WEIGHTS
from untuck.run_results import Run
from untuck.samples import Samples
from untuck.simulate.imu import virtual_imu

OVERLAP = 0.15  # of a stride, cross-faded between pieces
RUNNING_TILT_DEG = 6.0  # no trial of standing is stored: running tips about so far forward of it
HALF_CONTACT_S = 0.12  # the recordings tell the middle of contact, not its ends
SETTLE_S = 4.0
TAIL_S = 1.5


@dataclass(frozen=True, eq=False)
class JoinedRun:
    """Samples of a joined run, and its truth: tilt, obliquity, rotation (M,) in deg at time_s (M,).

    middles CONTACT_DTYPE whose middles are those of the true contacts; distinct: different strides in the run.
    """

    samples: Samples
    time_s: Floats
    tilt_deg: Floats
    obliquity_deg: Floats
    rotation_deg: Floats
    middles: np.ndarray
    distinct: int


def _start(trials: Sequence[WornTrial]) -> tuple[float, list[int]]:
    """The phase at which pieces start, and the whole strides of each trial from there: as many as possible."""

    def strides(phase: float) -> list[int]:
        firsts = [np.ceil(t.phase[0] - phase) + phase for t in trials]
        return [max(0, int(t.phase[-1] - first - OVERLAP)) for t, first in zip(trials, firsts, strict=True)]

    best = max(np.arange(0.0, 1.0, 0.05), key=lambda phase: sum(strides(phase)))
    return float(best), strides(best)


def _piece(trial: WornTrial, start: float, strides: int, points: int) -> Floats:
    """(N,9) pose and turn from phase `start` on, ending as it starts: value and slope."""
    values = CubicSpline(trial.phase, np.column_stack([trial.pose, trial.turn_deg]))
    first = np.ceil(trial.phase[0] - start) + start
    phase = np.arange(round((strides + OVERLAP) * points)) / points
    bend = (values(first + strides, 1) - values(first, 1)) / strides  # a change of speed, say
    line = (values(first + strides) - values(first)) / strides - bend * strides / 2
    bend[6:] = line[6:] = 0.0  # the sensor keeps the differences between its strides
    found = values(first + phase) - line * phase[:, None] - bend * phase[:, None] ** 2 / 2
    found[:, [0, 3, 4]] -= found[: strides * points, [0, 3, 4]].mean(axis=0)
    return np.asarray(found)


def _joined(trials: Sequence[WornTrial], length_s: float) -> tuple[Floats, float, float, int]:
    """(N,9) pose and turn in equal steps of phase, strides a second, phase at the start, distinct strides."""
    start, strides = _start(trials)
    strides_hz = float(np.median([trial.strides_hz for trial in trials]))
    points = round(MOTION_HZ / strides_hz)
    fade = round(OVERLAP * points)
    u = (np.arange(fade) + 0.5) / fade
    weight = (u**3 * (10 - 15 * u + 6 * u**2))[:, None]
    pieces = [_piece(trial, start, n, points) for trial, n in zip(trials, strides, strict=True) if n]
    out = [pieces[0][:fade]]
    rows = 0
    while rows < length_s * MOTION_HZ:
        for piece in pieces:
            head = (1 - weight) * out[-1][-fade:] + weight * piece[:fade]
            out[-1] = out[-1][:-fade]
            out += [head, piece[fade:]]
            rows += len(piece) - fade
    return np.concatenate(out), MOTION_HZ / points, start, sum(strides)


def _recording(name: str, values: Floats, strides_hz: float, start: float) -> Recording:
    pose = values[:, :6].copy()
    pose[:, 1] += np.radians(RUNNING_TILT_DEG) - pose[:, 1].mean()
    pose[:, 2] -= pose[:, 2].mean()
    time_s = np.arange(len(pose)) / MOTION_HZ
    steps = np.arange(np.ceil(2 * start), 2 * (start + time_s[-1] * strides_hz))
    contacts = np.zeros(len(steps), CONTACT_DTYPE)
    middle_s = (steps / 2 - start) / strides_hz
    contacts["time_s"], contacts["toe_off_s"] = middle_s - HALF_CONTACT_S, middle_s + HALF_CONTACT_S
    contacts["side"] = np.where(steps % 2 == 0, RIGHT, LEFT)
    return Recording(
        name, name, MOTION_HZ, 0.0, pose, CubicSpline(time_s, pose), contacts, np.ones(len(pose), bool), 0.0
    )


def join_run(trials: Sequence[WornTrial], length_s: float, worn: bool, seed: int) -> JoinedRun:
    """A run of one person; `worn` false: the sensor turns with the pelvis, and only the rest is as recorded."""
    rng = np.random.default_rng([seed, sum(map(ord, trials[0].name))])
    values, strides_hz, start, distinct = _joined(trials, length_s)
    motion = recorded_motion(_recording(trials[0].person, values, strides_hz, start), rng)
    turn = np.zeros((len(motion.pose), 3))
    first = round(PREFIX_S * MOTION_HZ) - int(BLEND_S * MOTION_HZ)
    more = values[round(EDGE_S * MOTION_HZ) :][: len(turn) - first, 6:]
    turn[first : first + len(more)] = more - values[:, 6:].mean(axis=0)
    return _measured(motion, turn * motion.running[:, None] if worn else None, distinct, rng)


def _measured(motion: RunMotion, turn_deg: Floats | None, distinct: int, rng: np.random.Generator) -> JoinedRun:
    wearing = WEARINGS["worn"]
    quat = angles_to_quat(motion.pose[:, :3])
    samples, truth = virtual_imu(
        quat,
        motion.pose[:, 3:],
        MOTION_HZ,
        wearing.mount(rng),
        wearing.noise,
        int(rng.integers(2**31)),
        up_axis="z",
        lowpass_hz=None,
        output_rate_hz=RATE_HZ,
        contact_times_s=motion.contacts["time_s"],
        clip_turn_deg=turn_deg,
    )
    return JoinedRun(
        samples, truth.time_s, truth.tilt_deg, truth.obliquity_deg, truth.rotation_deg, motion.contacts, distinct
    )


@dataclass(frozen=True)
class JoinedScore:
    """Errors of a joined run. Angles in deg by stride: tilt, its change, ranges. Middle of contact in ms."""

    strides: int
    valid: int
    tilt_mean_deg: float
    tilt_rmse_deg: float
    tilt_change_rmse_deg: float
    obliquity_range_deg: float
    rotation_range_deg: float
    middle_mean_ms: float
    middle_sd_ms: float
    missed: int
    extra: int
    contacts: int
    right_side: int
    findings: int


def _ranges(run: JoinedRun, start_s: Floats, duration_s: Floats, angle: str) -> Floats:
    """(n,) range of an angle over each stride, as the stride's feature is defined."""
    curves = np.interp(start_s[:, None] + duration_s[:, None] * PHASE, run.time_s, getattr(run, angle))
    if angle == "rotation_deg":
        curves = curves - (curves @ LINE_WEIGHTS)[:, None] * PHASE
    return np.ptp(curves, axis=1)


def score_joined(joined: JoinedRun, run: Run) -> JoinedScore:
    """Scores of the analysed run against markers."""
    s = run.strides[(run.strides["start_s"] > PREFIX_S + SETTLE_S)]
    start_s, duration_s = s["start_s"], s["duration_s"]
    error = s["tilt_deg"] - stride_means(joined.time_s, joined.tilt_deg, start_s, duration_s)
    change = error[BASELINE_STRIDES:] - error[:BASELINE_STRIDES].mean() if len(error) > BASELINE_STRIDES else error[:0]
    from_s, to_s = PREFIX_S + SETTLE_S, float(joined.time_s[-1]) - TAIL_S
    true = joined.middles[(joined.middles["time_s"] > from_s) & (joined.middles["time_s"] < to_s)]
    found = run.contacts[(run.contacts["time_s"] > from_s - MATCH_S) & (run.contacts["time_s"] < to_s + MATCH_S)]
    middle_s, found_s = (((c["time_s"] + c["toe_off_s"]) / 2) for c in (true, found))
    nearest = (
        np.array([int(np.argmin(np.abs(found_s - at_s))) for at_s in middle_s]) if len(found) else np.zeros(0, int)
    )
    off_s = found_s[nearest] - middle_s if len(found) else np.full(len(true), np.inf)
    near = np.abs(off_s) <= MATCH_S
    return JoinedScore(
        strides=len(s),
        valid=int(s["valid"].sum()),
        tilt_mean_deg=float(error.mean()) if len(error) else float("nan"),
        tilt_rmse_deg=rms(error),
        tilt_change_rmse_deg=rms(change),
        obliquity_range_deg=_mean(s["obliquity_range_deg"] - _ranges(joined, start_s, duration_s, "obliquity_deg")),
        rotation_range_deg=_mean(s["rotation_range_deg"] - _ranges(joined, start_s, duration_s, "rotation_deg")),
        middle_mean_ms=1000 * _mean(off_s[near]),
        middle_sd_ms=1000 * float(off_s[near].std()) if near.any() else float("nan"),
        missed=int((~near).sum()),
        extra=max(0, len(found) - int(near.sum())),
        contacts=len(true),
        right_side=int((found["side"][nearest] == true["side"])[near].sum()) if len(found) else 0,
        findings=len(run.findings),
    )


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else float("nan")
