"""A new runner's clip is the one of the pelvis, also one that was another runner's second clip."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from tests.sources.hostile_clip import HostileClip

from untuck import wire
from untuck.coach.new_runner import pair
from untuck.session.request import SessionRequest
from untuck.session.starts import ClipStart
from untuck.store.config import Config
from untuck.store.profiles import Profiles


async def test_a_second_clip_becomes_a_first_one(own_home: None) -> None:
    def answer(data: bytes) -> dict[str, Any]:
        return {"command": data[0], "conditions": 0}

    clip = HostileClip(
        answers=answer,
        paired=False,
        pairing=wire.PAIRING_OPEN | wire.ROLE_TRUNK,
        first={"conditions": wire.COND_TRUNK},
    )
    start = replace(ClipStart.of(SessionRequest(Config(name="Ada"))), backend=clip.backend)
    said: list[str] = []
    async with asyncio.timeout(60):
        await pair(start, lambda text, share: said.append(text))
    assert wire.command(wire.CMD_ROLE, 0) in clip.written
    assert (Profiles().open("Ada").clip, Profiles().open("Ada").trunk_clip) == (clip.address, "")
    assert said == ["pairing Ada: hold the clip's button for 3 s, until its light blinks fast"]
