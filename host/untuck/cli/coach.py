"""`untuck coach`: the window for the coach beside the treadmill, with clips, simulated runners or recordings."""

from __future__ import annotations

import click

from untuck.cli.options import as_json, runner_option


@click.command()
@click.option(
    "--replay",
    "session_ids",
    type=click.IntRange(1),
    multiple=True,
    metavar="SESSION",
    help="Show a recorded session; up to four times for runners side by side.",
)
@click.option(
    "--speed",
    type=click.FloatRange(0),
    default=1.0,
    show_default=True,
    help="Of a replay: 1 as recorded, 2 twice as fast, 0 at once, to scroll through.",
)
@runner_option
@click.option(
    "--theme",
    type=click.Choice(["light", "dark"]),
    default="light",
    show_default=True,
    help="Colours of the window.",
)
@as_json
def coach(session_ids: tuple[int, ...], speed: float, runner: str | None, theme: str, as_json: bool) -> None:
    """Open the coach's window.

    "New runner" enters a name and pairs a clip. Start uses the runner's own clip; its arrow
    selects another clip or runner, or a simulated one. Every session is recorded. Closing the window ends the sessions
    and prints their summaries. F1 shows all keys.
    """
    from untuck.cli.views.window import show_window
    from untuck.session.request import SessionRequest
    from untuck.session.starts import ClipStart, ReplayStart, SimulatedStart
    from untuck.store import Store
    from untuck.store.config_file import read_config
    from untuck.store.profiles import Profiles

    recorded = [ReplayStart(Store().open(number), speed) for number in session_ids]
    first = read_config(runner)
    configs = [first, *(read_config(name) for name in Profiles().runners() if name not in ("", first.name))]
    clips = [ClipStart.of(SessionRequest(config)) for config in configs]
    show_window([*recorded, *clips, SimulatedStart()], begin=len(recorded), theme=theme, as_json=as_json)
