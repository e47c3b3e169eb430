"""The `untuck` command: its group, and how errors reach the user.

An UntuckError is one line on stderr and exit code 1; wrong usage is click's, exit code 2. Commands import what is heavy
when they run, so that `untuck --help` is quick.
"""

from __future__ import annotations

from typing import IO, Any

import click

from untuck import __version__
from untuck.cli.analyse import analyse
from untuck.cli.coach import coach
from untuck.cli.config import config
from untuck.cli.demo import demo
from untuck.cli.doctor import doctor
from untuck.cli.export import export
from untuck.cli.merge import merge
from untuck.cli.pair import pair
from untuck.cli.replay import replay
from untuck.cli.run import calibrate, run
from untuck.cli.sessions import sessions
from untuck.cli.summary import summary
from untuck.cli.sync import sync
from untuck.cli.trend import trend
from untuck.errors import UntuckError
from untuck.extras import missing_extra


class _Failure(click.ClickException):
    """An UntuckError on its way to the terminal."""

    exit_code = 1

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"untuck: {' '.join(self.message.split())}", file=file, err=True)


class _Untuck(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except UntuckError as error:
            raise _Failure(str(error)) from error
        except ModuleNotFoundError as error:
            if found := missing_extra(error, f"untuck {ctx.invoked_subcommand}"):
                raise _Failure(str(found)) from error
            raise


@click.group(cls=_Untuck, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="untuck")
def cli() -> None:
    """Says, while a runner runs, when the pelvis tucks or a hip pulls back.

    These are form cues, not medical advice. Sessions are kept in your data folder; UNTUCK_HOME moves it.
    """


for command in (
    *(demo, pair, calibrate, run, sync, coach),
    *(sessions, summary, trend, replay, export, merge, analyse),
    *(config, doctor),
):
    cli.add_command(command)


def main() -> None:
    """Entry point of the `untuck` script."""
    cli(prog_name="untuck")
