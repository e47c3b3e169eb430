"""Semi-synthetic runs: recorded runners, chained to any length, with known faults and controls, and a virtual clip.

The runner stands, hinges three times, stands, and runs. Faults (injections.py) are added to the pelvis's motion
(run_motion.py), and the virtual clip measures it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.lib.injections import (
    SLIP_S,
    SLOW_SLIP_S,
    Control,
    InjectedFault,
    follow_path,
    gaps,
    inject,
    slip,
    slope,
    track,
    turns,
)
from bench.lib.recordings import TRIALS, angles_to_quat, load_recording, quat_to_angles
from bench.lib.run_motion import (
    BREAK_EVERY_MIN,
    MOTION_HZ,
    RunMotion,
    chained_motion,
    recorded_motion,
    running_intervals,
    smooth_speed,
)
from bench.lib.standing import PREFIX_S
from bench.lib.stride_chain import cut
from untuck.model import RIGHT, Floats
from untuck.samples import Samples
from untuck.simulate.clip_motion import CLIP_SHARE, clip_turn_deg, draw_clip_motion, stride_phase
from untuck.simulate.imu import Mount, Noise, virtual_imu

RATE_HZ = 100.0
MIN_STRIDES = 15  # usable strides of a recording; fewer would repeat too often
CONTROLS = ("turns", "track", "gaps", "slopes", "speed", "slip", "slow_slip", "breaks")
STRIDE_TRUTH = np.dtype([("start_s", "f8"), ("duration_s", "f8"), ("tilt_deg", "f8"), ("in_fault", "?")])


@dataclass(frozen=True, eq=False)
class RunTruth:
    """The true motion, at the times of the samples.

    time_s (N,); pelvis_quat (N,4) pelvis to earth, level in standing; tilt_deg, obliquity_deg (N,) by the definitions
    of docs/algorithms.md, tilt relative to standing; rotation_deg (N,) unwrapped heading; contacts CONTACT_DTYPE of
    the force plate; strides STRIDE_TRUTH; faults and controls as added; running (K,2) intervals in s.
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
    faults: tuple[InjectedFault, ...]
    controls: tuple[Control, ...]
    running: Floats
    sensor_to_pelvis: Floats


@dataclass(frozen=True)
class Wearing:
    """How a virtual clip is worn and how good its sensor is; directions and signs are random.

    mount_deg: angle between its mount and the nominal one. clip_share: share of the measured motion of a worn sensor
    against the pelvis (`untuck.simulate.clip_motion`, a person drawn for each run), 0 for none.
    restless: multiplies what varies from stride to stride.
    """

    noise: Noise
    mount_deg: float
    wobble_deg_per_g: float
    wobble_mm_per_g: float
    clip_share: float = 0.0
    restless: float = 1.0

    def mount(self, rng: np.random.Generator) -> Mount:
        """The mount in one run: rotated by mount_deg in a random direction, a few centimetres from the sacrum."""
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

    def turn_deg(self, motion: RunMotion, rng: np.random.Generator) -> Floats | None:
        """(N,3) rotation of the clip against its mount, for `virtual_imu`."""
        if not self.clip_share:
            return None
        phase = stride_phase(motion.time_s, motion.contacts)
        clip = draw_clip_motion(rng, self.clip_share)
        clip = replace(clip, varying_deg=self.restless * clip.varying_deg)
        return clip_turn_deg(clip, phase, motion.running, rng)


BAD_NOISE = Noise(
    gyr_bias_dps=0.5, gyr_scale_pct=0.5, acc_offset_mg=20.0, acc_scale_pct=0.5, impact_g=3.0, jitter_ms=0.2
)
WEARINGS = {
    "ideal": Wearing(Noise.none(), 0.0, 0.0, 0.0),
    "good": Wearing(Noise(impact_g=1.0), 4.0, 0.2, 1.0),
    "bad": Wearing(BAD_NOISE, 12.0, 0.5, 2.5),
    # The measured motion contains what a spring does; the spring still moves the clip.
    "worn": Wearing(BAD_NOISE, 12.0, 0.0, 2.5, CLIP_SHARE),
    # A margin: the most restless of five people varies about up by 1.6 times the mean, and more people are unmeasured.
    "restless": Wearing(BAD_NOISE, 12.0, 0.0, 2.5, CLIP_SHARE, 2.0),
}


def trials_of(runner: str) -> tuple[str, ...]:
    """The runner's trials with enough strides to be chained to a run, slowest first."""
    return tuple(trial for trial in TRIALS if len(cut(load_recording(runner, trial)).start_s) >= MIN_STRIDES)


def make_run(
    runner: str,
    trials: str | Sequence[str] = "T35",
    minutes: float = 8.0,
    faults: Sequence[InjectedFault] = (),
    controls: Sequence[str] = (),
    wearing: str | Wearing = "good",
    seed: int = 0,
    rate_hz: float = RATE_HZ,
) -> tuple[Samples, RunTruth]:
    """A run of a recorded runner with a virtual clip: standing and hinges (PREFIX_S), then `minutes` of running.

    trials: "T25", "T35", "T45" or several, between which the control "speed" alternates. faults: with times in s of the
    samples' clock; running starts at PREFIX_S. controls: of CONTROLS. wearing: a name in WEARINGS, or a Wearing. Equal
    arguments give equal runs. Raises KeyError for an unknown runner, trial, control or wearing.
    """
    trials = (trials,) if isinstance(trials, str) else tuple(trials)
    unknown = sorted(set(controls) - set(CONTROLS))
    if unknown:
        raise KeyError(f"controls {unknown} are unknown: choose from {CONTROLS}")
    rng = np.random.default_rng([seed, sum(map(ord, runner + "".join(trials)))])
    breaks = max(1, int(minutes / BREAK_EVERY_MIN)) if "breaks" in controls else 0
    recordings = [load_recording(runner, trial) for trial in trials]
    motion = chained_motion(recordings, minutes * 60, "speed" in controls, breaks, rng)
    quat, place, made = _moved(motion, faults, controls, rng)
    carrier, slips = _slipped(motion.time_s, quat, controls, rng)
    worn = WEARINGS[wearing] if isinstance(wearing, str) else wearing
    samples, mount = _worn(carrier, place, motion, worn, rate_hz, rng)
    if "gaps" in controls:
        kept, lost = gaps(samples.time_s, PREFIX_S + 60, rng)
        samples, made = _kept(samples, kept), made + lost
    controls_made = sorted([*motion.controls, *made, *slips], key=lambda control: control.start_s)
    return samples, _truth(runner, trials, samples.time_s, quat, motion, faults, controls_made, mount)


def make_recorded(
    runner: str, trial: str, wearing: str | Wearing = "good", seed: int = 0, rate_hz: float = RATE_HZ
) -> tuple[Samples, RunTruth]:
    """The unmodified 30 s recording after standing and hinges, measured by a virtual clip."""
    rng = np.random.default_rng([seed, sum(map(ord, runner + trial))])
    motion = recorded_motion(load_recording(runner, trial), rng)
    quat, place, _ = _moved(motion, (), (), rng)
    samples, mount = _worn(
        quat, place, motion, WEARINGS[wearing] if isinstance(wearing, str) else wearing, rate_hz, rng
    )
    return samples, _truth(runner, (trial,), samples.time_s, quat, motion, (), [], mount)


def _moved(
    motion: RunMotion, faults: Sequence[InjectedFault], controls: Sequence[str], rng: np.random.Generator
) -> tuple[Floats, Floats, list[Control]]:
    """(N,4) pelvis to earth and (N,3) position, with faults, turns and slopes, and the controls made."""
    time_s, made = motion.time_s, list[Control]()
    yaw_rate, grade, pitch = (np.zeros(len(time_s)) for _ in range(3))
    if "turns" in controls:
        yaw_rate, more = turns(time_s, motion.running, motion.speed_m_s, rng)
        made += more
    if "track" in controls:
        more_rate, more = track(time_s, motion.running, motion.speed_m_s)
        yaw_rate, made = yaw_rate + more_rate, made + more
    if "slopes" in controls:
        grade, pitch, more = slope(time_s, motion.running, rng)
        made += more
    angles = motion.pose[:, :3] + pitch[:, None] * np.array([0.0, 1.0, 0.0])
    quat = inject(time_s, angles_to_quat(angles), faults, motion.contacts, rng)
    speed = smooth_speed(motion.speed_m_s)
    place, quat = follow_path(motion.pose[:, 3:], quat, speed, yaw_rate, grade, MOTION_HZ, rng.uniform(0.8, 1.0))
    return quat, place, made


def _slipped(
    time_s: Floats, quat: Floats, controls: Sequence[str], rng: np.random.Generator
) -> tuple[Floats, list[Control]]:
    """(N,4) orientation of the clip's base: the pelvis, until the clip slips by 5-9 deg about midway."""
    carrier, made = quat, []
    for kind, length_s in (("slip", SLIP_S), ("slow_slip", SLOW_SLIP_S)):
        if kind not in controls:
            continue
        at_s = PREFIX_S + (float(time_s[-1]) - PREFIX_S) * rng.uniform(0.4, 0.6)
        turn_deg = rng.uniform(5.0, 9.0) * rng.choice([-1.0, 1.0])
        carrier = slip(time_s, carrier, at_s, length_s, (rng.normal(0, 1.0), rng.normal(0, 1.0), turn_deg))
        made.append(Control(kind, at_s, at_s + length_s, -turn_deg))
    return carrier, made


def _worn(
    quat: Floats, place: Floats, motion: RunMotion, wearing: Wearing, rate_hz: float, rng: np.random.Generator
) -> tuple[Samples, Mount]:
    mount = wearing.mount(rng)
    turn_deg = wearing.turn_deg(motion, rng.spawn(1)[0])  # spawned: everything else is drawn as with a rigid clip
    samples, _ = virtual_imu(
        quat,
        place,
        MOTION_HZ,
        mount,
        wearing.noise,
        int(rng.integers(2**31)),
        up_axis="z",
        lowpass_hz=None,
        output_rate_hz=rate_hz,
        contact_times_s=motion.contacts["time_s"],
        clip_turn_deg=turn_deg,
    )
    return samples, mount


def _kept(samples: Samples, kept: NDArray[np.bool_]) -> Samples:
    quat = None if samples.quat is None else samples.quat[kept]
    return Samples(samples.time_s[kept], samples.gyr_rad_s[kept], samples.acc_m_s2[kept], quat, samples.acc_end_m_s2)


def _stride_truth(
    time_s: Floats, tilt_deg: Floats, contacts: NDArray[np.void], faults: Sequence[InjectedFault]
) -> NDArray[np.void]:
    right = contacts["time_s"][contacts["side"] == RIGHT]
    whole = np.flatnonzero(np.diff(right) < 1.2)  # not across a break
    area = np.concatenate([[0.0], np.cumsum((tilt_deg[1:] + tilt_deg[:-1]) / 2 * np.diff(time_s))])
    strides = np.zeros(len(whole), STRIDE_TRUTH)
    strides["start_s"], strides["duration_s"] = right[whole], np.diff(right)[whole]
    strides["tilt_deg"] = np.diff(np.interp(right, time_s, area))[whole] / strides["duration_s"]
    for fault in faults:
        strides["in_fault"] |= (strides["start_s"] >= fault.start_s) & (strides["start_s"] < fault.end_s)
    return strides


def _truth(
    runner: str,
    trials: tuple[str, ...],
    at_s: Floats,
    quat: Floats,
    motion: RunMotion,
    faults: Sequence[InjectedFault],
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
        contacts=motion.contacts,
        strides=_stride_truth(motion.time_s, tilt_deg, motion.contacts, faults),
        faults=tuple(faults),
        controls=tuple(controls),
        running=running_intervals(motion.running),
        sensor_to_pelvis=mount.sensor_to_pelvis(),
    )
