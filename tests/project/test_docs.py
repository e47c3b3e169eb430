"""The documentation agrees with the code: commands and their help, links, files, targets, pins without a host.

`python tests/project/test_docs.py` writes the help texts into docs/commands.md.
"""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from untuck.cli.main import cli

CHECKOUT = Path(__file__).resolve().parents[2]
COMMANDS = CHECKOUT / "docs" / "commands.md"
PAGES = sorted([*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").glob("*.md")])
FILE = re.compile(r"`((?:[\w.-]+/)+[\w-]+\.(?:py|md|sh|svg|toml|txt))`")  # a file that a page names with its folder
ROOTS = (CHECKOUT, CHECKOUT / "host" / "untuck", CHECKOUT / "host" / "untuck" / "motion")  # where its path may start
HELP = re.compile(r"##+ untuck (\w+(?: \w+)?)\n\n```text\n(.*?)```", re.DOTALL)


def all_commands() -> dict[str, click.Command]:
    """Every command by its words: "demo", "sessions", "sessions rename"."""
    found: dict[str, click.Command] = {}
    for name, command in cli.commands.items():
        found[name] = command
        if isinstance(command, click.Group):
            found |= {f"{name} {word}": inner for word, inner in command.commands.items()}
    return found


def help_of(name: str) -> str:
    """What `untuck NAME --help` prints in 80 columns."""
    command = all_commands()[name]
    context = click.Context(
        command,
        info_name=f"untuck {name}",
        terminal_width=80,
        max_content_width=80,
        help_option_names=["-h", "--help"],
    )
    return command.get_help(context).rstrip() + "\n"


def test_every_command_is_documented_with_its_help() -> None:
    documented = dict(HELP.findall(COMMANDS.read_text()))
    assert list(documented) == list(dict.fromkeys(documented)) and set(documented) == set(all_commands())
    for name, text in documented.items():
        assert text == help_of(name), f"the help of {name} has changed: run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    missing = [link for link in links if not (page.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_are_named_exist(page: Path) -> None:
    text = page.read_text()
    targets = set(re.findall(r"^([a-z-]+):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:^    |`)make ([a-z-]+)", text, re.MULTILINE)) <= targets
    named = set(re.findall(r"(?:`|bin/)untuck ([a-z]+)", text))
    assert named <= set(cli.commands), f"{page.name} names {sorted(named - set(cli.commands))}"


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=lambda page: page.name)
def test_files_that_are_named_exist(page: Path) -> None:
    named = {name for name in FILE.findall(page.read_text("utf-8")) if "NAME" not in name}
    missing = sorted(name for name in named if not any((root / name).exists() for root in ROOTS))
    assert not missing


def test_every_page_is_in_the_navigation() -> None:
    navigation = (CHECKOUT / "mkdocs.yml").read_text("utf-8")
    assert not [page.name for page in PAGES if page.parent.name == "docs" and f" {page.name}" not in navigation]


def test_the_readme_has_the_two_commands_and_the_disclaimer() -> None:
    text = (CHECKOUT / "README.md").read_text()
    assert "    make demo" in text and "    make test" in text and "not medical advice" in text


def write_help() -> None:
    """Put each command's present help into docs/commands.md."""
    text = HELP.sub(
        lambda found: f"{found[0].split()[0]} untuck {found[1]}\n\n```text\n{help_of(found[1])}```",
        COMMANDS.read_text(),
    )
    COMMANDS.write_text(text)


if __name__ == "__main__":
    write_help()
