"""The trunk of a simulated runner: its motion above the pelvis, and what a second clip on the upper back measures.

trunk_motion() makes the motion from that of the pelvis, simulate_pair() the samples of both clips with their truth.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from scipy.spatial.transform import Rotation

from untuck.model import LEFT, RIGHT, Floats
from untuck.samples import Samples
from untuck.simulate import gait
from untuck.simulate.clip_motion import clip_turn_deg, draw_clip_motion, stride_phase
from untuck.simulate.gait import Wave
from untuck.simulate.imu import ImuTruth, Mount, Noise, virtual_imu
from untuck.simulate.pelvis import GRID_HZ, MEMORY, Motion, move, segment_quat, wander
from untuck.simulate.runner import TYPICAL_NOISE, SimulatedRun, simulate, without_gaps
from untuck.simulate.scenario import FAULT_EASE_S, Scenario, TrueFault, smooth_steps

__all__ = ["SHIRT", "STRAP", "SimulatedPair", "TrunkClip", "TrunkTruth", "simulate_pair", "trunk_motion"]

# Mean lean at 3.4 m/s and its SD between runners: Teng and Powers 2014, 10.2519/jospt.2014.5249. Forty runners whom the
# same laboratory split by lean had 10.8 (SD 2.2) and 3.6 (2.8) deg (2015, Med. Sci. Sports Exerc. 47, 625-630).
LEAN_DEG, LEAN_SD_DEG, LEAN_RANGE_DEG = 7.3, 3.6, (-1.0, 16.0)
LEAN_SPEED_M_S, LEAN_DEG_PER_M_S = 3.4, 1.0  # the change with speed is a judgement
WALKING_LEAN_DEG = 2.0
# How lean varies within a runner is not known: that of tilt is taken, and a slow part as joggers' tilt has over ground.
STRIDE_SD_DEG, SIZE_SD = 0.6, 0.08
DRIFT_SD_DEG, DRIFT_STRIDES = 0.4, 60.0
HINGE_SHARE = 1.1  # of the pelvis's depth in a hip hinge: the back rounds a little
BACK_M = 0.38  # from the sacrum up to the clip, along the trunk
SWAY_DEG, SWAY_HZ = 0.15, (0.1, 0.5)  # of standing


@dataclass(frozen=True)
class TrunkGait:
    """Waves of the trunk against earth in degrees, with the signs of tilt, obliquity and rotation; as gait.Gait."""

    lean: tuple[Wave, ...]
    obliquity: tuple[Wave, ...]
    rotation: tuple[Wave, ...]


# Ranges at 3.5 m/s: lean 5, obliquity 5, rotation 16 deg. The trunk bends to the stance side while the pelvis drops on
# the other one, and turns against the pelvis, as marker studies of runners describe (Preece, Mason, Bramah 2016,
# 10.1016/j.humov.2015.11.014; Schache et al. 2002, Hum. Mov. Sci. 21, 273-293). The sizes are a judgement: their tables
# were not at hand.
RUNNING = TrunkGait(
    lean=(Wave(1, 0.2, 0.3, 20), Wave(2, 2.3, 0.2, -115), Wave(4, 0.4, 0.5, -60)),
    obliquity=(Wave(1, 2.4, 0.4, 176), Wave(3, 0.4, 0.4, 20)),
    rotation=(Wave(1, 7.8, 0.4, -43), Wave(3, 0.6, 0.6, 150)),
)
WALKING = TrunkGait(
    lean=(Wave(2, 1.0, 0.2, -100),),
    obliquity=(Wave(1, 1.5, 0.3, 140),),
    rotation=(Wave(1, 4.0, 0.3, -15),),
)


@dataclass(frozen=True)
class TrunkClip:
    """How the second clip is worn, and its clock.

    mount: on the trunk, whose axes are level in standing; noise: of its sensor; clip_share: of the motion measured of a
    worn sensor on the sacrum (clip_motion.py), as nobody has measured the upper back; offset_s, drift_ppm: its stamps
    against the pelvis's clock, which a real session has fitted already.
    """

    mount: Mount = field(default_factory=Mount)
    noise: Noise = TYPICAL_NOISE
    clip_share: float = 0.0
    offset_s: float = 0.0
    drift_ppm: float = 0.0


# The back between the shoulder blades faces up by some 20 deg. A strap is tight; a shirt swings, and more slowly.
# Both are judgements.
_ON_BACK = Mount(roll_deg=2.0, pitch_deg=-18.0, yaw_deg=4.0, lever_m=(-0.03, 0.0, 0.0))
STRAP = TrunkClip(
    mount=replace(_ON_BACK, wobble_deg_per_g=0.3, wobble_mm_per_g=1.5),
    clip_share=0.35,
    offset_s=0.002,
)
SHIRT = TrunkClip(
    mount=replace(
        _ON_BACK,
        roll_deg=-4.0,
        pitch_deg=-24.0,
        yaw_deg=-7.0,
        lever_m=(-0.03, 0.02, 0.01),
        wobble_deg_per_g=0.6,
        wobble_mm_per_g=5.0,
        wobble_hz=6.0,
    ),
    clip_share=0.7,
    offset_s=-0.003,
)


@dataclass(frozen=True, eq=False)
class TrunkTruth:
    """The truth of the second clip, by sample, on the pelvis's clock.

    time_s, lean_deg (against standing), obliquity_deg, rotation_deg (heading), lumbar_deg (tilt minus lean) (N,);
    faults as both clips show them; imu: the clip's and the trunk's orientation.
    """

    time_s: Floats
    lean_deg: Floats
    obliquity_deg: Floats
    rotation_deg: Floats
    lumbar_deg: Floats
    faults: tuple[TrueFault, ...]
    imu: ImuTruth


@dataclass(frozen=True, eq=False)
class SimulatedPair:
    """A run with two clips: that of the pelvis as `simulate` makes it, and samples and truth of the trunk."""

    pelvis: SimulatedRun
    trunk: Samples
    truth: TrunkTruth


def trunk_motion(
    scenario: Scenario, motion: Motion, seed: int, hinge_share: float = HINGE_SHARE
) -> tuple[Floats, Floats]:
    """(N,4) trunk to earth and (N,3) position in m of the upper back, at the times of the pelvis's motion.

    Own lean, size and lag of each wave are drawn from seed, beside those of the pelvis, which they do not change.
    """
    rng = np.random.default_rng([seed, 20])
    angles = _angles_deg(scenario, motion, rng, hinge_share)
    quat = segment_quat(angles, motion.heading_rad)
    back = Rotation.from_quat(quat, scalar_first=True).apply([0.0, BACK_M, 0.0])
    return quat, motion.position_m + back


def _angles_deg(scenario: Scenario, motion: Motion, rng: np.random.Generator, hinge_share: float) -> Floats:
    """(N,3) lean against standing, obliquity, and rotation relative to the runner's heading."""
    phase, run, walk = motion.phase, motion.running, motion.walking
    own_deg = float(np.clip(rng.normal(LEAN_DEG, LEAN_SD_DEG), *LEAN_RANGE_DEG))
    change = [each.lean_deg if each.kind == "run" else 0.0 for each in scenario.phases]
    lean = run * (own_deg + LEAN_DEG_PER_M_S * (motion.speed_m_s - LEAN_SPEED_M_S)) + walk * WALKING_LEAN_DEG
    lean += smooth_steps(motion.time_s, scenario.starts_s(), change, FAULT_EASE_S)
    lean += (run + walk) * STRIDE_SD_DEG * wander(phase, 1.0, MEMORY, rng)
    lean += run * DRIFT_SD_DEG * wander(phase, DRIFT_STRIDES, 0.0, rng)
    angles = np.stack([lean, np.zeros(len(lean)), np.zeros(len(lean))], axis=1)
    for column, name in enumerate(("lean", "obliquity", "rotation")):
        running, walking = (
            gait.waves(_own(getattr(form, name), rng), phase, motion.speed_m_s) for form in (RUNNING, WALKING)
        )
        angles[:, column] += (1 + SIZE_SD * wander(phase, 1.0, MEMORY, rng)) * (run * running + walk * walking)
    hz, lag = rng.uniform(*SWAY_HZ, 3), rng.uniform(0, 2 * np.pi, 3)
    still = 1 - np.minimum(run + walk, 1.0)
    angles += SWAY_DEG * np.sin(2 * np.pi * hz * motion.time_s[:, None] + lag) * still[:, None]
    angles[:, 0] += hinge_share * motion.hinge_deg
    return angles


def _own(form: tuple[Wave, ...], rng: np.random.Generator) -> tuple[Wave, ...]:
    """One person's own waves, as `gait.individual` draws them, with more scatter: trunks differ more than pelves."""
    return tuple(
        replace(wave, size=wave.size * rng.lognormal(0, 0.15), lag_deg=wave.lag_deg + rng.normal(0, 10))
        for wave in form
    )


def simulate_pair(
    scenario: Scenario | None = None,
    seed: int = 0,
    rate_hz: int = 100,
    clip: TrunkClip = STRAP,
    *,
    pelvis: TrunkClip | None = None,
    hinge_share: float = HINGE_SHARE,
    gaps: tuple[tuple[float, float], ...] = (),
) -> SimulatedPair:
    """A run with clips on the waistband and on the upper back.

    clip: the second one; pelvis: mount, noise and clip_share of the first, None as in `simulate`; hinge_share: depth of
    the trunk's hinges over the pelvis's; gaps (start_s, duration_s): without samples of the second clip. Equal
    arguments give equal runs; the pelvis's samples are those of `simulate`.
    """
    scenario = scenario or Scenario.default()
    motion = move(scenario, seed)
    turn_deg = None if pelvis is None else _turn_deg(motion, pelvis.clip_share, [seed, 21])
    mount, noise = (None, None) if pelvis is None else (pelvis.mount, pelvis.noise)
    first = simulate(scenario, seed, rate_hz, mount, noise, clip_turn_deg=turn_deg)
    quat, place = trunk_motion(scenario, motion, seed, hinge_share)
    samples, imu = virtual_imu(
        quat,
        place,
        GRID_HZ,
        clip.mount,
        clip.noise,
        seed=seed + 1_000_003,
        up_axis="z",
        lowpass_hz=None,
        output_rate_hz=float(rate_hz),
        contact_times_s=motion.contacts["time_s"],
        clip_turn_deg=_turn_deg(motion, clip.clip_share, [seed, 22]),
    )
    samples, kept = without_gaps(samples, imu.time_s, gaps)
    stamps = samples.time_s * (1 + 1e-6 * clip.drift_ppm) + clip.offset_s
    samples = Samples(stamps, samples.gyr_rad_s, samples.acc_m_s2, samples.quat, samples.acc_end_m_s2)
    at_s, truth = imu.time_s[kept], first.truth
    tilt_deg = np.interp(at_s, truth.time_s, truth.tilt_deg)
    lean_deg = imu.tilt_deg[kept]
    return SimulatedPair(
        first,
        samples,
        TrunkTruth(
            time_s=at_s,
            lean_deg=lean_deg,
            obliquity_deg=imu.obliquity_deg[kept],
            rotation_deg=imu.rotation_deg[kept],
            lumbar_deg=tilt_deg - lean_deg,
            faults=scenario.faults(trunk=True),
            imu=imu,
        ),
    )


def _turn_deg(motion: Motion, share: float, seed: list[int]) -> Floats | None:
    """(N,3) how a worn clip turns, for `virtual_imu`; None for none."""
    sided = np.isin(motion.contacts["side"], (LEFT, RIGHT))
    if not share or sided.sum() < 2:
        return None
    rng = np.random.default_rng(seed)
    phase = stride_phase(motion.time_s, motion.contacts)
    return clip_turn_deg(draw_clip_motion(rng, share), phase, motion.running, rng)
