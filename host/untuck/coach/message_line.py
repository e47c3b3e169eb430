"""The line at the bottom of the window: the newest message or error, a text being typed, the progress of a long task.

No dialog covers the plots and no message waits for a click: a message disappears when a newer one comes, or after a
while.
"""

from __future__ import annotations

import math
from html import escape

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QProgressBar, QPushButton, QSizePolicy, QWidget

from untuck.outside_text import printable

SHOWN_MS = 12_000
ERROR_SHOWN_MS = 60_000


class MessageLine(QWidget):
    """`typed` carries what a text is for, and the text; `cancelled` is emitted to cancel the long task."""

    typed = Signal(str, str)
    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.label = QLabel(self)
        self.label.setObjectName("line")
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.status = QLabel(self)
        self.status.setObjectName("line")
        self.status.setTextFormat(Qt.TextFormat.PlainText)
        self.edit = QLineEdit(self)
        self.edit.returnPressed.connect(self._finish)
        self.edit.installEventFilter(self)
        self.progress = QProgressBar(self)
        self.progress.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)
        self.cancel = QPushButton("Cancel", self)
        self.cancel.clicked.connect(self.cancelled)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        parts = ((self.label, 4), (self.edit, 4), (self.progress, 1), (self.cancel, 0), (self.status, 0))
        for widget, stretch in parts:
            row.addWidget(widget, stretch)
        self._wanted = ""
        self._task_runs = False
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(lambda: self.say(""))
        self.edit.hide()
        self.status.hide()
        self.show_task("", math.nan)

    def say(self, text: str, error: bool = False) -> None:
        """Show a message; an error is highlighted and stays longer."""
        text = printable(" ".join(text.split()))
        self.label.setText(("⚠ " if error else "") + text)
        self.label.setToolTip(f"<qt>{escape(text)}</qt>")
        if self.label.property("error") != error:
            self.label.setProperty("error", error)
            self.label.style().unpolish(self.label)
            self.label.style().polish(self.label)
        if self._task_runs:
            self._timer.stop()
        else:
            self._timer.start(ERROR_SHOWN_MS if error else SHOWN_MS)

    def show_status(self, text: str) -> None:
        """Show the status at the right: name, time, strides, lost packets."""
        text = printable(text)
        if text != self.status.text():
            self.status.setText(text)
            self.status.setVisible(bool(text))

    def show_task(self, text: str, progress: float) -> None:
        """Show a long task and its progress (0..1, NaN: unknown); "" for none."""
        self.progress.setVisible(bool(text))
        self.cancel.setVisible(bool(text))
        self.progress.setRange(0, 0 if math.isnan(progress) else 100)
        if not math.isnan(progress):
            self.progress.setValue(round(100 * progress))
        self.progress.setFormat(f"{text} %p%")
        before, self._task_runs = self._task_runs, bool(text)
        if text or before:
            self.say(text)

    def ask(self, what: str, text: str) -> None:
        """Open the field for a text; what: its purpose, for `typed`; text: what to type, for the user."""
        self._wanted = what
        self.edit.setPlaceholderText(text)
        self.label.hide()
        self.edit.show()
        self.edit.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Escape:
            self._close()
            return True
        return super().eventFilter(watched, event)

    def _finish(self) -> None:
        text = self.edit.text().strip()
        self._close()
        if text:
            self.typed.emit(self._wanted, text)

    def _close(self) -> None:
        self.edit.clear()
        self.edit.hide()
        self.label.show()
