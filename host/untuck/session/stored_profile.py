"""Saves values of a runner's profile in the computer's store, in a thread."""

from __future__ import annotations

import asyncio

from untuck.model import Baseline, Calibration
from untuck.session.profile_keeper import Save
from untuck.store.profiles import Profiles
from untuck.vocabulary import Role


def save_in_store(runner: str, session_id: int | None) -> Save:
    """How a ProfileKeeper saves. session_id: the session that the values come from, None if unknown."""

    async def save(value: Calibration | Baseline, role: Role) -> None:
        await asyncio.to_thread(Profiles().keep, runner, value, session_id, role)

    return save
