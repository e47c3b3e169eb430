"""The recording of a second clip before it is analysed: whether it can be used, and its time on the pelvis's clock.

A live session fits the clocks of its clips; recordings of two devices are often tenths of a second apart.
"""

from __future__ import annotations

import numpy as np

from untuck.errors import SamplesError
from untuck.model import Floats
from untuck.motion.bunches import without_bunches
from untuck.motion.intake import range_problem, rate_problem
from untuck.motion.mount.handedness import turning
from untuck.motion.mount.signs import Agreement, gravity_problem, gyro_problem
from untuck.motion.trunk.join import best_fit, clocks_of
from untuck.motion.trunk.offset import clock_offset, is_sure
from untuck.samples import Samples

NAME = "Upper back: "  # before errors and warnings, which are otherwise those of the pelvis's clip
_MOVED = (
    "The clock of the upper back's clip was {:+.0f} ms off, as the strikes of the feet show: its samples were moved."
)
_FAR = "The clock of the upper back's clip was {:+.2f} s off, as the strikes of the feet show: its samples were moved."
_SAME = "it is the recording of the pelvis: give the one of the second clip."
_OTHER_RUN = (
    "its steps fit those of the pelvis at no time within two minutes: it is of another run, or its clock "
    "is further off. Only the pelvis is analysed."
)
_UNCLEAR = (
    "its steps fit those of the pelvis as well at other times: nothing shows that both recordings are of "
    "one run and on one clock. What is said of the trunk is right only if they are."
)
_PART = (
    "The recording of the upper back is from {:.0f} to {:.0f} s, that of the pelvis from {:.0f} to {:.0f} s: lean is "
    "judged only where there are both."
)
_PART_S = 5.0  # less is not said
_APART = (
    "The recordings of pelvis and upper back have no time in common ({:.0f} to {:.0f} s and {:.0f} to {:.0f} s): give "
    "the time_s of both on one clock."
)
_ANOTHER_STEP_S = 0.2  # offsets that differ by more are those of two steps
_EMPTY = "The recording of the upper back is empty: only the pelvis is analysed."


def prepare_trunk(pelvis: Samples, trunk: Samples) -> tuple[Samples, list[str]]:
    """The trunk's samples as they are to be analysed with those of the pelvis, and warnings.

    pelvis: not empty. Samples that have no time in common with it, or are of another run, are left out. A difference of
    the clocks of up to two minutes is found in a minute of running and taken out (`join.join_clocks`), of up to 3 s in
    less (`offset.clock_offset`).

    Raises SamplesError where both are one recording, the rate is outside 50 to 1000 Hz, gravity was removed, or gyro
    and acceleration contradict each other: what they would show is wrong in ways that nothing later could notice.
    """
    if len(trunk) == 0:
        return trunk, [_EMPTY]
    if np.array_equal(trunk.acc_m_s2, pelvis.acc_m_s2):
        raise SamplesError(NAME + _SAME)
    trunk, bunched = without_bunches(trunk)
    if problem := rate_problem(trunk.time_s) or gravity_problem(trunk) or gyro_problem(Agreement(turning(trunk), 0.0)):
        raise SamplesError(NAME + problem)
    warnings = [NAME + text for text in (bunched, range_problem(trunk)) if text]
    ends_s = pelvis.time_s[0], pelvis.time_s[-1], trunk.time_s[0], trunk.time_s[-1]
    if ends_s[2] > ends_s[1] or ends_s[3] < ends_s[0]:
        return trunk[:0], [*warnings, _APART.format(*ends_s)]
    trunk, found = _on_one_clock(pelvis, trunk)
    warnings += found
    if len(trunk) and max(trunk.time_s[0] - ends_s[0], ends_s[1] - trunk.time_s[-1]) > _PART_S:
        warnings.append(_PART.format(trunk.time_s[0], trunk.time_s[-1], *ends_s[:2]))
    return trunk, warnings


def _on_one_clock(pelvis: Samples, trunk: Samples) -> tuple[Samples, list[str]]:
    """The trunk's samples on the pelvis's clock, none if it is of another run; and what is to be said of it."""
    fit, offset = best_fit(pelvis, trunk), clock_offset(pelvis, trunk)
    if fit is not None and fit.is_other_run:
        return trunk[:0], [NAME + _OTHER_RUN]
    clocks = None if fit is None else clocks_of(pelvis, trunk, fit)
    if clocks is not None and not abs(clocks.offset_s + offset.offset_s) < _ANOTHER_STEP_S:  # also if that is NaN
        time_s = trunk.time_s + clocks.offset_s + clocks.drift * (trunk.time_s - clocks.from_s)
        return _at(trunk, time_s), [_FAR.format(-clocks.offset_s)]
    warnings = [NAME + _UNCLEAR] if fit is not None and fit.is_unclear else []
    if is_sure(offset):
        trunk = _at(trunk, trunk.time_s - offset.offset_s)
        warnings.append(_MOVED.format(1e3 * offset.offset_s))
    return trunk, warnings


def _at(samples: Samples, time_s: Floats) -> Samples:
    """The samples with other times, (N,) in s."""
    return Samples(time_s, samples.gyr_rad_s, samples.acc_m_s2, samples.quat, samples.acc_end_m_s2)
