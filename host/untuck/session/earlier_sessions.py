"""A runner's earlier sessions as rows of numbers, for comparisons and trends, read from their stored summaries.

A session is compared only with sessions of the same runner, and a simulated one only with simulated ones.
"""

from __future__ import annotations

import dataclasses
import math
import time

from untuck.errors import StoreError
from untuck.outside_text import printable
from untuck.report.metrics import SessionMetrics, metrics_of, to_compare
from untuck.report.summary import Summary
from untuck.store import Store, StoredSession, codec
from untuck.vocabulary import clock


def metrics_of_runner(store: Store, session: StoredSession) -> list[SessionMetrics]:
    """One row for every session of this session's runner, itself included, if its summary can be read."""
    kind = (session.runner, session.mode == "demo")
    found = []
    for each in store.sessions():
        if (each.runner, each.mode == "demo") != kind or each.summary is None:
            continue
        try:
            summary = codec.from_json(Summary, each.summary)
        except StoreError:
            continue  # written by a newer version: `untuck summary` reports it
        if summary.clean_strides and _is_finite(row := metrics_of(each.id, each.started_unix_s, summary)):
            found.append(row)
    return found


def _is_finite(row: SessionMetrics) -> bool:
    """Whether all numbers of a row can be averaged."""
    values = (getattr(row, each.name) for each in dataclasses.fields(row))
    return all(math.isfinite(value) for value in values if isinstance(value, float))


def compared_sessions(
    store: Store, session: StoredSession, summary: Summary
) -> tuple[SessionMetrics, tuple[SessionMetrics, ...]]:
    """The row of this session, and the rows of the sessions it is compared with."""
    now = metrics_of(session.id, session.started_unix_s, summary)
    others = [each for each in metrics_of_runner(store, session) if each.session != session.id]
    return now, to_compare(now, others)


def title_of(session: StoredSession) -> str:
    """The title of a session's summary."""
    return printable(f"Session {session.id}: {session.name or session.source}")


def subtitle_of(session: StoredSession) -> str:
    """Date, length, runner, tags and note of a session."""
    started = time.strftime("%Y-%m-%d %H:%M", time.localtime(session.started_unix_s))
    texts = (session.runner, " ".join(f"#{tag}" for tag in session.tags), session.note)
    return printable(", ".join([started, clock(session.duration_s), *(text for text in texts if text)]))
