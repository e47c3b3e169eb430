"""A simulated runner with known truth: a scenario becomes pelvis motion and samples of a virtual clip.

pelvis.py makes the motion, imu.py the samples; source.py sends them as packets.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from untuck.model import RIGHT, Floats
from untuck.samples import Samples
from untuck.simulate.imu import ImuTruth, Mount, Noise, virtual_imu
from untuck.simulate.pelvis import GRID_HZ, RUNNING, STANDING_TILT_DEG, Motion, move
from untuck.simulate.scenario import Phase, Scenario, TrueFault

__all__ = ["Phase", "RunnerTruth", "Scenario", "SimulatedRun", "TrueFault", "simulate"]

LONGEST_STRIDE_S = 1.0
TYPICAL_MOUNT = Mount(
    roll_deg=2.0, pitch_deg=6.0, yaw_deg=5.0, lever_m=(-0.03, 0.02, 0.01), wobble_deg_per_g=0.3, wobble_mm_per_g=1.0
)
TYPICAL_NOISE = Noise(impact_g=0.4)


@dataclass(frozen=True, eq=False)
class RunnerTruth:
    """The truth of a simulated run, on the samples' clock.

    contacts CONTACT_DTYPE, of running only; strides: their number, right contact to right contact, in running; faults
    as simulated; time_s, tilt_deg (above standing), obliquity_deg, rotation_deg (heading), running (bool), (N,) per
    sample; imu: the clip's and the pelvis's orientation.
    """

    contacts: NDArray[np.void]
    strides: int
    faults: tuple[TrueFault, ...]
    time_s: Floats
    tilt_deg: Floats
    obliquity_deg: Floats
    rotation_deg: Floats
    running: NDArray[np.bool_]
    imu: ImuTruth


@dataclass(frozen=True, eq=False)
class SimulatedRun:
    """Samples as the clip delivers them, and their truth."""

    samples: Samples
    truth: RunnerTruth
    rate_hz: int


def _truth(scenario: Scenario, motion: Motion, imu: ImuTruth, kept: NDArray[np.bool_]) -> RunnerTruth:
    imu = replace(
        imu,
        **{
            name: getattr(imu, name)[kept]
            for name in ("time_s", "quat", "pelvis_quat", "tilt_deg", "obliquity_deg", "rotation_deg")
        },
    )
    right_s = motion.contacts["time_s"][motion.contacts["side"] == RIGHT]
    return RunnerTruth(
        contacts=motion.contacts,
        strides=int((np.diff(right_s) < LONGEST_STRIDE_S).sum()),
        faults=scenario.faults(),
        time_s=imu.time_s,
        tilt_deg=imu.tilt_deg - STANDING_TILT_DEG,
        obliquity_deg=imu.obliquity_deg,
        rotation_deg=imu.rotation_deg,
        running=np.interp(imu.time_s, motion.time_s, motion.running) > RUNNING,
        imu=imu,
    )


def without_gaps(
    samples: Samples, at_s: Floats, gaps: tuple[tuple[float, float], ...]
) -> tuple[Samples, NDArray[np.bool_]]:
    """The samples outside gaps (start_s, duration_s) of their true times at_s (N,), and which those are (N,)."""
    kept = np.ones(len(samples), bool)
    for start_s, length_s in gaps:
        kept &= (at_s < start_s) | (at_s >= start_s + length_s)
    quat = None if samples.quat is None else samples.quat[kept]
    part = samples.time_s[kept], samples.gyr_rad_s[kept], samples.acc_m_s2[kept]
    return Samples(*part, quat, samples.acc_end_m_s2), kept


def simulate(
    scenario: Scenario | None = None,
    seed: int = 0,
    rate_hz: int = 100,
    mount: Mount | None = None,
    noise: Noise | None = None,
    *,
    clip_turn_deg: Floats | None = None,
) -> SimulatedRun:
    """A run with this scenario, as a clip on the waistband measures it, with truth.

    scenario: None is `Scenario.default()`; seed: of the runner's own form, all scatter and the sensor's noise; rate_hz
    of the samples. mount: None is a typical clip, slightly askew and loose; noise: None is a typical sensor with the
    ringing of foot strikes. `Mount()` and `Noise.none()` are the ideal ones. clip_turn_deg: as for `virtual_imu`.
    """
    scenario = scenario or Scenario.default()
    motion = move(scenario, seed)
    samples, imu = virtual_imu(
        motion.pelvis_quat,
        motion.position_m,
        GRID_HZ,
        mount=TYPICAL_MOUNT if mount is None else mount,
        noise=TYPICAL_NOISE if noise is None else noise,
        seed=seed,
        up_axis="z",
        lowpass_hz=None,
        output_rate_hz=float(rate_hz),
        contact_times_s=motion.contacts["time_s"],
        clip_turn_deg=clip_turn_deg,
    )
    samples, kept = without_gaps(samples, imu.time_s, scenario.gaps)
    return SimulatedRun(samples, _truth(scenario, motion, imu, kept), rate_hz)
