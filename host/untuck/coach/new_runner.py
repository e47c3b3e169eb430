"""A new runner from nothing: checks the name, pairs a clip that lets new hosts pair, and saves it in the profile.

Runs in the sessions' loop. A clip that belongs to somebody is never taken: only one whose button was held, or one that
has never been paired, lets a new host pair.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from untuck import wire
from untuck.errors import LinkError
from untuck.session.pairing import pair_clip
from untuck.session.request import SessionRequest
from untuck.session.starts import ClipStart
from untuck.sources.ble import find_clips
from untuck.sources.ble_scan import HeardClip
from untuck.sources.stack import Backend
from untuck.store.config import checked_name, read_config
from untuck.store.profiles import Profiles

SCAN_S = 5.0
WAIT_S = 60.0  # the clip lets new hosts pair for so long after its button was held


def start_of(name: str, model: ClipStart) -> ClipStart:
    """The start of a runner's session; model: another one over the same radio. Raises SettingsError for a bad name."""
    start = ClipStart.of(SessionRequest(read_config(checked_name(name))))
    return replace(start, backend=model.backend, timeouts=model.timeouts)


async def pair(start: ClipStart, task: Callable[[str, float], None], wait_s: float = WAIT_S) -> ClipStart:
    """Wait for a clip that lets new hosts pair, pair with it and save it for the runner; returns the start with it.

    task: receives what is going on, and the share of the time that has passed. Raises LinkError if there is none.
    """
    runner = start.request.config.name
    backend = replace(start.backend or Backend(), adapter=start.request.config.clip.adapter)
    clock = asyncio.get_running_loop().time
    begin_s = clock()
    while (passed_s := clock() - begin_s) < wait_s:
        task(f"pairing {runner}: hold the clip's button for 3 s, until its light blinks fast", passed_s / wait_s)
        if (clip := _free(await find_clips(SCAN_S, backend))) is not None:
            paired = await pair_clip(clip.address, backend, start.timeouts)
            Profiles().keep_clip(runner, paired.address)
            return start.at(clip)
    raise LinkError(
        f"No clip was found to pair with {runner}: hold its button for 3 s, until its light blinks fast, and enter the "
        "name under New runner again."
    )


def _free(clips: list[HeardClip]) -> HeardClip | None:
    """The nearest clip that lets a new host pair; one whose button was held before one that was never paired."""
    for wanted in (wire.PAIRING_OPEN, wire.PAIRING_FIRST, None):
        for clip in clips:
            if clip.pairing == wanted:
                return clip
    return None
