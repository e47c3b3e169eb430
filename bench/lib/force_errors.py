"""Peak force and stiffness of recorded runners, worn by a virtual clip, against the force plate of the treadmill."""

from __future__ import annotations

import numpy as np

import untuck
from bench.lib.recordings import force_contacts, raw_field
from bench.lib.run_motion import BLEND_S
from bench.lib.semisynthetic import make_recorded
from bench.lib.standing import PREFIX_S
from bench.lib.stride_chain import EDGE_S
from untuck.model import GRAVITY_M_S2, RIGHT, Floats

PLATE_HZ = 300.0
MATCH_S = 0.08


def plate_step(force_bw: Floats, contact: slice) -> tuple[float, float]:
    """Peak force in body weights and vertical stiffness in body weights/m of a step of a stride.

    force_bw (n,) over one stride at PLATE_HZ, with mean one; contact: samples of the step's contact.
    """
    speed = np.cumsum(force_bw - 1.0) * GRAVITY_M_S2 / PLATE_HZ
    height = np.cumsum(speed - speed.mean()) / PLATE_HZ
    drop_m = height[contact.start] - height[contact].min()
    peak = float(force_bw[contact].max())
    return peak, float(peak / drop_m)


def force_errors(runner: str, trial: str, wearing: str, seed: int = 0) -> Floats:
    """(n, 2) error of peak force in body weights, and relative error of stiffness, of the steps of clean strides."""
    samples, _ = make_recorded(runner, trial, wearing, seed)
    run = untuck.analyse(samples)
    plate = np.asarray(raw_field(runner, trial, "grf_vert_N"), float)
    contacts, shift_s, out = force_contacts(runner, trial), PREFIX_S - BLEND_S - EDGE_S, []
    for stride in run.strides[run.strides["valid"]]:
        start_s = float(stride["start_s"]) - shift_s
        first = int(np.argmin(np.abs(contacts["time_s"] - start_s)))
        near = abs(contacts["time_s"][first] - start_s) < MATCH_S and contacts["side"][first] == RIGHT
        if not near or first + 2 >= len(contacts):
            continue
        begin, end = (int(PLATE_HZ * contacts["time_s"][k]) for k in (first, first + 2))
        force = plate[begin:end] / plate[begin:end].mean()
        for name, k in (("right", first), ("left", first + 1)):
            on, off = (int(PLATE_HZ * contacts[field][k]) - begin for field in ("time_s", "toe_off_s"))
            peak, stiffness = plate_step(force, slice(max(on, 0), off))
            out.append((stride[f"peak_{name}_bw"] - peak, stride[f"stiffness_{name}_bw_m"] / stiffness - 1.0))
    return np.array(out).reshape(-1, 2)
