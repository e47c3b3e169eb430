"""The row of buttons: every action of the coach, each with its key in the tooltip.

One signal, `asked`, reports every press; the window decides what it means. `allow` enables what is possible now.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QToolButton, QWidget

from untuck.coach.control import Choice
from untuck.outside_text import printable
from untuck.vocabulary import Side, cue_named, facts, form_faults


@dataclass(frozen=True)
class Button:
    """A button: the name of its action, its text, its key, its tooltip, and whether it stays down when pressed."""

    name: str
    text: str
    key: str
    tip: str
    toggles: bool = False


CALIBRATE_TIP = "Recalibrate: stand still for 5 s, then hinge three times at the hips. Press again to cancel"
BUTTONS = (
    Button("runner", "New runner…", "Ctrl+N", "Enter a runner's name and pair their clip"),
    Button("start", "▶ Start", "Ctrl+S", "Start a session; the arrow selects the runner, clip or recording"),
    Button("stop", "■ Stop", "Ctrl+X", "End this runner's session and keep the recording"),
    Button("report", "Report", "R", "Write the report of a session that has ended"),
    Button("calibrate", "Calibrate", "C", CALIBRATE_TIP, toggles=True),
    Button("baseline", "Baseline", "B", "Use the next 60 clean strides as the baseline"),
    Button("lap", "Lap", "Space", "Mark a lap"),
    Button("note", "Note", "N", "Add a note to the session"),
    Button("mute", "Mute", "M", "Mute all sound until pressed again; the recording stores when", toggles=True),
    Button("cues", "Cues", "", "Choose the faults that are cued, and blocks with and without cues"),
    Button("view", "Strides", "V", "Show the last strides overlaid instead of the plots over time", toggles=True),
    Button("shorter", "+", "+", "Show a shorter time span"),
    Button("longer", "-", "-", "Show a longer time span"),
    Button("live", "● Live", "L", "Return to live data"),
    Button("theme", "◐", "T", "Switch between the light and the dark theme"),
    Button("full", "⤢", "F11", "Fill the screen, or leave full screen", toggles=True),
    Button("help", "?", "F1", "Show the keys and what the colours mean; also ?", toggles=True),
)
NEEDS_SESSION = ("stop", "calibrate", "baseline", "lap", "note", "mute", "cues")


@dataclass(frozen=True)
class Toggles:
    """The settings of a session that buttons and menu entries show. no_cues: this block of the session has no cues."""

    muted: bool
    no_cues: bool
    blind: bool
    recalibrating: bool
    faults: tuple[str, ...]


class ButtonBar(QWidget):
    """The buttons in a row. `asked` carries the name of the action and what was chosen in its menu."""

    asked = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(3)
        self.buttons: dict[str, QToolButton] = {}
        for button in BUTTONS:
            made = self.buttons[button.name] = self._make(button)
            row.addWidget(made)
            if button.name in ("report", "cues"):
                row.addStretch(1)
        self.buttons["start"].setObjectName("main")
        self._start_menu = QMenu(self)
        self.buttons["start"].setMenu(self._start_menu)
        self.buttons["start"].setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self.faults = self._make_cues_menu()
        self.offer([])

    def _make(self, button: Button) -> QToolButton:
        made = QToolButton(self)
        made.setText(button.text)
        made.setToolTip(f"{button.tip} ({button.key})" if button.key else button.tip)
        made.setAccessibleName(button.tip)
        made.setCheckable(button.toggles)
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        made.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        if button.key:
            made.setShortcut(QKeySequence(button.key))
        made.clicked.connect(lambda checked, name=button.name: self._clicked(name, checked))
        return made

    def _clicked(self, name: str, checked: bool) -> None:
        toggles = self.buttons[name].isCheckable()
        self.asked.emit(name, ("on" if checked else "off") if toggles else "")

    def _make_cues_menu(self) -> dict[str, QAction]:
        """The menu of the Cues button; returns the entry of each fault."""
        menu = QMenu(self)
        faults = {}
        for fault in form_faults(trunk=True):
            needs = "" if facts(fault).cued else " (second clip)"
            action = faults[fault] = menu.addAction(f"Cue {cue_named(fault, Side.BOTH)}{needs}")
            action.setCheckable(True)
            action.setChecked(True)
            action.toggled.connect(self._faults_changed)
        menu.addSeparator()
        self.block = menu.addAction("No cues for now")
        self.block.setCheckable(True)
        self.block.toggled.connect(lambda off: self.asked.emit("block", "off" if off else "on"))
        self.blind = menu.addAction("Blind blocks of 3 min, with and without cues")
        self.blind.setCheckable(True)
        self.blind.toggled.connect(lambda on: self.asked.emit("blind", "on" if on else "off"))
        menu.addSeparator()
        sound = menu.addAction("Let this runner's cues sound")
        sound.setShortcut(QKeySequence("S"))
        sound.triggered.connect(lambda: self.asked.emit("sound", ""))
        self.addAction(sound)  # so that its key works while the menu is closed
        menu.addAction("Set zero at the next 5 s of standing").triggered.connect(lambda: self.asked.emit("zero", ""))
        self.buttons["cues"].setMenu(menu)
        self.buttons["cues"].setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        return faults

    def _faults_changed(self) -> None:
        self.asked.emit("faults", ",".join(fault for fault, action in self.faults.items() if action.isChecked()))

    def offer(self, choices: list[Choice]) -> None:
        """Fill the menu of the Start button."""
        self._start_menu.clear()
        for choice in choices:
            action = self._start_menu.addAction(printable(choice.text).replace("&", "&&"))
            action.triggered.connect(lambda _=False, key=choice.key: self.asked.emit("start", key))
        if choices:
            self._start_menu.addSeparator()
        self._start_menu.addAction("New runner…").triggered.connect(lambda: self.asked.emit("runner", ""))
        self._start_menu.addAction("Find clips").triggered.connect(lambda: self.asked.emit("find", ""))

    def allow(self, running: bool, ended: bool, can_start: bool, following: bool) -> None:
        """Enable buttons: a session runs or has ended, another one can start, the plots follow the live data."""
        self.buttons["report"].setEnabled(ended)
        self.buttons["start"].setEnabled(can_start)
        for name in NEEDS_SESSION:
            self.buttons[name].setEnabled(running)
        self.buttons["live"].setEnabled(not following)

    def show_toggles(self, toggles: Toggles) -> None:
        """Set buttons and menu entries to the settings of the runner in front, without emitting a signal."""
        self.buttons["mute"].setChecked(toggles.muted)
        self.buttons["calibrate"].setChecked(toggles.recalibrating)
        self.block.setEnabled(not toggles.blind)
        states = [(self.blind, toggles.blind), (self.block, toggles.no_cues and not toggles.blind)]
        states += [(action, fault in toggles.faults) for fault, action in self.faults.items()]
        for action, on in states:
            action.blockSignals(True)
            action.setChecked(on)
            action.blockSignals(False)
