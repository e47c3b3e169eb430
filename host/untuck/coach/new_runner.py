"""A new runner from nothing: checks the name, pairs a clip that lets new hosts pair, and saves it in the profile.

Runs in the sessions' loop. A clip that belongs to somebody is never taken: only one whose button was held, or one that
has never been paired, lets a new host pair.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from untuck.errors import LinkError
from untuck.session.pairing import free_clip, keep_clip, pair_clip
from untuck.session.request import SessionRequest
from untuck.session.starts import ClipStart
from untuck.sources.ble import find_clips
from untuck.sources.stack import Backend
from untuck.store.config import checked_name
from untuck.store.config_file import read_config
from untuck.store.profiles import Profiles
from untuck.vocabulary import Role

SCAN_S = 5.0
WAIT_S = 60.0  # the clip lets new hosts pair for so long after its button was held


def start_of(name: str, model: ClipStart) -> ClipStart:
    """The start of a runner's session; model: another one over the same radio. Raises SettingsError for a bad name."""
    start = ClipStart.of(SessionRequest(read_config(checked_name(name))))
    return replace(start, backend=model.backend, timeouts=model.timeouts)


async def pair(start: ClipStart, task: Callable[[str, float], None], wait_s: float = WAIT_S) -> ClipStart:
    """Wait for a clip that lets new hosts pair, pair with it and save it for the runner; returns the start with it.

    It becomes the clip of the pelvis, whatever it was before. task: receives what is going on, and the share of the
    time that has passed. Raises LinkError if there is none.
    """
    runner = start.request.config.name
    backend = replace(start.backend or Backend(), adapter=start.request.config.clip.adapter)
    clock = asyncio.get_running_loop().time
    begin_s = clock()
    while (passed_s := clock() - begin_s) < wait_s:
        task(f"pairing {runner}: hold the clip's button for 3 s, until its light blinks fast", passed_s / wait_s)
        if (clip := free_clip(await find_clips(SCAN_S, backend))) is not None:
            keep_clip(Profiles(), runner, await pair_clip(clip.address, backend, start.timeouts, Role.PELVIS))
            return start.at(clip)
    raise LinkError(
        f"No clip was found to pair with {runner}: hold its button for 3 s, until its light blinks fast, and enter the "
        "name under New runner again."
    )
