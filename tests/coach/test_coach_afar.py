"""What is read from three metres: state and advice are large enough at every size of the window, and are never cut."""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("PySide6.QtWidgets", reason="Qt's system libraries are missing", exc_type=ImportError)
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetricsF
from pytestqt.qtbot import QtBot
from tests.coach import scenes
from tests.coach.window_actions import opened

from untuck.session.form_state import State
from untuck.session.form_words import LOOKS, StateLabel
from untuck.vocabulary import FAULTS, NOT_JUDGED_WORDS, named, not_judged_advice

WRAPPED = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft
SAID = (
    "not judged yet; run in good form: baseline 59 of 60 strides",
    "stand still: 3 of 5 s, then hinge three times at the hips",
    "hinge at the hips, slowly down and up: 2 of 3",
    "move closer to the runner, or check that the clip is on",
)


def labels() -> list[StateLabel]:
    """Every state with every text that it can have."""
    made = [StateLabel(state, look.symbol, look.word, "", look.colour) for state, look in LOOKS.items() if look.word]
    found = [replace(label, text=text) for label in made for text in SAID]
    for reason in NOT_JUDGED_WORDS:
        text = not_judged_advice(reason)
        look = LOOKS[State.NOT_JUDGED]
        found.append(StateLabel(State.NOT_JUDGED, look.symbol, look.word, text, look.colour))
    for fault, facts in FAULTS.items():
        word = named(fault, -1 if facts.sides else 0).upper() + " +1"
        found.append(StateLabel(State.FAULT, "▼", word, facts.advice, "fault"))
        easing = f"the {named(fault, 1 if facts.sides else 0)} is easing"
        found.append(StateLabel(State.COMING_BACK, "▲", "COMING BACK", easing, "work"))
    return found


@pytest.mark.parametrize(
    ("size", "least_px"), [((1200, 700), 28), ((1920, 1080), 43), ((900, 600), 21), ((3840, 2160), 86)], ids=str
)
def test_state_and_advice_are_large_and_grow_with_the_window(
    qtbot: QtBot, control: scenes.SceneControl, size: tuple[int, int], least_px: int
) -> None:
    window = opened(qtbot, control, size=size)
    assert (window.width(), window.height()) == size
    for label in labels():
        window.state_box.show_label(label)
        word_font, text_font, left, right = window.state_box.fonts()
        assert word_font.pixelSize() >= least_px and text_font.pixelSize() >= least_px, label
        words = f"{label.symbol} {label.word}"
        assert QFontMetricsF(word_font).horizontalAdvance(words) <= left.width(), label
        needed = QFontMetricsF(text_font).boundingRect(QRectF(0, 0, right.width(), 9e9), int(WRAPPED), label.text)
        assert needed.height() <= right.height() + 1 and needed.width() <= right.width() + 1, label
        assert right.right() <= window.state_box.width() and window.state_box.isVisible()
