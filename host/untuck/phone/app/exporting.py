"""What leaves the page, and what comes in: runs as archives, profiles as JSON, rows of the list of runs."""

from __future__ import annotations

import io
import time
from typing import Any

from untuck.outside_text import as_file_name, printable
from untuck.phone.app.runs import RunFacts
from untuck.store import profile_file
from untuck.store.archive_writing import SUFFIX, facts_of, readable_parts, write_parts
from untuck.store.profile import Profile
from untuck.store.session import StoredSession
from untuck.store.values import loads


def archive(session: StoredSession) -> tuple[str, bytes]:
    """File name and bytes of a run, as `untuck sessions import` reads it. Raises StoreError."""
    file = io.BytesIO()
    write_parts(file, facts_of(session), session.commands(), readable_parts(session))
    started = time.strftime("%Y-%m-%d-%H%M", time.localtime(session.started_unix_s))
    whose = session.name or session.runner
    return as_file_name(f"untuck-{started}" + (f"-{whose}" if whose else "")) + SUFFIX, file.getvalue()


def profile(value: Profile) -> tuple[str, bytes]:
    """File name and bytes of a profile, as `untuck profile import` reads it."""
    name = as_file_name(f"untuck-profile-{value.runner or 'runner'}") + ".json"
    return name, profile_file.to_text(value).encode()


def row(facts: RunFacts) -> dict[str, Any]:
    """A run as the list shows it; texts are plain text of one line, durations in s."""
    return {
        "id": facts.number,
        "title": printable(facts.name or facts.runner or facts.source),
        "started_unix_s": facts.started_unix_s,
        "duration_s": round(facts.duration_s),
        "mode": facts.mode,
        "cut_off": facts.cut_off,
        "strides": _strides(facts.summary),
    }


def _strides(summary: str | None) -> int | None:
    try:
        return None if summary is None else int(loads(summary)["strides"])
    except (ValueError, TypeError, KeyError):
        return None
