"""Traces of angles over a recording whose mount changes."""

from __future__ import annotations

import numpy as np
import pytest

from untuck.model import STRIDE_DTYPE
from untuck.motion.strides.traces import angle_traces

NO_STRIDES = np.zeros(0, STRIDE_DTYPE)


@pytest.mark.nojit
@pytest.mark.filterwarnings("error")
def test_each_sample_is_seen_by_the_mount_of_its_time_and_a_mount_may_have_none() -> None:
    time_s = np.arange(50) / 100.0
    quat = np.tile([1.0, 0.0, 0.0, 0.0], (50, 1))
    turned = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])  # forward is up
    tilt_deg, obliquity_deg, _ = angle_traces(
        time_s, quat, [(-np.inf, np.eye(3)), (0.0, turned), (0.2, np.eye(3)), (0.2, turned)], NO_STRIDES
    )
    assert tilt_deg == pytest.approx(np.full(50, -90.0))
    assert obliquity_deg == pytest.approx(np.zeros(50))
