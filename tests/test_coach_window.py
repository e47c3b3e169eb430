"""The coach's window, offscreen: whole sessions clicked through, nothing cut or overlapping, nothing blocking."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("PySide6.QtWidgets", reason="Qt's system libraries are missing", exc_type=ImportError)
from pytestqt.qtbot import QtBot

from untuck.cli.coach_desk import SessionDesk
from untuck.cli.openings import DemoOpening
from untuck.coach.engine import Engine
from untuck.coach.window import CoachWindow
from untuck.store import Store


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as made:
        yield made


def test_a_simulated_session_from_start_to_end(qtbot: QtBot, engine: Engine) -> None:
    desk = SessionDesk(engine, [DemoOpening(fast=True)], audible=False)
    window = CoachWindow(desk)
    qtbot.addWidget(window)
    window.show()
    assert window.bar.buttons["start"].isEnabled() and not window.bar.buttons["stop"].isEnabled()
    window.bar.buttons["start"].click()
    qtbot.waitUntil(lambda: bool(window.tracks) and window.track.ended, timeout=60_000)
    assert window.track.stride_count > 150
    assert [finding.fault for finding in window.track.findings] == ["tuck", "pullback"]
    assert window.sign.shown is not None and window.sign.shown.word == "ENDED"
    assert Store().open().mode == "demo" and Store().open().summary is not None
    assert window.bar.buttons["start"].isEnabled() and not window.bar.buttons["stop"].isEnabled()
