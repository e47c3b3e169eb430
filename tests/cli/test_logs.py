"""-v and --log: every command has them, a failure leaves its traceback in the file, and nothing personal is in it."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from untuck.cli import logs
from untuck.cli.logs import Redactor
from untuck.cli.main import cli
from untuck.errors import StoreError
from untuck.session_commands import Note, SetThreshold
from untuck.simulate.source import RunnerSource
from untuck.store import Settings, Store

LINE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (DEBUG|INFO|WARNING|ERROR) +[\w.]+: ")


def every_command(group: click.Group = cli, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        yield (*words, name)
        if isinstance(command, click.Group):
            yield from every_command(command, (*words, name))


def untuck(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "untuck.log"


@pytest.mark.parametrize("words", list(every_command()), ids=" ".join)
def test_every_command_has_the_options(words: tuple[str, ...]) -> None:
    shown = untuck(*words, "--help")
    assert shown.exit_code == 0 and "-v, --verbose" in shown.output and "--log FILE" in shown.output


@pytest.mark.parametrize(
    "arguments", [("sessions", "--log", "LOG"), ("--log", "LOG", "sessions"), ("-v", "sessions", "-v", "--log", "LOG")]
)
def test_the_options_may_stand_before_or_after_the_command(
    log: Path, own_home: Path, arguments: tuple[str, ...]
) -> None:
    done = untuck(*(str(log) if word == "LOG" else word for word in arguments))
    assert done.exit_code == 0, done.output
    assert "untuck sessions" in log.read_text()


def test_a_log_begins_with_versions_and_is_appended_to(log: Path, own_home: Path) -> None:
    for _ in range(2):
        assert untuck("sessions", "--json", "--log", str(log)).exit_code == 0
    lines = log.read_text().splitlines()
    assert all(map(LINE.match, lines)) and len(lines) % 2 == 0
    for start in (0, len(lines) // 2):
        assert re.search(r"untuck \d\S+, Python \d\S+, \S+", lines[start])
        assert re.search(r"numpy \d\S+, numba (\d\S+|not installed), bleak \S+", lines[start + 1])


def test_an_error_is_one_line_and_leaves_its_traceback(log: Path, own_home: Path) -> None:
    done = untuck("sessions", "rename", "7", "long run", "--log", str(log))
    assert done.exit_code == 1 and done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("untuck: there is no session 7")
    text = log.read_text()
    assert "Traceback (most recent call last)" in text and "StoreError: there is no session 7" in text


def test_the_cause_of_an_error_is_in_the_log(log: Path, tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("no archive")
    done = untuck("summary", "--html", str(tmp_path / "none" / "page.html"), "--log", str(log))
    assert done.exit_code == 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("untuck.cli.sessions.Store", failing_store)
        assert untuck("sessions", "--log", str(log)).exit_code == 1
    text = log.read_text()
    assert "OSError: [Errno 5] input/output error" in text and "direct cause" in text and "cannot be read" in text


def failing_store() -> Store:
    try:
        raise OSError(5, "input/output error")
    except OSError as error:
        raise StoreError("the sessions cannot be read.") from error


def test_a_bug_is_one_line_with_a_log_and_a_traceback_without(
    log: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise KeyError("tilt")

    monkeypatch.setattr("untuck.cli.sessions.Store", broken)
    done = untuck("sessions", "--log", str(log))
    assert done.exit_code == 1
    (line,) = done.stderr.splitlines()
    assert line == f"untuck: unexpected error, KeyError: 'tilt'. Please report it and attach {log}."
    assert "KeyError: 'tilt'" in log.read_text() and "in broken" in log.read_text()
    without = untuck("sessions")
    assert without.exit_code == 1 and isinstance(without.exception, KeyError)


def test_a_log_that_cannot_be_written_is_one_line(tmp_path: Path, own_home: Path) -> None:
    for arguments in (("--log", f"{tmp_path}/none/x", "sessions"), ("sessions", "--log", f"{tmp_path}/none/x")):
        done = untuck(*arguments)
        assert done.exit_code == 1 and done.stderr.startswith("untuck: the log ") and len(done.stderr.splitlines()) == 1


def test_warnings_are_shown_and_details_only_when_asked_for(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def store() -> Store:
        for level in (logging.WARNING, logging.INFO, logging.DEBUG):
            logging.getLogger("untuck.store.test").log(level, "at level\n%d", level)
        return Store()

    monkeypatch.setattr("untuck.cli.sessions.Store", store)
    for options, levels in (((), (30,)), (("-v",), (30, 20)), (("-vv",), (30, 20, 10)), (("-v", "-v"), (30, 20, 10))):
        done = untuck("sessions", *options)
        assert [line for line in done.stderr.splitlines() if "level" in line] == [
            f"untuck: at level {level}" for level in levels
        ]


@pytest.mark.parametrize(("options", "lines"), [((), 0), (("-v",), 1), (("--log",), 0)])
def test_complaints_of_libraries_are_in_the_log_and_not_on_the_runners_screen(
    log: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], lines: int
) -> None:
    def complain(_: Store) -> list[object]:
        logging.getLogger("asyncio").error("Future exception was never retrieved\nfuture: <Future 1>")
        return []

    monkeypatch.setattr(Store, "sessions", complain)
    done = untuck("sessions", "--json", *options, *([str(log)] if "--log" in options else []))
    assert done.exit_code == 0
    assert done.stderr.count("never retrieved") == lines and len(done.stderr.splitlines()) <= 2 * lines
    assert ("--log" in options) == (log.exists() and "never retrieved" in log.read_text())


def test_logging_is_as_before_when_a_command_has_ended(log: Path, own_home: Path) -> None:
    def state() -> tuple[object, ...]:
        ours, root = logging.getLogger("untuck"), logging.getLogger()
        return ours.level, tuple(ours.handlers), root.level, tuple(root.handlers), sys.excepthook

    before = state()
    untuck("sessions", "-vv", "--log", str(log))
    untuck("sessions", "rename", "7", "x", "--log", str(log))
    assert state() == before


def test_a_session_is_logged_without_names_notes_and_addresses(
    log: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The course of a demo session of a runner is in the log; the runner, a note and an address are not."""
    settings_of_ada: list[Settings] = []

    def with_runner(**values: object) -> Settings:
        settings_of_ada.append(Settings(**values, runner="Ada Lovelace"))  # type: ignore[arg-type]
        return settings_of_ada[-1]

    monkeypatch.setattr("untuck.store.Settings", with_runner)
    packets_of = RunnerSource.packets

    async def packets_with_commands(self: RunnerSource):  # type: ignore[no-untyped-def]
        number = 0
        async for packet in packets_of(self):
            number += 1
            if number == 10:
                logging.getLogger("untuck.sources").info("Ada Lovelace at AA:BB:CC:DD:EE:FF, %s", Path.home() / "runs")
            yield packet

    monkeypatch.setattr(RunnerSource, "packets", packets_with_commands)
    with Store().record("clip", "run", Settings(runner="Ada Lovelace")):
        pass
    assert untuck("sessions", "note", "1", "knee hurts", "--log", str(log)).exit_code == 0
    done = untuck("demo", "--fast", "--log", str(log))
    assert done.exit_code == 0 and settings_of_ada, done.output
    assert untuck("trend", "--runner", "Grace", "--log", str(log)).exit_code == 1
    text = log.read_text()
    for word in ("Ada", "Lovelace", "Grace", "knee", "AA:BB:CC", str(Path.home())):
        assert word not in text, word
    assert "<name> at ..:EE:FF, ~/runs" in text or "<name> at ..:EE:FF, ~" in text
    for part in ("session begins", "calibrated from", "baseline taken from", "begins: tuck", "cue: tuck", "ended: "):
        assert part in text, part
    assert all(LINE.match(line) for line in text.split("Traceback")[0].splitlines())


def test_of_a_command_only_its_kind_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    from untuck.events import CommandTaken
    from untuck.session.event_log import log_event

    with caplog.at_level(logging.INFO, "untuck"):
        log_event(CommandTaken(1.0, Note("knee hurts")))
        log_event(CommandTaken(2.0, SetThreshold("tuck_on_deg", 4.0)))
    assert caplog.messages == ["1.00 s: command: note", "2.00 s: command: tuck_on_deg=4.0"]


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("clip AA:BB:CC:DD:EE:FF", "clip ..:EE:FF"),
        ("/org/bluez/hci0/dev_AA_BB_CC_DD_EE_FF/service0001", "/org/bluez/hci0/dev_.._EE_FF/service0001"),
        ("12345678-ABCD-ABCD-ABCD-123456789ABC", "..9ABC"),
        ("2026-10-12 10:11:12,123 INFO", "2026-10-12 10:11:12,123 INFO"),
        (r'File "C:\Users\ada\x.py", line 1', r'File "~\x.py", line 1'),
        ("/Users/ada/x, /home/grace/y", "~/x, ~/y"),
        ("no session of Ada: Adam, Ada's", "no session of <name>: Adam, <name>'s"),
    ],
)
def test_what_is_personal_is_replaced(text: str, redacted: str) -> None:
    redactor = Redactor()
    redactor.names.add("Ada")
    assert redactor.redact(text) == redacted


def test_every_text_that_a_command_takes_is_known_to_be_personal() -> None:
    """A new argument of free text must be added to PERSONAL, or be listed here as no secret."""
    harmless = {
        "axes",
        "form",
        "sensor",
        "trunk_sensor",
        "units",
        "adapter",
        "address",
        "scheduler",
        "columns",
        "port",
        "sound_card",
    }
    for words in every_command():
        command: click.Command = cli
        for word in words:
            assert isinstance(command, click.Group)
            command = command.commands[word]
        texts = {each.name for each in command.params if each.type is click.STRING}
        assert texts <= logs.PERSONAL | harmless, f"untuck {' '.join(words)} takes {sorted(map(str, texts))}"
