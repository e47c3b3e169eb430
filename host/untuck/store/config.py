"""The user's settings, from the text of a TOML file and back. Every value is checked; messages name the line.

The tables are for all runners; `[runner.NAME.sound]` and so on override them for one runner. The dataclasses below hold
the default, limits and meaning of every setting; `untuck config` prints them.
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from untuck import wire
from untuck.errors import SettingsError
from untuck.limits import MOST_TEXT
from untuck.motion.params import Params
from untuck.outside_text import printable
from untuck.vocabulary import cued_faults, trunk_cued_faults

_MOST_SHOWN = 60  # characters of a name in a message
_NAME = re.compile(r"[\w .-]{1,40}")
_RUNNER_TABLE = "must be a table: [runner.NAME.sound] and so on"
_CHOICES: dict[str, tuple[str, ...]] = {"cues": ("tones", "speech"), "ear": ("both", "left", "right")}


def _between(default: Any, low: float, high: float, text: str) -> Any:
    return field(default=default, metadata={"low": low, "high": high, "text": text})


def _plain(default: Any, text: str) -> Any:
    return field(default=default, metadata={"text": text})


def _some(choices: Callable[[], tuple[str, ...]], more: str = "") -> Any:
    text = f"some of {', '.join(choices())}{more}"
    return field(default_factory=choices, metadata={"choices": choices, "text": text})


@dataclass(frozen=True)
class SoundConfig:
    """Sound: volume, kind of cues, and what else is heard."""

    volume_pct: int = _between(80, 0, 100, "percent of full volume; 80 is 3 dB above music at -14 LUFS")
    cues: str = _plain("tones", "tones or speech")
    ear: str = _plain("both", "both, left or right: for one earbud")
    recovered: bool = _plain(True, "a rising chime when a cued fault is corrected")
    guide: bool = _plain(True, "spoken guidance: stand, hinge, run, check the clip")
    sonify: bool = _plain(False, "a hum while tilt is outside the band: for drills on a treadmill")
    buzzer: bool = _plain(True, "use the clip's buzzer if there is no sound device")


@dataclass(frozen=True)
class CueConfig:
    """Which faults are cued, and how often."""

    faults: tuple[str, ...] = _some(cued_faults)
    trunk_faults: tuple[str, ...] = _some(trunk_cued_faults, ": cued with a second clip")
    cooldown_s: float = _between(30.0, 5, 600, "least time between two cues of the same fault")
    gap_s: float = _between(3.0, 1, 60, "least time between any two cues")
    cap: int = _between(4, 1, 100, "most cues of the same fault in ten minutes")
    fading: bool = _plain(True, "cue every finding in sessions 1-4, two of three in 5-6, one of three from 7 on")
    silent_end_pct: int = _between(20, 0, 90, "percent of a run with --minutes: no cues at its end, as a test")


@dataclass(frozen=True)
class FormConfig:
    """Thresholds of the faults, in degrees against the baseline."""

    tuck_on_deg: float = _between(
        Params.tuck_on_deg, 1, 15, "least tilt below baseline of a tuck; how much yours varies is added"
    )
    tuck_off_deg: float = _between(Params.tuck_off_deg, 0.5, 15, "tilt below baseline at which it ends")
    pullback_on_deg: float = _between(
        Params.pullback_on_deg, 1, 15, "least rotation beyond baseline of a pullback; how much yours varies is added"
    )
    pullback_off_deg: float = _between(Params.pullback_off_deg, 0.5, 15, "rotation beyond baseline at which it ends")
    warmup_s: float = _between(60.0, 0, 900, "running time before the baseline is taken; key b takes it at once")


@dataclass(frozen=True)
class ClipConfig:
    """The clip and its sample rate."""

    rate_hz: int = _plain(100, "50, 100 or 200 samples a second")
    address: str = _plain("", "of the clip; empty: the paired clip")
    trunk_address: str = _plain("", "of the clip on the upper back; empty: the paired one, if there is one")
    adapter: str = _plain("", "of this computer, such as hci1 or its address; empty: the one paired with the clip")


@dataclass(frozen=True)
class Config:
    """All settings of one runner. name: the runner if --runner is not given."""

    sound: SoundConfig = field(default_factory=SoundConfig)
    cues: CueConfig = field(default_factory=CueConfig)
    form: FormConfig = field(default_factory=FormConfig)
    clip: ClipConfig = field(default_factory=ClipConfig)
    name: str = ""


SECTIONS: dict[str, type] = {"sound": SoundConfig, "cues": CueConfig, "form": FormConfig, "clip": ClipConfig}


def parse_config(text: str, runner: str | None, source: str) -> Config:
    """Settings from TOML text; messages name `source`.

    Raises SettingsError, which names the line, for invalid TOML, unknown names and values out of range.
    """
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # the last is of lists in lists in lists
        what = error if isinstance(error, tomllib.TOMLDecodeError) else "a number or a list in it is too long"
        raise SettingsError(
            f"{source} is not valid TOML: {what}. `untuck config --defaults` prints a valid file."
        ) from error
    _Checker(text, source).check(tables)
    name = checked_name(tables.get("name", "") if runner is None else runner)
    own = tables.get("runner", {}).get(name, {})
    sections = {}
    for section, kind in SECTIONS.items():
        values = {**tables.get(section, {}), **own.get(section, {})}
        sections[section] = kind(**{key: _fit(kind, key, value) for key, value in values.items()})
    config = Config(**sections, name=name)
    _check_pairs(config, _Checker(text, source))
    return config


def checked_name(name: str) -> str:
    """A runner's name; "" without one. Raises SettingsError for an invalid name."""
    if name and (not _NAME.fullmatch(name) or not name.strip()):
        shown = printable(name, _MOST_SHOWN)
        raise SettingsError(
            f"the runner's name {shown!r} is not valid: use up to 40 letters, digits, spaces, dots and hyphens."
        )
    return name.strip()


def checked_text(text: str, what: str) -> str:
    """A text of one line without spaces at its ends.

    Raises SettingsError for one with a control character, or of more characters than limits.MOST_TEXT.
    """
    if len(text) > MOST_TEXT:
        raise SettingsError(f"{what} has {len(text):,} characters: write it in up to {MOST_TEXT:,}.")
    if not text.isprintable():
        raise SettingsError(f"{what} has a line break or another control character: write it in one line.")
    return text.strip()


def to_toml(config: Config) -> str:
    """The settings as the text of a file, each with its meaning and limits."""
    lines = ["# Settings of Untuck. A setting that is missing has its default.", "", f"name = {_toml(config.name)}"]
    lines[-1] += "  # the runner if --runner is not given"
    for section in SECTIONS:
        values = getattr(config, section)
        lines += ["", f"[{section}]"]
        for each in dataclasses.fields(values):
            meta = each.metadata
            limits = f" ({meta['low']:g} to {meta['high']:g})" if "low" in meta else ""
            lines.append(f"{each.name} = {_toml(getattr(values, each.name))}  # {meta['text']}{limits}")
    return "\n".join([*lines, ""])


class _Checker:
    """Checks all tables of a file, including those of other runners, and finds the line of each key."""

    def __init__(self, text: str, source: str) -> None:
        self._lines = text.splitlines()
        self._source = source

    def check(self, tables: dict[str, Any]) -> None:
        """Raise SettingsError for the first invalid name or value."""
        for key, value in tables.items():
            if key == "name":
                self._require(isinstance(value, str), "", key, "must be a name in quotes")
            elif key == "runner":
                self._require(isinstance(value, dict), "", key, _RUNNER_TABLE)
                for name, own in value.items():
                    checked_name(name)
                    self._require(isinstance(own, dict), "runner", name, _RUNNER_TABLE)
                    for section, values in own.items():
                        self._section(f"runner.{name}.", section, values)
            else:
                self._section("", key, value)

    def _section(self, before: str, section: str, values: Any) -> None:
        known = section in SECTIONS and isinstance(values, dict)
        self._require(known, before.rstrip("."), section, f"is not one of the tables {', '.join(SECTIONS)}")
        kind = SECTIONS[section]
        fields = {each.name: each for each in dataclasses.fields(kind)}
        for key, value in values.items():
            table = before + section
            self._require(key in fields, table, key, f"is unknown; [{section}] has {', '.join(fields)}")
            self._require(not (fault := _fault(fields[key], value)), table, key, fault)

    def _require(self, good: bool, table: str, key: str, text: str) -> None:
        if not good:
            self.reject(table, key, text)

    def reject(self, table: str, key: str, text: str) -> None:
        """Raise SettingsError with the line of the key, or of its table if the key is not found."""
        at = self._line_of(table, key)
        where = f"{self._source}, line {at}" if at else self._source
        name = printable(f"{table}.{key}" if table else key, _MOST_SHOWN)
        raise SettingsError(f"{where}: {name} {text}.")

    def _line_of(self, table: str, key: str) -> int:
        now, table_at = "", 0
        for number, line in enumerate(self._lines, 1):
            if header := re.match(r"\s*\[+\s*(.*?)\s*\]+", line):
                now = re.sub(r'["\']|\s*(?=\.)|(?<=\.)\s*', "", header[1])
                table_at = number if now in (table, f"{table}.{key}".lstrip(".")) else table_at
            elif now == table and re.match(rf"""\s*["']?{re.escape(key)}["']?\s*[=.]""", line):
                return number
        return table_at


def _default(each: dataclasses.Field[Any]) -> Any:
    return each.default if each.default_factory is dataclasses.MISSING else each.default_factory()


def _fault(each: dataclasses.Field[Any], value: Any) -> str:
    """The error in a value, "" if it is valid."""
    default = _default(each)
    if isinstance(default, bool):
        return "" if isinstance(value, bool) else "must be true or false"
    if isinstance(default, tuple):
        choices = each.metadata["choices"]()
        good = isinstance(value, list) and all(item in choices for item in value)
        return "" if good else f"must be a list of some of {', '.join(choices)}"
    if isinstance(default, str):
        choices = _CHOICES.get(each.name)
        good = isinstance(value, str) and (choices is None or value in choices)
        return "" if good else f"must be one of {', '.join(choices)}" if choices else "must be a text in quotes"
    if isinstance(value, bool) or not isinstance(value, int | float) or (isinstance(default, int) and value % 1):
        return "must be a whole number" if isinstance(default, int) else "must be a number"
    if each.name == "rate_hz":
        return "" if value in wire.RATES_HZ else f"must be one of {', '.join(map(str, wire.RATES_HZ))}"
    low, high = each.metadata["low"], each.metadata["high"]
    size = f"is {value:g}" if isinstance(value, float) or abs(value) < 10**12 else "is a number that is too large"
    return "" if low <= value <= high else f"{size}, but must be from {low:g} to {high:g}"


def _check_pairs(config: Config, checker: _Checker) -> None:
    for fault in ("tuck", "pullback"):
        on, off = getattr(config.form, f"{fault}_on_deg"), getattr(config.form, f"{fault}_off_deg")
        if off >= on:
            checker.reject("form", f"{fault}_off_deg", f"is {off:g}, but must be below {fault}_on_deg, which is {on:g}")


def _fit(kind: type, key: str, value: Any) -> Any:
    """A checked value in the type of its setting: a list becomes a tuple, a whole number a float where one is due."""
    default = {each.name: _default(each) for each in dataclasses.fields(kind)}[key]
    if isinstance(default, tuple):
        return tuple(value)
    return float(value) if isinstance(default, float) else value


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return repr(value)
