"""The `untuck` command: its group, and how errors reach the user.

An UntuckError is one line on stderr and exit code 1; wrong usage is click's, exit code 2. Commands import what is heavy
when they run, so that `untuck --help` is quick.
"""

from __future__ import annotations

from typing import Any

import click

from untuck import __version__
from untuck.cli.analyse import analyse
from untuck.cli.calibrate import calibrate
from untuck.cli.coach import coach
from untuck.cli.config import config
from untuck.cli.demo import demo
from untuck.cli.doctor import doctor
from untuck.cli.export import export
from untuck.cli.logs import add_log_options, log_failure
from untuck.cli.merge import merge
from untuck.cli.output import Failure
from untuck.cli.pair import pair
from untuck.cli.replay import replay
from untuck.cli.run import run
from untuck.cli.sessions import sessions
from untuck.cli.summary import summary
from untuck.cli.sync import sync
from untuck.cli.trend import trend
from untuck.errors import UntuckError
from untuck.extras import missing_extra

COMMANDS: tuple[click.Command, ...] = (
    demo,
    pair,
    calibrate,
    run,
    sync,
    coach,
    sessions,
    summary,
    trend,
    replay,
    export,
    merge,
    analyse,
    config,
    doctor,
)


class _Untuck(click.Group):
    """Turns errors into one line; without --log the traceback of an unexpected error is printed."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; its errors are logged."""
        try:
            return super().invoke(ctx)
        except UntuckError as error:
            log_failure(ctx, error)
            raise Failure(str(error)) from error
        except (click.exceptions.Exit, click.ClickException, BrokenPipeError):
            raise
        except (KeyboardInterrupt, click.Abort) as error:  # the traceback shows where it was interrupted
            log_failure(ctx, error)
            raise
        except Exception as error:
            path = log_failure(ctx, error)
            found = None
            if isinstance(error, ModuleNotFoundError):
                found = missing_extra(error, f"untuck {ctx.invoked_subcommand}")
            if found is not None:
                raise Failure(str(found)) from error
            if path is None:
                raise
            what = f"{type(error).__name__}: {error}"
            raise Failure(f"unexpected error, {what}. Please report it and attach {path}.") from error


@click.group("untuck", cls=_Untuck, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="untuck")
def cli() -> None:
    """Report, while a runner runs, when the pelvis tucks or a hip pulls back.

    These are form cues, not medical advice. Sessions are stored in your data folder; UNTUCK_HOME moves it.
    """


for command in COMMANDS:
    cli.add_command(command)
add_log_options(cli)


def main() -> None:
    """Entry point of the `untuck` script."""
    cli(prog_name="untuck")
