"""How each state of form looks and what it says, on every screen: symbol, word, line of text, role of a colour.

Pure: takes a state and a verdict. LOOKS has the looks, themes.py the colours of the roles.
"""

from __future__ import annotations

from dataclasses import dataclass

from untuck.session.form_state import State, Verdict
from untuck.vocabulary import advice, not_judged_advice


@dataclass(frozen=True)
class Look:
    """How a state looks: symbol, word ("": the fault's name), colour of the box and of the number, by theme's role."""

    symbol: str
    word: str
    colour: str
    number: str


LOOKS: dict[State, Look] = {
    State.WAITING: Look("○", "READY", "stale", "dim"),
    State.ENDED: Look("■", "ENDED", "stale", "dim"),
    State.NO_DATA: Look("✕", "NO DATA", "stale", "dim"),
    State.CALIBRATING: Look("◎", "CALIBRATING", "work", "text"),
    State.STANDING: Look("‖", "STANDING", "stale", "text"),
    State.WALKING: Look("…", "WALKING", "stale", "text"),
    State.NOT_JUDGED: Look("…", "NOT JUDGED", "stale", "text"),
    State.BASELINE: Look("◎", "BASELINE", "work", "text"),
    State.GOOD: Look("✓", "GOOD FORM", "good", "good"),
    State.CHECKING: Look("?", "CHECKING", "stale", "text"),
    State.FAULT: Look("▼", "", "fault", "fault"),
    State.COMING_BACK: Look("▲", "COMING BACK", "work", "text"),
}


@dataclass(frozen=True)
class StateLabel:
    """A runner's state: a symbol, a word, a line of text, and a colour of the theme.

    progress: share that is done (0..1), -1 if there is none; past: it is of an earlier time.
    """

    state: State
    symbol: str
    word: str
    text: str
    colour: str
    progress: float = -1.0
    past: bool = False


def labelled(state: State, verdict: Verdict, text: str, progress: float = -1.0, past: bool = False) -> StateLabel:
    """The label of a state: symbol, word and colour of LOOKS, and the fault's name where there is one."""
    look = LOOKS[state]
    more = f" +{verdict.others}" if verdict.others and state == State.FAULT else ""
    word = (look.word or verdict.name.upper()) + more
    return StateLabel(state, look.symbol, word, text, look.colour, progress=progress, past=past)


def state_text(state: State, verdict: Verdict, instruction: str) -> str:
    """What to do in a state, or what it means, in one line. instruction: the runner's next step, LiveState.ask."""
    match state:
        case State.NO_DATA:
            return "move closer to the runner, or check that the clip is on"
        case State.FAULT:
            return advice(verdict.fault, verdict.trunk)
        case State.COMING_BACK:
            return f"the {verdict.name} is easing"
        case State.CHECKING:
            return f"{verdict.name}? It counts if it lasts"
        case State.GOOD:
            return "as in the baseline"
        case State.BASELINE:
            return f"not judged yet; {instruction}"
        case State.NOT_JUDGED:
            return not_judged_advice(verdict.reason)
        case _:
            return instruction
