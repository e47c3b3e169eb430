"""Hands on the coach's window, for tests of it: opening one, clicking a button."""

from __future__ import annotations

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from tests.coach import scenes

from untuck.coach.window import CoachWindow


def opened(qtbot: QtBot, control: scenes.SceneControl, **look: object) -> CoachWindow:
    window = scenes.open_scene(control, **look)  # type: ignore[arg-type]
    qtbot.addWidget(window)
    return window


def click(qtbot: QtBot, window: CoachWindow, name: str) -> None:
    qtbot.mouseClick(window.bar.buttons[name], Qt.MouseButton.LeftButton)
