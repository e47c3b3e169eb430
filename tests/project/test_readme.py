"""README.md: its first screen, and claims that follow from the project's files."""

from __future__ import annotations

import re
import runpy
import tomllib
from pathlib import Path

FIRST_SCREEN = 25  # lines


def test_first_screen_says_what_it_is_and_what_it_is_not(checkout: Path) -> None:
    first = "\n".join((checkout / "README.md").read_text("utf-8").splitlines()[:FIRST_SCREEN])
    assert "docs/images/demo.gif" in first
    assert "Silence means that no lasting fault is found" in " ".join(first.split())
    assert "No clip has been built" in first
    assert "not medical advice" in first


def test_badges_say_what_the_project_says(checkout: Path) -> None:
    drawn = runpy.run_path(str(checkout / "tools" / "draw_badges.py"))["badges"]()
    readme = (checkout / "README.md").read_text("utf-8")
    for name, text in drawn.items():
        saved = (checkout / "docs" / "images" / name).read_text("utf-8")
        assert saved == text, f"{name} is out of date: run `python tools/draw_badges.py`"
        said = re.search(r'aria-label="(\w+): (.*?)"', text)
        assert said and re.search(rf"!\[{said[1]}:? {re.escape(said[2])}\]\(docs/images/{name}\)", readme)
    project = tomllib.loads((checkout / "pyproject.toml").read_text("utf-8"))["project"]
    oldest = project["requires-python"].removeprefix(">=")
    assert f"Python {oldest} to" in readme and f"Python {oldest} or newer" in readme


def test_systems_are_those_of_the_workflow(checkout: Path) -> None:
    """A system that the table calls tested in the workflow is in it; Windows does without radio and sound."""
    workflow = (checkout / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    readme = (checkout / "README.md").read_text("utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in readme.splitlines() if line.count("|") == 5
    ]
    head = rows[0]
    assert head == ["", "Linux", "macOS", "Windows"]
    for system, runner in (("macOS", "macos-latest"), ("Windows", "windows-latest")):
        column = [row[head.index(system)] for row in rows[2:]]
        assert ("in the workflow" in column) == (runner in workflow)
        assert set(column) <= {"in the workflow", "not tested"}
    assert 'not (radio or sound)"' in workflow
    bluetooth = next(row for row in rows if row[0] == "Bluetooth")
    assert bluetooth[2:] == ["not tested", "not tested"]
