"""Reviews of runs, kept beside them: what the page shows of a run is made once, when its analysis is in memory.

An hour of running takes a phone minutes to analyse again, so a review is stored as JSON when a run ends.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from untuck.errors import StoreError
from untuck.phone.app.files import Files
from untuck.phone.app.review import review
from untuck.report.metrics import SessionMetrics, metrics_of, to_compare
from untuck.report.summary import Summary
from untuck.run_results import Run
from untuck.store import codec
from untuck.store.values import loads

if TYPE_CHECKING:
    from untuck.phone.app.runs import RunFacts

FOLDER = "runs"
MOST_EARLIER = 20  # runs that are read for a comparison

_log = logging.getLogger(__name__)


class Reviews:
    """The reviews in the page's storage."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._unstored: dict[int, dict[str, Any]] = {}  # by run: what there was no space for

    async def keep(self, facts: RunFacts, run: Run, summary: Summary, others: Iterable[RunFacts] = ()) -> None:
        """Make and store the review of a run. others: all runs, to compare with those before.

        Raises StoreError; then the review can be read until the page ends.
        """
        now = metrics_of(facts.number, facts.started_unix_s, summary)
        title = time.strftime("%d %B %Y, %H:%M", time.localtime(facts.started_unix_s)).lstrip("0")
        value = review(run, summary, facts.name or title, now, to_compare(now, earlier(facts, others)))
        self._unstored[facts.number] = value
        await self._files.replace(_path(facts.number), json.dumps(value).encode())
        del self._unstored[facts.number]

    async def read(self, number: int) -> dict[str, Any] | None:
        """The review of a run; None if there is none that can be read. Raises StoreError."""
        if number in self._unstored:
            return self._unstored[number]
        data = await self._files.read(_path(number))
        try:
            value = None if data is None else loads(data)
        except (ValueError, TypeError) as error:
            _log.warning("the review of run %d cannot be read: %s", number, error)
            return None
        return value if isinstance(value, dict) else None

    async def delete(self, number: int) -> None:
        """Remove the review of a run, if there is one. Raises StoreError."""
        self._unstored.pop(number, None)
        await self._files.delete(_path(number))


def earlier(facts: RunFacts, others: Iterable[RunFacts]) -> list[SessionMetrics]:
    """The metrics of a runner's runs before this one that have a summary."""
    before = [each for each in others if each.runner == facts.runner and each.started_unix_s < facts.started_unix_s]
    found = []
    for each in sorted(before, key=lambda one: -one.started_unix_s)[:MOST_EARLIER]:
        try:
            summary = None if each.summary is None else codec.from_json(Summary, each.summary)
        except StoreError:
            continue  # of another version
        if summary is not None:
            found.append(metrics_of(each.number, each.started_unix_s, summary))
    return found


def _path(number: int) -> str:
    return f"{FOLDER}/{number:06d}.review"
