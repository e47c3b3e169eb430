"""Untuck: cues a runner when the pelvis tucks or a hip pulls back.

Analyse a recording, or the example that comes with the package:

>>> import untuck
>>> run = untuck.analyse(untuck.example())
>>> len(run.findings), len(run.cues)
(2, 4)

Stream samples through a `Pipeline` for the same results while they come. What has a price to import is loaded when it
is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from untuck.errors import UntuckError
from untuck.extras import extra_for

if TYPE_CHECKING:
    from untuck.events import Event
    from untuck.model import Baseline, Calibration, Cue, Finding
    from untuck.motion.analyse import analyse
    from untuck.motion.orientation.filter import estimate_orientation
    from untuck.motion.params import Params
    from untuck.motion.pipeline import Pipeline
    from untuck.recordings import load, sessions
    from untuck.run_results import Run
    from untuck.samples import Samples
    from untuck.simulate.example import example
    from untuck.simulate.imu import Mount, Noise, virtual_imu

__version__ = "0.1.0"

__all__ = [
    "Baseline",
    "Calibration",
    "Cue",
    "Event",
    "Finding",
    "Mount",
    "Noise",
    "Params",
    "Pipeline",
    "Run",
    "Samples",
    "UntuckError",
    "analyse",
    "estimate_orientation",
    "example",
    "load",
    "sessions",
    "virtual_imu",
]

_LAZY = {  # numba takes a second to import, numpy a tenth: only those who use them pay for it
    "Baseline": "untuck.model",
    "Calibration": "untuck.model",
    "Cue": "untuck.model",
    "Event": "untuck.events",
    "Finding": "untuck.model",
    "Mount": "untuck.simulate.imu",
    "Noise": "untuck.simulate.imu",
    "Params": "untuck.motion.params",
    "Pipeline": "untuck.motion.pipeline",
    "Run": "untuck.run_results",
    "Samples": "untuck.samples",
    "analyse": "untuck.motion.analyse",
    "estimate_orientation": "untuck.motion.orientation.filter",
    "example": "untuck.simulate.example",
    "load": "untuck.recordings",
    "sessions": "untuck.recordings",
    "virtual_imu": "untuck.simulate.imu",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'untuck' has no attribute '{name}'")
    with extra_for(f"untuck.{name}"):
        return getattr(import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
