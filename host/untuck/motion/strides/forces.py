"""Vertical force, braking and stiffness of both steps of a stride, with standard errors, from the stride's curves.

The pelvis's centre, a lever in front of the clip, stands for the whole body. Curves are limited to the stride's first
harmonics, in which they are also differentiated and integrated. Shown, never cued.
"""

from __future__ import annotations

from math import cos, nan, sin

import numpy as np

from untuck.model import GRAVITY_M_S2, Floats
from untuck.motion.strides.contact_kernels import LEVER_M
from untuck.motion.strides.phase_grid import ANALYSIS, HARMONICS, PHASES, SYNTHESIS

FORCE_HARMONICS = 4  # of force: more of them follow the clip's impacts; height and speed have all
# Peak force: 1 is added to a share of the curve's peak above body weight, and a multiple of step time / contact time
# (for a half-sine it would be pi / 2 of that alone). Fitted to the force plate on the development runners.
_PEAK_CONSTANT, _PEAK_SHARE, _PEAK_DUTY = 1.14, 0.34, 0.50

_DROP_SHARE = 0.81  # of the pelvic centre's drop by which the body drops, fitted likewise

# Errors (RMS) of single strides of the held-out runners, good and bad clip, against the force plate
PEAK_SE_BW = 0.19
STIFFNESS_SE_SHARE = 0.15
# No recording here has fore-aft force: a judgement from the difference between good and bad clips (0.04 to 0.11 m/s)
BRAKING_SE_M_S = 0.08

_RATE = 2 * np.pi * np.repeat(np.arange(1, HARMONICS + 1), 2)  # of each harmonic's cosine and sine, per stride
_TO_HARMONICS = np.ascontiguousarray(ANALYSIS.T)
_SQUARE, _INVERSE = _RATE * _RATE, 1.0 / (_RATE * _RATE)
_IS_FORCE = np.arange(2 * HARMONICS) < 2 * FORCE_HARMONICS
_TIP_FORCE, _UP_FORCE = LEVER_M / GRAVITY_M_S2 * _SQUARE * _IS_FORCE, _IS_FORCE / GRAVITY_M_S2


def motion_curves(upward: Floats, along: Floats, tilt_rad: Floats, duration_s: float) -> Floats:
    """(P, 3): vertical force less body weight in body weights, and height in m, of the pelvis's centre; speed in m/s.

    upward, along (2 H,): harmonics of the clip's acceleration in m/s^2, cosine and sine in turn, up and in the
    direction of travel; tilt_rad (P,). The mean force of a stride is body weight, because the body is as high after it.
    """
    tip, square = _TO_HARMONICS @ tilt_rad, duration_s * duration_s  # the centre is LEVER_M tilt lower than the clip
    parts = np.empty((2 * HARMONICS, 3))
    parts[:, 0] = _UP_FORCE * upward + _TIP_FORCE / square * tip
    parts[:, 1] = -square * _INVERSE * upward - LEVER_M * tip
    parts[0::2, 2] = -duration_s * along[1::2] / _RATE[0::2]
    parts[1::2, 2] = duration_s * along[0::2] / _RATE[0::2]
    curves: Floats = SYNTHESIS @ parts
    return curves


def stride_forces(
    harmonics: Floats,
    tilt_rad: Floats,
    travel_rad: float,
    duration_s: float,
    contacts: tuple[float, float, float],
) -> dict[str, float]:
    """Fields of STRIDE_DTYPE about force, of a stride from right contact to right contact.

    harmonics (4, 2 H) of rotation and of earth acceleration x, y, z in m/s^2, as `measure_stride` writes them; tilt_rad
    (P,); travel_rad: direction of travel, counter-clockwise from earth x; contacts: phase of the left contact, and
    contact time of the right and the left foot as shares of the stride.

    Peak force is the largest force of a step in body weights, from the curve and from the share of contact in the step,
    because force is zero in flight and body weight in the mean. Braking is the speed that the pelvis loses from contact
    to its slowest instant. Vertical stiffness is peak force over the drop of the body during contact (McMahon and
    Cheng, J. Biomech. 23, 1990), estimated from the drop of the pelvis's centre.
    """
    along = cos(travel_rad) * harmonics[1] + sin(travel_rad) * harmonics[2]
    force, height, speed = motion_curves(harmonics[3], along, tilt_rad, duration_s).T
    left_phase, *shares = contacts
    middle = int(left_phase * PHASES)
    out: dict[str, float] = {}
    stiffness = 0.0
    steps = (("right", 0, middle, left_phase), ("left", middle, PHASES, 1.0 - left_phase))
    for (name, first, after, step), share in zip(steps, shares, strict=True):
        end = min(after, first + max(2, int(share * PHASES)))
        drop_m = _DROP_SHARE * (height.item(first) - height[first:end].min().item())
        duty = step / share if share > 0.05 else nan
        peak = _PEAK_CONSTANT + _PEAK_SHARE * force[first:after].max().item() + _PEAK_DUTY * duty
        out[f"peak_{name}_bw"] = peak
        out[f"braking_{name}_m_s"] = speed.item(first) - speed[first:end].min().item()
        out[f"stiffness_{name}_bw_m"] = peak / drop_m if drop_m > 0.005 else nan
        stiffness += 0.5 * out[f"stiffness_{name}_bw_m"]
    out["peak_se_bw"], out["braking_se_m_s"] = PEAK_SE_BW, BRAKING_SE_M_S
    out["stiffness_se_bw_m"] = STIFFNESS_SE_SHARE * stiffness
    return out
