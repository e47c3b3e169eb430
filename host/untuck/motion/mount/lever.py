"""How far above the hips' axis a clip sits, from the hinges: the higher, the more it is pushed forward.

A clip at a height r moves forward as r sin(tip), so that its forward acceleration is r times the second derivative of
sin(tip). That the hips move back meanwhile takes the same off the lever of every clip on the back.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from untuck.model import Floats
from untuck.motion.history import History
from untuck.motion.mount.hinges import Hinge, verticals
from untuck.motion.strides.stride_kernels import pelvis_angles

_SMOOTH_S = 0.3  # window, applied twice: hinges take seconds


def lever_m(history: History, hinges: Sequence[Hinge], mount: Floats) -> float:
    """Lever in m, from the earth's acceleration while the clip tips; NaN where it hardly does.

    mount: (3,3), rows forward, up, right in sensor coordinates.
    """
    both = squares = 0.0
    for hinge in hinges:
        first, end = max(hinge.first, history.base), hinge.end
        quat, time_s = np.ascontiguousarray(history.column("quat", first, end)), history.time(first, end)
        dt_s = float(time_s[-1] - time_s[0]) / max(1, len(time_s) - 1)
        width = max(1, round(_SMOOTH_S / dt_s))
        if len(time_s) < 4 * width:
            continue
        angles = np.empty((len(quat), 3))
        pelvis_angles(quat, 0, len(quat), mount, angles)
        earth, heading = history.column("earth", first, end), angles[:, 2]
        ahead = earth[:, 0] * np.cos(heading) + earth[:, 1] * np.sin(heading)
        tip = _smoothed(-(verticals(quat) @ mount[0]), width)
        wanted = np.gradient(np.gradient(tip, dt_s), dt_s)
        inner = slice(width, -width)
        wanted, found = wanted[inner], _smoothed(ahead, width)[inner]
        both += float(wanted @ found)
        squares += float(wanted @ wanted)
    return both / squares if squares > 0.0 else float("nan")


def _smoothed(values: Floats, width: int) -> Floats:
    window = np.ones(width) / width
    smooth: Floats = np.convolve(np.convolve(values, window, "same"), window, "same")
    return smooth
