"""Runners with two clips each in range of one computer, on one clock: real firmware in every clip, one virtual radio.

async with two_clips(pelvis, trunk, speed=2) as (pelvis_clip, trunk_clip): ...
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from virtual_clip.bno085_motion import SamplesLike
from virtual_clip.clip import CLIP_ADDRESS, VirtualClip

Pair = tuple[VirtualClip, VirtualClip]


def address_of(number: int) -> str:
    """The address of a clip, counted from 0; the first one is CLIP_ADDRESS."""
    return f"{CLIP_ADDRESS[:-2]}{int(CLIP_ADDRESS[-2:], 16) + number:02X}"


TRUNK_ADDRESS = address_of(1)


@asynccontextmanager
async def two_clips(
    pelvis: SamplesLike, trunk: SamplesLike, *, speed: int = 1, begins_s: float | None = None
) -> AsyncIterator[Pair]:
    """The clips of pelvis and trunk, switched on. begins_s: when the motion of both begins, in the clips' time."""
    async with pairs_of_clips([(pelvis, trunk)], speed=speed, begins_s=begins_s) as (pair,):
        yield pair


@asynccontextmanager
async def pairs_of_clips(
    motions: Sequence[tuple[SamplesLike, SamplesLike]], *, speed: int = 1, begins_s: float | None = None
) -> AsyncIterator[list[Pair]]:
    """The clips of several runners, from what the pelvis and the trunk of each feel."""
    made: list[VirtualClip] = []
    async with AsyncExitStack() as stack:
        for felt in (each for pair in motions for each in pair):
            clip = VirtualClip(
                felt,
                speed=speed,
                address=address_of(len(made)),
                beside=made[0] if made else None,
                begins_s=begins_s,
            )
            made.append(await stack.enter_async_context(clip))
        yield list(zip(made[::2], made[1::2], strict=True))
