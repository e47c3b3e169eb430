"""From the file's axes to ours: x to the runner's right, y up, z backward, as the clip is worn.

Angular rate is an axial vector: where a map mirrors (all signs turned, or one axis), its sign turns against that of
acceleration. So "-x,-y,-z" turns acceleration only, which is what Apple's convention needs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from untuck.errors import SamplesError
from untuck.model import Floats
from untuck.sources.files.match import Match
from untuck.sources.files.table import Table

_ONE = re.compile(r"([+-]?)([xyz])")


@dataclass(frozen=True)
class Axes:
    """acc, gyr: (3, 3) from the file's axes to ours; text: as the user wrote it."""

    acc: Floats
    gyr: Floats
    text: str


def axes_of(texts: tuple[str, ...]) -> Axes | None:
    """Axes from "-x,y,-z", or from "acc:-x,-y,-z" and "gyr:x,y,z". None of none. Raises SamplesError."""
    if not texts:
        return None
    parts = {what or "both": axes for what, _, axes in (text.rpartition(":") for text in texts)}
    if not set(parts) <= {"both", "acc", "gyr"}:
        raise SamplesError(f'--axes {texts[0]!r}: write three axes like "-x,y,-z", or acc:... and gyr:...')
    both = _matrix(parts.get("both", "x,y,z"))
    axial = both * np.round(np.linalg.det(both))
    acc = _matrix(parts["acc"]) if "acc" in parts else both
    gyr = _matrix(parts["gyr"]) if "gyr" in parts else axial
    return Axes(acc, gyr, " ".join(texts))


def _matrix(text: str) -> Floats:
    found = [_ONE.fullmatch(part.strip().lower()) for part in text.split(",")]
    names = [each[2] for each in found if each]
    if len(found) != 3 or sorted(names) != ["x", "y", "z"]:
        raise SamplesError(
            f'--axes {text!r}: write each of x, y and z once, with a sign where it turns, like "-x,y,-z".'
        )
    made = np.zeros((3, 3))
    for row, each in enumerate(found):
        made[row, "xyz".index(each[2])] = -1.0 if each[1] == "-" else 1.0  # type: ignore[index]
    return made


def turned(
    found: Match, table: Table, given: Axes | None, acc: Floats, gyr: Floats, quat: Floats | None
) -> tuple[Floats, Floats, Floats | None, list[str]]:
    """acc, gyr and quat on our axes, and what is said about it."""
    axes = given or axes_of((_of_format(found, table),))
    if axes is None or axes.text == "x,y,z":
        return acc, gyr, quat, []
    if quat is not None:
        quat = None  # the chip's orientation refers to its own axes
    said = f"axes {axes.text}" + ("" if given else " (acceleration's signs turned)")
    return acc @ axes.acc.T, gyr @ axes.gyr.T, quat, [said]


def _of_format(found: Match, table: Table) -> str:
    """The format's axes; a phone's depend on its system, which the recording must name."""
    if found.format.axes != "phone":
        return found.format.axes
    system = table.facts.get("platform", "").lower()
    standard = table.facts.get("standardisation", "").lower() == "true"
    if "android" in system or standard or any(column.part == "TotalAcceleration" for column in table.columns):
        return "x,y,z"
    if "ios" in system:
        return "-x,-y,-z"
    raise SamplesError(
        "the phone's system is not in the recording, and iPhones turn the signs of acceleration: give "
        '--axes "-x,-y,-z" for an iPhone, --axes "x,y,z" for Android.'
    )
