"""Earlier sessions as lines of numbers, for comparisons and trends: read from kept summaries, nothing is analysed.

Only a runner's own sessions are put beside each other, and simulated ones never beside real ones.
"""

from __future__ import annotations

import time

from untuck.errors import StoreError
from untuck.report.metrics import SessionMetrics, metrics_of, to_compare
from untuck.report.summary import Summary
from untuck.store import Store, StoredSession, codec
from untuck.vocabulary import clock


def metrics_in(store: Store, like: StoredSession) -> list[SessionMetrics]:
    """A line for every session of the same runner and kind as `like`; those that cannot be read are left out."""
    found = []
    for session in store.sessions():
        if (session.runner, session.mode == "demo") != (like.runner, like.mode == "demo") or session.summary is None:
            continue
        try:
            summary = codec.from_json(Summary, session.summary)
        except StoreError:
            continue  # of a newer version: its own summary says so
        if summary.clean_strides:
            found.append(metrics_of(session.id, session.started_unix_s, summary))
    return found


def beside(store: Store, session: StoredSession, summary: Summary) -> tuple[SessionMetrics, tuple[SessionMetrics, ...]]:
    """The line of this session, and those of the sessions it is compared with."""
    now = metrics_of(session.id, session.started_unix_s, summary)
    return now, to_compare(now, [p for p in metrics_in(store, session) if p.session != session.id])


def title_of(session: StoredSession) -> str:
    """What a session is called above its summary."""
    return f"Session {session.id}: {session.name or session.source}"


def subtitle_of(session: StoredSession) -> str:
    """When it was, how long, whose it is, and what they say of it."""
    started = time.strftime("%Y-%m-%d %H:%M", time.localtime(session.started_unix_s))
    said = (session.runner, " ".join(f"#{tag}" for tag in session.tags), session.note)
    return ", ".join([started, f"{clock(session.duration_s)} min", *(text for text in said if text)])
