"""The line at the foot of the window: what was said last, errors with their remedy, a note being written, long work.

Nothing covers the plots, and nothing waits for a click: a line goes when a newer one comes, or after a while.
"""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QProgressBar, QPushButton, QSizePolicy, QWidget

SHOWN_MS = 12_000
ERROR_SHOWN_MS = 60_000


class MessageLine(QWidget):
    """One line high; `noted` brings a note that was written, `cancelled` that long work is to be given up."""

    noted = Signal(str)
    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.label = QLabel(self)
        self.label.setObjectName("line")
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.status = QLabel(self)
        self.status.setObjectName("line")
        self.edit = QLineEdit(self)
        self.edit.setPlaceholderText("Note: Enter keeps it, Escape drops it")
        self.edit.returnPressed.connect(self._keep)
        self.edit.installEventFilter(self)
        self.progress = QProgressBar(self)
        self.progress.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)
        self.cancel = QPushButton("Cancel", self)
        self.cancel.clicked.connect(self.cancelled)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for widget, stretch in (
            (self.label, 4),
            (self.edit, 4),
            (self.progress, 1),
            (self.cancel, 0),
            (self.status, 0),
        ):
            row.addWidget(widget, stretch)
        self._working = False
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(lambda: self.say(""))
        self.edit.hide()
        self.status.hide()
        self.show_work("", math.nan)

    def say(self, text: str, error: bool = False) -> None:
        """Show a line; an error stays longer and stands out."""
        text = " ".join(text.split())
        self.label.setText(("⚠ " if error else "") + text)
        self.label.setToolTip(text)
        if self.label.property("error") != error:
            self.label.setProperty("error", error)
            self.label.style().unpolish(self.label)
            self.label.style().polish(self.label)
        if self._working:
            self._timer.stop()
        else:
            self._timer.start(ERROR_SHOWN_MS if error else SHOWN_MS)

    def show_status(self, text: str) -> None:
        """What is always to be seen: who, since when, how well the data come."""
        if text != self.status.text():
            self.status.setText(text)
            self.status.setVisible(bool(text))

    def show_work(self, text: str, share: float) -> None:
        """Long work and how far it is (0..1, NaN: not known); "" when there is none."""
        self.progress.setVisible(bool(text))
        self.cancel.setVisible(bool(text))
        self.progress.setRange(0, 0 if math.isnan(share) else 100)
        if not math.isnan(share):
            self.progress.setValue(round(100 * share))
        self.progress.setFormat(f"{text} %p%")
        before, self._working = self._working, bool(text)
        if text or before:
            self.say(text)

    def write_note(self) -> None:
        """Let a note be written."""
        self.label.hide()
        self.edit.show()
        self.edit.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Escape:
            self._close_note()
            return True
        return super().eventFilter(watched, event)

    def _keep(self) -> None:
        text = self.edit.text().strip()
        self._close_note()
        if text:
            self.noted.emit(text)

    def _close_note(self) -> None:
        self.edit.clear()
        self.edit.hide()
        self.label.show()
