"""Small SVG drawings without matplotlib: axes with a scale, lines, bands, dots, and a key.

Elements get classes and geometry only, no style: the page's policy forbids it, and its themes set the colours. All
lengths are in units of the drawing, WIDTH across; ElementTree escapes every text. Owns classes of the axes: `grid`,
`frame`, `tick`, `label`, `key`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from untuck.model import Floats
from untuck.vocabulary import clock

WIDTH = 360.0
TEXT = 12.5  # font size, as charts.css sets it: 11.4 px where the drawing is 328 px wide
_CHARACTER = 0.56 * TEXT  # mean width, on the safe side for the fonts of phones
_ROW = 19.0  # height of a row of the key
_MOST_POINTS = 400  # of a line: more cannot be seen on a phone
_TIME_STEPS_S = (5, 10, 15, 20, 30, 60, 120, 180, 300, 600, 900, 1200, 1800, 3600, 7200, 14400)

Limits = tuple[float, float]


def element(parent: ET.Element, tag: str, name: str = "", **attributes: float | str) -> ET.Element:
    """A child of this class; numbers are rounded to a tenth, and an underscore in a name is a hyphen."""
    texts = {key.replace("_", "-"): _number(value) for key, value in attributes.items()}
    return ET.SubElement(parent, tag, ({"class": name} if name else {}) | texts)


def write(parent: ET.Element, text: str, at: tuple[float, float], name: str, anchor: str = "start") -> ET.Element:
    """A text with its baseline at x, y; anchor: of SVG's text-anchor."""
    found = element(parent, "text", name, x=at[0], y=at[1], text_anchor=anchor)
    found.text = text
    return found


def drawing(name: str, title: str, description: str, height: float) -> ET.Element:
    """An empty drawing with what a screen reader says of it. name: unique in the page, letters only."""
    svg = ET.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {_number(WIDTH)} {_number(height)}",
            "class": f"chart-drawing {name}",
            "role": "img",
            "aria-labelledby": f"chart-{name}-title chart-{name}-desc",
        },
    )
    for tag, text in (("title", title), ("desc", description)):
        ET.SubElement(svg, tag, {"id": f"chart-{name}-{tag}"}).text = text
    return svg


def markup(svg: ET.Element) -> str:
    """The drawing as text."""
    return ET.tostring(svg, encoding="unicode")


@dataclass(frozen=True)
class Box:
    """A rectangle of the drawing."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.top + self.height


@dataclass(frozen=True)
class Axes:
    """A rectangle with a scale: x_limits and y_limits are the values at its edges."""

    svg: ET.Element
    box: Box
    x_limits: Limits
    y_limits: Limits

    def x(self, value: float) -> float:
        """Where a value is, limited to the rectangle."""
        low, high = self.x_limits
        return self.box.left + self.box.width * min(1.0, max(0.0, (value - low) / (high - low)))

    def y(self, value: float) -> float:
        """Where a value is, limited to the rectangle."""
        low, high = self.y_limits
        return self.box.bottom - self.box.height * min(1.0, max(0.0, (value - low) / (high - low)))

    def scale(self, x_ticks: Sequence[float], y_ticks: Sequence[float], x_text: Callable[[float], str]) -> None:
        """Grid lines with their labels, and the base line."""
        box = self.box
        for value in y_ticks:
            element(self.svg, "path", "grid", d=f"M{box.left:g} {self.y(value):.1f}H{box.right:g}")
            write(self.svg, f"{value:g}".replace("-", "\u2212"), (box.left - 5, self.y(value) + 4), "tick", "end")
        for value in x_ticks:
            at, text = self.x(value), x_text(value)
            element(self.svg, "path", "frame", d=f"M{at:.1f} {box.bottom:g}v4")
            half = 0.5 * _CHARACTER * len(text)
            write(self.svg, text, (min(at, WIDTH - 1 - half), box.bottom + 16), "tick", "middle")
        element(self.svg, "path", "frame", d=f"M{box.left:g} {box.bottom:g}H{box.right:g}")

    def line(self, x: Floats, y: Floats, name: str) -> None:
        """A line through points (n,), interrupted where y is NaN."""
        parts = ["M" + "L".join(self._points(x[at], y[at])) for at in _curves(y)]
        if parts:
            element(self.svg, "path", name, d="".join(parts))

    def band(self, x: Floats, low: Floats, high: Floats, name: str) -> None:
        """The area between two curves (n,), interrupted where low is NaN."""
        parts = []
        for at in _curves(low):
            there, back = self._points(x[at], low[at]), self._points(x[at], high[at])[::-1]
            parts.append("M" + "L".join([*there, *back]) + "Z")
        if parts:
            element(self.svg, "path", name, d="".join(parts))

    def dots(self, x: Floats, y: Floats, name: str) -> None:
        """Dots at points (n,) as one path with round ends; those outside the limits are left out."""
        inside = (y >= self.y_limits[0]) & (y <= self.y_limits[1])
        points = self._points(x[inside], y[inside])
        if points:
            element(self.svg, "path", name, d="".join(f"M{point}h0" for point in points))

    def span(self, start: float, end: float, name: str, above: float = 0.0) -> tuple[float, float]:
        """Shade from one x to another, also `above` the rectangle; returns where that is. At least 1.5 wide."""
        left, right = self.x(start), self.x(end)
        if right - left < 1.5:
            left, right = left - 0.75, left + 0.75
        box = self.box
        element(
            self.svg,
            "rect",
            name,
            x=left,
            y=box.top - above,
            width=right - left,
            height=box.height + above,
        )
        return left, right

    def _points(self, x: Floats, y: Floats) -> list[str]:
        return [f"{self.x(a):.1f} {self.y(b):.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True)]


def _curves(values: Floats) -> Iterator[NDArray[np.intp]]:
    """Indices of each stretch of values (n,) without NaN, of at least two; of many points evenly some."""
    known = np.flatnonzero(np.isfinite(values))
    step = -(-len(known) // _MOST_POINTS) or 1
    for part in np.split(known, np.flatnonzero(np.diff(known) > 1) + 1):
        if len(part) > 1:
            yield np.append(part[:-1:step], part[-1])


def value_ticks(limits: Limits, most: int = 6) -> list[float]:
    """Round values within limits, at most so many."""
    power = 10.0 ** floor(log10((limits[1] - limits[0]) / most))
    return _ticks(limits, [step * power for step in (1, 2, 5, 10, 20)], most)


def time_ticks(limits: Limits, most: int = 7) -> list[float]:
    """Round times in s within limits, at most so many."""
    return _ticks(limits, _TIME_STEPS_S, most)


def _ticks(limits: Limits, steps: Sequence[float], most: int) -> list[float]:
    """The multiples of the smallest step that has at most so many of them within limits."""
    low, high = limits
    ranges = [(step, range(ceil(low / step), floor(high / step) + 1)) for step in steps]
    step, multiples = next((each for each in ranges if len(each[1]) <= most), ranges[-1])
    return [round(step * k, 6) + 0.0 for k in multiples]


def at_least(limits: Limits, span: float) -> Limits:
    """Limits that are at least `span` apart, about their middle: a difference of no importance looks like one."""
    low, high = limits
    room = max(0.0, span - (high - low)) / 2
    return low - room, high + room


def time_axis(axes: Axes, y_title: str) -> None:
    """Scale with time in min:s and values at the left; the titles stand above, where they take no width."""
    axes.scale(time_ticks(axes.x_limits), value_ticks(axes.y_limits), clock)
    write(axes.svg, y_title, (2, 12), "label")
    write(axes.svg, "time, min:s", (WIDTH - 2, 12), "label", "end")


Sample = tuple[str, str]  # of the key: how it is drawn (line, area, band, dot, mark), and the class


def key(svg: ET.Element, top: float, entries: Sequence[tuple[Sample, str]]) -> None:
    """The key: samples with their texts, in rows of the drawing's width; key_height has what it takes."""
    for (kind, name), text, at, row in _placed(entries):
        y = top + _ROW * row + 9
        match kind:
            case "line":
                element(svg, "path", name, d=f"M{at:.1f} {y:g}h16")
            case "area":
                element(svg, "rect", name, x=at, y=y - 5, width=16, height=10)
            case "band":
                element(svg, "rect", name, x=at, y=y - 5, width=16, height=10)
                element(svg, "path", "usual", d=f"M{at:.1f} {y:g}h16")
            case "dot":
                element(svg, "path", name, d=f"M{at + 5:.1f} {y + 2:g}h0M{at + 11:.1f} {y - 2:g}h0")
            case _:
                triangle(svg, (at + 8, y), 0, name)
        write(svg, text, (at + 21, y + 4.4), "key")


def key_height(entries: Sequence[tuple[Sample, str]]) -> float:
    """Height that the key takes."""
    return _ROW * (1 + max((row for *_, row in _placed(entries)), default=-1))


def triangle(svg: ET.Element, at: tuple[float, float], side: int, name: str) -> None:
    """A mark that points down (side 0), to the left (-1) or to the right (+1)."""
    x, y = at
    corners = [(-5, -4), (5, -4), (0, 4.5)] if side == 0 else [(-4 * side, -5), (-4 * side, 5), (4.5 * side, 0)]
    element(svg, "path", name, d="M" + "L".join(f"{x + a:.1f} {y + b:.1f}" for a, b in corners) + "Z")


def text_width(text: str) -> float:
    """About the width of a text."""
    return _CHARACTER * len(text)


def _placed(entries: Sequence[tuple[Sample, str]]) -> Iterator[tuple[Sample, str, float, int]]:
    """Each entry with its place: x, and the first row that has room."""
    ends: list[float] = []
    for sample, text in entries:
        width = 21 + text_width(text)
        row = next((row for row, end in enumerate(ends) if end + width <= WIDTH), len(ends))
        if row == len(ends):
            ends.append(2.0)
        yield sample, text, ends[row], row
        ends[row] += width + 16


def _number(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.1f}".removesuffix(".0")


def clear_of(placed: Sequence[tuple[float, float]], span: tuple[float, float]) -> bool:
    """Whether a span from left to right touches none of those that are placed."""
    return all(span[1] < left or span[0] > right for left, right in placed)
