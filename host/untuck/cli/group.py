"""The groups of the command line: help in sections, and every error as one line on stderr.

An UntuckError ends the command with exit code 1, wrong usage with 2, and Ctrl-C with 130.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn

import click

from untuck.cli import interrupt, output
from untuck.cli.logs import log_failure
from untuck.cli.output import Failure
from untuck.cli.usage import NoSuchWord, usage_line
from untuck.errors import UntuckError
from untuck.extras import missing_extra


@dataclass(frozen=True)
class Section:
    """Some commands under one heading of the help, each with a sentence."""

    heading: str
    commands: tuple[tuple[click.Command, str], ...]


class PlainGroup(click.Group):
    """A group whose help lists its commands in the order of `sections`, and which reports an unknown command."""

    sections: Sequence[Section] = ()

    def add_sections(self, sections: Sequence[Section]) -> None:
        """Add the commands of these sections; the help shows each section under its heading."""
        self.sections = sections
        for section in sections:
            for command, sentence in section.commands:
                command.short_help = sentence
                self.add_command(command)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the order in which the commands were added."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections, or all commands where there are none, with whole sentences."""
        everything = Section("Commands", tuple((each, _first_sentence(each)) for each in self.commands.values()))
        for section in self.sections or [everything]:
            rows = [(command.name or "", sentence) for command, sentence in section.commands if not command.hidden]
            with formatter.section(section.heading):
                formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command of the first word; an error of its command line names this command."""
        try:
            return super().invoke(ctx)
        except click.BadOptionUsage as error:  # the one usage error that comes without a context
            command = self.get_command(ctx, ctx.invoked_subcommand or "")
            if error.ctx is None and command is not None:
                error.ctx = click.Context(command, ctx, ctx.invoked_subcommand)
            raise

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of the first word."""
        word = args[0]
        if self.get_command(ctx, word) is None and not ctx.resilient_parsing and not word.startswith("-"):
            raise NoSuchWord(word, self.commands, ctx)
        return super().resolve_command(ctx, args)


PlainGroup.group_class = PlainGroup


class RootGroup(PlainGroup):
    """The `untuck` command: turns errors into one line; without --log the traceback of a bug is printed."""

    def main(  # type: ignore[override]  # click has one signature for each standalone_mode
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command line and exit, as click does, but with our own lines."""
        run = partial(super().main, args, prog_name, standalone_mode=False, **extra)
        if not standalone_mode:
            return run()
        try:
            sys.exit(run() or 0)
        except click.exceptions.NoArgsIsHelpError as error:
            output.echo(error.format_message())
        except click.UsageError as error:
            _end(usage_line(error), error.exit_code)
        except click.ClickException as error:
            error.show()
            sys.exit(error.exit_code)
        except (click.Abort, KeyboardInterrupt) as error:
            _end_of_interrupted(error)

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
            self._raise_unexpected(ctx, error)

    def _raise_unexpected(self, ctx: click.Context, error: Exception) -> NoReturn:
        path = log_failure(ctx, error)
        found = None
        if isinstance(error, ModuleNotFoundError):
            found = missing_extra(error, f"untuck {ctx.invoked_subcommand}")
        if found is not None:
            raise Failure(str(found)) from error
        if path is not None:
            what = f"{type(error).__name__}: {error}"
            raise Failure(f"unexpected error, {what}. Please report it and attach {path}.") from error
        if isinstance(error, EOFError):  # click takes it for the end of the input, and its "Aborted!" hides the cause
            raise RuntimeError("unexpected end of a file") from error
        raise error


def _end(line: str, code: int) -> NoReturn:
    Failure(line).show()
    sys.exit(code)


def _end_of_interrupted(error: BaseException) -> NoReturn:
    if isinstance(error, KeyboardInterrupt) or isinstance(error.__cause__, KeyboardInterrupt):
        _end("stopped.", interrupt.EXIT_CODE)
    _end("stopped, because a question was not answered: give its option instead, such as --yes.", 1)


def _first_sentence(command: click.Command) -> str:
    """The first sentence of a command's help."""
    text = " ".join((command.help or "").partition("\n\n")[0].split())
    return text.partition(". ")[0].rstrip(".") + "."
