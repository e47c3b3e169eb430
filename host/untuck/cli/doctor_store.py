"""`untuck doctor --store`: checks every recorded session, and with `--repair` replaces a damaged store."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from untuck.cli import output
from untuck.cli.results import StoreProblem, StoreResult
from untuck.errors import StoreError
from untuck.report.numbers import counted

if TYPE_CHECKING:
    from untuck.store.repair.check import CheckText, StoreCheck


def check_sessions(repair: bool, as_json: bool) -> None:
    """Check the store and print what is wrong. Raises StoreError if something is and it is not repaired."""
    from untuck.report.summary import Summary
    from untuck.store import codec, paths
    from untuck.store.repair.rebuild import repair_store

    check_summary = partial(codec.from_json, Summary)
    path = paths.sessions_path()
    if not path.exists():
        raise StoreError("no session is recorded yet: there is nothing to check.")
    found = _checked(path, check_summary)
    problems = tuple(StoreProblem(each.session, each.text) for each in found.problems)
    kept: Path | None = None
    if not as_json:
        for problem in problems:
            output.echo(f"{'store' if problem.session is None else f'session {problem.session}'}: {problem.text}")
    if problems and repair:
        found, kept = repair_store(path, check_summary)
    if as_json:
        output.print_json(
            "store",
            StoreResult(
                path=str(path),
                sessions=found.sessions,
                blocks=found.blocks,
                packets=found.packets,
                problems=problems,
                kept=str(kept) if kept else None,
            ),
        )
    else:
        output.echo(f"{counted(found.sessions, 'session')}, {counted(found.packets, 'packet')} can be read in {path}")
    if kept is not None:
        output.note(f"repaired; the damaged file is kept as {kept}")
    elif problems:
        number = counted(len(problems), "problem")
        raise StoreError(f"{number} in {path}: `untuck doctor --store --repair` saves what can be read.")


def _checked(path: Path, check_summary: CheckText) -> StoreCheck:
    """The check; a file that cannot even be opened has one problem. Raises StoreError if it is in use or newer."""
    from untuck.store.repair.check import Problem, StoreCheck, check_store, is_damage

    try:
        return check_store(path, check_summary)
    except StoreError as error:
        if not is_damage(error.__cause__):
            raise
        return StoreCheck(problems=[Problem(None, "the file cannot be opened, its beginning is damaged")])
