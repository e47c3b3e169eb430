"""Wrong usage in one line: what is wrong with the command line, what it takes, and which help to read.

click's own texts name its types ("is not a valid float range"); here each type is described by the values it takes.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from difflib import get_close_matches
from typing import Any

import click
from click.shell_completion import CompletionItem

from untuck.errors import UntuckError


class RunnerName(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4
    """The name of a runner, as it may stand in the settings file. Raises SettingsError for a name that is not valid."""

    name = "name"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name."""
        from untuck.store.config import checked_name

        return checked_name(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The runners that begin with these letters."""
        from untuck.store.profiles import Profiles

        with suppress(UntuckError):
            return [CompletionItem(name) for name in Profiles().runners() if name and name.startswith(incomplete)]
        return []


class NoSuchWord(click.UsageError):
    """A command that does not exist."""

    def __init__(self, word: str, known: Iterable[str], context: click.Context) -> None:
        super().__init__(f"there is no command '{word}'{_similar(word, known)}", context)


def usage_line(error: click.UsageError) -> str:
    """What is wrong, and where the help is, as one sentence each."""
    path = "untuck" if error.ctx is None else error.ctx.command_path
    what = _what(error).rstrip(".")
    return f"{what}{'' if what.endswith('?') else '.'} `{path} --help` shows what it takes."


def _what(error: click.UsageError) -> str:
    match error:
        case click.NoSuchOption():
            return f"there is no option {error.option_name}{_similar(error.option_name, _options(error.ctx))}"
        case click.MissingParameter():
            return f"{_called(error)} is missing"
        case click.BadParameter() if error.param is not None and (wanted := wanted_values(error.param.type)):
            return f"{_called(error)} must be {wanted}"
        case click.BadParameter():
            return f"{_called(error)}: {error.message}"
        case click.BadOptionUsage():
            flag = any(error.option_name in each.opts and each.is_flag for each in _all_options(error.ctx))
            return f"{error.option_name} takes no value" if flag else f"{error.option_name} needs a value"
    if error.message.startswith("Got unexpected extra argument"):
        return f"more words than it takes: {error.message.partition('(')[2].rstrip('.)')}"
    return error.message


def wanted_values(kind: click.ParamType[Any]) -> str:
    """The values of a parameter of this type in words; "" if its own message says it."""
    match kind:
        case click.Choice():
            return f"one of {', '.join(map(str, kind.choices))}"
        case click.DateTime():
            return "a day such as 2026-05-31"
        case click.IntRange():
            return f"a whole number{_limits(kind)}"
        case click.FloatRange():
            return f"a number{_limits(kind)}"
    return {"integer": "a whole number", "float": "a number"}.get(kind.name, "")


def _limits(kind: click.IntRange | click.FloatRange) -> str:
    if kind.min is None or kind.max is None:
        least = "" if kind.min is None else f" above {kind.min:g}" if kind.min_open else f" of at least {kind.min:g}"
        return least + ("" if kind.max is None else f" of at most {kind.max:g}")
    return f" {'above' if kind.min_open else 'from'} {kind.min:g}{' and up' if kind.min_open else ''} to {kind.max:g}"


def _called(error: click.BadParameter) -> str:
    """The parameter as the command line names it."""
    if error.param is None:
        return "a value"
    if isinstance(error.param, click.Option):
        return max(error.param.opts, key=len)
    return error.param.make_metavar(error.ctx or click.Context(click.Command("untuck"))).strip("[]")


def _all_options(context: click.Context | None) -> list[click.Option]:
    return [] if context is None else [each for each in context.command.params if isinstance(each, click.Option)]


def _options(context: click.Context | None) -> list[str]:
    return [name for each in _all_options(context) for name in each.opts]


def _similar(word: str, known: Iterable[str]) -> str:
    near = get_close_matches(word, known, n=1)
    return f": did you mean {near[0]}?" if near else ""
