"""The coach's window as a view: opens it, runs sessions, and prints their summaries when it is closed."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from untuck.cli import output
from untuck.errors import UntuckError

if TYPE_CHECKING:
    from untuck.session.outcome import Outcome
    from untuck.session.starts import SessionStart

_log = logging.getLogger(__name__)


def show_window(starts: Sequence[SessionStart], begin: int = 1, theme: str = "light", as_json: bool = False) -> None:
    """Open the window and start the first `begin` sessions; returns when the window is closed.

    Raises UntuckError if there is no screen, or, after all summaries are printed, the error that ended a session early.
    """
    outcomes, failures = _run_window(starts, begin, theme)
    for title, number, outcome in outcomes:
        name = title if number is None else f"Session {number}: {title}"
        output.print_summary(outcome.summary, name, as_json, session=number)
    for error in failures:
        _log.info("a session could not start", exc_info=error)
    for _, _, outcome in outcomes:
        if outcome.failure is not None:
            raise outcome.failure
    if failures and len(outcomes) < begin:  # a requested session could not start
        raise failures[-1]


def _run_window(
    starts: Sequence[SessionStart], begin: int, theme: str
) -> tuple[list[tuple[str, int | None, Outcome]], list[UntuckError]]:
    from untuck.coach.screen import check_window

    check_window()
    from PySide6.QtWidgets import QApplication

    from untuck.coach.loop_thread import LoopThread
    from untuck.coach.sessions import CoachSessions
    from untuck.coach.window import CoachWindow
    from untuck.session.warmup import exclude_from_garbage_collection

    app = QApplication.instance() or QApplication(sys.argv[:1])
    app.setApplicationName("Untuck")
    with LoopThread() as thread:
        control = CoachSessions(thread, starts)
        window = CoachWindow(control, theme)
        window.show()
        signal.signal(signal.SIGINT, lambda *_: window.close())
        exclude_from_garbage_collection()
        for start in starts[:begin]:
            control.start(start.key)
        app.exec()
    return control.outcomes, control.failures
