"""The row of buttons: everything that a coach can do, each with its key in the tip.

Buttons say what is wanted by one signal; what can be done now is told by `allow`. Nothing is decided here.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QToolButton, QWidget

from untuck.coach.control import Choice
from untuck.vocabulary import cued_faults, facts


@dataclass(frozen=True)
class Button:
    """A button: the name of what it asks for, its text, its key, the tip, whether it stays down."""

    name: str
    text: str
    key: str
    tip: str
    stays: bool = False


BUTTONS = (
    Button("start", "▶ Start", "Ctrl+S", "Begin a session; the arrow chooses with what"),
    Button("stop", "■ Stop", "Ctrl+X", "End this runner's session; it is kept"),
    Button("report", "Report", "R", "Write the page of a session that has ended"),
    Button(
        "calibrate",
        "Calibrate",
        "C",
        "Look for 5 s of standing and three hip hinges again; once more: keep the old",
        True,
    ),
    Button("baseline", "Baseline", "B", "Take the next 60 clean strides as good form"),
    Button("lap", "Lap", "Space", "Mark a lap"),
    Button("note", "Note", "N", "Write a note into the session"),
    Button("mute", "Mute", "M", "No sound until pressed again; the session notes when", True),
    Button("cues", "Cues", "", "Which faults are cued, and blocks with and without cues"),
    Button("view", "Strides", "V", "The last strides over each other, or plots through time", True),
    Button("shorter", "+", "+", "A shorter stretch of time"),
    Button("longer", "-", "-", "A longer stretch of time"),
    Button("live", "● Live", "L", "Return to what happens now"),
    Button("theme", "◐", "T", "Light or dark"),
)
NEEDS_SESSION = ("stop", "calibrate", "baseline", "lap", "note", "mute", "cues")


class Bar(QWidget):
    """Buttons in a row; `asked` names the one pressed and what was chosen in its menu."""

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
        made.setCheckable(button.stays)
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        made.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        if button.key:
            made.setShortcut(QKeySequence(button.key))
        made.clicked.connect(lambda checked, name=button.name: self._clicked(name, checked))
        return made

    def _clicked(self, name: str, checked: bool) -> None:
        stays = self.buttons[name].isCheckable()
        self.asked.emit(name, ("on" if checked else "off") if stays else "")

    def _make_cues_menu(self) -> dict[str, QAction]:
        """Which faults are cued, and whether this block of the session has cues."""
        menu = QMenu(self)
        faults = {}
        for fault in cued_faults():
            action = faults[fault] = menu.addAction(f"Cue {facts(fault).name}")
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
        menu.addAction("Set the zero at the next 5 s of standing").triggered.connect(
            lambda: self.asked.emit("zero", "")
        )
        self.buttons["cues"].setMenu(menu)
        self.buttons["cues"].setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        return faults

    def _faults_changed(self) -> None:
        self.asked.emit("faults", ",".join(fault for fault, action in self.faults.items() if action.isChecked()))

    def offer(self, choices: list[Choice]) -> None:
        """What a session can be started with."""
        self._start_menu.clear()
        for choice in choices:
            action = self._start_menu.addAction(choice.text)
            action.triggered.connect(lambda _=False, key=choice.key: self.asked.emit("start", key))
        if choices:
            self._start_menu.addSeparator()
        self._start_menu.addAction("Find clips").triggered.connect(lambda: self.asked.emit("find", ""))

    def allow(self, running: bool, ended: bool, room: bool, following: bool) -> None:
        """What can be done: a session runs or has ended, there is room for another, the plots follow what happens."""
        self.buttons["report"].setEnabled(ended)
        self.buttons["start"].setEnabled(room)
        for name in NEEDS_SESSION:
            self.buttons[name].setEnabled(running)
        self.buttons["live"].setEnabled(not following)

    def show_state(self, muted: bool, blocked: bool, blind: bool, recalibrating: bool, faults: tuple[str, ...]) -> None:
        """Put the buttons that stay down where the runner in front has them, without asking for anything."""
        self.buttons["mute"].setChecked(muted)
        self.buttons["calibrate"].setChecked(recalibrating)
        self.block.setEnabled(not blind)
        states = [(self.blind, blind), (self.block, blocked and not blind)]
        for action, on in (*states, *((self.faults[name], name in faults) for name in self.faults)):
            action.blockSignals(True)
            action.setChecked(on)
            action.blockSignals(False)
