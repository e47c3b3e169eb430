"""Hands on the coach's window, for tests of it: opening one, clicking a button."""

from __future__ import annotations

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from tests import coach_scenes as scenes

from untuck.coach.window import CoachWindow


def opened(qtbot: QtBot, desk: scenes.SceneDesk, **look: object) -> CoachWindow:
    window = scenes.open_scene(desk, **look)  # type: ignore[arg-type]
    qtbot.addWidget(window)
    return window


def click(qtbot: QtBot, window: CoachWindow, name: str) -> None:
    qtbot.mouseClick(window.bar.buttons[name], Qt.MouseButton.LeftButton)
