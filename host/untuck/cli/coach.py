"""`untuck coach`: the window that a coach leaves beside the treadmill, with clips, simulated runners or recordings.

Opens Qt's application, runs the sessions beside it, and prints what each came to when the window is closed.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from untuck.cli import output
from untuck.cli.config import runner_option
from untuck.errors import UntuckError

if TYPE_CHECKING:
    from untuck.session.live import Outcome
    from untuck.session.starts import SessionStart


@click.command()
@click.option("--replay", "session_ids", type=click.IntRange(1), multiple=True, metavar="SESSION",
              help="Show a recorded session; up to four times for runners side by side.")  # fmt: skip
@click.option("--speed", type=click.FloatRange(0), default=1.0, show_default=True,
              help="Of a replay: 1 as it was, 2 twice as fast, 0 at once, to be scrolled through.")  # fmt: skip
@runner_option
@click.option("--theme", type=click.Choice(["light", "dark"]), default="light", show_default=True,
              help="Colours of the window.")  # fmt: skip
@output.as_json
def coach(session_ids: tuple[int, ...], speed: float, runner: str | None, theme: str, as_json: bool) -> None:
    """Open the coach's window.

    Start takes the runner's own clip, else the first one heard; its arrow chooses another clip or runner, or a
    simulated one. Every session is recorded.
    Closing the window ends the sessions with their summaries.
    """
    from untuck.session.clip_session import SessionRequest
    from untuck.session.starts import ClipStart, ReplayStart, SimulatedStart
    from untuck.store import Store
    from untuck.store.config import read_config
    from untuck.store.profiles import Profiles

    recorded = [ReplayStart(Store().open(number), speed) for number in session_ids]
    first = read_config(runner)
    configs = [first, *(read_config(name) for name in Profiles().runners() if name not in ("", first.name))]
    clips = [ClipStart.of(SessionRequest(config)) for config in configs]
    show_window([*recorded, *clips, SimulatedStart()], begin=len(recorded), theme=theme, as_json=as_json)


def show_window(starts: Sequence[SessionStart], begin: int = 1, theme: str = "light", as_json: bool = False) -> None:
    """Open the window, with sessions by the first `begin` starts begun; returns when it is closed.

    Raises UntuckError if there is no screen to open it on, or what cut a session short, after all have been printed.
    """
    outcomes, failures = _run_window(starts, begin, theme)
    for title, number, outcome in outcomes:
        name = title if number is None else f"Session {number}: {title}"
        output.print_summary(outcome.summary, name, as_json, session=number)
    for _, _, outcome in outcomes:
        if outcome.failure is not None:
            raise outcome.failure
    if begin and not outcomes and failures:  # what was asked for has not happened
        raise failures[-1]


def _run_window(
    starts: Sequence[SessionStart], begin: int, theme: str
) -> tuple[list[tuple[str, int | None, Outcome]], list[UntuckError]]:
    _check_screen()
    try:
        from PySide6.QtWidgets import QApplication
    except ModuleNotFoundError:
        raise  # cli.main names the extra
    except ImportError as error:
        raise UntuckError(
            f"The window cannot be ready ({error}): Qt's system libraries are missing. `make demo` installs them on "
            "Debian and Ubuntu; elsewhere install EGL, GL, xkbcommon and fontconfig."
        ) from error
    from untuck.coach.engine import Engine
    from untuck.coach.sessions import CoachSessions
    from untuck.coach.window import CoachWindow
    from untuck.session.warmup import settle

    app = QApplication.instance() or QApplication(sys.argv[:1])
    app.setApplicationName("Untuck")
    with Engine() as engine:
        control = CoachSessions(engine, starts)
        window = CoachWindow(control, theme)
        window.show()
        signal.signal(signal.SIGINT, lambda *_: window.close())
        settle()
        for start in starts[:begin]:
            control.start(start.key)
        app.exec()
    return control.outcomes, control.failures


def _check_screen() -> None:
    """Qt would end the whole program where there is no screen."""
    if sys.platform == "linux" and not any(os.environ.get(name) for name in _SCREENS):
        raise UntuckError(
            "There is no screen here for the window: start it in a desktop session, or over the network with "
            "QT_QPA_PLATFORM=vnc and a VNC viewer."
        )


_SCREENS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
