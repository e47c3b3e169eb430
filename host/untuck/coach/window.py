"""The coach's window: composes its parts, and lets each take what is new at the window's own rate.

A timer reads the control and every runner's feed, folds in what has come, and lets the parts draw what has changed;
nothing here waits for anything. What a press of a button means is said here, and nowhere else.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QCloseEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from untuck.coach import theme as themes
from untuck.coach.bar import Bar
from untuck.coach.control import MAX_RUNNERS, RunnerSlot, SessionControl
from untuck.coach.message_line import MessageLine
from untuck.coach.numbers import Numbers, SignBox
from untuck.coach.pelvis_figure import PelvisFigure
from untuck.coach.runner import RunnerData
from untuck.coach.stride_plots import StridePlots
from untuck.coach.tiles import Tiles
from untuck.coach.time_plots import TimePlots
from untuck.coach.words import numbers, sign, status
from untuck.errors import SettingsError
from untuck.session_commands import (
    ChooseFaults,
    CueBlock,
    Lap,
    Mute,
    NewBaseline,
    Note,
    Recalibrate,
    SessionCommand,
    SetThreshold,
    SetZero,
)

TICK_MS = 20  # a look costs little when there is nothing new, and packets come every 50 ms
LOOK_S = 0.25  # how often silence is looked for while nothing comes
BOTH_FROM = (1500, 900)  # a window at least so large shows both views of the plots


class CoachWindow(QWidget):
    """The window; `control` runs the sessions. clock: the host's monotonic clock, to be replaced for pictures."""

    def __init__(self, control: SessionControl, theme: str = "light") -> None:
        super().__init__()
        self.setObjectName("coach")
        self.setWindowTitle("Untuck: coach")
        self.setMinimumSize(940, 500)
        self._control = control
        self._theme = themes.THEMES[theme]
        self.slots: list[RunnerSlot] = []
        self.runners: list[RunnerData] = []
        self.front = 0
        self._looked_s = 0.0
        self.bar, self.tiles, self.line = Bar(self), Tiles(self), MessageLine(self)
        self.time_plots, self.stride_plots = TimePlots(self._theme, self), StridePlots(self._theme, self)
        self.sign, self.numbers, self.pelvis = SignBox(self), Numbers(self), PelvisFigure(self)
        self._empty = RunnerData("")
        self._lay_out()
        self._connect()
        self.resize(themes.BASE_WIDTH, themes.BASE_HEIGHT)
        self._dress()
        self.timer = QTimer(self)
        self.timer.setTimerType(Qt.TimerType.PreciseTimer)
        self.timer.timeout.connect(self.tick)
        self.timer.start(TICK_MS)

    @property
    def runner(self) -> RunnerData:
        """The runner in front."""
        return self.runners[self.front] if self.runners else self._empty

    def tick(self) -> None:
        """Take in what has come; draw if anything has, and now and then to see whether it is still fresh."""
        clock_s = time.monotonic()
        new = self._hear_control()
        for number in range(len(self.slots)):
            new |= self._hear_runner(number)
        if not new and clock_s - self._looked_s < LOOK_S:
            return
        self._looked_s = clock_s
        self.draw(clock_s)

    def _hear_runner(self, number: int) -> bool:
        """Fold in what a runner's session has brought; whether it has brought anything."""
        runner = self.runners[number]
        batch = self.slots[number].feed.take()
        runner.take(batch)
        warned = [(text, True) for text in runner.warnings]
        runner.warnings.clear()
        for text, error in (*warned, *batch.said):  # the session's own word, with its remedy, stays
            self.line.say(f"{runner.name}: {text}" if len(self.slots) > 1 else text, error)
        if number == self.front and (batch.ended or batch.events):
            self._allow()
        return bool(batch.time_s or batch.events or batch.ended)

    def draw(self, clock_s: float) -> None:
        """Let every part show the present on the host's clock; each paints only what is not on the screen already."""
        runner = self.runner
        shown = sign(runner, clock_s)
        stale = runner.state(clock_s) == "deaf"
        self.sign.show_sign(shown)
        self.numbers.show_numbers(numbers(runner), stale)
        self.pelvis.show_pose(runner.pose_deg, runner.baseline_tilt_deg(), "stale" if stale else _figure(shown.colour))
        self.line.show_status(status(runner))
        self.tiles.refresh(self.runners, self.front, clock_s)
        self.time_plots.tilt.show_stale(shown.word if stale else "")
        if self.time_plots.isVisible():
            self.time_plots.refresh()
        if self.stride_plots.isVisible():
            self.stride_plots.refresh()

    def bring_to_front(self, number: int) -> None:
        """Show this runner in full."""
        if 0 <= number < len(self.runners):
            self.front = number
            self.time_plots.show_runner(self.runner)
            self.stride_plots.show_runner(self.runner)
            self._allow()

    def _hear_control(self) -> bool:
        """Take in the control's updates; whether there is a new runner."""
        updates = self._control.updates()
        for slot in updates.slots:
            self._place(slot)
        if updates.choices is not None:
            self.bar.offer(updates.choices)
        if updates.work is not None:
            self.line.show_work(updates.work, updates.share)
        for text, error in updates.said:
            self.line.say(text, error)
        return bool(updates.slots)

    def _place(self, slot: RunnerSlot) -> None:
        """A new session: in the place of the same runner's last one, beside the others, or for want of room in any."""
        over = [number for number, runner in enumerate(self.runners) if runner.ended]
        same = [number for number in over if self.runners[number].name == slot.name]
        if same or len(self.slots) == MAX_RUNNERS:
            place = (same or over)[0]
            self.slots[place], self.runners[place] = slot, RunnerData(slot.name)
        else:
            place = len(self.slots)
            self.slots.append(slot)
            self.runners.append(RunnerData(slot.name))
        self.bring_to_front(place if same or len(self.slots) == 1 else self.front)

    def _asked(self, name: str, value: str) -> None:
        """A button was pressed, or its key."""
        if name == "start":
            self._control.start(value)
        elif name == "find":
            self._control.find()
        elif name == "theme":
            self._theme = themes.DARK if self._theme is themes.LIGHT else themes.LIGHT
            self._dress()
        elif name == "view":
            self._choose_view()
        elif name in ("longer", "shorter"):
            self.time_plots.zoom(name == "longer")
        elif name == "live":
            self.time_plots.follow()
        elif name == "note":
            self.line.write_note()
        elif name == "stop" and self.slots:
            self._control.stop(self.slots[self.front])
        elif name == "report" and self.slots:
            self._control.report(self.slots[self.front])
        elif name == "blind" and self.slots:
            self._control.blind(self.slots[self.front], value == "on")
        elif self.slots:
            self._command(_COMMANDS[name](value))

    def _command(self, command: SessionCommand) -> None:
        if self.slots:
            self._control.command(self.slots[self.front], command)

    def _threshold(self, name: str, value_deg: float) -> None:
        try:
            self._command(SetThreshold(name, round(value_deg, 1)))
        except SettingsError as error:
            self.line.say(str(error), error=True)

    def _allow(self) -> None:
        running = bool(self.runners) and not self.runner.ended
        room = len(self.slots) < MAX_RUNNERS or any(runner.ended for runner in self.runners)
        self.bar.allow(running, self.runner.ended, room, self.time_plots.following)
        now = self.runner.now
        self.bar.show_state(self.runner.muted, self.runner.blocked, now.blind, now.recalibrating, now.params.cue_faults)

    def _lay_out(self) -> None:
        self._side = QWidget(self)
        side = QVBoxLayout(self._side)
        side.setContentsMargins(0, 0, 0, 0)
        side.setSpacing(4)
        for widget, stretch in ((self.sign, 2), (self.numbers, 7), (self.pelvis, 3)):
            side.addWidget(widget, stretch)
        plots = QVBoxLayout()
        plots.setSpacing(4)
        plots.addWidget(self.time_plots, 3)
        plots.addWidget(self.stride_plots, 2)
        body = QHBoxLayout()
        body.setSpacing(6)
        body.addLayout(plots, 1)
        body.addWidget(self._side)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(6, 6, 6, 6)
        whole.setSpacing(5)
        whole.addWidget(self.bar)
        whole.addWidget(self.tiles)
        whole.addLayout(body, 1)
        whole.addWidget(self.line)

    def _connect(self) -> None:
        self.bar.asked.connect(self._asked)
        self.tiles.chosen.connect(self.bring_to_front)
        self.line.noted.connect(lambda text: self._command(Note(text)))
        self.line.cancelled.connect(self._control.cancel)
        self.time_plots.threshold_moved.connect(self._threshold)
        self.time_plots.following_changed.connect(lambda _: self._allow())

    def _choose_view(self) -> None:
        """Plots through time, or the strides over each other; in a large window both."""
        both = self.width() >= BOTH_FROM[0] and self.height() >= BOTH_FROM[1]
        strides = self.bar.buttons["view"].isChecked()
        self.bar.buttons["view"].setVisible(not both)
        self.time_plots.setVisible(both or not strides)
        self.stride_plots.setVisible(both or strides)

    def _dress(self) -> None:
        """Colours of the theme, fonts and widths of the window's size."""
        pixels = themes.text_px(self.width(), self.height())
        self.setStyleSheet(themes.style_sheet(self._theme, pixels))
        self._side.setFixedWidth(max(230, round(self.width() * 0.27)))
        self.time_plots.dress(self._theme, pixels)
        self.stride_plots.dress(self._theme, pixels)
        self.tiles.dress(self._theme, pixels)
        for part in (self.sign, self.numbers, self.pelvis):
            part.dress(self._theme)
        self._choose_view()
        self._allow()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._dress()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys without a button: arrows scroll, End returns to live, digits choose a runner."""
        pages = {Qt.Key.Key_Left: -0.5, Qt.Key.Key_Right: 0.5, Qt.Key.Key_PageUp: -1.0, Qt.Key.Key_PageDown: 1.0}
        if event.key() in pages:
            self.time_plots.scroll(pages[Qt.Key(event.key())])
        elif event.key() == Qt.Key.Key_End:
            self.time_plots.follow()
        elif event.text().isdigit():
            self.bring_to_front(int(event.text()) - 1)
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Sessions are ended by whoever runs the control."""
        self.timer.stop()
        super().closeEvent(event)


_COMMANDS: dict[str, Callable[[str], SessionCommand]] = {  # of a button's name and value
    "calibrate": lambda value: Recalibrate(value == "on"),
    "baseline": lambda _: NewBaseline(),
    "zero": lambda _: SetZero(),
    "lap": lambda value: Lap(value),
    "mute": lambda value: Mute(value == "on"),
    "block": lambda value: CueBlock(value == "on"),
    "faults": lambda value: ChooseFaults(tuple(filter(None, value.split(",")))),
}


def _figure(colour: str) -> str:
    """The figure's colour: that of the state, where it says something about the form."""
    return colour if colour in ("good", "fault") else "trace"
