"""Changes to a run with known truth: tucks and pullbacks, and controls that must not be found as faults.

Faults and controls modify whole arrays of pelvis orientation and position, and return when and how much they acted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from bench.lib.quaternions import about, multiply, rotate
from bench.lib.stride_chain import slow_noise
from untuck.model import GRAVITY_M_S2, RIGHT, Floats

EASE_STRIDES = 2.0  # in which a tuck begins and ends
DEPTH_SPREAD = 0.08  # SD of a pullback's depth from stride to stride, as a share of it
SLIP_S = 0.4
SLOW_SLIP_S = 180.0
TURNS = ((7.0, 25.0), (22.0, 4.5), (40.0, 4.5))  # deg/s and s: bend of a track, street corner, about-turn
TURN_EVERY_S = 32.0
TURN_ACC_M_S2 = 2.2  # limit of cornering: fast runners turn slower
TRACK_STRAIGHT_M, TRACK_BEND_M = 84.39, 115.61  # of the inner lane, whose radius is 36.8 m
TRACK_EASE_S = 0.3
GAPS_A_MINUTE = 6.0
GAP_S = (0.02, 0.3)
PACKET_SAMPLES = 5
GRADE_MAX = 0.06
GRADE_SD = 0.035
GRADE_TAU_S = 60.0


@dataclass(frozen=True)
class InjectedFault:
    """A fault added to a run: "tuck" or "pullback", side as in untuck.model, from start_s to end_s of the run.

    depth_deg: lasting backward pitch, or peak of the backward bump, which is centred at phase_pct of that side's stride
    and width_pct of a stride wide at half its height. ease_s: in which a tuck begins and ends, None for two strides.
    """

    fault: str
    side: int
    depth_deg: float
    start_s: float
    end_s: float
    phase_pct: float = 70.0
    width_pct: float = 18.0
    ease_s: float | None = None


@dataclass(frozen=True)
class Control:
    """Something that is not a fault, with its time and size (deg/s, s, grade, m/s, deg).

    kind: "turn", "gap", "slope", "speed", "slip", "slow_slip", "stand" or "walk".
    """

    kind: str
    start_s: float
    end_s: float
    size: float


def eased(time_s: Floats, start_s: float, end_s: float, ease_s: float) -> Floats:
    """(N,) 0 before, 1 between, 0 after, with smooth flanks of ease_s after the interval's start and after its end."""
    up = np.clip((time_s - start_s) / ease_s, 0, 1)
    down = np.clip((time_s - end_s) / ease_s, 0, 1)
    return np.asarray(up**3 * (10 - 15 * up + 6 * up**2) * (1 - down**3 * (10 - 15 * down + 6 * down**2)))


def tuck_rad(time_s: Floats, fault: InjectedFault, stride_s: float) -> Floats:
    """(N,) backward pitch about the pelvis's own mediolateral axis."""
    ease_s = EASE_STRIDES * stride_s if fault.ease_s is None else fault.ease_s
    return np.radians(fault.depth_deg) * eased(time_s, fault.start_s, fault.end_s, ease_s)


def pullback_rad(time_s: Floats, fault: InjectedFault, contacts: NDArray[np.void], rng: np.random.Generator) -> Floats:
    """(N,) rotation about the vertical, counter-clockwise positive: one bump in each stride of the fault's side."""
    starts = contacts["time_s"][contacts["side"] == fault.side]
    lengths = np.diff(starts)
    bump = np.zeros(len(time_s))
    for start_s, length_s in zip(starts[:-1], lengths, strict=True):
        if not (fault.start_s <= start_s < fault.end_s) or length_s > 1.2:
            continue
        centre_s, half_s = start_s + fault.phase_pct / 100 * length_s, fault.width_pct / 100 * length_s
        first, last = np.searchsorted(time_s, [centre_s - half_s, centre_s + half_s])
        u = (time_s[first:last] - centre_s) / half_s
        depth = fault.depth_deg * rng.normal(1.0, DEPTH_SPREAD)
        bump[first:last] += np.radians(depth) * np.cos(np.pi / 2 * u) ** 2
    return bump * (-1.0 if fault.side == RIGHT else 1.0)  # a clockwise rotation moves the right hip back


def inject(
    time_s: Floats, quat: Floats, faults: Sequence[InjectedFault], contacts: NDArray[np.void], rng: np.random.Generator
) -> Floats:
    """(N,4) pelvis to earth with the faults added."""
    right = contacts["time_s"][contacts["side"] == RIGHT]
    stride_s = float(np.median(np.diff(right)))
    tuck, pull = np.zeros(len(time_s)), np.zeros(len(time_s))
    for fault in faults:
        if fault.fault == "tuck":
            tuck += tuck_rad(time_s, fault, stride_s)
        else:
            pull += pullback_rad(time_s, fault, contacts, rng)
    return multiply(multiply(about(2, pull), quat), about(2, tuck))  # earth z; P.z, where positive is backward


def turns(time_s: Floats, running: Floats, speed_m_s: Floats, rng: np.random.Generator) -> tuple[Floats, list[Control]]:
    """(N,) yaw rate in rad/s of bends and corners in both directions, where `running` (N,) is near 1."""
    rate, made = np.zeros(len(time_s)), []
    at_s = float(time_s[np.argmax(running > 0.99)]) + 60.0
    while at_s < time_s[-1] - 30:
        deg_s, length_s = TURNS[int(rng.integers(len(TURNS)))]
        limit_deg_s = np.degrees(TURN_ACC_M_S2 / float(np.interp(at_s, time_s, speed_m_s)))
        deg_s = rng.choice([-1.0, 1.0]) * min(deg_s * rng.uniform(0.8, 1.2), limit_deg_s)
        rate += np.radians(deg_s) * eased(time_s, at_s, at_s + length_s, 1.2)
        made.append(Control("turn", at_s, at_s + length_s + 1.2, deg_s))
        at_s += length_s + TURN_EVERY_S * rng.uniform(0.7, 1.3)
    return rate * (running > 0.99), made


def track(time_s: Floats, running: Floats, speed_m_s: Floats) -> tuple[Floats, list[Control]]:
    """(N,) yaw rate in rad/s of laps of a 400 m track, counter-clockwise from the start of a straight."""
    rate_hz = 1.0 / (time_s[1] - time_s[0])
    lap_m = np.cumsum(speed_m_s * (running > 0.5)) / rate_hz % (2 * (TRACK_STRAIGHT_M + TRACK_BEND_M))
    in_bend = lap_m % (TRACK_STRAIGHT_M + TRACK_BEND_M) > TRACK_STRAIGHT_M
    curvature = gaussian_filter1d(in_bend * np.pi / TRACK_BEND_M, TRACK_EASE_S * rate_hz)
    rate = curvature * speed_m_s * (running > 0.5)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], in_bend.astype(int), [0]])))
    bends = [
        Control("turn", float(time_s[a]), float(time_s[min(b, len(time_s) - 1)]), float(np.degrees(rate[(a + b) // 2])))
        for a, b in zip(edges[::2], edges[1::2], strict=True)
    ]
    return rate, bends


def slope(time_s: Floats, running: Floats, rng: np.random.Generator) -> tuple[Floats, Floats, list[Control]]:
    """(N,) grade of the ground, and (N,) the pelvis's forward pitch in rad due to it, -0.3 to 1 times the slope.

    The first 90 s of running are flat, for the baseline.
    """
    start_s = float(time_s[np.argmax(running > 0.99)]) + 90.0
    hills = np.clip(GRADE_SD * slow_noise(len(time_s), 1 / (time_s[1] - time_s[0]), GRADE_TAU_S, rng), -1, 1)
    grade = GRADE_MAX * np.tanh(hills / GRADE_MAX) * eased(time_s, start_s, np.inf, 30.0)
    follow = rng.uniform(-0.3, 1.0)
    return grade, follow * np.arctan(grade), [Control("slope", start_s, float(time_s[-1]), follow)]


def follow_path(
    position: Floats, quat: Floats, speed_m_s: Floats, yaw_rate: Floats, grade: Floats, rate_hz: float, lean: float
) -> tuple[Floats, Floats]:
    """Position (N,3) and orientation (N,4) of a runner whose treadmill motion is moved along a path.

    The runner leans into a bend, about the ground under the path, by the share `lean` of the angle for balance.
    """
    heading = np.cumsum(yaw_rate) / rate_hz
    pitch = np.arctan(grade)
    step = speed_m_s[:, None] * np.stack(
        [np.cos(pitch) * np.cos(heading), np.cos(pitch) * np.sin(heading), np.sin(pitch)], axis=1
    )
    path = np.cumsum(step, axis=0) / rate_hz
    roll = -lean * np.arctan(speed_m_s * yaw_rate / GRAVITY_M_S2)
    along = multiply(about(2, heading), about(0, roll))
    return path + rotate(along, position), multiply(along, quat)


def slip(time_s: Floats, quat: Floats, start_s: float, length_s: float, turn_deg: Sequence[float]) -> Floats:
    """(N,4) orientation of the clip's base when the clip rotates by turn_deg about pelvis x, y, z and stays there."""
    gone = eased(time_s, start_s, np.inf, length_s)
    turned = Rotation.from_quat(quat, scalar_first=True) * Rotation.from_rotvec(np.outer(gone, np.radians(turn_deg)))
    return np.asarray(turned.as_quat(scalar_first=True))


def lose_packets(count: int, share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """(count,) which samples arrive where a share of the packets is lost, each by itself."""
    lost = rng.random(count // PACKET_SAMPLES + 1) < share
    return ~np.repeat(lost, PACKET_SAMPLES)[:count]


def stamps_with_jitter(time_s: Floats, jitter_s: float, rng: np.random.Generator) -> Floats:
    """(N,) time stamps with Gaussian jitter of SD jitter_s, in order."""
    stamps_s = np.maximum.accumulate(time_s + rng.normal(0.0, jitter_s, len(time_s)))
    least_s = 1e-5 * np.arange(len(time_s))  # where order is lost, stamps still increase
    return np.asarray(np.maximum.accumulate(stamps_s - least_s) + least_s)


def gaps(time_s: Floats, from_s: float, rng: np.random.Generator) -> tuple[NDArray[np.bool_], list[Control]]:
    """(N,) which samples arrive where gaps of 20-300 ms occur a few times a minute."""
    kept, made = np.ones(len(time_s), bool), []
    at_s = from_s
    while True:
        at_s += rng.exponential(60 / GAPS_A_MINUTE)
        length_s = float(np.exp(rng.uniform(*np.log(GAP_S))))
        if at_s + length_s > time_s[-1] - 1:
            return kept, made
        kept[(time_s >= at_s) & (time_s < at_s + length_s)] = False
        made.append(Control("gap", at_s, at_s + length_s, length_s))
