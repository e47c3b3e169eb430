"""A summary with a warning about packets that are damaged in the store now, which may be long after it was made."""

from __future__ import annotations

from dataclasses import replace

from untuck.report.summary import Summary
from untuck.store.session import StoredSession


def with_damage(summary: Summary, session: StoredSession) -> Summary:
    """The summary, with one more warning if packets of the session are damaged. Raises StoreError as a reader does."""
    words = session.damage_words()
    return replace(summary, warnings=(*summary.warnings, words)) if words else summary
