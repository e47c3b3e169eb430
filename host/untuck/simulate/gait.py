"""Motion of the pelvis in running and walking, from the published and measured norms of docs/algorithms.md.

Each channel is a sum of a few harmonics of the stride (right contact to right contact). Vertical motion in running
results from the push during a stance of the published duration, and free flight.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from untuck.model import GRAVITY_M_S2, Floats

REFERENCE_M_S = 3.5
FLIGHT_HARMONICS = 9  # of the step: at most 25 Hz, about the bandwidth of soft tissue
BUMP_SHARE = 0.16  # of a stance's impulse in the impact bump
BUMP_AT, BUMP_WIDTH = 0.165, 0.05  # of a step
PUSH_RISE, PUSH_FALL = 1.1, 1.35  # exponents of the push over the stance, u^rise (1-u)^fall


@dataclass(frozen=True)
class Wave:
    """One harmonic of the stride: size * (speed / 3.5)^growth * cos(2 pi harmonic phase + lag_deg)."""

    harmonic: int
    size: float  # at 3.5 m/s; deg for angles, g for accelerations
    growth: float
    lag_deg: float


@dataclass(frozen=True)
class Gait:
    """Waves per channel: acc_* in g along forward, left and up; angles in degrees with the signs of tilt and so on."""

    acc_forward: tuple[Wave, ...]
    acc_left: tuple[Wave, ...]
    acc_up: tuple[Wave, ...]
    tilt: tuple[Wave, ...]
    obliquity: tuple[Wave, ...]
    rotation: tuple[Wave, ...]


# Sizes reproduce the ranges of the norms: tilt 8-9 deg with two cycles a stride; obliquity 10.6/12.8/15.2 and rotation
# 8.5/11.2/13.9 deg at 2.5/3.5/4.5 m/s. With these lags the right hip is furthest back at about 12 % and furthest
# forward at about 62 % of its stride, and the stance side is up after contact. Even harmonics are equal on both sides.
RUNNING = Gait(
    acc_forward=(Wave(2, 0.57, 0.7, -141), Wave(4, 0.27, 2.0, 88), Wave(6, 0.16, 0.7, 104), Wave(8, 0.14, 0.3, 42)),
    acc_left=(Wave(1, 0.10, 2.0, 130), Wave(3, 0.20, 2.0, 50), Wave(5, 0.14, 0.9, -5), Wave(7, 0.16, 0.8, -176)),
    acc_up=(Wave(1, 0.02, 0.5, 65), Wave(3, 0.03, 1.0, -125)),
    tilt=(Wave(1, 0.3, 0.4, -145), Wave(2, 3.65, 0.08, 92), Wave(4, 1.0, 0.6, 101), Wave(6, 0.12, 0.0, 62)),
    obliquity=(Wave(1, 5.95, 0.63, -4), Wave(2, 0.15, 0.5, -85), Wave(3, 2.35, 0.55, -163), Wave(5, 0.15, 0.5, -70)),
    rotation=(Wave(1, 5.1, 0.83, 137), Wave(3, 0.6, 1.6, 21), Wave(5, 0.35, 0.0, 36), Wave(7, 0.17, 0.8, -133)),
)
WALKING = Gait(
    acc_forward=(Wave(2, 0.38, 0.7, 83), Wave(4, 0.20, 0.7, 72)),  # slowest when highest, as real walkers
    acc_left=(Wave(1, 0.10, 0.5, 95), Wave(3, 0.06, 0.5, 40)),
    acc_up=(Wave(2, 0.40, 0.7, -25), Wave(4, 0.20, 0.7, -40), Wave(6, 0.06, 0.7, -60)),
    tilt=(Wave(1, 0.2, 0.0, -100), Wave(2, 1.3, 0.1, 60), Wave(4, 0.3, 0.1, 90)),
    obliquity=(Wave(1, 3.6, 0.3, -40), Wave(3, 1.0, 0.3, 170)),
    rotation=(Wave(1, 4.6, 0.2, 165), Wave(3, 0.4, 0.2, 20)),
)


WALKING_TILT_DEG = 2.0  # stride-mean tilt above standing


def individual(form: Gait, rng: np.random.Generator) -> Gait:
    """One person's own form: every wave varies by 6 % in size and 4 deg in lag (SD)."""
    return Gait(
        **{
            item.name: tuple(
                replace(wave, size=wave.size * rng.lognormal(0, 0.06), lag_deg=wave.lag_deg + rng.normal(0, 4))
                for wave in getattr(form, item.name)
            )
            for item in fields(form)
        }
    )


def cadence_spm(speed_m_s: Floats) -> Floats:
    """Steps per minute of a runner: 160 / 171 / 184 at 2.5 / 3.5 / 4.5 m/s."""
    over = speed_m_s - REFERENCE_M_S
    return 171 + 12 * over + over**2


def walking_cadence_spm(speed_m_s: Floats) -> Floats:
    """Steps per minute of a walker: 112 at 1.4 m/s."""
    return 112 + 30 * (speed_m_s - 1.4)


def contact_s(speed_m_s: Floats) -> Floats:
    """Duration of ground contact in running: 270 / 223 / 195 ms at 2.5 / 3.5 / 4.5 m/s."""
    over = speed_m_s - REFERENCE_M_S
    return 0.223 - 0.0375 * over + 0.0095 * over**2


def running_tilt_deg(speed_m_s: Floats) -> Floats:
    """Stride-mean tilt above standing: 4.3 / 6.0 / 6.7 deg at 2.5 / 3.5 / 4.5 m/s."""
    over = speed_m_s - REFERENCE_M_S
    return 6.0 + 1.2 * over - 0.5 * over**2


def _step_acc_g(duty: float, points: int = 512) -> Floats:
    """(points,) vertical acceleration over a step from contact: push during `duty` of it, impact bump, free fall."""
    phase = (np.arange(points) + 0.5) / points
    stance = np.clip(phase / duty, 0, 1)
    push = stance**PUSH_RISE * (1 - stance) ** PUSH_FALL
    bump = np.exp(-0.5 * ((phase - BUMP_AT) / BUMP_WIDTH) ** 2)
    acc: Floats = (1 - BUMP_SHARE) * push / push.mean() + BUMP_SHARE * bump / bump.mean() - 1
    return acc


def _flight_table() -> tuple[Floats, Floats]:
    """Cubic polynomials in speed of the cosine and sine part, in g, of each step harmonic: (4, FLIGHT_HARMONICS)."""
    speeds = np.linspace(2.0, 5.5, 15)
    rows = []
    for speed in speeds:
        acc = _step_acc_g(float(contact_s(speed) * cadence_spm(speed) / 60))
        middle = np.exp(-1j * np.pi * np.arange(FLIGHT_HARMONICS + 1) / len(acc))  # points are mid-interval
        rows.append((np.fft.rfft(acc)[: FLIGHT_HARMONICS + 1] * middle * 2 / len(acc))[1:])
    table = np.array(rows)
    over = speeds - REFERENCE_M_S
    return np.polyfit(over, table.real, 3), np.polyfit(over, -table.imag, 3)


def flight_height_m(phase: Floats, speed_m_s: Floats, stride_s: Floats) -> Floats:
    """(N,) pelvis height relative to its mean in running, the second integral of push, impact and free flight.

    phase in strides; speed may vary slowly from sample to sample.
    """
    cosine, sine = _flight_table()
    powers = np.vander(speed_m_s - REFERENCE_M_S, 4)
    height = np.zeros(len(phase))
    for k in range(1, FLIGHT_HARMONICS + 1):
        angle = 4 * np.pi * k * phase
        height -= ((powers @ cosine[:, k - 1]) * np.cos(angle) + (powers @ sine[:, k - 1]) * np.sin(angle)) / k**2
    return height * GRAVITY_M_S2 * (stride_s / (4 * np.pi)) ** 2


def waves(table: tuple[Wave, ...], phase: Floats, speed_m_s: Floats) -> Floats:
    """(N,) sum of a table's waves at phase (N,) in strides, in the table's unit."""
    total = np.zeros(len(phase))
    for wave in table:
        size = wave.size * (speed_m_s / REFERENCE_M_S) ** wave.growth
        total += size * np.cos(2 * np.pi * wave.harmonic * phase + np.radians(wave.lag_deg))
    return total


def sway_m(table: tuple[Wave, ...], phase: Floats, speed_m_s: Floats, stride_s: Floats) -> Floats:
    """(N,) displacement, the second integral of a table of acceleration waves in g."""
    slow = tuple(Wave(w.harmonic, w.size / w.harmonic**2, w.growth, w.lag_deg) for w in table)
    return -waves(slow, phase, speed_m_s) * GRAVITY_M_S2 * (stride_s / (2 * np.pi)) ** 2


def backward_bump(phase: Floats, centre: float, width: float) -> Floats:
    """(N,) one smooth bump a stride, of height 1 at `centre`; `width` in strides is the full width at half height."""
    sharpness = np.log(2) / (1 - np.cos(np.pi * width))
    bump: Floats = np.exp(sharpness * (np.cos(2 * np.pi * (phase - centre)) - 1))
    return bump
