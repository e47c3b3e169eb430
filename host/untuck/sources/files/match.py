"""Which columns of a table are acceleration, angular rate and time: by format, by --column, or an error with flags."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from untuck.errors import SamplesError
from untuck.sources.files.formats import FORMATS, LINEAR, PELVIS, TRUNK, Format
from untuck.sources.files.table import Column, Table, bare, split_unit
from untuck.vocabulary import Role

AXES = "xyz"
GYR = ("gyr_x_rad_s", "gyr_y_rad_s", "gyr_z_rad_s")
ACC = ("acc_x_m_s2", "acc_y_m_s2", "acc_z_m_s2")
QUAT = ("chip_w", "chip_x", "chip_y", "chip_z")
COLUMNS = ("time_s", *GYR, *ACC, *QUAT)
VECTORS = {"gyr_rad_s": GYR, "acc_m_s2": ACC, "quat": QUAT}
_NAMED = {Role.PELVIS: PELVIS, Role.TRUNK: TRUNK}
_GIVE = {
    Role.PELVIS: "the one at the pelvis with --sensor NAME",
    Role.TRUNK: "the one at the upper back with --trunk-sensor NAME",
}
_MOST_NAMES = 12  # of sensors in a message


@dataclass
class Match:
    """The columns that were chosen.

    acc, gyr, gravity, quat: one for each axis, or one with vectors; sensor: the one of several.
    """

    format: Format
    acc: list[Column] = field(default_factory=list)
    gyr: list[Column] = field(default_factory=list)
    gravity: list[Column] = field(default_factory=list)
    quat: list[Column] = field(default_factory=list)
    time: Column | None = None
    counter: Column | None = None
    sensor: str = ""


def match(table: Table, wanted: str = "", sensor: str = "", role: Role = Role.PELVIS) -> Match | None:
    """The first format, or the wanted one, whose columns are in the table.

    sensor: its name, of several; role: where it was worn. Raises SamplesError if that does not tell which sensor.
    """
    for form in FORMATS:
        if wanted and form.key != wanted:
            continue
        if not wanted and not _is_marked(form, table):
            continue
        found = _find(form, table, sensor, role)
        if found is not None:
            return found
    return None


def _is_marked(form: Format, table: Table) -> bool:
    places = [table.preamble, *table.names]
    if any(re.search(mark, place) for mark in form.without for place in places):
        return False
    if form.key == "mtw" and any(column.name == "SampleTimeFine" and _is_empty(column) for column in table.columns):
        return True
    return not form.marks or any(re.search(mark, place) for mark in form.marks for place in places)


def _is_empty(column: Column) -> bool:
    return column.values.dtype.kind == "f" and bool(np.isnan(column.values).all())


@cache
def _compiled(pattern: str, axis: str) -> re.Pattern[str]:
    return re.compile(pattern.replace("{a}", axis), re.IGNORECASE)


Groups = dict[str, list[Column]]


def _triples(patterns: tuple[str, ...], table: Table, linear: bool) -> Groups:
    """By sensor: three columns for the axes, or one with vectors, of the first pattern that has them."""
    found: Groups = {}
    for pattern in patterns:
        axes = AXES if "{a}" in pattern else "v"
        groups: dict[str, dict[str, Column]] = {}
        for axis in axes:
            for column in table.columns:
                if column.width != (3 if axes == "v" else 1) or (not linear and re.search(LINEAR, column.name, re.I)):
                    continue
                hit = _compiled(pattern, axis).fullmatch(bare(column.name))
                if hit is None:
                    continue
                parts = hit.groupdict()
                groups.setdefault(parts.get("s") or column.sensor, {}).setdefault(axis, column)
        for name, by_axis in groups.items():
            if len(by_axis) == len(axes):
                found.setdefault(name, [by_axis[axis] for axis in axes])
    return found


def _find(form: Format, table: Table, sensor: str, role: Role) -> Match | None:
    linear = form.key != "table"
    acc, gyr = (_triples(patterns, table, linear) for patterns in (form.acc, form.gyr))
    gravity = _triples(form.gravity, table, True)
    if form.gravity and not gravity:
        return None
    both = [name for name in acc if name in gyr]
    if not both and len(acc) == len(gyr) == 1:
        (name,), (other,) = acc, gyr
        gyr = {name: gyr[other]}
        both = [name]
    if not both:
        return None
    chosen = _one_of(both, sensor, role)
    found = Match(form, acc[chosen], gyr[chosen], sensor=chosen if len(both) > 1 else "")
    if gravity:
        found.gravity = gravity.get(chosen) or next(iter(gravity.values()))
    found.time = time_of(form, table, found.gyr[0])
    found.counter = _first(form.counter, table.columns)
    if form is FORMATS[0]:  # the chip's orientation; that of other devices has other conventions
        names = {name: name for name in (*COLUMNS, *VECTORS)}
        found.quat = _chosen(table, names, "quat", {})
    return found


def _one_of(sensors: list[str], wanted: str, role: Role) -> str:
    """The sensor that is wanted, the only one, or the only one whose name says that it was worn there."""
    near = [name for name in sensors if wanted and wanted.lower() in name.lower()]
    if not wanted:
        near = sensors if len(sensors) == 1 else [name for name in sensors if re.search(_NAMED[role], name, re.I)]
    exact = [name for name in near if name.lower() == wanted.lower()]
    if len(exact or near) == 1:
        return (exact or near)[0]
    if wanted and not near:
        raise SamplesError(f"it has no sensor {wanted!r}: it has {_listed(sensors)}.")
    if wanted:
        raise SamplesError(f"{wanted!r} is a part of several sensors' names ({_listed(near)}): give {_GIVE[role]}.")
    raise SamplesError(f"it holds several sensors ({_listed(sensors)}): give {_GIVE[role]}.")


def _listed(sensors: list[str]) -> str:
    """The names of sensors: "one, without a name", "Left, Right", "Left, one without a name"."""
    if len(sensors) == 1:
        return f"one, {sensors[0] or 'without a name'}"
    more = ["..."] if len(sensors) > _MOST_NAMES else []
    return ", ".join([*(name or "one without a name" for name in sensors[:_MOST_NAMES]), *more])


def _first(patterns: tuple[str, ...], columns: list[Column]) -> Column | None:
    for pattern in patterns:
        for column in columns:
            if column.width == 1 and _compiled(pattern, "").fullmatch(bare(column.name)) and not _is_empty(column):
                return column
    return None


def time_of(form: Format, table: Table, column: Column) -> Column | None:
    """The time of a column: its own, or the first that the format names in the same part of the file."""
    if column.time is not None:
        return column.time
    near = [
        each for each in table.columns if _is_around(each.part, column.part) and len(each.values) == len(column.values)
    ]
    same = [each for each in near if each.sensor == column.sensor]
    return _first(form.time, same) or _first(form.time, near)


def _is_around(part: str, inner: str) -> bool:
    """Whether a part of a file is the other or holds it: a group of HDF5 has the time of those within it."""
    return part == inner or inner.startswith(f"{part}/")


def apply_columns(found: Match | None, table: Table, columns: Mapping[str, str]) -> Match:
    """The match with the columns that the user names. Raises SamplesError that lists what is missing."""
    made = found or Match(FORMATS[-1])
    if not columns and found is not None:
        return made
    known = {} if found else _recognised(table)
    names = {ours: columns.get(ours, known.get(ours, ours)) for ours in (*COLUMNS, *VECTORS)}
    for vector, parts in VECTORS.items():
        attribute = vector.partition("_")[0]
        given = any(name in columns for name in (vector, *parts))
        if getattr(made, attribute) and not given:
            continue
        setattr(made, attribute, _chosen(table, names, vector, columns))
    if "time_s" in columns or made.time is None:
        made.time = table.find(names["time_s"]) or made.time
    missing = [names[part] for part in (*GYR, *ACC) if not getattr(made, part[:3]) and names[part] not in table.names]
    if not columns and all(column.width > 1 for column in table.columns):
        missing = [vector for vector in ("gyr_rad_s", "acc_m_s2") if not getattr(made, vector[:3])]
    missing += [theirs for theirs in columns.values() if table.find(theirs) is None and theirs not in missing]
    if missing or not made.acc or not made.gyr:
        raise SamplesError(lacking(table, missing or ["acceleration and angular rate"], columns))
    if all(column.name in (*COLUMNS, *VECTORS) for column in (*made.acc, *made.gyr)):
        made.format = FORMATS[0]
    if made.time is None:
        made.time = time_of(made.format, table, made.gyr[0])
    return made


def _recognised(table: Table) -> dict[str, str]:
    """Names of single columns that look like one of ours, in a file that has none of our own names."""
    if any(table.find(name) is not None for name in (*GYR, *ACC)):
        return {}
    found = {}
    for patterns, ours in ((FORMATS[-1].gyr, GYR), (FORMATS[-1].acc, ACC)):
        single = [pattern for pattern in patterns if "{a}" in pattern]
        for axis, name in zip(AXES, ours, strict=True):
            near = [
                column.name
                for column in table.columns
                if column.width == 1
                and not re.search(LINEAR, column.name, re.I)
                and any(_compiled(pattern, axis).fullmatch(bare(column.name)) for pattern in single)
            ]
            if len(near) == 1:  # of several sensors none is guessed
                found[name] = near[0]
    return found


def _chosen(table: Table, names: Mapping[str, str], vector: str, columns: Mapping[str, str]) -> list[Column]:
    """The columns of one quantity: a vector, or one for each axis; where only some are given, ours complete them."""
    parts = VECTORS[vector]
    whole = table.find(names[vector])
    if whole is not None and whole.width == len(parts) and not any(part in columns for part in parts):
        return [whole]
    found = [table.find(names[part]) for part in parts]
    if whole is not None and whole.width == len(parts):
        singles = [Column(f"{whole.name}[{i}]", whole.values[:, i], whole.unit, whole.part) for i in range(len(parts))]
        found = [each or single for each, single in zip(found, singles, strict=True)]
    return [each for each in found if each is not None] if all(found) else []


def lacking(table: Table, missing: list[str], columns: Mapping[str, str]) -> str:
    """What the file lacks, what it has, and flags to complete and copy."""
    shown = table.names[:40] + (["..."] if len(table.names) > 40 else [])
    linear = [name for name in table.names if re.search(LINEAR, name, re.I)]
    about = f" ({', '.join(linear[:3])} lack gravity and cannot be used)" if linear else ""
    rising = [column.name for column in table.columns if _rises(column)]
    if missing[0].startswith("time"):
        example = f'--column time_s="{(rising or table.names or ["NAME"])[0]}", or --rate 100'
    else:
        taken = (*rising, *columns.values(), *_recognised(table).values())
        free = [name for name in table.names if name not in taken] or ["NAME"]
        wanted = [ours for ours in (*ACC, *GYR) if ours in missing] or [ours for ours in (*ACC, *GYR)]
        pairs = [f'--column {ours}="{free[index % len(free)]}"' for index, ours in enumerate(wanted)]
        stated = any(column.unit or split_unit(column.name)[1] for column in table.columns)
        example = " ".join(pairs if stated else [*pairs, "--units acc=g,gyr=deg/s"])
    return (
        f"lacks {', '.join(missing)}: it has {', '.join(shown) or 'no columns'}{about}. Give its names for them with "
        f"--column OURS=THEIRS, for example {example}"
    )


def _rises(column: Column) -> bool:
    """Whether a column may be time or a counter."""
    kind = column.values.dtype.kind
    return kind == "M" or (
        kind in "iuf" and column.width == 1 and bool((np.diff(column.values.astype(float)) > 0).all())
    )


def check_twins(found: Match, table: Table) -> None:
    """Raises SamplesError if a column that is used is in the file again, with other values."""
    for column in (*found.acc, *found.gyr):
        twin = next((each for each in table.columns if each.name == f"{column.name} 2"), None)
        if twin is not None and not np.array_equal(twin.values, column.values, equal_nan=twin.values.dtype.kind == "f"):
            raise SamplesError(
                f"it has {column.name!r} more than once, with different values: keep one sensor, or give --column "
                f"OURS=THEIRS with the names {column.name!r} or {twin.name!r}."
            )
