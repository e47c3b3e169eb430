"""The options -v and --log of every command: logging to stderr, and to a file that can be attached to an error report.

Warnings go to stderr, one line each; -v adds the course of a session, -vv every detail. The file has versions, the log
and tracebacks, but nothing personal: names, full Bluetooth addresses and home folders are replaced.
"""

from __future__ import annotations

import logging
import platform
import re
import sys
import threading
import tomllib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from untuck import __version__
from untuck.cli import output
from untuck.cli.output import Failure
from untuck.errors import UntuckError, reason
from untuck.outside_text import printable_lines

LIBRARIES = ("numpy", "numba", "bleak")
LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)  # on stderr, by the number of -v
SHOWN = {"shown": True}  # extra of records that the command prints itself, so that stderr has them once
PERSONAL = {"runner", "name", "text", "words", "remove", "tags"}  # parameters of commands: never logged
_PAIR = "[0-9A-Fa-f]{2}"
_ADDRESS = re.compile(rf"(?<![0-9A-Fa-f]){_PAIR}([:_-])(?:{_PAIR}\1){{3}}({_PAIR}\1{_PAIR})(?![0-9A-Fa-f])")
_UUID = re.compile(r"\b[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{8}([0-9A-Fa-f]{4})\b")  # an address on macOS
_HOME = re.compile(r"(?:[A-Za-z]:)?[\\/]+(?:home|Users)[\\/]+[^\\/\s'\":]+")

_LIBRARIES = ("asyncio", "bleak", "dbus_fast")  # what they complain of is in the log; a runner gets our own line

_log = logging.getLogger("untuck")


class Redactor:
    """Replaces what is personal in a text. names: of runners, and other words that the user entered."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self._homes: list[str] = []
        with suppress(RuntimeError):  # there is none
            home = Path.home()
            self._homes = [str(home)] if len(home.parts) > 1 else []

    def redact(self, text: str) -> str:
        """The text without names, full addresses and home folders."""
        for home in self._homes:
            text = text.replace(home, "~")
        text = _HOME.sub("~", text)
        text = _ADDRESS.sub(r"..\1\2", text)
        text = _UUID.sub(r"..\1", text)
        for name in sorted(self.names, key=len, reverse=True):
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "<name>", text)
        return text


class _FileFormatter(logging.Formatter):
    """Time, level, logger, message and traceback, redacted."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        return printable_lines(self._redactor.redact(super().format(record)))


class _StderrHandler(logging.Handler):
    """Prints one line for each record, on what is stderr at the time: a drawn view replaces it."""

    def emit(self, record: logging.LogRecord) -> None:
        if not getattr(record, "shown", False):
            output.echo(f"untuck: {' '.join(printable_lines(record.getMessage()).split())}", err=True)


class CommandLog:
    """The logging of one command. path: the file, None without; `close` restores the state before."""

    def __init__(self) -> None:
        self.path: Path | None = None
        self.redactor = Redactor()
        self._stderr = _StderrHandler(logging.WARNING)
        self._libraries = _StderrHandler(logging.CRITICAL)
        self._file: logging.FileHandler | None = None
        self._before = (_log.level, sys.excepthook, threading.excepthook)
        _log.addHandler(self._stderr)
        for name in _LIBRARIES:
            logging.getLogger(name).addHandler(self._libraries)
        self._set_level()

    def show(self, count: int) -> None:
        """Print more on stderr: 1 for the course of a session, 2 for every detail."""
        level = LEVELS[min(count, len(LEVELS) - 1)]
        self._stderr.setLevel(min(level, self._stderr.level))
        if count:
            self._libraries.setLevel(logging.WARNING)
        self._set_level()

    def write_to(self, path: Path) -> None:
        """Append everything to this file, beginning with versions. Raises Failure if it cannot be opened."""
        try:
            from untuck.store import private

            private.create(path)
            private.tighten(path)
            handler = logging.FileHandler(path, "a", "utf-8")
        except OSError as error:
            self.close()  # click does not close a context whose options are wrong
            raise Failure(f"the log {path} cannot be written: {reason(error)}.") from error
        handler.setFormatter(_FileFormatter(self.redactor))
        self._close_file()
        self.path, self._file = path, handler
        logging.getLogger().addHandler(handler)
        self._set_level()
        sys.excepthook, threading.excepthook = self._on_exception, self._on_thread_exception
        self.redactor.names |= known_names()
        for line in _versions():
            _log.info("%s", line, extra=SHOWN)

    def close(self) -> None:
        """Close the file and restore the state before."""
        self._close_file()
        _log.removeHandler(self._stderr)
        for name in _LIBRARIES:
            logging.getLogger(name).removeHandler(self._libraries)
        level, sys.excepthook, threading.excepthook = self._before
        _log.setLevel(level)

    def _set_level(self) -> None:
        _log.setLevel(logging.DEBUG if self._file is not None else self._stderr.level)

    def _close_file(self) -> None:
        if self._file is not None:
            logging.getLogger().removeHandler(self._file)
            self._file.close()
            self._file = None

    def _on_exception(self, kind: Any, error: Any, trace: Any) -> None:
        """Log an exception that reaches no command, such as one in a slot of the window."""
        _log.error("unexpected error", exc_info=(kind, error, trace), extra=SHOWN)
        self._before[1](kind, error, trace)

    def _on_thread_exception(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            trace = (args.exc_type, args.exc_value, args.exc_traceback)
            _log.error("unexpected error in a thread", exc_info=trace, extra=SHOWN)
        self._before[2](args)


def command_log(context: click.Context) -> CommandLog:
    """The log of the command in this context; it is closed when the command has ended."""
    root = context.find_root()
    log: CommandLog | None = root.meta.get(__name__)
    if log is None:
        log = root.meta[__name__] = CommandLog()
        root.call_on_close(log.close)
    return log


def log_failure(context: click.Context, error: BaseException) -> Path | None:
    """Log the error that ends the command, with its traceback; returns the log's file, None without."""
    _log.error("%s: %s", type(error).__name__, error, exc_info=error, extra=SHOWN)
    return command_log(context).path


def add_log_options(command: click.Command) -> None:
    """Add -v and --log to a command and to all its subcommands."""
    command.callback = _with_logged_call(command)
    command.params += [
        click.Option(
            ["-v", "--verbose"],
            count=True,
            expose_value=False,
            callback=_on_verbose,
            help="Report progress on stderr; -vv in detail.",
        ),
        click.Option(
            ["--log"],
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="FILE",
            expose_value=False,
            callback=_on_log,
            help="Append a log to this file, for error reports.",
        ),
    ]
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            add_log_options(inner)


def _on_verbose(context: click.Context, _: click.Parameter, count: int) -> None:
    command_log(context).show(count)


def _on_log(context: click.Context, _: click.Parameter, path: Path | None) -> None:
    if path is not None:
        command_log(context).write_to(path)


def _with_logged_call(command: click.Command) -> Callable[..., Any]:
    """The command's function, which first logs the options in use; of texts and paths only that they are given."""
    function = command.callback
    assert function is not None
    choices = {each.name for each in command.params if isinstance(each.type, click.Choice)}

    def call(**values: Any) -> Any:
        context = click.get_current_context()
        personal = [values[name] for name in PERSONAL & set(values)]
        names = command_log(context).redactor.names
        for value in personal:
            names |= {each for each in (value if isinstance(value, tuple) else (value,)) if each}
        used = [
            f"{name}={value if isinstance(value, int | float) or name in choices else '...'}"
            for name, value in values.items()
            if value not in (None, (), "", False)
        ]
        if context.invoked_subcommand is None:
            _log.info("%s", " ".join([context.command_path, *used]), extra=SHOWN)
        return function(**values)

    return call


def known_names() -> set[str]:
    """The runners of the data folder and of the settings file."""
    from untuck.store.paths import config_path
    from untuck.store.profiles import Profiles

    names: set[str] = set()
    with suppress(UntuckError):
        names.update(Profiles().runners())
    with suppress(OSError, ValueError):
        settings = tomllib.loads(config_path().read_text("utf-8"))
        names.add(str(settings.get("name", "")))
        names.update(settings.get("runner", {}))
    return names - {""}


def _versions() -> list[str]:
    own = f"untuck {__version__}, Python {platform.python_version()}, {platform.platform()}"
    return [own, ", ".join(f"{name} {_version(name)}" for name in LIBRARIES)]


def _version(name: str) -> str:
    from importlib import metadata

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
