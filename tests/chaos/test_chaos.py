"""A few schedules of random faults: every sample is stored once, or reported as lost with its cause.

`make chaos` runs more of them.
"""

from __future__ import annotations

import json

import pytest
from tests.chaos.faults import KINDS, Fault
from tests.chaos.rig import Outcome, as_line, run_schedule

pytestmark = [pytest.mark.slow, pytest.mark.radio]


def assert_accounted(outcome: Outcome) -> None:
    for found in outcome.accounts():
        assert found.produced > 1000, outcome.said
        assert (found.silent, found.doubled, found.on_clip) == (0, 0, 0), (found, outcome.said)


async def test_random_faults_lose_nothing_silently() -> None:
    assert_accounted(await run_schedule(4, seconds=20.0, speed=2))


@pytest.mark.parametrize(("kind", "size"), [("host stopped", 15.0), ("radio lost", 25.0)])
async def test_what_a_computer_misses_is_completed_from_the_clip(kind: str, size: float) -> None:
    assert kind in KINDS
    outcome = await run_schedule(7, plan=[Fault(kind, 3.0, size)], seconds=20.0, speed=2)
    assert_accounted(outcome)
    assert set(outcome.account.reported) <= {"stream began or ended"}, outcome.account


async def test_a_power_cut_of_the_computer_in_the_belt_loses_nothing_silently() -> None:
    """`untuck run --unattended` is killed, started by the system again, and goes on in a new session."""
    plan = [Fault("host killed", 4.0, 3.0)]
    outcome = await run_schedule(11, plan=plan, seconds=12.0, speed=2, task="unattended")
    assert_accounted(outcome)
    assert set(outcome.account.reported) <= {"stream began or ended"}, outcome.account
    assert any("sessions" in line for line in outcome.said), outcome.said  # the second one ended when told


async def test_each_of_two_clips_in_a_session_may_fail_by_itself() -> None:
    """A computer that is killed, and a radio that one clip loses, then the other, for longer than its memory holds."""
    plan = [
        Fault("radio lost", 3.0, 15.0, (1,)),
        Fault("host killed", 4.0, 2.0),
        Fault("radio lost", 3.0, 15.0, (0,)),
        Fault("repeated", 2.0, 0.3),
    ]
    outcome = await run_schedule(5, plan=plan, seconds=30.0, speed=2, clips=2)
    assert len(outcome.accounts()) == 2
    assert_accounted(outcome)
    assert all(set(found.reported) <= {"stream began or ended"} for found in outcome.accounts()), outcome.accounts()
    row = json.loads(as_line(outcome.row()))
    assert row["reported"] == dict(outcome.account.reported) and row["trunk"]["silent"] == 0
