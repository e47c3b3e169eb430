"""The review of a run that has none yet: the run is analysed beside all else that the page does, and can be given up.

An hour of running takes a phone minutes. Between steps of two seconds of the run the worker does whatever waits. Owns
what the user reads meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable
from typing import Any

from untuck.errors import StoreError
from untuck.phone.app.files import FullError
from untuck.phone.app.profiles import Profiles
from untuck.phone.app.runs import Runs
from untuck.session.reanalysis import Reanalysis, reanalyse_in_steps
from untuck.store import codec
from untuck.store.session import StoredSession

STEP_S = 2.0  # of the run: half a second of a phone
_TELL_S = 0.5
_KNOWN_AFTER = 0.05  # share from which the time that is left is shown

Progress = Callable[[float], None]  # receives the share that is done, and may raise to end the analysis

_log = logging.getLogger(__name__)


class _GivenUpError(Exception):
    """Another run is opened, or a run begins."""


class Analysis:
    """At most one at a time. tell: sends the window a message."""

    def __init__(self, runs: Runs, profiles: Profiles, tell: Callable[[str, Any], None]) -> None:
        self._runs = runs
        self._profiles = profiles
        self._tell = tell
        self._number: int | None = None  # of the run that is analysed

    async def review(self, number: int) -> dict[str, Any] | None:
        """The review of a run, which is analysed if it has none; None if that was given up, or goes on already.

        Raises StoreError or PacketError.
        """
        review = await self._runs.reviews.read(number)
        if review is not None and self._runs.facts(number).summary is not None:
            return review
        if self._number == number:
            return None
        self._number = number
        try:
            await analyse(self._runs, self._profiles, number, self._progress_of(number))
        except _GivenUpError:
            return None
        except FullError as error:
            self._tell("notice", {"text": f"the result is not stored: {error}"})
        finally:
            self._number = None if self._number == number else self._number
        return await self._runs.reviews.read(number)

    def give_up(self) -> None:
        """End the analysis, if there is one: it begins again when its run is opened again."""
        if self._number is not None:
            _log.info("the analysis of run %d is given up", self._number)
            self._number = None
            self._tell("notice", {"text": "analysis cancelled: open the run to start it again"})

    def _progress_of(self, number: int) -> Progress:
        began_s = told_s = -math.inf

        def progress(share: float) -> None:
            nonlocal began_s, told_s
            if self._number != number:
                raise _GivenUpError
            now_s = time.monotonic()
            began_s = now_s if share == 0.0 else began_s
            if now_s - told_s >= _TELL_S:
                told_s = now_s
                text = f"analysing the run{_left(share, now_s - began_s)}"
                self._tell("progress", {"text": text, "share": round(share, 2), "cancel": True})

        return progress


async def analyse(runs: Runs, profiles: Profiles, number: int, progress: Progress = lambda _: None) -> Reanalysis:
    """Analyse a run again, with all its packets: its summary is stored, and the baseline that it took is kept.

    Raises StoreError or PacketError. After a FullError the results are known until the page ends.
    """
    session = await runs.open(number)
    found = await _in_steps(session, progress)
    keeping = [runs.reviews.keep(runs.facts(number), found.run, found.summary, runs.list())]
    if session.summary is None:  # an earlier analysis has kept its baseline; a newer run may have another
        keeping.append(runs.summarise(number, codec.to_json(found.summary)))
        if found.own_baseline and found.run.baseline is not None:
            keeping.append(profiles.keep(session.runner, found.run.baseline))
    failures = []
    for each in keeping:
        try:
            await each
        except StoreError as error:
            failures.append(error)
    if failures:
        raise failures[0]
    return found


async def _in_steps(session: StoredSession, progress: Progress) -> Reanalysis:
    progress(0.0)
    await asyncio.sleep(0.05)  # so that the window shows it: the packets are decoded in one go
    steps = reanalyse_in_steps(session, STEP_S)
    while True:
        try:
            share = next(steps)
        except StopIteration as ended:
            found: Reanalysis = ended.value
            return found
        progress(share)
        await asyncio.sleep(0)


def _left(share: float, since_s: float) -> str:
    """How long it will take, in words; "" while that is not known."""
    if share < _KNOWN_AFTER:
        return ""
    left_s = since_s * (1.0 - share) / share
    return f", about {left_s / 60:.0f} min left" if left_s > 90 else ", a minute left" if left_s > 30 else ""
