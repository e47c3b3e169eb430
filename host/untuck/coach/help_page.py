"""The help page: every key, and what each state and its colour mean; takes the place of the plots while it is open."""

from __future__ import annotations

from PySide6.QtWidgets import QTextBrowser, QWidget

from untuck.coach.button_bar import BUTTONS
from untuck.session.form_state import State
from untuck.session.form_words import LOOKS
from untuck.session.themes import Theme

MEANINGS: dict[State, str] = {
    State.NOT_JUDGED: "No stride was compared with the baseline just now; the box says why and what to do.",
    State.BASELINE: "The runner's own good form is being measured; faults are found from then on.",
    State.GOOD: "The last stride was compared with the baseline, and nothing is found.",
    State.CHECKING: "Something differs from the baseline. It becomes a finding if it lasts.",
    State.FAULT: "A fault, with its name and what to call out. The big number is its depth.",
    State.COMING_BACK: "The runner is correcting the fault: say nothing.",
    State.NO_DATA: "Nothing was received for 1.5 s; what is on the screen is old.",
}
OTHER_KEYS = (
    ("← → PgUp PgDn", "Scroll back and forward; the recording goes on"),
    ("click, mouse", "A click on the plots, or scrolling back, sets the cursor: all numbers are of that moment"),
    (", .", "Move the cursor to the stride before or after"),
    ("End, L", "Back to now"),
    ("1 to 4", "Bring that runner to the front"),
    ("S", "Let the cues of the runner in front sound; also a click on the speaker of a tile"),
)


class HelpPage(QTextBrowser):
    """Keys and states, as text."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.hide()

    def apply_theme(self, theme: Theme, pixels: int) -> None:
        """Write the page in the colours of a theme and a font size."""
        self.setHtml(to_html(theme, pixels))


def to_html(theme: Theme, pixels: int) -> str:
    """The page."""
    rows = []
    for state, meaning in MEANINGS.items():
        look = LOOKS[state]
        colour = getattr(theme, look.colour)
        word = f"{look.symbol} {look.word or 'TUCK'}"
        style = f"background-color:{colour};color:{theme.on(colour)}"
        rows.append(f'<tr><td style="{style}"><b>&nbsp;{word}&nbsp;</b></td><td>{meaning}</td></tr>')
    keys = [(button.key or button.text, button.tip) for button in BUTTONS]
    lines = [f"<tr><td><b>{key}</b></td><td>{tip}</td></tr>" for key, tip in (*keys, *OTHER_KEYS)]
    table = '<table cellpadding="3">'
    return (
        f'<div style="font-size:{round(1.1 * pixels)}px;color:{theme.text}"><h2>What the box says</h2>'
        f"{table}{''.join(rows)}</table><h2>Keys</h2>{table}{''.join(lines)}</table>"
        f"<p>F1, ? or Escape closes this page.</p></div>"
    )
