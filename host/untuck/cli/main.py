"""The `untuck` command: its commands in the order in which people need them, each with a sentence.

Commands import what is heavy when they run, so that `untuck --help` is quick.
"""

from __future__ import annotations

import click

from untuck import __version__
from untuck.cli.analyse import analyse
from untuck.cli.autostart import autostart
from untuck.cli.calibrate import calibrate
from untuck.cli.coach import coach
from untuck.cli.config import config
from untuck.cli.demo import demo
from untuck.cli.doctor import doctor
from untuck.cli.export import export
from untuck.cli.flash import flash
from untuck.cli.group import RootGroup, Section
from untuck.cli.logs import add_log_options
from untuck.cli.merge import merge
from untuck.cli.pair import pair
from untuck.cli.phone import phone
from untuck.cli.profile import profile
from untuck.cli.replay import replay
from untuck.cli.run import run
from untuck.cli.sessions import sessions
from untuck.cli.summary import summary
from untuck.cli.sync import sync
from untuck.cli.trend import trend

SECTIONS = (
    Section(
        "Try it, without a clip",
        (
            (demo, "Show everything with a simulated runner."),
            (doctor, "Check what this computer has and what it lacks."),
        ),
    ),
    Section("Build a clip", ((flash, "Put the clip's program on a board over USB, and test it."),)),
    Section(
        "Run with the clip, in this order",
        (
            (pair, "Make this computer and the clip known to each other, once."),
            (calibrate, "Measure how the clip sits; `untuck run` does it too."),
            (run, "Run with cues, and get a summary at the end."),
            (autostart, "Run whenever this computer is switched on, without a screen."),
            (sync, "Fetch the runs that the clip recorded by itself."),
            (coach, "Open the coach's window, for up to four runners."),
            (phone, "Build the page with which an Android phone is the host."),
        ),
    ),
    Section(
        "After a run",
        (
            (summary, "Show the results of a run, as text or as a page."),
            (trend, "Show a runner's progress over weeks."),
            (sessions, "List, name, tag, delete, export or import sessions."),
            (replay, "Analyse a session again from its raw packets."),
            (export, "Write a session as tables, samples or an activity."),
            (merge, "Add a session to the watch's recording of the same run."),
        ),
    ),
    Section("Recordings of other sensors", ((analyse, "Analyse files of other sensors, one or many."),)),
    Section(
        "Settings",
        (
            (config, "Check and print the settings, or write a file of them."),
            (profile, "Take calibration and baseline to a phone, and back."),
        ),
    ),
)


@click.group("untuck", cls=RootGroup, no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="untuck")
def cli() -> None:
    """Report, while a runner runs, when the pelvis tucks or a hip pulls back.

    Begin with: untuck demo

    These are form cues, not medical advice. Sessions are stored in your data folder; UNTUCK_HOME moves it.
    """


cli.add_sections(SECTIONS)
add_log_options(cli)


def main() -> None:
    """Entry point of the `untuck` script."""
    cli(prog_name="untuck")
