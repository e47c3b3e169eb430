"""Runners' profiles, kept between sessions: clips, their calibrations, baseline, and the delay of the sound output.

The newest entry of a kind is in use; older ones stay, with the session that they come from.
"""

from __future__ import annotations

import json
import logging
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from untuck.model import Baseline, Calibration
from untuck.store import codec, paths, schema
from untuck.store.profile import COUNTED_MODES, Profile, cues_could_sound
from untuck.vocabulary import Role

_log = logging.getLogger(__name__)
_CALIBRATIONS = {Role.PELVIS: "calibration", Role.TRUNK: "trunk calibration"}
_CLIPS = {Role.PELVIS: "clip", Role.TRUNK: "trunk clip"}
_BASELINE, _AUDIO_DELAY = "baseline", "audio delay"
_TAKEN = {"calibration": "calibration", "baseline": "baseline", "trunk_calibration": "trunk calibration"}  # by field
KINDS: dict[str, type[Any]] = {  # what the entries hold
    **dict.fromkeys(_CALIBRATIONS.values(), Calibration),
    **dict.fromkeys(_CLIPS.values(), str),
    _BASELINE: Baseline,
    _AUDIO_DELAY: float,
}


class Profiles:
    """The runners' profiles in the file of the session store, which is opened for each call."""

    def __init__(self, path: Path | str | None = None) -> None:
        self.path = paths.sessions_path() if path is None else Path(path)

    def keep(
        self, runner: str, value: Calibration | Baseline, session_id: int | None = None, role: Role = Role.PELVIS
    ) -> None:
        """Store the runner's new calibration, of the clip with this role, or new baseline. Raises StoreError."""
        kind = _BASELINE if isinstance(value, Baseline) else _CALIBRATIONS[role]
        self._keep(runner, kind, codec.to_json(value), session_id)

    def adopt(self, theirs: Profile, runner: str) -> tuple[str, ...]:
        """Use the calibrations and baseline of a profile from elsewhere for a runner; returns which of them are new.

        They keep the time at which they were made; what is in use already is not stored again. Raises StoreError.
        """
        ours = self.open(runner)
        new = []
        for name, kind in _TAKEN.items():
            value, made_unix_s = getattr(theirs, name), getattr(theirs, f"{name}_unix_s")
            if value is not None and codec.to_json(value) != codec.to_json(getattr(ours, name)):
                self._keep(runner, kind, codec.to_json(value), None, made_unix_s)
                new.append(kind)
        return tuple(new)

    def _keep(
        self, runner: str, kind: str, data: str, session_id: int | None, made_unix_s: float | None = None
    ) -> None:
        row = (runner, kind, time.time() if made_unix_s is None else made_unix_s, session_id, data)
        with closing(schema.connect(self.path)) as database, schema.translated(self.path):
            database.execute(
                "INSERT INTO kept (runner, kind, made_unix_s, session_id, data) VALUES (?, ?, ?, ?, ?)", row
            )
        _log.info("profile: new %s", kind if session_id is None else f"{kind} from session {session_id}")

    def keep_clip(self, runner: str, address: str, role: Role = Role.PELVIS) -> None:
        """Store the address of the runner's clip with this role. Raises StoreError."""
        self._keep(runner, _CLIPS[role], json.dumps(address), None)

    def keep_audio_delay(self, delay_ms: float) -> None:
        """Store the delay of this machine's sound output, for all runners. Raises StoreError."""
        self._keep("", _AUDIO_DELAY, json.dumps(delay_ms), None)

    def open(self, runner: str) -> Profile:
        """A runner's profile; an empty one for a new runner. Raises StoreError."""
        calibration, calibration_s = self._newest(runner, _CALIBRATIONS[Role.PELVIS])
        trunk, trunk_s = self._newest(runner, _CALIBRATIONS[Role.TRUNK])
        baseline, baseline_s = self._newest(runner, _BASELINE)
        clip, trunk_clip = (self._newest(runner, _CLIPS[role])[0] or "" for role in (Role.PELVIS, Role.TRUNK))
        delay_ms, _ = self._newest("", _AUDIO_DELAY)
        modes = ", ".join("?" * len(COUNTED_MODES))
        query = f"SELECT summary FROM session WHERE runner = ? AND mode IN ({modes}) AND summary IS NOT NULL"
        sessions = sum(cues_could_sound(text) for (text,) in self._rows(query, runner, *COUNTED_MODES))
        return Profile(
            runner=runner,
            calibration=calibration,
            calibration_unix_s=calibration_s,
            baseline=baseline,
            baseline_unix_s=baseline_s,
            clip=clip,
            sessions=sessions,
            audio_delay_ms=delay_ms,
            trunk_clip=trunk_clip,
            trunk_calibration=trunk,
            trunk_calibration_unix_s=trunk_s,
        )

    def runners(self) -> list[str]:
        """Names of all runners with a session or a profile. Raises StoreError."""
        rows = self._rows("SELECT runner FROM session UNION SELECT runner FROM kept ORDER BY 1")
        return [row[0] for row in rows]

    def _newest(self, runner: str, kind: str) -> tuple[Any, float]:
        query = "SELECT data, made_unix_s FROM kept WHERE runner = ? AND kind = ? ORDER BY id DESC LIMIT 1"
        rows = self._rows(query, runner, kind)
        if rows and KINDS[kind] in (str, float):
            return json.loads(rows[0][0]), float(rows[0][1])
        return (codec.from_json(KINDS[kind], rows[0][0]), float(rows[0][1])) if rows else (None, 0.0)

    def _rows(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        database = schema.connect_to_read(self.path)
        if database is None:
            return []
        with closing(database), schema.translated(self.path):
            return database.execute(query, values).fetchall()
