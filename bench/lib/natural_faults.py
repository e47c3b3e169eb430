"""Faults put into natural joggers' recordings: the sensor's own readings as if the pelvis had turned under it as well.

The sensor turns with the pelvis, about its own place: gyro and force are turned, and the rate of the turn is added.
Contacts and sides are those that the analysis finds in the recording itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

import untuck
from bench.lib.accuracy_cases import PHASES_PCT, WIDTHS_PCT
from bench.lib.injections import InjectedFault, pullback_rad, tuck_rad
from bench.lib.natural import RATE_HZ, NaturalRun, natural_fields, natural_run
from untuck.model import BOTH, RIGHT
from untuck.samples import Samples

FAULT_AFTER_S, FAULT_S = 60.0, 28.0  # from the recording's start: behind some 45 s of baseline


@cache
def own_contacts(name: str, straight: bool) -> NDArray[np.void]:
    """Foot contacts of a recording as the analysis finds them."""
    return untuck.analyse(natural_run(name, straight).samples).contacts


def natural_fault(name: str, straight: bool, fault: str, depth_deg: float, side: int = BOTH) -> InjectedFault:
    """A fault in the recording's second half; phase and width of a pullback differ between recordings."""
    rng = np.random.default_rng([sum(map(ord, name)), 2 + side])
    start_s = natural_run(name, straight).begins_s + FAULT_AFTER_S
    return InjectedFault(
        fault,
        side,
        depth_deg,
        start_s,
        start_s + FAULT_S,
        phase_pct=float(rng.choice(PHASES_PCT)),
        width_pct=float(rng.choice(WIDTHS_PCT)),
    )


def faulty_run(name: str, straight: bool, faults: Sequence[InjectedFault]) -> NaturalRun:
    """A recording with faults added to the pelvis's motion."""
    run = natural_run(name, straight)
    fields, samples = natural_fields(name), run.samples
    contacts = own_contacts(name, straight)
    starts_s = contacts["time_s"][contacts["side"] == RIGHT]
    stride_s = float(np.median(np.diff(starts_s)))
    rng = np.random.default_rng(len(faults))
    tuck, pull = np.zeros(len(samples)), np.zeros(len(samples))
    for fault in faults:
        if fault.fault == "tuck":
            tuck += tuck_rad(samples.time_s, fault, stride_s)
        else:
            pull += pullback_rad(samples.time_s, fault, contacts, rng)
    up = fields["up"] / np.linalg.norm(fields["up"])
    right = fields["right"] - (fields["right"] @ up) * up
    right /= np.linalg.norm(right)
    # backward pitch is positive about the pelvis's right
    turn = Rotation.from_rotvec(np.outer(pull, up)) * Rotation.from_rotvec(np.outer(tuck, right))
    back = turn.inv()
    relative = (turn[:-1].inv() * turn[1:]).as_rotvec() * RATE_HZ
    rate = np.concatenate([relative, relative[-1:]])
    moved = Samples(samples.time_s, back.apply(samples.gyr_rad_s) + rate, back.apply(samples.acc_m_s2))
    return replace(run, samples=moved)
