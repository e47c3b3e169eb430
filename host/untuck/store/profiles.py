"""Runners' profiles, kept between sessions: calibration, baseline and clip, and the measured delay of the sound output.

The newest entry of a kind is in use; older ones stay, with the session that they come from.
"""

from __future__ import annotations

import json
import logging
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from untuck.model import ENOUGH_JUDGED, Baseline, Calibration
from untuck.store import codec, paths, schema
from untuck.vocabulary import Suppression

_log = logging.getLogger(__name__)
_KINDS: dict[type, str] = {Calibration: "calibration", Baseline: "baseline", str: "clip", float: "audio delay"}
COUNTED_MODES = ("run", "coach")  # sessions that count as training, for the fading of cues
_UNHEARD = {Suppression.MUTED, Suppression.BLOCK}


@dataclass(frozen=True, eq=False)
class Profile:
    """The profile of a runner; None for what is unknown.

    clip: address of the paired clip; sessions: number of training sessions so far in which cues could sound;
    audio_delay_ms: of this machine.
    """

    runner: str
    calibration: Calibration | None = None
    calibration_unix_s: float = 0.0
    baseline: Baseline | None = None
    baseline_unix_s: float = 0.0
    clip: str = ""
    sessions: int = 0
    audio_delay_ms: float | None = None


class Profiles:
    """The runners' profiles in the file of the session store, which is opened for each call."""

    def __init__(self, path: Path | str | None = None) -> None:
        self.path = paths.sessions_path() if path is None else Path(path)

    def keep(self, runner: str, value: Calibration | Baseline, session_id: int | None = None) -> None:
        """Store the runner's new calibration or baseline. Raises StoreError."""
        self._keep(runner, _KINDS[type(value)], codec.to_json(value), session_id)

    def _keep(self, runner: str, kind: str, data: str, session_id: int | None) -> None:
        row = (runner, kind, time.time(), session_id, data)
        with closing(schema.connect(self.path)) as database, schema.translated(self.path):
            database.execute(
                "INSERT INTO kept (runner, kind, made_unix_s, session_id, data) VALUES (?, ?, ?, ?, ?)", row
            )
        _log.info("profile: new %s", kind if session_id is None else f"{kind} from session {session_id}")

    def keep_clip(self, runner: str, address: str) -> None:
        """Store the address of the runner's clip. Raises StoreError."""
        self._keep(runner, "clip", json.dumps(address), None)

    def keep_audio_delay(self, delay_ms: float) -> None:
        """Store the delay of this machine's sound output, for all runners. Raises StoreError."""
        self._keep("", "audio delay", json.dumps(delay_ms), None)

    def open(self, runner: str) -> Profile:
        """A runner's profile; an empty one for a new runner. Raises StoreError."""
        calibration, calibration_s = self._newest(runner, Calibration)
        baseline, baseline_s = self._newest(runner, Baseline)
        clip, _ = self._newest(runner, str)
        delay_ms, _ = self._newest("", float)
        modes = ", ".join("?" * len(COUNTED_MODES))
        query = f"SELECT summary FROM session WHERE runner = ? AND mode IN ({modes}) AND summary IS NOT NULL"
        sessions = sum(_cues_could_sound(text) for (text,) in self._rows(query, runner, *COUNTED_MODES))
        return Profile(
            runner=runner,
            calibration=calibration,
            calibration_unix_s=calibration_s,
            baseline=baseline,
            baseline_unix_s=baseline_s,
            clip=clip or "",
            sessions=sessions,
            audio_delay_ms=delay_ms,
        )

    def runners(self) -> list[str]:
        """Names of all runners with a session or a profile. Raises StoreError."""
        rows = self._rows("SELECT runner FROM session UNION SELECT runner FROM kept ORDER BY 1")
        return [row[0] for row in rows]

    def _newest(self, runner: str, kind: type[Any]) -> tuple[Any, float]:
        query = "SELECT data, made_unix_s FROM kept WHERE runner = ? AND kind = ? ORDER BY id DESC LIMIT 1"
        rows = self._rows(query, runner, _KINDS[kind])
        if rows and kind in (str, float):
            return json.loads(rows[0][0]), float(rows[0][1])
        return (codec.from_json(kind, rows[0][0]), float(rows[0][1])) if rows else (None, 0.0)

    def _rows(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        database = schema.connect_to_read(self.path)
        if database is None:
            return []
        with closing(database), schema.translated(self.path):
            return database.execute(query, values).fetchall()


def _cues_could_sound(summary_json: str) -> bool:
    """Whether enough strides of a session were judged, and the runner had not muted all of its cues."""
    try:
        summary = json.loads(summary_json)
        known = summary.get("reliability")
        judged = known["judged"] if known else summary["clean_strides"] - ENOUGH_JUDGED  # of an older version
        suppressed = set(summary.get("suppressed", {}))
    except (ValueError, TypeError, KeyError, AttributeError):
        return False  # `untuck summary` reports it
    silent = bool(suppressed) and suppressed <= _UNHEARD and not summary.get("cues")
    return bool(judged >= ENOUGH_JUDGED) and not silent
