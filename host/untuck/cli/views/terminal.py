"""The live view in a terminal, 80 columns: connection, cadence, tilt against the baseline band, findings, cues.

Redrawn a few times a second from LiveState; removed when the session ends, so that the summary replaces it.
"""

from __future__ import annotations

import math
import time

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from untuck.cli.views import plain
from untuck.events import Event
from untuck.model import Finding
from untuck.outside_text import printable
from untuck.report.numbers import number
from untuck.session.live_state import LiveState
from untuck.session.packet_pipeline import PacketPipeline
from untuck.vocabulary import PALETTES, Fault, Moving, clock, facts

REFRESH_HZ = 8
LATE_S = 0.3  # older data are shown as late
SILENT_S = 1.5  # without a packet, of 20 a second, before the view reports it
WIDTH = 78
ROWS, COLUMNS = 20, 64  # a smaller terminal gets the small drawing, of SMALL_ROWS
SMALL_ROWS = 8
BAR_HALF_DEG = 12.0
BAR_STEP_DEG = 0.5
CUES_SHOWN = 4
FINDINGS_SHOWN = 3


class TerminalView:
    """Draws the state of a session; a context manager."""

    def __init__(self, console: Console, state: LiveState, source: str, keys: str = "") -> None:
        self._state = state
        self._keys = keys
        self._source = source
        self._notes: list[str] = []
        self._signal = Reception()
        self._drawn_s = 0.0
        self._console = console
        self._live = Live(console=console, refresh_per_second=REFRESH_HZ, transient=True)

    def __enter__(self) -> TerminalView:
        self._live.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.__exit__(None, None, None)

    def show(self, events: list[Event], packets: PacketPipeline) -> None:
        """Update the state by these events; redraw if the last drawing is old enough."""
        pipeline = packets.pipeline
        if packets.decoder.packets == 1:
            self._state.begin(pipeline.calibration, pipeline.baseline, pipeline.trunk_calibration)
        for event in events:
            self._state.take(event)
        self._state.take_progress(pipeline.progress)
        self._state.now_s = max(self._state.now_s, packets.last_s)
        self._signal.update(packets)
        now_s = time.monotonic()
        if now_s - self._drawn_s >= 1.0 / REFRESH_HZ:
            self._drawn_s = now_s
            self._draw()

    def say(self, text: str) -> None:
        """Add a line of text at the foot of the view."""
        self._notes.append(printable(text))
        self._draw()

    def _draw(self) -> None:
        columns, rows = self._console.size  # of now: the window may have changed
        draw = drawing if rows >= ROWS and columns >= COLUMNS else small_drawing
        width = min(WIDTH, columns)
        self._live.update(draw(self._state, self._source, self._signal, self._notes, width=width, keys=self._keys))


class Reception:
    """The state of the connection in words, which depend on how long ago the last packet came."""

    def __init__(self) -> None:
        self._newest_s = time.monotonic()
        self._lost = self._corrupt = self._trunk_lost = self._trunk_corrupt = 0
        self._age_s = 0.0
        self._low_battery = False

    def update(self, packets: PacketPipeline) -> None:
        """Take the counters after a packet."""
        self._newest_s = time.monotonic()
        self._lost, self._corrupt = packets.decoder.lost, packets.decoder.corrupt
        self._age_s = packets.age_s
        self._low_battery = packets.decoder.low_battery
        if packets.trunk_decoder is not None:
            self._trunk_lost, self._trunk_corrupt = packets.trunk_decoder.lost, packets.trunk_decoder.corrupt

    def __rich__(self) -> Text:
        silent_s = time.monotonic() - self._newest_s
        if silent_s > SILENT_S:
            return Text(f"no data for {silent_s:.0f} s", "bold red")
        problems = f", {self._lost} packets lost" if self._lost else ""
        problems += f", {self._corrupt} damaged" if self._corrupt else ""
        problems += f", upper back: {self._trunk_lost} lost" if self._trunk_lost else ""
        problems += f", upper back: {self._trunk_corrupt} damaged" if self._trunk_corrupt else ""
        problems += ", battery low" if self._low_battery else ""
        receiving = f"receiving, data {self._age_s:.1f} s late"
        return Text(receiving + problems, "yellow" if problems or self._age_s > LATE_S else "green")


def drawing(
    state: LiveState, source: str, signal: RenderableType, notes: list[str], width: int = WIDTH, keys: str = ""
) -> RenderableType:
    """The whole view, `width` columns wide."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", width=11, no_wrap=True)
    table.add_column(width=width - 17)
    table.add_row("Source", Text(printable(source)))
    table.add_row("Signal", signal)
    table.add_row("Now", Text(f"{state.moving}: {state.ask()}"))
    laps = f"   lap {state.laps + 1}" if state.laps else ""
    table.add_row("Cadence", number(state.cadence_spm, 0, "steps/min") + f"   {state.strides} strides{laps}")
    table.add_row("Tilt", _tilt(state))
    table.add_row("", tilt_bar(state.against_deg, state.tuck_least_deg, tucked=(Fault.TUCK, 0) in state.active))
    table.add_row("Pelvic lean" if state.trunk is None else "Trunk lean", _lean(state) + _pullback(state))
    table.add_row("Findings", _findings(state))
    table.add_row("Cues", _cues(state))
    for text in [*state.warnings[-2:], *notes[-2:]]:
        table.add_row("Note", Text(text))
    title = f"Untuck {clock(state.now_s)}" + ("  cues are off" if state.muted else "")
    return Panel(
        table,
        title=title,
        subtitle=keys,
        width=width,
        border_style=PALETTES["dark"]["fault"] if state.active else "dim",
    )


def small_drawing(
    state: LiveState, source: str, signal: RenderableType, notes: list[str], width: int = WIDTH, keys: str = ""
) -> RenderableType:
    """What matters most, in SMALL_ROWS lines that are cut at `width`; without source and keys."""
    found = [Text(plain.finding_words(finding), style_of(finding)) for finding in state.active.values()]
    said = [*state.warnings[-1:], *notes[-1:], ""]
    muted = ", cues are off" if state.muted else ""
    lines = [
        Text(f"Untuck {clock(state.now_s)}{muted}", "bold"),
        signal,
        Text(f"{state.moving}: {state.ask()}"),
        Text(
            f"{number(state.cadence_spm, 0, 'steps/min')}, tilt {number(state.tilt_deg, 1, 'deg')}{_short_lean(state)}"
        ),
        found[-1] if found else Text(_no_fault(state), "dim"),
        Text(plain.cue_words(state.cues[-1]) if state.cues else "no cue yet", "dim"),
        Text(said[0]),
    ]
    table = Table.grid()
    table.add_column(width=width - 1, no_wrap=True, overflow="ellipsis")
    for line in lines[:SMALL_ROWS]:
        table.add_row(line)
    return table


def _no_fault(state: LiveState) -> str:
    judged = state.baseline is not None and not state.not_judged and state.moving == Moving.RUNNING
    return "no fault found" if judged else "not judged"


def tilt_bar(against_deg: float, band_deg: float, tucked: bool = False) -> RenderableType:
    """Tilt against baseline on a scale of +/-12 deg; the mark is the runner's tilt, red while a tuck is found.

    Within the band a change is too small to be found; NaN: there is no band.
    """
    half = round(BAR_HALF_DEG / BAR_STEP_DEG)
    band = round(band_deg / BAR_STEP_DEG) if math.isfinite(band_deg) else -1
    cells = ["░" if abs(n) <= band else "·" for n in range(-half, half + 1)]
    cells[half] = "│"
    bar = Text("".join(cells), "dim")
    if math.isfinite(against_deg):
        at = min(max(round(against_deg / BAR_STEP_DEG), -half), half)
        style = "bold red" if tucked else "bold green"
        bar = Text.assemble(bar[: half + at], ("█", style), bar[half + at + 1 :])
    legend = "tucked".ljust(half - 4) + "baseline".ljust(half - 1) + "tipped"
    return Group(bar, Text(legend, "dim"))


def _tilt(state: LiveState) -> str:
    against = f", {state.against_deg:+.1f} deg against baseline" if math.isfinite(state.against_deg) else ""
    return number(state.tilt_deg, 1, "deg above standing") + against


def _lean(state: LiveState) -> str:
    """Lean of the trunk and the lumbar spine, or why they are not known; with one clip lean of the pelvis."""
    if state.trunk is None:
        return number(state.pelvic_lean_deg, 1, "deg")
    return state.trunk_problem or f"{number(state.trunk_lean_deg, 1, 'deg')}, lumbar {number(state.lumbar_deg, 1)}"


def _short_lean(state: LiveState) -> str:
    if state.trunk is None:
        return ""
    return ", no trunk" if state.trunk_problem else f", lean {number(state.trunk_lean_deg, 1, 'deg')}"


def _pullback(state: LiveState) -> str:
    left_deg, right_deg = state.pullback_deg
    if not (math.isfinite(left_deg) and math.isfinite(right_deg)):
        return ""
    return f"   pullback left {left_deg:.1f}, right {right_deg:.1f} deg"


def style_of(finding: Finding) -> str:
    """The colour of a fault and its side, as in the window and on the page."""
    return f"bold {PALETTES['dark'][facts(finding.fault).colour(finding.side)]}"


def _findings(state: LiveState) -> RenderableType:
    lines = [Text(plain.finding_words(finding), style_of(finding)) for finding in state.active.values()]
    lines += [Text(plain.finding_words(finding), "dim") for finding in state.over[-FINDINGS_SHOWN:]]
    return Group(*(lines or [Text("none", "dim")]))


def _cues(state: LiveState) -> RenderableType:
    lines = [Text(f"{clock(cue.time_s):>5}  {plain.cue_words(cue)}") for cue in state.cues[-CUES_SHOWN:]]
    return Group(*(lines or [Text("none", "dim")]))
