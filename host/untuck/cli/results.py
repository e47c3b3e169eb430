"""The JSON that commands print: one dataclass for each result, from which the fields' table and JSON Schemas are made.

Every object has `schema`, such as "untuck.summary/1": the number changes when a field is renamed, removed or changes
its meaning, not when one is added. JSON has neither NaN nor infinity: such values are null.
"""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from untuck.flash.self_test import SelfTest
from untuck.report.fit_match import Match
from untuck.report.metrics import SessionMetrics
from untuck.report.summary import Summary
from untuck.store.config import Config
from untuck.vocabulary import Role


@dataclass(frozen=True)
class TrueFault:
    """A fault that the simulated runner really had."""

    fault: str
    side: int
    start_s: float
    end_s: float
    depth_deg: float


@dataclass(frozen=True)
class Truth:
    """What the simulated runner did."""

    strides: int
    faults: tuple[TrueFault, ...]


@dataclass(frozen=True)
class SummaryResult(Summary):
    """The results of a run.

    session: its number, None if it was not kept; file: that was analysed; source: what was understood of it;
    trunk_file, trunk_source: the same of the second sensor; truth: of a simulated runner, in `demo`.
    """

    session: int | None = None
    file: str | None = None
    source: str | None = None
    trunk_file: str | None = None
    trunk_source: str | None = None
    truth: Truth | None = None


@dataclass(frozen=True)
class EventResult:
    """A line of `untuck run --json`, as it happens; the last line is the summary.

    value: the payload of the event, whose fields are those of untuck/events.py; text: of a note; the others: once a
    second, the state of the connection.
    """

    event: str
    time_s: float | None
    value: Any = None
    text: str | None = None
    age_s: float | None = None
    packets: int | None = None
    lost: int | None = None
    corrupt: int | None = None


@dataclass(frozen=True)
class SessionRow:
    """A session in the list."""

    id: int
    source: str
    mode: str
    started_unix_s: float
    ended_unix_s: float | None
    duration_s: float
    packet_count: int
    runner: str
    name: str
    note: str
    tags: tuple[str, ...]
    trunk_count: int = 0


@dataclass(frozen=True)
class SessionsResult:
    """The recorded sessions, oldest first."""

    sessions: tuple[SessionRow, ...]


@dataclass(frozen=True)
class TrendResult:
    """A runner's sessions, oldest first."""

    sessions: tuple[SessionMetrics, ...]


@dataclass(frozen=True)
class RunRow:
    """A run that the clip recorded by itself."""

    role: Role
    run: int
    bytes: int
    started_unix_s: int
    recording: bool
    fetched: bool
    session: int | None
    duration_s: float | None = None
    packets: int | None = None
    new_packets: int | None = None
    damaged: int | None = None


@dataclass(frozen=True)
class SyncResult:
    """The runs on the clip, oldest first; those of a second clip after them."""

    runs: tuple[RunRow, ...]


@dataclass(frozen=True)
class PairResult:
    """The clip that is paired."""

    name: str
    address: str
    firmware: str
    battery_pct: int | None
    rssi_dbm: int
    adapter: str
    role: Role


@dataclass(frozen=True)
class AutostartResult:
    """The service that `untuck autostart install` wrote."""

    path: str
    enabled: bool
    lingers: bool
    todo: tuple[str, ...]


@dataclass(frozen=True)
class CalibrationResult:
    """How the clip sits."""

    calibration: str
    calibration_error_deg: float | None
    trunk_error_deg: float | None = None


@dataclass(frozen=True)
class MergeResult(Match):
    """The file that `untuck merge` wrote, and how well the two recordings agree."""

    file: str = field(default="", kw_only=True)
    session: int = field(default=0, kw_only=True)
    records: int = field(default=0, kw_only=True)
    filled: int = field(default=0, kw_only=True)
    part: int = field(default=1, kw_only=True)
    parts: int = field(default=1, kw_only=True)
    notes: tuple[str, ...] = field(default=(), kw_only=True)


@dataclass(frozen=True)
class ConfigResult(Config):
    """The settings in use."""


@dataclass(frozen=True)
class Check:
    """One check: ok or not, whether a run needs it, and what was found or what to do."""

    name: str
    ok: bool
    needed: bool
    text: str


@dataclass(frozen=True)
class DoctorResult:
    """The checks of `untuck doctor`."""

    checks: tuple[Check, ...]


@dataclass(frozen=True)
class AudioDelayResult:
    """The delay of the sound output."""

    audio_delay_ms: float


@dataclass(frozen=True)
class StoreProblem:
    """Something in the recorded sessions that cannot be read."""

    session: int | None
    text: str


@dataclass(frozen=True)
class StoreResult:
    """The check of the recorded sessions by `untuck doctor --store`, and its repair."""

    path: str
    sessions: int
    blocks: int
    packets: int
    problems: tuple[StoreProblem, ...]
    kept: str | None = None


@dataclass(frozen=True)
class ClipStep:
    """A step of a clip's first light."""

    name: str
    outcome: str
    text: str
    took_s: float
    figures: dict[str, float | int | str | None]


@dataclass(frozen=True)
class ClipCheckResult:
    """The first light of a clip by `untuck doctor --clip`: what a hardware report needs, nothing of a runner."""

    steps: tuple[ClipStep, ...]
    passed: bool
    untuck: str
    python: str
    system: str
    bleak: str
    firmware: str | None
    protocol: int


@dataclass(frozen=True)
class FlashResult:
    """What `untuck flash` did, or would do, and the board's test of itself."""

    port: str
    board: str | None
    image: str | None
    written: tuple[str, ...]
    removed: tuple[str, ...]
    kept: int
    dry_run: bool
    measured: SelfTest | None
    checks: tuple[Check, ...]


RESULTS: dict[str, type] = {
    "untuck.summary/1": SummaryResult,
    "untuck.event/1": EventResult,
    "untuck.sessions/1": SessionsResult,
    "untuck.trend/1": TrendResult,
    "untuck.sync/1": SyncResult,
    "untuck.pair/1": PairResult,
    "untuck.autostart/1": AutostartResult,
    "untuck.calibration/1": CalibrationResult,
    "untuck.merge/1": MergeResult,
    "untuck.config/1": ConfigResult,
    "untuck.doctor/1": DoctorResult,
    "untuck.audio_delay/1": AudioDelayResult,
    "untuck.store/1": StoreResult,
    "untuck.clip_check/1": ClipCheckResult,
    "untuck.flash/1": FlashResult,
}
COMMANDS = {  # the results that each command's --json prints
    "demo": ("untuck.summary/1",),
    "run": ("untuck.event/1", "untuck.summary/1"),
    "replay": ("untuck.summary/1",),
    "coach": ("untuck.summary/1",),
    "summary": ("untuck.summary/1",),
    "analyse": ("untuck.summary/1",),
    "sessions": ("untuck.sessions/1",),
    "trend": ("untuck.trend/1",),
    "sync": ("untuck.sync/1",),
    "pair": ("untuck.pair/1",),
    "autostart install": ("untuck.autostart/1",),
    "calibrate": ("untuck.event/1", "untuck.calibration/1"),
    "merge": ("untuck.merge/1",),
    "config": ("untuck.config/1",),
    "doctor": ("untuck.doctor/1", "untuck.audio_delay/1", "untuck.store/1", "untuck.clip_check/1"),
    "flash": ("untuck.flash/1",),
}


def to_line(name: str, fields: Any) -> str:
    """One line of JSON of the result with this name, such as "summary". fields: a dataclass or a dict of its fields."""
    schema = next(each for each in RESULTS if each.split("/")[0] == f"untuck.{name}")
    return json.dumps({"schema": schema, **json_value(fields)}, allow_nan=False)


def json_value(value: Any) -> Any:
    """A value in the types of JSON: dataclasses and records become objects, numbers that are not finite null."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: json_value(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): json_value(item) for key, item in value.items()}
    if isinstance(value, np.void):
        return {name: json_value(value[name]) for name in value.dtype.names or ()}
    if isinstance(value, np.ndarray | np.generic):
        return json_value(value.tolist())
    if isinstance(value, list | tuple):
        return [json_value(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
