"""The first page of help, and wrong usage: one line that says what is wrong in plain words, and what to do."""

from __future__ import annotations

import re

import click
import pytest
from click.testing import CliRunner, Result

from untuck.cli.main import SECTIONS, cli
from untuck.cli.usage import wanted_values

INTERNALS = re.compile(r"\[Errno|range\b(?! of)|Traceback|Error\b|Exception|Invalid value|0<x|x>=|%Y|\bNone\b|\bnan\b")


def untuck(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def test_the_help_lists_commands_in_the_order_of_use_with_whole_sentences() -> None:
    lines = untuck("--help").output.splitlines()
    assert lines[4] == "  Begin with: untuck demo"
    names = [command.name for section in SECTIONS for command, _ in section.commands]
    assert names[:4] == ["demo", "doctor", "flash", "pair"] and set(names) == set(cli.commands)
    rows = [line for line in lines if re.match(r"  \w+  +[A-Z]", line) and line.split()[0] in names]
    assert [row.split()[0] for row in rows] == names
    assert all(row.endswith(".") and not row.endswith("...") and len(row) <= 80 for row in rows)
    assert all(f"{section.heading}:" in lines for section in SECTIONS)


def test_without_a_command_the_help_is_shown() -> None:
    done = untuck()
    assert done.exit_code == 0 and done.output == untuck("--help").output


def test_the_sessions_help_cuts_no_sentence() -> None:
    shown = untuck("sessions", "--help").output
    assert "by default the newest." in shown and not [line for line in shown.splitlines()[1:] if "..." in line]


WRONG = {
    ("nonsense",): "there is no command 'nonsense'.",
    ("summry",): "there is no command 'summry': did you mean summary?",
    ("sessions", "renam", "1", "x"): "there is no command 'renam': did you mean rename?",
    ("demo", "--jsn"): "there is no option --jsn: did you mean --json?",
    ("-x",): "there is no option -x.",
    ("demo", "--minutes", "x"): "--minutes must be a number above 0 and up to 600.",
    ("demo", "--minutes", "-1"): "--minutes must be a number above 0 and up to 600.",
    ("demo", "--seed", "-1"): "--seed must be a whole number of at least 0.",
    ("demo", "--json=3"): "--json takes no value.",
    ("demo", "extra"): "more words than it takes: extra.",
    ("replay", "x"): "SESSION must be a whole number of at least 1.",
    ("run", "--rate", "123"): "--rate must be one of 50, 100, 200.",
    ("run", "--runner"): "--runner needs a value.",
    ("sessions", "tag", "1", "--remove"): "--remove needs a value.",
    ("sessions", "--since", "yesterday"): "--since must be a day such as 2026-05-31.",
    ("merge",): "WATCH.fit is missing.",
    ("sessions", "rename"): "SESSION is missing.",
}


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_wrong_usage_is_one_line(own_home: object, arguments: tuple[str, ...]) -> None:
    done = untuck(*arguments)
    assert done.exit_code == 2 and done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"untuck: {WRONG[arguments]}") and not INTERNALS.search(line), line
    path = re.search(r"`(untuck.*) --help` shows what it takes\.$", line)
    assert path is not None and untuck(*path[1].split()[1:], "--help").exit_code == 0


def every_parameter() -> list[tuple[str, click.Parameter]]:
    """Every parameter of every command, with the words of the command."""
    groups: list[tuple[str, click.Command]] = [("untuck", cli)]
    found = []
    for path, command in groups:
        found += [(path, each) for each in command.params]
        if isinstance(command, click.Group):
            groups += [(f"{path} {name}", inner) for name, inner in command.commands.items()]
    return found


@pytest.mark.parametrize(("path", "parameter"), every_parameter(), ids=lambda each: getattr(each, "name", each))
def test_every_type_has_words_for_its_values(path: str, parameter: click.Parameter) -> None:
    takes_any_text = isinstance(parameter.type, click.Path | click.types.StringParamType) or parameter.is_eager
    own_message = parameter.type.name in ("name", "boolean")
    assert takes_any_text or own_message or wanted_values(parameter.type), (path, parameter.name)


def test_an_unanswered_question_is_one_line(own_home: object) -> None:
    from untuck.store import Settings, Store

    with Store().record("a", "run", Settings()):
        pass
    done = CliRunner().invoke(cli, ["sessions", "delete", "1"], input="")
    assert done.exit_code == 1 and done.stderr.splitlines()[-1].endswith("give its option instead, such as --yes.")
    assert Store().sessions()
