"""Recorded walks and runs for the benches of gait: real IMUs, and virtual ones on recorded motion.

Motion can be repeated, because the trials of a worn sensor last 1-6 s, joined, because people change their gait, and
stretched to other speeds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt
from scipy.spatial.transform import Rotation

from bench.lib.accuracy_recordings import ipol_trials
from bench.lib.alcantara import alcantara_samples
from bench.lib.natural import RATE_HZ as NATURAL_HZ
from bench.lib.natural import natural_fields, natural_names
from bench.lib.recordings import angles_to_quat, data_dir, load_recording
from bench.lib.semisynthetic import WEARINGS, Wearing, make_recorded
from untuck.model import NOMINAL_MOUNT, RIGHT, Calibration, Floats
from untuck.samples import Samples
from untuck.simulate.imu import Noise, virtual_imu

WORN_HZ = 100.0
EDGE_S = 1.0  # at the start and end of running, left out: the first steps vote on the side
# the clip's z axis points backward: in 54 of 60 walks the first steps from standing accelerate along -z
IPOL_FORWARD = np.array([[0.0, 0.0, -1.0], [1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
FADE_S = 0.3  # at a seam of repeated or joined motion
_REPEAT_S = {"walk": (0.75, 1.6), "run": (0.5, 0.9)}  # duration of a stride
_WINDOW_S, _STEP_S, _RHYTHM_MIN = 3.0, (0.25, 0.48), 0.5  # of natural running: autocorrelation at one step
_SLOWER, _STILL = 1.12, 0.4  # steps longer than the usual by more are walked; a stride with less motion is not run


@dataclass(frozen=True, eq=False)
class GaitTrial:
    """Samples with their calibration; strides (n,2): start and duration in s of those that were run."""

    name: str
    person: str
    samples: Samples
    calibration: Calibration
    strides: Floats


@dataclass(frozen=True, eq=False)
class WornMotion:
    """Motion of the sensor in one trial: quat (N,4) to earth, position (N,3) m; mount (3,3) as in `Calibration`."""

    name: str
    person: str
    kind: str
    speed_m_s: float
    quat: Floats
    position_m: Floats
    mount: Floats


def mount_of(up: Floats, forward: Floats) -> Floats:
    """(3,3) with rows P.x, P.y, P.z in the coordinates of up and forward (3,)."""
    y = up / np.linalg.norm(up)
    x = forward - y * (y @ forward)
    x = x / np.linalg.norm(x)
    return np.array([x, y, np.cross(x, y)])


def calibrated(mount: Floats, source: str = "stand+hinges") -> Calibration:
    """A Calibration with this mount and no gyro bias."""
    return Calibration(mount, np.zeros(3), source=source)


def tiled(start_s: float, end_s: float, stride_s: float) -> Floats:
    """(n,2) start and duration of strides one after another between the two instants."""
    starts = start_s + stride_s * np.arange(max(0, int((end_s - start_s) / stride_s)))
    return np.column_stack([starts, np.full(len(starts), stride_s)])


def ipol_walks() -> Iterator[GaitTrial]:
    """Every walk of the IPOL set."""
    for name, samples in ipol_trials():
        yield GaitTrial(name, name.split("-")[0], samples, calibrated(IPOL_FORWARD), np.empty((0, 2)))


def worn_motions() -> Iterator[WornMotion]:
    """Every trial of the worn sensor."""
    with np.load(data_dir() / "worn" / "worn.npz") as file:
        for name in sorted({key.split("/")[0] for key in file.files if "/" in key}):
            sensor = Rotation.from_quat(file[f"{name}/sensor_quat"].astype(float), scalar_first=True)
            pelvis = Rotation.from_quat(file[f"{name}/pelvis_quat"].astype(float), scalar_first=True)
            place = file[f"{name}/sensor_pos_mm"].astype(float) / 1000
            ahead = pelvis.apply([1.0, 0.0, 0.0]) * np.array([1.0, 1.0, 0.0])
            up, forward = (sensor.apply(v, inverse=True).mean(axis=0) for v in (np.array([0.0, 0.0, 1.0]), ahead))
            speed = float(np.linalg.norm((place[-1] - place[0])[:2])) * WORN_HZ / (len(place) - 1)
            kind = "run" if "Running" in name else "walk"
            mount = mount_of(NOMINAL_MOUNT.T @ up, NOMINAL_MOUNT.T @ forward)
            quat = sensor.as_quat(scalar_first=True)
            yield WornMotion(name, name.split("_")[0], kind, speed, quat, place, mount)


def _cycle(motion: WornMotion) -> tuple[int, int]:
    """Frames of a stride, and of a whole number of strides that can be repeated."""
    turn = Rotation.from_quat(motion.quat, scalar_first=True)
    signal = np.column_stack([motion.position_m[:, 2], (turn.mean().inv() * turn).as_rotvec()])
    signal = (signal - signal.mean(axis=0)) / signal.std(axis=0)
    least, most = (int(WORN_HZ * s) for s in _REPEAT_S[motion.kind])
    fade = _fade_frames(motion)
    frames = np.arange(least, min(most, len(signal) - fade - 1))
    stride = int(frames[np.argmin([((signal[n:] - signal[:-n]) ** 2).mean() for n in frames])])
    return stride, stride * ((len(signal) - fade - 1) // stride)


def _fade_frames(motion: WornMotion) -> int:
    return min(int(FADE_S * WORN_HZ), len(motion.quat) // 5)


def repeated(motion: WornMotion, seconds: float) -> tuple[WornMotion, float]:
    """The motion on a treadmill, its strides repeated for at least `seconds`, and the duration of a stride in s."""
    stride, frames = _cycle(motion)
    turn = Rotation.from_quat(motion.quat, scalar_first=True)
    middle = turn.mean()
    drift = (motion.position_m[frames:] - motion.position_m[:-frames]).mean(axis=0) / frames
    still = motion.position_m - np.arange(len(turn))[:, None] * drift
    pose = np.hstack([still, (middle.inv() * turn).as_rotvec()])
    fade = _fade_frames(motion)
    share = np.linspace(0.0, 1.0, fade)[:, None]
    share = share * share * (3 - 2 * share)
    once = pose[:frames].copy()
    once[:fade] = (1 - share) * pose[frames : frames + fade] + share * pose[:fade]
    pose = np.tile(once, (int(np.ceil(seconds * WORN_HZ / frames)), 1))
    quat = (middle * Rotation.from_rotvec(pose[:, 3:])).as_quat(scalar_first=True)
    longer = WornMotion(motion.name, motion.person, motion.kind, motion.speed_m_s, quat, pose[:, :3], motion.mount)
    return longer, stride / WORN_HZ


def worn_samples(
    motion: WornMotion,
    stretch: float = 1.0,
    noise: Noise | None = None,
    seed: int = 0,
    contact_times_s: Floats | None = None,
) -> Samples:
    """What a sensor measures in this motion; stretch: duration relative to the recorded one."""
    samples, _ = virtual_imu(
        motion.quat,
        motion.position_m,
        WORN_HZ / stretch,
        noise=noise,
        seed=seed,
        up_axis="z",
        output_rate_hz=WORN_HZ,
        contact_times_s=contact_times_s,
    )
    return samples


def worn_trials(kind: str, seconds: float | None = None) -> Iterator[GaitTrial]:
    """The worn sensor's walks or runs: as recorded, or their strides repeated for `seconds`."""
    for seed, motion in enumerate(worn_motions()):
        if motion.kind != kind:
            continue
        moved, stride_s = (motion, np.nan) if seconds is None else repeated(motion, seconds)
        samples = worn_samples(moved, seed=seed)
        known = kind == "run" and seconds is not None
        strides = tiled(EDGE_S, float(samples.time_s[-1]) - EDGE_S, stride_s) if known else np.empty((0, 2))
        yield GaitTrial(motion.name, motion.person, samples, calibrated(motion.mount), strides)


def joined(motions: Sequence[WornMotion], seconds: float, seed: int = 0) -> GaitTrial:
    """One person's motions one after another, each for about `seconds`, with a blend of a second between them."""
    fade = int(WORN_HZ)
    pose, strides = np.empty((0, 6)), [np.empty((0, 2))]
    for motion in motions:
        longer, stride_s = repeated(motion, seconds)
        turn = Rotation.from_quat(longer.quat, scalar_first=True)
        pelvis = turn * Rotation.from_matrix(NOMINAL_MOUNT @ motion.mount.T)
        ahead = pelvis.mean().apply([1.0, 0.0, 0.0])  # headings differ between trials
        heading = Rotation.from_rotvec([0.0, 0.0, -np.arctan2(ahead[1], ahead[0])])
        place = longer.position_m - longer.position_m.mean(axis=0)
        part = np.hstack([heading.apply(place), (heading * pelvis).as_rotvec()])
        start_s = (len(pose) - fade) / WORN_HZ if len(pose) else 0.0
        if len(pose):
            share = np.linspace(0.0, 1.0, fade)[:, None]
            share = share * share * (3 - 2 * share)
            pose[-fade:] = (1 - share) * pose[-fade:] + share * part[:fade]
            part = part[fade:]
        pose = np.vstack([pose, part])
        if motion.kind == "run":
            strides.append(tiled(start_s + 1.0 + EDGE_S, len(pose) / WORN_HZ - 1.0 - EDGE_S, stride_s))
    quat = Rotation.from_rotvec(pose[:, 3:]).as_quat(scalar_first=True)
    whole = WornMotion("joined", motions[0].person, "", np.nan, quat, pose[:, :3], np.eye(3))
    samples = worn_samples(whole, seed=seed)
    return GaitTrial("joined", motions[0].person, samples, calibrated(NOMINAL_MOUNT), np.vstack(strides))


def natural_runs() -> Iterator[GaitTrial]:
    """Natural jogging without laps; its strides are where the acceleration's magnitude says that the person runs."""
    for name in natural_names():
        fields = natural_fields(name)
        acc, up = fields["straight_acc_m_s2"], fields["up"]
        samples = Samples(np.arange(len(acc)) / NATURAL_HZ, fields["straight_gyr_rad_s"], acc)
        mount = mount_of(up, np.cross(up, fields["right"]))
        yield GaitTrial(name, name.split("_")[1], samples, calibrated(mount), _rhythmic(acc))


def _rhythmic(acc: Floats) -> Floats:
    """(n,2) strides of acc (N,3): windows whose magnitude repeats with the rhythm of the person's running.

    Independent of the analysis: neither direction nor orientation is used. Steps slower than the person's usual ones
    are walking (SE10 walks in part); strides without the usual motion are standing, before the start or at a stop.
    """
    size = np.linalg.norm(acc, axis=1)
    sos = butter(2, [1.0, 8.0], "bandpass", fs=NATURAL_HZ, output="sos")
    band = sosfiltfilt(sos, size)
    count, lags = int(_WINDOW_S * NATURAL_HZ), np.arange(*(int(NATURAL_HZ * s) for s in _STEP_S))
    windows = []
    for first in range(int(EDGE_S * NATURAL_HZ), len(band) - count - int(EDGE_S * NATURAL_HZ), count):
        part = band[first : first + count]
        similar = [np.corrcoef(part[lag:], part[:-lag])[0, 1] for lag in lags]
        if max(similar) >= _RHYTHM_MIN:
            windows.append((first / NATURAL_HZ, lags[int(np.argmax(similar))] / NATURAL_HZ))
    usual_s = float(np.median([step_s for _, step_s in windows]))
    ran = [(start_s, step_s) for start_s, step_s in windows if step_s < _SLOWER * usual_s]
    strides = np.vstack([tiled(start_s, start_s + _WINDOW_S, 2 * step_s) for start_s, step_s in ran])
    motion = [band[int(NATURAL_HZ * a) : int(NATURAL_HZ * (a + b))].std() for a, b in strides]
    return strides[motion > _STILL * np.median(motion)]


def treadmill_runs(runners: Sequence[str], trials: Sequence[str], wearing: str, seed: int) -> Iterator[GaitTrial]:
    """Recorded treadmill runs with standing and hinges, which give the calibration."""
    for runner in runners:
        for trial in trials:
            samples, truth = make_recorded(runner, trial, wearing, seed)
            strides = right_strides(truth.contacts)
            inside = (strides[:, 0] > strides[0, 0] + EDGE_S) & (strides[:, 0] < strides[-1, 0] - EDGE_S)
            yield GaitTrial(runner + trial, runner, samples, calibrated(truth.sensor_to_pelvis), strides[inside])


def right_strides(contacts: NDArray[np.void]) -> Floats:
    """(n,2) start and duration of strides from right contact to right contact."""
    right = contacts["time_s"][contacts["side"] == RIGHT]
    return np.column_stack([right[:-1], np.diff(right)])


def stretched_run(
    runner: str, trial: str, stretch: float, size: float, wearing: Wearing | None = None, seed: int = 0
) -> GaitTrial:
    """A treadmill recording that lasts `stretch` times as long, its motion `size` times as large."""
    recording = load_recording(runner, trial)
    pose = recording.pose.mean(axis=0) + size * (recording.pose - recording.pose.mean(axis=0))
    pose[:, 4] = recording.pose[:, 4]  # sideways sway is balance, not gait
    worn = wearing or WEARINGS["good"]
    mount = worn.mount(np.random.default_rng(seed))
    contacts = recording.contacts.copy()
    for name in ("time_s", "toe_off_s"):
        contacts[name] *= stretch
    samples, truth = virtual_imu(
        angles_to_quat(pose[:, :3]),
        pose[:, 3:],
        recording.rate_hz / stretch,
        mount,
        worn.noise,
        seed,
        up_axis="z",
        lowpass_hz=None,
        output_rate_hz=100.0,
        contact_times_s=contacts["time_s"],
    )
    strides = right_strides(contacts)
    inside = (strides[:, 0] > EDGE_S) & (strides.sum(axis=1) < samples.time_s[-1] - EDGE_S)
    return GaitTrial(runner + trial, runner, samples, calibrated(truth.sensor_to_pelvis), strides[inside])


def alcantara_runs() -> Iterator[GaitTrial]:
    """The real accelerometer's trials: one man, without sides."""
    with np.load(data_dir() / "alcantara" / "alcantara.npz") as file:
        count = len(file["speed_ms"])
    for row in range(count):
        samples, contacts, start_s = alcantara_samples(row)
        starts = contacts["time_s"]
        strides = np.column_stack([starts[:-2], starts[2:] - starts[:-2]])[1:]
        kept = (strides[:, 0] > start_s + EDGE_S) & (strides.sum(axis=1) < samples.time_s[-1] - EDGE_S)
        yield GaitTrial(f"trial {row}", "one man", samples, calibrated(NOMINAL_MOUNT), strides[kept])
