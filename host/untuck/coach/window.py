"""The coach's window: composes the widgets, updates them from the sessions, and turns buttons into commands.

A timer reads the control and the feed of every runner, and lets each widget draw what has changed. No call blocks.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, QUrl
from PySide6.QtGui import QCloseEvent, QDesktopServices, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from untuck.coach import review
from untuck.coach import theme as themes
from untuck.coach.actions import ask
from untuck.coach.button_bar import ButtonBar, Toggles
from untuck.coach.control import MAX_RUNNERS, RunnerSlot, SessionControl
from untuck.coach.help_page import HelpPage
from untuck.coach.message_line import MessageLine
from untuck.coach.pelvis_figure import PelvisFigure
from untuck.coach.reading_boxes import ReadingBoxes, StateBox
from untuck.coach.readings import readings, state_label, status_text
from untuck.coach.runner_data import RunnerData
from untuck.coach.spine_figure import SpineFigure, pelvis_at_fault, spine_pose
from untuck.coach.stride_plots import StridePlots
from untuck.coach.tiles import Tiles
from untuck.coach.time_plots import TimePlots
from untuck.session.form_state import State
from untuck.session.form_words import StateLabel
from untuck.session.themes import DARK, LIGHT, THEMES

TICK_MS = 20  # packets come every 50 ms, and a tick without new data costs little
SILENCE_CHECK_S = 0.25  # redraw interval without new data, so that missing data are noticed
BOTH_FROM = (1500, 900)  # a window of at least this size shows both views of the plots


class CoachWindow(QWidget):
    """The window. control: runs the sessions; theme: of THEMES; clock: the host's monotonic clock in s."""

    def __init__(
        self, control: SessionControl, theme: str = "light", clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self.setObjectName("coach")
        self.setWindowTitle("Untuck: coach")
        self.setMinimumSize(900, 500)
        self._control = control
        self._clock = clock
        self._theme = THEMES[theme]
        self.slots: list[RunnerSlot] = []
        self.runners: list[RunnerData] = []
        self.front = 0
        self._drawn_s = 0.0
        self.bar, self.tiles, self.message_line = ButtonBar(self), Tiles(self), MessageLine(self)
        self.time_plots, self.stride_plots = TimePlots(self._theme, self), StridePlots(self._theme, self)
        self.state_box, self.reading_boxes, self.pelvis = StateBox(self), ReadingBoxes(self), PelvisFigure(self)
        self.spine = SpineFigure(self)
        self.help = HelpPage(self)
        self._empty = RunnerData("")
        self._lay_out()
        self._connect()
        self.resize(themes.BASE_WIDTH, themes.BASE_HEIGHT)
        self._apply_theme()
        self.timer = QTimer(self)
        self.timer.setTimerType(Qt.TimerType.PreciseTimer)
        self.timer.timeout.connect(self.tick)
        self.timer.start(TICK_MS)

    @property
    def runner(self) -> RunnerData:
        """The runner in front."""
        return self.runners[self.front] if self.runners else self._empty

    def tick(self) -> None:
        """Read control and feeds; draw if there are new data, and at intervals to notice when they stop."""
        clock_s = self._clock()
        new = self._read_control()
        for number in range(len(self.slots)):
            new |= self._read_feed(number)
        if not new and clock_s - self._drawn_s < SILENCE_CHECK_S:
            return
        self._drawn_s = clock_s
        self.draw(clock_s)

    def _read_feed(self, number: int) -> bool:
        """Add the new data of a runner's session; returns whether there are any."""
        runner = self.runners[number]
        batch = self.slots[number].feed.take()
        runner.take(batch)
        warned = [(text, True) for text in runner.warnings]
        runner.warnings.clear()
        for text, error in (*warned, *batch.messages):  # the session's message comes last and stays
            self.message_line.say(f"{runner.name}: {text}" if len(self.slots) > 1 else text, error)
        if number == self.front and (batch.ended or batch.events):
            self._update_buttons()
        return bool(batch.time_s or batch.events or batch.ended)

    def draw(self, clock_s: float) -> None:
        """Show the state at a time on the host's monotonic clock; each widget paints only what has changed."""
        runner, at_s = self.runner, self.time_plots.cursor_s
        label = state_label(runner, clock_s, at_s)
        stale = label.state == State.NO_DATA
        self.state_box.show_label(label)
        self.reading_boxes.show_readings(readings(runner, label, at_s), stale)
        self._draw_figures(runner, label, at_s)
        self.message_line.show_status(status_text(runner))
        sounding = self._control.sounding
        self.tiles.refresh(self.runners, self.front, self._place_of(sounding), clock_s)
        self.time_plots.tilt.show_stale(label.word if stale else "")
        if self.time_plots.isVisible():
            self.time_plots.refresh()
        if self.stride_plots.isVisible():
            self.stride_plots.refresh()

    def _draw_figures(self, runner: RunnerData, label: StateLabel, at_s: float | None) -> None:
        """The figures of pelvis and spine, now or at a time of the session."""
        stale, until_s = label.state == State.NO_DATA, math.inf if at_s is None else at_s
        colour = "stale" if stale else label.colour if label.colour in ("good", "fault") else "trace"
        self.spine.setVisible(runner.two_clips)
        if runner.two_clips:
            pose = spine_pose(runner, label, until_s)
            self.spine.show_pose(pose, stale)
            colour = colour if pelvis_at_fault(pose.fault) else "trace"
        pose_deg = runner.pose_deg if at_s is None else review.pose_at(runner, at_s)
        self.pelvis.show_pose(pose_deg, runner.usual_tilt_deg(until_s), colour)

    def bring_to_front(self, number: int) -> None:
        """Show this runner in the plots and the boxes."""
        if 0 <= number < len(self.runners):
            self.front = number
            self.time_plots.show_runner(self.runner)
            self.stride_plots.show_runner(self.runner)
            self._update_buttons()

    def _place_of(self, slot: RunnerSlot | None) -> int:
        """The number of a runner's tile, -1 for none."""
        return next((number for number, each in enumerate(self.slots) if each is slot), -1)

    def _give_sound(self, number: int) -> None:
        if 0 <= number < len(self.slots):
            self._control.give_sound(self.slots[number])

    def _read_control(self) -> bool:
        """Read the control's updates; returns whether there is a new runner."""
        updates = self._control.updates()
        for slot in updates.slots:
            self._place(slot)
        if updates.choices is not None:
            self.bar.offer(updates.choices)
        if updates.task is not None:
            self.message_line.show_task(updates.task, updates.progress)
        for text, error in updates.messages:
            self.message_line.say(text, error)
        if updates.report is not None and not QDesktopServices.openUrl(QUrl.fromLocalFile(str(updates.report))):
            self.message_line.say(f"Report written, but nothing here opens it: {updates.report}", error=True)
        return bool(updates.slots or updates.messages)

    def _place(self, slot: RunnerSlot) -> None:
        """Add a session: in place of the same runner's ended one, in a new place, or in place of any ended one."""
        ended = [number for number, runner in enumerate(self.runners) if runner.ended]
        same = [number for number in ended if self.runners[number].name == slot.name]
        if same or len(self.slots) == MAX_RUNNERS:
            place = (same or ended)[0]
            self.slots[place], self.runners[place] = slot, RunnerData(slot.name)
        else:
            place = len(self.slots)
            self.slots.append(slot)
            self.runners.append(RunnerData(slot.name))
        self.bring_to_front(place if same or len(self.slots) == 1 else self.front)

    def _switch_theme(self) -> None:
        self._theme = DARK if self._theme is LIGHT else LIGHT
        self._apply_theme()

    def _own_actions(self) -> dict[str, Callable[[str], object]]:
        """What buttons do with the window itself, by the button's name, from its value."""
        return {
            "runner": lambda _: self.message_line.ask("runner", "Name of the new runner: Enter pairs a clip with them"),
            "note": lambda _: self.message_line.ask("note", "Note: Enter stores it, Escape discards it"),
            "theme": lambda _: self._switch_theme(),
            "full": lambda value: self.showFullScreen() if value == "on" else self.showNormal(),
            "help": lambda _: self._choose_view(),
            "view": lambda _: self._choose_view(),
            "longer": lambda _: self.time_plots.zoom(longer=True),
            "shorter": lambda _: self.time_plots.zoom(longer=False),
            "live": lambda _: self.time_plots.follow(),
        }

    def _asked(self, name: str, value: str) -> None:
        """Handle a button, its key, or a finished text."""
        own = self._own_actions()
        if name in own:
            own[name](value)
        else:
            ask(self._control, self.slots[self.front] if self.slots else None, name, value)

    def _update_buttons(self) -> None:
        runner, snapshot = self.runner, self.runner.snapshot
        running = bool(self.runners) and not runner.ended
        can_start = len(self.slots) < MAX_RUNNERS or any(each.ended for each in self.runners)
        self.bar.allow(running, runner.ended, can_start, self.time_plots.following)
        toggles = Toggles(
            muted=runner.muted,
            no_cues=runner.no_cues,
            blind=snapshot.blind,
            recalibrating=snapshot.recalibrating,
            faults=(*snapshot.params.cue_faults, *snapshot.params.cue_trunk_faults),
        )
        self.bar.show_toggles(toggles)

    def _lay_out(self) -> None:
        self._side = QWidget(self)
        side = QVBoxLayout(self._side)
        side.setContentsMargins(0, 0, 0, 0)
        side.setSpacing(4)
        for widget, stretch in ((self.reading_boxes, 7), (self.spine, 4), (self.pelvis, 3)):
            side.addWidget(widget, stretch)
        plots = QVBoxLayout()
        plots.setSpacing(4)
        plots.addWidget(self.time_plots, 3)
        plots.addWidget(self.stride_plots, 2)
        plots.addWidget(self.help, 3)
        body = QHBoxLayout()
        body.setSpacing(6)
        body.addLayout(plots, 1)
        body.addWidget(self._side)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(6, 6, 6, 6)
        whole.setSpacing(5)
        whole.addWidget(self.bar)
        whole.addWidget(self.tiles)
        whole.addWidget(self.state_box)
        whole.addLayout(body, 1)
        whole.addWidget(self.message_line)

    def _connect(self) -> None:
        self.bar.asked.connect(self._asked)
        self.tiles.chosen.connect(self.bring_to_front)
        self.tiles.sound_moved.connect(self._give_sound)
        self.message_line.typed.connect(lambda what, text: self._asked(f"typed {what}", text))
        self.message_line.cancelled.connect(self._control.cancel)
        self.time_plots.threshold_moved.connect(lambda name, deg: self._asked(name, f"{deg:.1f}"))
        self.time_plots.cursor_moved.connect(lambda: self.draw(self._clock()))
        self.time_plots.following_changed.connect(lambda _: self._update_buttons())

    def _choose_view(self) -> None:
        """Show the plots over time or the overlaid strides, in a large window both; or the help page."""
        both = self.width() >= BOTH_FROM[0] and self.height() >= BOTH_FROM[1]
        strides = self.bar.buttons["view"].isChecked()
        self.bar.buttons["view"].setVisible(not both)
        helps = self.bar.buttons["help"].isChecked()
        self.help.setVisible(helps)
        self.time_plots.setVisible(not helps and (both or not strides))
        self.stride_plots.setVisible(not helps and (both or strides))

    def _apply_theme(self) -> None:
        """Use the colours of the theme, and fonts and widths for the window's size."""
        pixels = themes.text_px(self.width(), self.height())
        self.setStyleSheet(themes.style_sheet(self._theme, pixels))
        self._side.setFixedWidth(max(230, round(self.width() * 0.27)))
        self.time_plots.apply_theme(self._theme, pixels)
        self.stride_plots.apply_theme(self._theme, pixels)
        self.tiles.apply_theme(self._theme, pixels)
        self.help.apply_theme(self._theme, pixels)
        self.state_box.apply_theme(self._theme, themes.far_px(self.width(), self.height()))
        for part in (self.reading_boxes, self.spine, self.pelvis):
            part.apply_theme(self._theme)
        self._choose_view()
        self._update_buttons()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._apply_theme()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys without a button: arrows scroll, comma and point move the cursor, digits choose a runner."""
        pages = {Qt.Key.Key_Left: -0.5, Qt.Key.Key_Right: 0.5, Qt.Key.Key_PageUp: -1.0, Qt.Key.Key_PageDown: 1.0}
        if event.key() in pages:
            self.time_plots.scroll(pages[Qt.Key(event.key())])
        elif event.key() == Qt.Key.Key_End:
            self.time_plots.follow()
        elif event.text() in (",", "."):
            self.time_plots.step(1 if event.text() == "." else -1)
        elif event.key() == Qt.Key.Key_Question or (
            event.key() == Qt.Key.Key_Escape and self.bar.buttons["help"].isChecked()
        ):
            self.bar.buttons["help"].click()
        elif event.key() == Qt.Key.Key_Escape and self.isFullScreen():
            self.bar.buttons["full"].click()
        elif event.text().isdigit():
            self.bring_to_front(int(event.text()) - 1)
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop the timer; the sessions end with the loop thread."""
        self.timer.stop()
        super().closeEvent(event)
