"""After a session: fetches what only the clips have of it, so that one run is one session."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from untuck.errors import LinkError, UntuckError
from untuck.report.summary import Summary
from untuck.session.kept_runs import fetch_runs
from untuck.session.outcome import Outcome
from untuck.session.packet_loop import Source
from untuck.session.run_fetching import CLOCKS_DIFFER_S, is_incomplete
from untuck.session.two_clips import TwoClips
from untuck.sources.ble import Backend, BleSource
from untuck.store import Store, codec

_log = logging.getLogger(__name__)


def incomplete_clips(source: Source, outcome: Outcome) -> Sequence[BleSource]:
    """The clips of a session that has ended which may have packets that are missing here; none of another source."""
    if isinstance(source, TwoClips):
        trunk_too = source.joined and (source.has_rest or outcome.unstored)
        return [*incomplete_clips(source.pelvis, outcome), *([source.trunk] if trunk_too else [])]
    return [source] if isinstance(source, BleSource) and is_incomplete(source, outcome) else []


async def complete(
    number: int,
    outcome: Outcome,
    clips: Sequence[BleSource],
    note: Callable[[str], None],
    backend: Backend | None = None,
) -> Outcome:
    """Fetch the rest of the stored session `number` from clips whose connections have ended.

    Returns the whole session's outcome. If that fails, the clip keeps the rest and `note` receives what to do.
    """
    store = Store()
    try:
        since_unix_s = store.open(number).started_unix_s - CLOCKS_DIFFER_S
        for clip in clips:
            try:
                await fetch_runs(clip.address, note, since_unix_s=since_unix_s, backend=backend)
            except LinkError as error:  # the other clip may be near
                _report(error, note)
        stored = store.open(number).summary
        return outcome if stored is None else replace(outcome, summary=codec.from_json(Summary, stored))
    except (UntuckError, asyncio.CancelledError) as error:
        _report(error, note)
        return outcome


def _report(error: BaseException, note: Callable[[str], None]) -> None:
    _log.info("the session was not completed: %s", error)
    note("the clip still has that part: `untuck sync` fetches it later")
