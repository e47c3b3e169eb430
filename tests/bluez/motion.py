"""What the clip feels in the guest's sessions: its wearer stands, hinges three times, stands, then runs."""

from __future__ import annotations

from untuck.samples import Samples
from untuck.simulate.runner import Phase, Scenario, simulate
from untuck.simulate.scenario import HINGE_S

STAND_S = 20.0  # the guest is slow to start a session


def runner(run_s: float) -> Samples:
    """At 100 Hz."""
    phases = Phase("stand", STAND_S), Phase("hinge", 3 * HINGE_S), Phase("stand", 3.0), Phase("run", run_s)
    return simulate(Scenario(phases), rate_hz=100).samples
