"""Actions on the coach's window for its tests: open a scene, click a button."""

from __future__ import annotations

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from tests.coach import scenes

from untuck.coach.window import CoachWindow


def opened(qtbot: QtBot, control: scenes.SceneControl, **appearance: object) -> CoachWindow:
    window = scenes.open_scene(control, **appearance)  # type: ignore[arg-type]
    qtbot.addWidget(window)
    return window


def click(qtbot: QtBot, window: CoachWindow, name: str) -> None:
    qtbot.mouseClick(window.bar.buttons[name], Qt.MouseButton.LeftButton)
