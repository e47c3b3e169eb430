"""What the clip is taught, so that it can cue a tuck while no computer listens: standing, and which tilt is a tuck.

The clip judges by its own chip's orientation and takes the nominal mount: simpler than the host, so the host's zero and
threshold are what it needs. Pure; the commands are wire.py's. What is taught is decided here and nowhere else.
"""

from __future__ import annotations

import numpy as np

from untuck import wire
from untuck.model import Baseline, Calibration

WEAK_DBM = -85  # with a weaker signal, packets are lost when the runner's body is between


def tuck_cue_commands(
    calibration: Calibration, baseline: Baseline, tuck_on_deg: float, warm_up_s: float, cooldown_s: float
) -> list[bytes]:
    """The commands that teach: up in sensor axes when standing; the tilt, so far below the baseline's, of a tuck."""
    up = np.rint(calibration.sensor_to_pelvis[1] * wire.QUAT_SCALE).astype(int)
    tilt_deg = float(np.average(baseline.tilt_deg, weights=baseline.strides))
    threshold_cdeg = int(
        np.clip(round(100 * (tilt_deg - tuck_on_deg)), -wire.THRESHOLD_MAX_CDEG, wire.THRESHOLD_MAX_CDEG)
    )
    seconds = [int(np.clip(round(value), 0, 65535)) for value in (warm_up_s, cooldown_s)]
    return [
        wire.command(wire.CMD_STANDING, *up.tolist()),
        wire.command(wire.CMD_TUCK_CUE, wire.OUT_ALL, threshold_cdeg, *seconds),
    ]
