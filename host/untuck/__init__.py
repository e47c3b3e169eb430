"""Untuck: says, while a runner runs, when the pelvis tucks or a hip pulls back."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from untuck.errors import UntuckError
from untuck.events import Event
from untuck.model import Baseline, Calibration, Cue, Finding, Run, Samples

if TYPE_CHECKING:
    from untuck.motion.orientation.filter import estimate_orientation
    from untuck.motion.pipeline import Pipeline, analyse
    from untuck.simulate.imu import virtual_imu

__version__ = "0.1.0"

__all__ = [
    "Baseline",
    "Calibration",
    "Cue",
    "Event",
    "Finding",
    "Pipeline",
    "Run",
    "Samples",
    "UntuckError",
    "analyse",
    "estimate_orientation",
    "virtual_imu",
]

_LAZY = {  # numba takes a second to import: only those who analyse pay for it
    "Pipeline": "untuck.motion.pipeline",
    "analyse": "untuck.motion.pipeline",
    "estimate_orientation": "untuck.motion.orientation.filter",
    "virtual_imu": "untuck.simulate.imu",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'untuck' has no attribute '{name}'")
