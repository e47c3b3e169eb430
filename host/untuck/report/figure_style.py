"""The common style of all figures: palette, margins, axes and legends.

matplotlib's Figure without pyplot: no display, no global state. Colours come as a Palette, so that the same drawing can
follow a page's light or dark theme.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from untuck.vocabulary import PALETTES, clock

STYLE: Any = {
    "font.family": "sans-serif",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.axisbelow": True,
    "svg.fonttype": "none",  # text stays text: small, searchable, in the page's own font
    "path.simplify": False,  # simplification drops the dots
}
Drawn = Figure | SubFigure
Canvas = Figure | SubFigure | None  # what to draw into; None: a new figure


@dataclass(frozen=True)
class Palette:
    """Colours by role. ink: text and axes; quiet: minor text; line: strides; band: baseline; the rest as named.

    left, right and fault are those of vocabulary.PALETTES.
    """

    ink: str = "#1d2430"
    quiet: str = "#6a7384"
    grid: str = "#dfe3ea"
    line: str = "#0b5fa5"
    band: str = "#8fc3ea"
    left: str = PALETTES["light"]["left"]
    right: str = PALETTES["light"]["right"]
    fault: str = PALETTES["light"]["fault"]
    pause: str = "#b9c0cc"


def new_figure(width_in: float, height_in: float, rows: int = 1, gap_in: float = 0.62, into: Canvas = None) -> Drawn:
    """An empty figure of this size with margins for labels, or `into` with such margins; draw within `styled()`.

    Margins are fixed: a layout that measures every text would take twice as long as the drawing.
    """
    figure: Drawn = Figure(figsize=(width_in, height_in)) if into is None else into
    figure.patch.set_alpha(0.0)
    figure.subplots_adjust(
        left=0.58 / width_in,
        right=1 - 0.16 / width_in,  # half of the last label lies beyond the axis
        bottom=0.45 / height_in,
        top=1 - 0.26 / height_in,
        wspace=0.3,
        hspace=gap_in * rows / (height_in - 0.7 - gap_in * (rows - 1)),
    )
    return figure


def styled() -> AbstractContextManager[None]:
    """The context in which figures are drawn and saved."""
    return matplotlib.rc_context(STYLE)


def style_axes(axes: Axes, palette: Palette) -> None:
    """Apply the common style of all figures to axes."""
    axes.patch.set_alpha(0.0)
    axes.grid(True, color=palette.grid, lw=0.6)
    axes.tick_params(colors=palette.quiet, length=2.5)
    axes.ticklabel_format(useOffset=False)  # labels such as 168.6, without an offset beside the title
    for spine in axes.spines.values():
        spine.set_color(palette.quiet)


def time_axis(axes: Axes, palette: Palette) -> None:
    """Label an axis in seconds as min:s."""
    axes.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: clock(seconds)))
    axes.xaxis.set_major_locator(MaxNLocator(9, steps=[1, 2, 3, 6, 10], integer=True))
    axes.set_xlabel("time, min:s", color=palette.ink)


def least_span(axes: Axes, span: float) -> None:
    """Widen the vertical range to at least `span`, about its middle: a difference of no importance looks like one."""
    low, high = axes.get_ylim()
    if high - low < span:
        axes.set_ylim((low + high - span) / 2, (low + high + span) / 2)


def legend(axes: Axes, palette: Palette) -> None:
    """A legend inside the axes."""
    axes.legend(frameon=False, labelcolor=palette.ink, fontsize=8, handlelength=1.6, borderaxespad=0.2)


def legend_above(axes: Axes, palette: Palette, of: Axes | None = None) -> None:
    """A legend on the title's line, at the right, where it covers no curve; of: the axes that it explains."""
    handles, labels = (of or axes).get_legend_handles_labels()
    axes.legend(
        handles,
        labels,
        frameon=False,
        labelcolor=palette.ink,
        fontsize=8,
        handlelength=1.1,
        handletextpad=0.4,
        columnspacing=0.8,
        ncols=3,
        loc="lower right",
        bbox_to_anchor=(1.03, 0.96),
        borderaxespad=0.1,
    )
