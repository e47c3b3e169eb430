"""Vertical force, braking and stiffness of both steps of a stride, with standard errors, from the stride's curves.

The pelvis's centre, a lever in front of the clip, stands for the whole body. Curves are limited to the stride's first
harmonics, in which they are also differentiated and integrated. Shown, never cued.
"""

from __future__ import annotations

from math import cos, sin

import numpy as np

from untuck.model import GRAVITY_M_S2, Floats
from untuck.motion.strides.contact_kernels import LEVER_M

FORCE_HARMONICS = 4  # of force: more of them follow the clip's impacts
HARMONICS = 8  # of height and speed
# Peak force: 1 is added to a share of the curve's peak above body weight, and a multiple of step time / contact time
# (for a half-sine it would be pi / 2 of that alone). Fitted to the force plate on the development runners.
_PEAK_CONSTANT, _PEAK_SHARE, _PEAK_DUTY = 1.14, 0.34, 0.50

_DROP_SHARE = 0.81  # of the pelvic centre's drop by which the body drops, fitted likewise

# Errors (RMS) of single strides of the held-out runners, good and bad clip, against the force plate
PEAK_SE_BW = 0.19
STIFFNESS_SE_SHARE = 0.15
# No recording has fore-aft force: this is the SD between good and bad clips of one runner, not a validation
BRAKING_SE_M_S = 0.08


def _operators(points: int, harmonics: int) -> tuple[Floats, Floats, Floats, Floats]:
    """(P,P) matrices: low-pass, second derivative, integral and double integral over phase."""
    phase = 2 * np.pi * (np.arange(points) + 0.5) / points
    smooth, bend, once, twice = (np.zeros((points, points)) for _ in range(4))
    for h in range(1, harmonics + 1):
        rate = 2 * np.pi * h
        part = np.cos(h * (phase[:, None] - phase[None, :])) * 2 / points
        smooth += part
        bend -= rate**2 * part
        once += np.sin(h * (phase[:, None] - phase[None, :])) * 2 / points / rate
        twice -= part / rate**2
    return smooth, bend, once, twice


_POINTS = 100
_FORCE, _BEND, _, _ = _operators(_POINTS, FORCE_HARMONICS)
_SMOOTH, _, _ONCE, _TWICE = _operators(_POINTS, HARMONICS)
_FROM_VERTICAL = np.concatenate([_FORCE, _TWICE])  # (2 P, P)
_FROM_TILT = np.concatenate([_BEND, _SMOOTH]) * LEVER_M


def force_and_height(vertical_m_s2: Floats, tilt_rad: Floats, duration_s: float) -> tuple[Floats, Floats]:
    """Vertical force in body weights and height in m of the pelvis's centre, both (P,), from curves of the stride.

    The mean force of a stride is body weight, because the body is as high after it as before.
    """
    square = duration_s * duration_s
    up, tip = _FROM_VERTICAL @ vertical_m_s2, _FROM_TILT @ tilt_rad  # the centre rises by -LEVER_M sin(tilt)
    force: Floats = 1.0 + (up[:_POINTS] - tip[:_POINTS] / square) / GRAVITY_M_S2
    height: Floats = up[_POINTS:] * square - tip[_POINTS:]
    return force, height


def stride_forces(
    curves: Floats, travel_rad: float, duration_s: float, left_phase: float, contact_phases: tuple[float, float]
) -> dict[str, float]:
    """Fields of STRIDE_DTYPE about force, of a stride from right contact to right contact.

    curves (6, P): tilt, obliquity, rotation in rad, earth acceleration x, y, z in m/s^2, as `measure_stride` writes
    them; travel_rad: direction of travel, counter-clockwise from earth x; left_phase: of the left contact;
    contact_phases: contact time of the right and the left foot, as shares of the stride.

    Peak force is the largest force of a step in body weights, from the curve and from the share of contact in the step,
    because force is zero in flight and body weight in the mean. Braking is the speed that the pelvis loses from contact
    to its slowest instant. Vertical stiffness is peak force over the drop of the body during contact (McMahon and
    Cheng, J. Biomech. 23, 1990), estimated from the drop of the pelvis's centre.
    """
    force, height = force_and_height(curves[5], curves[0], duration_s)
    along = cos(travel_rad) * curves[3] + sin(travel_rad) * curves[4]
    speed = duration_s * (_ONCE @ along)
    middle = int(left_phase * _POINTS)
    out: dict[str, float] = {}
    stiffness = 0.0
    for name, first, after, share in (("right", 0, middle, 0), ("left", middle, _POINTS, 1)):
        end = min(after, first + max(2, int(contact_phases[share] * _POINTS)))
        drop_m = _DROP_SHARE * (height.item(first) - height[first:end].min().item())
        duty = (
            (left_phase if share == 0 else 1.0 - left_phase) / contact_phases[share]
            if contact_phases[share] > 0.05
            else float("nan")
        )
        peak = _PEAK_CONSTANT + _PEAK_SHARE * (force[first:after].max().item() - 1.0) + _PEAK_DUTY * duty
        out[f"peak_{name}_bw"] = peak
        out[f"braking_{name}_m_s"] = speed.item(first) - speed[first:end].min().item()
        out[f"stiffness_{name}_bw_m"] = peak / drop_m if drop_m > 0.005 else float("nan")
        stiffness += 0.5 * out[f"stiffness_{name}_bw_m"]
    out["peak_se_bw"], out["braking_se_m_s"] = PEAK_SE_BW, BRAKING_SE_M_S
    out["stiffness_se_bw_m"] = STIFFNESS_SE_SHARE * stiffness
    return out
