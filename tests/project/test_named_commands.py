"""Nobody is sent to a command that does not exist: each `untuck X` in a text, with its options."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from untuck.cli.main import cli

CHECKOUT = Path(__file__).resolve().parents[2]
PAGES = [*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").rglob("*.md"), *(CHECKOUT / "hardware").rglob("*.md")]
CODE = [path for room in ("host", "firmware", "tools", "virtual_clip") for path in (CHECKOUT / room).rglob("*.py")]
SCRIPTS = [CHECKOUT / "Makefile", *(CHECKOUT / "tools").glob("*.sh"), *(CHECKOUT / ".github").rglob("*.*ml")]
PROSE = {"import", "and", "itself"}  # after the package's name, not a command
CALL = re.compile(r"(?<![\w/.-])untuck[ ]+((?:--?[A-Za-z][\w-]*|[a-z]+)(?![\w:]|\.\w))(.*?)(?=untuck |[`\n)|]|$)")


def texts(path: Path) -> Iterator[str]:
    """The texts in a file: of a program its string literals, else everything."""
    if path.suffix != ".py":
        yield path.read_text("utf-8")
        return
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def named(text: str) -> Iterator[list[str]]:
    """The words after each `untuck` that is written as a command: in backquotes, in a block, or in brackets."""
    for found in CALL.finditer(text):
        before, after = text[: found.start()][-1:], text[found.end() :][:1]
        first = found[1]
        words = [first, *re.findall(r"(?<![\w.])[a-z-]\S*[\w]", found[2])]
        if first in PROSE:
            continue
        marked = before in "`(" or after == "`" or text[: found.start()].endswith(("\n    ", "$ ", "Next: ", "with: "))
        if marked or first in cli.commands or first.startswith("-"):
            yield words


def problem(words: list[str]) -> str:
    """What is wrong with a command line; "" if its command and options exist."""
    command: click.Command = cli
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        if words[0] not in command.commands:
            return f"no command {words[0]}"
        command, words = command.commands[words[0]], words[1:]
    known = {name for each in (*cli.params, *command.params) for name in each.opts} | {"-h", "--help"}
    return ", ".join(f"no option {word}" for word in words if word.startswith("-") and word not in known)


@pytest.mark.parametrize("path", [*PAGES, *CODE, *SCRIPTS], ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_commands_and_options_that_are_named_exist(path: Path) -> None:
    wrong = [(" ".join(words), found) for text in texts(path) for words in named(text) if (found := problem(words))]
    assert not wrong


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("update the clip (untuck reflash).", ["no command reflash"]),
        ("run `untuck pair` within a minute", [""]),
        ("\n    untuck run --runner Ada --minuts 30\n", ["no option --minuts"]),
        ("`untuck sessions renam 3 x`", ["no command renam"]),
        ("import untuck, and untuck is quoted", []),
        ("Next: untuck calibrate, or untuck run.", ["", ""]),
    ],
)
def test_the_search_finds_what_is_wrong(text: str, found: list[str]) -> None:
    assert [problem(words) for words in named(text)] == found


def test_the_search_meets_enough_to_be_a_test() -> None:
    assert sum(len(list(named(text))) for path in PAGES + CODE for text in texts(path)) > 100
