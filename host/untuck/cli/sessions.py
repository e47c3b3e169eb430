"""`untuck sessions`: lists the recorded sessions; names, notes, tags, deletes, exports and imports them."""

from __future__ import annotations

import time
from dataclasses import fields
from datetime import datetime
from pathlib import Path

import click

from untuck.cli import output
from untuck.cli.group import PlainGroup
from untuck.cli.options import as_json, session_argument
from untuck.cli.results import SessionRow, SessionsResult
from untuck.cli.usage import RunnerName
from untuck.errors import StoreError
from untuck.outside_text import printable
from untuck.store import Store, StoredSession, archive, archive_writing, edits
from untuck.vocabulary import clock

_number = click.argument("session_id", metavar="SESSION", type=click.IntRange(1))


@click.group(cls=PlainGroup, invoke_without_command=True)
@click.option("--runner", type=RunnerName(), metavar="NAME", help="Only sessions of this runner.")
@click.option(
    "--tag", "tags", multiple=True, metavar="WORD", help="Only sessions with this tag; may be given more than once."
)
@click.option(
    "--since",
    type=click.DateTime(("%Y-%m-%d",)),
    metavar="DAY",
    help="Only sessions from this day on, such as 2026-05-31.",
)
@click.option("--text", metavar="TEXT", help="Only sessions with this text in name, note or source.")
@as_json
@click.pass_context
def sessions(
    context: click.Context,
    runner: str | None,
    tags: tuple[str, ...],
    since: datetime | None,
    text: str | None,
    as_json: bool,
) -> None:
    """List the recorded sessions, oldest first; or name, note, tag, delete, export or import one."""
    if context.invoked_subcommand is not None:
        return
    everything = Store().sessions()
    found = [
        session
        for session in everything
        if (runner is None or session.runner == runner)
        and set(tags) <= set(session.tags)
        and (since is None or session.started_unix_s >= since.timestamp())
        and (text is None or text.lower() in f"{session.name} {session.note} {session.source}".lower())
    ]
    if as_json:
        output.print_json("sessions", SessionsResult(tuple(map(_row, found))))
    elif not everything:
        output.echo("No session is recorded yet: `untuck run` records one, `untuck demo` a simulated one.")
    else:
        output.echo(f"{'session':>7}  {'started':<16}  {'length':>7}  {'runner':<10}  {'mode':<5} what")
        for session in found:
            output.echo(_text(session))
        if len(found) < len(everything):
            output.echo(f"{len(found)} of {len(everything)} sessions")


@sessions.command()
@_number
@click.argument("name")
def rename(session_id: int, name: str) -> None:
    """Give a session a name; "" removes it."""
    edits.rename(Store(), session_id, name)


@sessions.command()
@_number
@click.argument("text")
def note(session_id: int, text: str) -> None:
    """Add a note to a session; "" removes it."""
    edits.note(Store(), session_id, text)


@sessions.command()
@_number
@click.argument("words", nargs=-1)
@click.option("--remove", multiple=True, metavar="WORD", help="A tag to remove.")
def tag(session_id: int, words: tuple[str, ...], remove: tuple[str, ...]) -> None:
    """Add tags to a session; prints its tags."""
    output.echo(" ".join(edits.tag(Store(), session_id, words, remove)))


@sessions.command()
@_number
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(session_id: int, yes: bool) -> None:
    """Delete a session and its packets permanently; asks first."""
    store = Store()
    try:
        what = _text(store.open(session_id)).strip()
    except StoreError:
        if not store.has(session_id):
            raise
        what = f"{session_id}, which cannot be used"
    if not yes and not click.confirm(f"Delete session {what}?", err=True):
        raise StoreError(f"session {session_id} was not deleted.")
    edits.delete(store, session_id)
    output.note(f"deleted session {session_id}")


@sessions.command("export")
@session_argument
@click.option(
    "-o",
    "--output",
    "path",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The file; by default session-N.untuck.",
)
def export_one(session_id: int | None, path: Path | None) -> None:
    """Write a session and all its data to one file; by default the newest."""
    session = Store().open(session_id)
    path = path or Path(f"session-{session.id}{archive_writing.SUFFIX}")
    archive.write_archive(session, path)
    output.note(f"wrote {path}")
    if words := session.damage_words():
        output.note(words)


@sessions.command("import")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
def import_some(files: tuple[Path, ...]) -> None:
    """Add sessions from files written by `untuck sessions export`; they get new numbers.

    A file is added completely or not at all; one that is damaged does not stop the others.
    """
    from untuck.report.summary import Summary

    budget, failures = archive.Budget(), []
    for path in files:
        try:
            number = archive.read_archive(Store(), path, Summary, budget)
        except StoreError as error:
            failures.append(error)
            if len(files) > 1:
                output.note(f"untuck: {error}")
        else:
            output.note(f"imported {path} as session {number}")
    if len(files) > 1 and failures:
        raise StoreError(f"{len(failures)} of {len(files)} files were not imported, for the reasons above.")
    if failures:
        raise failures[0]


def _text(session: StoredSession) -> str:
    started = time.strftime("%Y-%m-%d %H:%M", time.localtime(session.started_unix_s))
    what = f"{session.name} ({session.source})" if session.name else session.source
    what += ", 2 clips" if session.trunk_count else ""
    what += "".join(f" #{word}" for word in session.tags) + (f": {session.note}" if session.note else "")
    unended = "" if session.ended_unix_s is not None else " (cut off, or still recording)"
    return printable(
        f"{session.id:>7}  {started}  {clock(session.duration_s):>7}  {session.runner or '-':<10}  "
        f"{session.mode:<5} {what}{unended}"
    )


def _row(session: StoredSession) -> SessionRow:
    """A session as `sessions --json` prints it; ended_unix_s is null if it was cut off or is still recording."""
    return SessionRow(**{each.name: getattr(session, each.name) for each in fields(SessionRow)})
