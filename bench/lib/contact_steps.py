"""Steps with true contacts, as the step detector sees them: what the constants of contact timing are fitted on.

Steps of all recorded runners, worn by good and bad clips at 50 to 200 Hz, and of the man with the real sacral
accelerometer (alcantara.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

import untuck
from bench.lib.alcantara import alcantara_samples
from bench.lib.recordings import DEV, JUDGE, TRIALS, data_dir, load_recording
from bench.lib.run_motion import BLEND_S
from bench.lib.semisynthetic import make_recorded
from bench.lib.standing import PREFIX_S
from bench.lib.stride_chain import EDGE_S
from untuck.model import NOMINAL_MOUNT, Calibration, Floats
from untuck.motion.params import Params
from untuck.motion.strides import contact_kernels, kernels
from untuck.motion.strides.contacts import track_params
from untuck.samples import Samples

CONDITIONS = (("good", 100.0), ("bad", 100.0), ("good", 50.0), ("bad", 50.0), ("good", 200.0))  # wearing and rate in Hz
EXTRA_CONDITION, EXTRA_SEEDS = "bad again", (11, 12)  # further bad clips, for fitting only
REAL = "Alcantara"
USUAL_LAG_S = 0.09  # of the hump, to find the true contact that belongs to it
SETTLE_S = 1.0
GAP_BEFORE_S, GAP_AFTER_S = 0.3, 0.15  # steps this near to missing markers are left out


@dataclass(frozen=True, eq=False)
class DetectedStep:
    """One true step, contact and toe-off in s, the kernel's row of it, and the samples around it."""

    true_s: Floats
    row: Floats
    time_s: Floats
    quat: Floats
    earth: Floats
    forward: Floats


@dataclass(frozen=True, eq=False)
class StepSet:
    """Steps of one recording under one condition; name: under which it may be left out."""

    person: str
    name: str
    condition: str
    steps: list[DetectedStep]


def detected_steps(samples: Samples, calibration: Calibration | None, true_s: Floats) -> list[DetectedStep]:
    """The true steps (n,2) that the step detector has found, with its rows."""
    run = untuck.analyse(samples, calibration=calibration)
    params = track_params(Params())
    earth, rows = np.empty((len(samples), 3)), np.empty((len(samples), kernels.STEP_COLUMNS))
    state = np.zeros(kernels.TRACK_STATE_SIZE)
    seen_by = samples.time_s, samples.acc_m_s2, run.quat, earth
    rows = rows[: kernels.track_chunk(params, state, 0, len(samples), *seen_by, 0, 0, rows)]
    seen = []
    for contact_s, toe_off_s in true_s:
        row = rows[np.argmin(np.abs(rows[:, kernels.STEP_UP_S] - USUAL_LAG_S - contact_s))]
        if abs(row[kernels.STEP_UP_S] - USUAL_LAG_S - contact_s) > USUAL_LAG_S or not row[kernels.STEP_PREV_UP_S] > 0:
            continue
        first = int(np.searchsorted(samples.time_s, row[kernels.STEP_DOWN_S] - contact_kernels.HISTORY_S))
        part = slice(first, int(row[kernels.STEP_INDEX]) + 1)
        forward = np.ascontiguousarray(run.calibration.sensor_to_pelvis[0])
        true = np.array([contact_s, toe_off_s])
        seen.append(DetectedStep(true, row.copy(), samples.time_s[part], run.quat[part], earth[part], forward))
    return seen


def treadmill_steps(runner: str, trial: str, wearing: str, rate_hz: float, seed: int) -> StepSet:
    """Steps of a recorded runner with a virtual clip worn in this way."""
    samples, truth = make_recorded(runner, trial, wearing, seed, rate_hz)
    recording = load_recording(runner, trial)
    shift_s = PREFIX_S - BLEND_S - EDGE_S
    from_s, to_s = truth.running[0, 0] + SETTLE_S, samples.time_s[-1] - 2 * GAP_AFTER_S
    true_s = []
    for contact in truth.contacts:
        ends = contact["time_s"] - shift_s - GAP_BEFORE_S, contact["toe_off_s"] - shift_s + GAP_AFTER_S
        frames = slice(*(max(0, int(end_s * recording.rate_hz)) for end_s in ends))
        if from_s < contact["time_s"] and contact["toe_off_s"] < to_s and recording.usable[frames].all():
            true_s.append((contact["time_s"], contact["toe_off_s"]))
    steps = detected_steps(samples, None, np.array(true_s).reshape(-1, 2))
    return StepSet(runner, runner, f"{wearing} {rate_hz:.0f} Hz", steps)


def accelerometer_steps() -> list[StepSet]:
    """Steps of the real sacral accelerometer, flat and slopes; each trial may be left out."""
    calibration = Calibration(NOMINAL_MOUNT, np.zeros(3), source="nominal")
    with np.load(data_dir() / "alcantara" / "alcantara.npz") as file:
        slopes = file["slope_deg"]
    units = []
    for row, slope_deg in enumerate(slopes):
        samples, contacts, start_s = alcantara_samples(row)
        true_s = np.stack([contacts["time_s"], contacts["toe_off_s"]], axis=1)
        inside = (true_s[:, 0] > start_s + SETTLE_S) & (true_s[:, 1] < samples.time_s[-1] - 2 * GAP_AFTER_S)
        steps = detected_steps(samples, calibration, true_s[inside])
        units.append(StepSet(REAL, f"{REAL} {row}", "flat" if slope_deg == 0 else "slopes", steps))
    return units


def all_step_sets(seed: int) -> list[StepSet]:
    """Every runner at every speed under every condition, and the real accelerometer's trials."""
    many = [
        treadmill_steps(runner, trial, wearing, rate_hz, seed)
        for wearing, rate_hz in CONDITIONS
        for runner in DEV + JUDGE
        for trial in TRIALS
    ]
    many += [
        replace(treadmill_steps(runner, trial, "bad", 100.0, seed + again), condition=EXTRA_CONDITION)
        for again in EXTRA_SEEDS
        for runner in DEV + JUDGE
        for trial in TRIALS
    ]
    return [unit for unit in many if unit.steps] + accelerometer_steps()
