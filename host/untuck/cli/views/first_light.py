"""What `untuck doctor --clip` shows: a line for each step that has ended, and under it the step that goes on.

In a terminal the last line is redrawn with what the clip measures now, and keys answer; elsewhere there are plain
lines, and the clip's own button answers.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.text import Text

from untuck.cli.views.keys import listening
from untuck.outside_text import printable
from untuck.session.first_light.check import CheckView, StepResult, Walk
from untuck.session.first_light.readings import Outcome, Step

MARKS = {Outcome.PASSED: "ok", Outcome.FAILED: "FAILED", Outcome.SKIPPED: "skipped", Outcome.ABSENT: "none"}
STYLES = {Outcome.PASSED: "green", Outcome.FAILED: "bold red"}
KEYS = "keys: s skip, q end"
ANSWERS = "y yes, n no, or a short press of the clip's button for yes"
BUTTON = "a short press of the clip's button for yes"


def ended_line(result: StepResult) -> str:
    """A step that has ended."""
    private = f"{result.private}, " if result.private else ""
    return f"{result.name:<10} {MARKS[result.outcome]:<8} {printable(private + result.text)}"


class PlainLines:
    """Lines through `write`, for logs and pipes. has_keys: somebody may answer by keys."""

    def __init__(self, write: Callable[[str], None], has_keys: bool) -> None:
        self._write = write
        self._has_keys = has_keys

    def begin(self, step: Step) -> None:
        """Print what to do."""
        if step.do not in ("read from the clip", "measured"):
            answers = f" ({ANSWERS if self._has_keys else BUTTON})" if step.asks else ""
            self._write(f"{step.name:<10} ...      {step.do}{answers}; {step.limit_s:.0f} s")

    def progress(self, step: Step, now: str, left_s: float) -> None:
        """Nothing is printed while a step goes on."""

    def end(self, result: StepResult) -> None:
        """Print the result."""
        self._write(ended_line(result))


class DrawnLines:
    """The same in a terminal."""

    def __init__(self, console: Console, live: Live) -> None:
        self._console = console
        self._live = live

    def begin(self, step: Step) -> None:
        """Show what to do."""
        self.progress(step, "", step.limit_s)

    def progress(self, step: Step, now: str, left_s: float) -> None:
        """Show what to do, what the clip measures, and the time left."""
        lines = Text(f"{step.name:<10} ...      {step.do}", "bold")
        if now:
            lines.append(f"\n{'':<20}{printable(now)}", "yellow")
        keys = f"{ANSWERS}; {KEYS}" if step.asks else KEYS
        lines.append(f"\n{'':<20}{max(0.0, left_s):.0f} s left; {keys}", "dim not bold")
        self._live.update(lines)

    def end(self, result: StepResult) -> None:
        """Leave the result in a line of its own."""
        self._live.update(Text(""))
        self._console.print(Text(ended_line(result), STYLES.get(result.outcome, "yellow")))


class WalkKeys:
    """Keys of the person: y, n, s and q."""

    def __init__(self, walk: Walk, finish: Callable[[], object]) -> None:
        self._acts = {"y": lambda: walk.answer(True), "n": lambda: walk.answer(False), "s": walk.skip, "q": finish}

    def press(self, key: str) -> None:
        """Handle a key; others are ignored."""
        if (act := self._acts.get(key.lower())) is not None:
            act()


@contextmanager
def check_view(write: Callable[[str], None], plain: bool) -> Iterator[CheckView]:
    """A drawn view in a terminal unless `plain`, lines elsewhere."""
    if plain or not sys.stdout.isatty():
        yield PlainLines(write, has_keys=sys.stdin is not None and sys.stdin.isatty())
        return
    console = Console()
    with Live(console=console, refresh_per_second=8, transient=True) as live:
        yield DrawnLines(console, live)


@contextmanager
def answering(walk: Walk, finish: Callable[[], object]) -> Iterator[None]:
    """Pass the terminal's keys to the walk in the running event loop; without a terminal there are none."""
    with listening(WalkKeys(walk, finish)):
        yield
