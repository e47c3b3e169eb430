"""Set-up of the clip's own tuck cue, which it gives while no host listens: standing, and the threshold of tilt.

The clip uses its sensor chip's orientation and assumes the nominal mount. That is simpler than the host's analysis, so
it needs the host's measurement of standing and threshold. Pure: values in, commands out.
"""

from __future__ import annotations

import numpy as np

from untuck import wire
from untuck.model import Baseline, Calibration

WEAK_DBM = -85  # with a weaker signal, packets are lost when the runner's body is between clip and host
UNKNOWN_DBM = -127  # as BlueZ reports it; a browser never says


def is_weak(rssi_dbm: int) -> bool:
    """Whether packets will be lost at this signal strength; an unknown one is not weak."""
    return UNKNOWN_DBM < rssi_dbm < WEAK_DBM


def tuck_cue_commands(
    calibration: Calibration, baseline: Baseline, tuck_on_deg: float, warm_up_s: float, cooldown_s: float
) -> list[bytes]:
    """The commands that set standing (the vertical in sensor axes) and the threshold (baseline minus tuck_on_deg)."""
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
