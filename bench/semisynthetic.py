"""Semi-synthetic runs: recorded runners, strung to any length, with known faults and controls, worn by a virtual clip.

A person stands, hinges three times, stands, and runs; faults are added to the pelvis's motion, then samples are made.
`make_run`, its truth and the virtual clips live here; strides are strung in cycles.py, faults shaped in injections.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.cycles import chain, cut, slow_noise
from bench.data import TRIALS, Recording, angles_to_quat, load_recording, quat_to_angles
from bench.injections import (
    SLIP_S,
    SLOW_SLIP_S,
    Control,
    Injected,
    eased,
    follow_path,
    gaps,
    inject,
    slip,
    slope,
    turns,
)
from bench.standing import PREFIX_S, WALK_SPEED_M_S, prefix, stand, walk
from untuck.model import RIGHT, Floats, Samples
from untuck.motion.virtual_imu import Mount, Noise, virtual_imu

RATE_HZ = 100.0
MOTION_HZ = 200.0  # the motion is made at this rate and sampled at the sensor's
MIN_STRIDES = 15  # fewer usable strides in a recording would only repeat themselves
BLEND_S = 1.2  # between running and what comes before or after
BREAK_S = 25.0
SPEED_EVERY_S = 70.0
CONTROLS = ("turns", "gaps", "slopes", "speed", "slip", "slow_slip", "breaks")

# Within 30 s a recording shows stride-to-stride variation only; a long run drifts as well. Sizes are judgements.
DRIFT_TAU_S = 60.0
DRIFT_TILT_DEG = 0.4
DRIFT_SWING = 0.04  # rotation and obliquity range, as part of it

STRIDE_TRUTH = np.dtype([("start_s", "f8"), ("duration_s", "f8"), ("tilt_deg", "f8"), ("in_fault", "?")])


@dataclass(frozen=True, eq=False)
class RunTruth:
    """What really happened, at the samples' instants.

    time_s (N,); pelvis_quat (N,4) pelvis to earth, level in standing; tilt_deg, obliquity_deg (N,) by the definitions
    of docs/algorithms.md, tilt relative to standing; rotation_deg (N,) unwrapped heading; contacts CONTACT_DTYPE of
    the force plate; strides STRIDE_TRUTH; faults and controls as put in; running (K,2) intervals in s.
    """

    runner: str
    trials: tuple[str, ...]
    time_s: Floats
    pelvis_quat: Floats
    tilt_deg: Floats
    obliquity_deg: Floats
    rotation_deg: Floats
    contacts: NDArray[np.void]
    strides: NDArray[np.void]
    faults: tuple[Injected, ...]
    controls: tuple[Control, ...]
    running: Floats
    sensor_to_pelvis: Floats


@dataclass(frozen=True)
class Clip:
    """A virtual clip, its signs and directions drawn from each run's seed. mount_deg: angle off the nominal mount."""

    noise: Noise
    mount_deg: float
    wobble_deg_per_g: float
    wobble_mm_per_g: float

    def mount(self, rng: np.random.Generator) -> Mount:
        """Where it sits in this run: askew in a random direction, a few centimetres off the sacrum."""
        axis = rng.normal(size=3)
        roll, pitch, yaw = self.mount_deg * axis / np.linalg.norm(axis)
        return Mount(
            roll_deg=roll,
            pitch_deg=pitch,
            yaw_deg=yaw,
            lever_m=(-0.02, float(rng.uniform(-0.02, 0.03)), float(rng.uniform(-0.015, 0.015))),
            wobble_deg_per_g=self.wobble_deg_per_g,
            wobble_mm_per_g=self.wobble_mm_per_g,
        )


CLIPS = {
    "ideal": Clip(Noise.none(), 0.0, 0.0, 0.0),
    "good": Clip(Noise(impact_g=1.0), 4.0, 0.2, 1.0),
    "bad": Clip(
        Noise(gyr_bias_dps=0.5, gyr_scale_pct=0.5, acc_offset_mg=20.0, acc_scale_pct=0.5, impact_g=3.0, jitter_ms=0.2),
        12.0,
        0.5,
        2.5,
    ),
}


def usable(runner: str, trial: str) -> bool:
    """Whether the recording holds enough whole strides to be strung to a run."""
    return len(cut(load_recording(runner, trial)).start_s) >= MIN_STRIDES


def trials_of(runner: str) -> tuple[str, ...]:
    """The runner's speeds that can be used, slowest first."""
    return tuple(trial for trial in TRIALS if usable(runner, trial))


@dataclass(frozen=True, eq=False)
class _Course:
    """The whole run before faults: pose (N,6), contacts, weight of running (N,), speed (N,), what is no fault."""

    pose: Floats
    contacts: NDArray[np.void]
    running: Floats
    speed_m_s: Floats
    controls: list[Control]


def _schedule(recordings: list[Recording], length_s: float, speeds: bool) -> tuple[list[Recording], list[float]]:
    """Which recording is played until when: the first one throughout, or back and forth between all of them."""
    if not speeds or len(recordings) == 1:
        return recordings[:1], [length_s]
    there_and_back = list(range(len(recordings))) + list(range(len(recordings) - 2, 0, -1))
    count = max(2, int(length_s / SPEED_EVERY_S))
    played = [recordings[there_and_back[k % len(there_and_back)]] for k in range(count)]
    return played, [length_s * (k + 1) / count for k in range(count)]


def _course(
    recordings: list[Recording], length_s: float, speeds: bool, breaks: int, rng: np.random.Generator
) -> _Course:
    """Prefix, then running in breaks + 1 pieces with standing or walking between them."""
    height_m = float(recordings[0].pose[:, 5].mean()) + 0.02
    pose = prefix(MOTION_HZ, height_m, rng)
    running, speed = np.zeros(len(pose)), np.zeros(len(pose))
    controls, contacts = [], []
    piece_s = (length_s - breaks * BREAK_S) / (breaks + 1)
    for piece in range(breaks + 1):
        played, until_s = _schedule(recordings, piece_s, speeds)
        made = chain(played, until_s, MOTION_HZ, rng)
        start_s = len(pose) / MOTION_HZ - BLEND_S
        shifted = made.contacts.copy()
        for name in ("time_s", "toe_off_s"):
            shifted[name] += start_s
        end_s = start_s + len(made.pose) / MOTION_HZ
        fading = BLEND_S if piece < breaks else 0.0
        contacts.append(shifted[(shifted["time_s"] > start_s + BLEND_S) & (shifted["toe_off_s"] < end_s - fading)])
        controls += [Control("speed", start_s + s, start_s + s + 3, 0.0) for s in until_s[:-1]]
        pose, running, speed = _append(pose, running, speed, made.pose, 1.0, made.speed_m_s)
        if piece < breaks:
            kind, make, pace = (("stand", stand, 0.0), ("walk", walk, WALK_SPEED_M_S))[piece % 2]
            rest = make(int(BREAK_S * MOTION_HZ), MOTION_HZ, height_m, rng)
            controls.append(Control(kind, len(pose) / MOTION_HZ, len(pose) / MOTION_HZ + BREAK_S, pace))
            pose, running, speed = _append(pose, running, speed, rest, 0.0, np.full(len(rest), pace))
    return _Course(pose, np.concatenate(contacts), running, speed, controls)


def _append(
    pose: Floats, running: Floats, speed: Floats, more: Floats, weight: float, more_speed: Floats
) -> tuple[Floats, Floats, Floats]:
    """Blend the last BLEND_S of what is there with the first of what comes; the place goes on from where it is."""
    overlap = int(BLEND_S * MOTION_HZ)
    more = more.copy()
    more[:, 3:5] += pose[-overlap:, 3:5].mean(axis=0) - more[:overlap, 3:5].mean(axis=0)
    fade = eased(np.arange(overlap) / MOTION_HZ, 0.0, 1e9, BLEND_S)[:, None]
    blend = (1 - fade) * pose[-overlap:] + fade * more[:overlap]
    new_weight = np.full(len(more), weight)
    new_weight[:overlap] = (1 - fade[:, 0]) * running[-overlap:] + fade[:, 0] * weight
    new_speed = more_speed.copy()
    new_speed[:overlap] = (1 - fade[:, 0]) * speed[-overlap:] + fade[:, 0] * more_speed[:overlap]
    return (
        np.concatenate([pose[:-overlap], blend, more[overlap:]]),
        np.concatenate([running[:-overlap], new_weight]),
        np.concatenate([speed[:-overlap], new_speed]),
    )


def _drifted(course: _Course, rng: np.random.Generator) -> Floats:
    """The pose with what 30 s recordings cannot show: slow changes of tilt and of the size of the swing."""
    pose = course.pose.copy()
    count = len(pose)
    pose[:, 1] += np.radians(DRIFT_TILT_DEG) * course.running * slow_noise(count, MOTION_HZ, DRIFT_TAU_S, rng)
    for axis in (0, 2):
        pose[:, axis] *= 1 + DRIFT_SWING * course.running * slow_noise(count, MOTION_HZ, DRIFT_TAU_S, rng)
    return pose


def _smooth_speed(speed_m_s: Floats) -> Floats:
    """The belt's speed with changes stretched over 3 s."""
    width = int(3.0 * MOTION_HZ)
    window = np.hanning(width + 2)[1:-1]
    padded = np.concatenate(
        [np.full(width // 2, speed_m_s[0]), speed_m_s, np.full(width - width // 2 - 1, speed_m_s[-1])]
    )
    return np.asarray(np.convolve(padded, window / window.sum(), "valid"))


def _stride_truth(
    time_s: Floats, tilt_deg: Floats, contacts: NDArray[np.void], faults: Sequence[Injected]
) -> NDArray[np.void]:
    right = contacts["time_s"][contacts["side"] == RIGHT]
    whole = np.flatnonzero(np.diff(right) < 1.2)
    area = np.concatenate([[0.0], np.cumsum(tilt_deg[:-1] * np.diff(time_s))])
    strides = np.zeros(len(whole), STRIDE_TRUTH)
    strides["start_s"], strides["duration_s"] = right[whole], np.diff(right)[whole]
    ends = np.interp(right, time_s, area)
    strides["tilt_deg"] = np.diff(ends)[whole] / strides["duration_s"]
    for fault in faults:
        strides["in_fault"] |= (strides["start_s"] >= fault.start_s) & (strides["start_s"] < fault.end_s)
    return strides


def _intervals(running: Floats) -> Floats:
    """(K,2) seconds in which the weight of running is 1."""
    edges = np.diff(np.concatenate([[0], (running > 0.999).astype(int), [0]]))
    return np.stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)], axis=1) / MOTION_HZ


def make_run(
    runner: str,
    trials: str | Sequence[str] = "T35",
    minutes: float = 8.0,
    faults: Sequence[Injected] = (),
    controls: Sequence[str] = (),
    clip: str | Clip = "good",
    seed: int = 0,
    rate_hz: float = RATE_HZ,
) -> tuple[Samples, RunTruth]:
    """A run of a recorded runner with a virtual clip: standing and hinges first (PREFIX_S), then `minutes` of running.

    trials: "T25", "T35", "T45" or several, between which the control "speed" changes back and forth. faults: times are
    seconds of the samples' clock (running starts at PREFIX_S). controls: of CONTROLS. clip: of CLIPS, or one's own.
    The same arguments give the same run. Raises KeyError for a runner, trial or clip that there is not.
    """
    trials = (trials,) if isinstance(trials, str) else tuple(trials)
    unknown = set(controls) - set(CONTROLS)
    if unknown:
        raise KeyError(f"controls {sorted(unknown)} are unknown: choose from {CONTROLS}")
    rng = np.random.default_rng([seed, sum(map(ord, runner + "".join(trials)))])
    breaks = max(1, int(minutes / 2.5)) if "breaks" in controls else 0
    course = _course([load_recording(runner, t) for t in trials], minutes * 60, "speed" in controls, breaks, rng)
    time_s = np.arange(len(course.pose)) / MOTION_HZ
    pose, made = _drifted(course, rng), list(course.controls)
    yaw_rate, grade, pitch = (np.zeros(len(pose)) for _ in range(3))
    if "turns" in controls:
        yaw_rate, more = turns(time_s, course.running, course.speed_m_s, rng)
        made += more
    if "slopes" in controls:
        grade, pitch, more = slope(time_s, course.running, rng)
        made += more
    pose[:, 1] += pitch
    quat = inject(time_s, angles_to_quat(pose[:, :3]), faults, course.contacts, rng)
    speed = _smooth_speed(course.speed_m_s)
    place, quat = follow_path(pose[:, 3:], quat, speed, yaw_rate, grade, MOTION_HZ, rng.uniform(0.8, 1.0))
    carrier = quat
    for kind, length_s in (("slip", SLIP_S), ("slow_slip", SLOW_SLIP_S)):
        if kind in controls:
            at_s = PREFIX_S + minutes * 60 * rng.uniform(0.4, 0.6)
            turn_deg = rng.uniform(5.0, 9.0) * rng.choice([-1.0, 1.0])
            carrier = slip(time_s, carrier, at_s, length_s, (rng.normal(0, 1.0), rng.normal(0, 1.0), turn_deg))
            made.append(Control(kind, at_s, at_s + length_s, -turn_deg))
    clip = CLIPS[clip] if isinstance(clip, str) else clip
    mount = clip.mount(rng)
    samples, _ = virtual_imu(
        carrier,
        place,
        MOTION_HZ,
        mount,
        clip.noise,
        int(rng.integers(2**31)),
        up_axis="z",
        lowpass_hz=None,
        output_rate_hz=rate_hz,
        contact_times_s=course.contacts["time_s"],
    )
    kept = np.ones(len(samples), bool)
    if "gaps" in controls:
        kept, more = gaps(samples.time_s, PREFIX_S + 60, rng)
        made += more
    samples = Samples(samples.time_s[kept], samples.gyr_rad_s[kept], samples.acc_m_s2[kept], samples.quat[kept])
    return samples, _run_truth(runner, trials, samples.time_s, time_s, quat, course, faults, made, mount)


def _run_truth(
    runner: str,
    trials: tuple[str, ...],
    at_s: Floats,
    time_s: Floats,
    quat: Floats,
    course: _Course,
    faults: Sequence[Injected],
    controls: Sequence[Control],
    mount: Mount,
) -> RunTruth:
    angles = quat_to_angles(quat)
    tilt_deg = np.degrees(angles[:, 1])
    obliquity_deg = np.degrees(np.arcsin(-np.cos(angles[:, 1]) * np.sin(angles[:, 2])))
    nearest = np.clip(np.rint(at_s * MOTION_HZ).astype(int), 0, len(quat) - 1)
    return RunTruth(
        runner=runner,
        trials=trials,
        time_s=at_s,
        pelvis_quat=quat[nearest],
        tilt_deg=tilt_deg[nearest],
        obliquity_deg=obliquity_deg[nearest],
        rotation_deg=np.degrees(angles[nearest, 0]),
        contacts=course.contacts,
        strides=_stride_truth(time_s, tilt_deg, course.contacts, faults),
        faults=tuple(replace(fault) for fault in faults),
        controls=tuple(sorted(controls, key=lambda control: control.start_s)),
        running=_intervals(course.running),
        sensor_to_pelvis=mount.sensor_to_pelvis(),
    )
