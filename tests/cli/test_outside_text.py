"""Text that comes from outside reaches no outlet raw: every field of every source, at terminal, page, window and path.

Fields: what a clip advertises, what a session or an archive says, columns and names of files, settings, the command
line. Outlets: what commands print, pages, log, live views, window, paths.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import io
import json
import logging
import re
import sqlite3
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from tests.sources.hostile_clip import HostileClip

from untuck.cli import output
from untuck.cli.main import cli
from untuck.model import Packet
from untuck.outside_text import LONGEST_NAME, as_file_name, printable, printable_lines
from untuck.session import kept_runs
from untuck.session.earlier_sessions import subtitle_of, title_of
from untuck.session.run_fetching import part_name
from untuck.simulate.packets import pack
from untuck.simulate.runner import simulate
from untuck.sources import ble_runs, stack
from untuck.sources.ble_link import Timeouts
from untuck.sources.ble_runs import KeptRun
from untuck.sources.ble_scan import find_clips
from untuck.store import Settings, Store, paths

PACKAGE = Path(__file__).resolve().parents[2] / "host" / "untuck"
EVIL = {
    "clipboard": "\x1b]52;c;cm0gLXJm\x07",
    "colour": "\x1b[31mred\x1b[2J",
    "one-byte": "\x9b31m\x9d52;c;cm0\x9c",
    "markup": "[/x][bold]<script>alert(1)</script><b>&amp;",
    "path": "../../EVIL",
    "windows": "..\\..\\EVIL:stream",
    "zero": "a\x00b",
    "right to left": "a\u202egnp.exe\u2066",
    "lines": "a\r\nuntuck: done\u2028b\x85",
    "formula": "$\\frac{$",
    "surrogate": "a\ud800b",
    "long": "x" * 10_000,
}


def harmful(text: str) -> list[str]:
    """Characters of a text that a terminal, an editor or a reader would obey."""
    return [f"U+{ord(each):04X}" for each in text if each != "\n" and unicodedata.category(each) in ("Cc", "Cf", "Cs")]


def shown(*arguments: str) -> str:
    """All that a command prints; it must not end with a traceback."""
    done = CliRunner().invoke(cli, arguments)
    assert done.exception is None or isinstance(done.exception, SystemExit), (arguments, done.exception)
    assert harmful(done.output) == [], arguments
    assert harmful(done.stderr) == [], arguments
    return done.output + done.stderr


@pytest.fixture(scope="module")
def packets() -> list[bytes]:
    return pack(simulate().samples, 100)


@pytest.fixture
def evil_session(own_home: Path, packets: list[bytes], request: pytest.FixtureRequest) -> str:
    """The text that every field of the only session has."""
    some = [text for name, text in EVIL.items() if name not in ("surrogate", "formula")]
    text = " ".join(some) if request.param == "all" else EVIL[request.param]
    with Store().record("clip", "run", Settings(runner="Ada")) as recording:
        for number, data in enumerate(packets):
            recording.append(Packet(data, number / 20))
    stored = text.encode("utf-8", "replace").decode()  # the database itself takes no lone surrogate, JSON does
    with contextlib.closing(sqlite3.connect(paths.sessions_path())) as database, database:
        database.execute(
            "UPDATE session SET source = ?, name = ?, note = ?, runner = ?, tags = ?",
            (stored, stored, stored, stored, json.dumps([text])),
        )
    return text


@pytest.mark.parametrize("evil_session", ["all", "formula", "surrogate"], indirect=True)
def test_a_session_s_own_words_reach_no_outlet(evil_session: str, tmp_path: Path) -> None:
    page, paper, trend, archive = (tmp_path / name for name in ("a.html", "a.pdf", "trend.html", "a.untuck"))
    log = tmp_path / "log.txt"
    shown("sessions", "--log", str(log))
    shown("sessions", "--json")
    shown("sessions", "tag", "1")
    shown("summary", "1", "--html", str(page), "--pdf", str(paper))
    shown("trend", "--html", str(trend))
    shown("replay", "1")
    shown("export", "1", "--table", "strides", "-o", str(tmp_path))
    if "\ud800" not in evil_session:  # which no archive holds
        shown("sessions", "export", "1", "-o", str(archive))
        shown("sessions", "import", str(archive))
    for path in (page, trend, log):
        text = path.read_text("utf-8")
        assert harmful(text) == [], path
        assert "<script>alert" not in text and "<b>&amp;" not in text
    assert paper.stat().st_size > 10_000
    session = Store().open(1)
    for text in (title_of(session), subtitle_of(session)):
        assert "\n" not in text and len(text) <= 1000
    written = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert not [name for name in written if "EVIL" in name] and not list(tmp_path.parent.glob("EVIL*"))


@pytest.mark.parametrize("text", EVIL.values(), ids=EVIL)
def test_what_a_clip_advertises_reaches_no_outlet(text: str, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = HostileClip(name=text)
    monkeypatch.setattr(stack, "Backend", lambda adapter="": replace(clip.backend, adapter=adapter))
    monkeypatch.setattr(ble_runs, "Timeouts", lambda: Timeouts(scan_s=0.2))
    clips = asyncio.run(find_clips(0.1, clip.backend))
    assert [harmful(each.name) for each in clips] == [[]] and len(clips[0].name) <= 40
    shown("pair")
    shown("sync", "--address", clip.address)
    shown("sync", "--address", text)
    shown("pair", "--json")
    path = kept_runs.part_path(part_name(text, KeptRun(1, 1, 0, False, False)))
    assert path.resolve().parent == (paths.data_folder() / "partial").resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")


@pytest.mark.parametrize("text", EVIL.values(), ids=EVIL)
def test_files_settings_and_command_line_reach_no_outlet(text: str, own_home: Path, tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    header = text.encode("utf-8", "surrogatepass").replace(b"\n", b" ").replace(b"\r", b" ").replace(b",", b" ")
    table.write_bytes(b"time," + header + b"\n" + b"".join(b"%d,1\n" % number for number in range(200)))
    shown("analyse", str(table))
    shown("analyse", str(table), "--column", f"acc_x_m_s2={text}")
    shown("run", "--runner", text)
    shown("sessions", "rename", "1", text)
    shown("sessions", "--since", text)
    shown(text)
    with contextlib.suppress(OSError, ValueError):  # a name that this system does not take
        named = tmp_path / text.replace("/", "_")
        named.write_bytes(b"time\n1\n")
        shown("analyse", str(named))
    paths.config_path().parent.mkdir(parents=True, exist_ok=True)
    paths.config_path().write_bytes(b'name = "' + text.encode("utf-8", "surrogatepass") + b'"\n')
    shown("config")
    shown("sessions")


@pytest.mark.parametrize("text", EVIL.values(), ids=EVIL)
def test_the_live_view_shows_text_as_it_is_and_no_more(text: str) -> None:
    from untuck.cli.views.terminal import Reception, TerminalView, drawing, small_drawing
    from untuck.session.live_state import LiveState

    file = io.StringIO()
    console = Console(file=file, width=80, force_terminal=False)
    with TerminalView(Console(file=io.StringIO(), force_terminal=True), LiveState(), f"clip {text}") as view:
        view.say(text)
        for draw in (drawing, small_drawing):
            console.print(draw(LiveState(), f"clip {text}", Reception(), view._notes))
    assert harmful(file.getvalue()) == []
    if text.startswith("[/x]"):
        assert file.getvalue().count("[/x]") == 3  # source and note; the small view has no source


@pytest.mark.parametrize("text", EVIL.values(), ids=EVIL)
def test_the_window_shows_plain_text(text: str, qtbot: object) -> None:
    from PySide6.QtCore import Qt

    from untuck.coach.message_line import MessageLine

    line = MessageLine()
    line.say(text)
    line.show_status(text)
    for label in (line.label, line.status):
        assert label.textFormat() is Qt.TextFormat.PlainText
        assert harmful(label.text()) == [] and "\n" not in label.text()
    assert "<script" not in line.label.toolTip() and harmful(line.label.toolTip()) == []


@pytest.mark.parametrize("text", EVIL.values(), ids=EVIL)
def test_log_and_stderr(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from untuck.cli.logs import CommandLog

    log = CommandLog()
    try:
        log.write_to(tmp_path / "log.txt")
        logging.getLogger("untuck.sources").warning("heard %s", text)
    finally:
        log.close()
    output.note(text)
    captured = capsys.readouterr()
    assert harmful((tmp_path / "log.txt").read_text("utf-8")) == []
    assert harmful(captured.err) == [] and captured.err.count("\n") == 2


def test_commands_print_through_one_function() -> None:
    """What is printed in another way is not cleaned."""
    for path in sorted((PACKAGE / "cli").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            allowed = path.name == "output.py" and called == "click.echo"
            raw = called in ("print", "click.echo", "click.secho", "sys.stdout.write", "sys.stderr.write")
            assert allowed or not raw, f"{path.name}, line {node.lineno}: use output.echo"


ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=200)


@given(ANY_TEXT, st.integers(3, 80))
def test_printable(text: str, longest: int) -> None:
    line = printable(text, longest)
    assert len(line) <= longest and "\n" not in line
    assert not set(harmful(line)) - {"U+200C", "U+200D"}
    assert printable(line, longest) == line
    assert printable_lines(text).count("\n") == text.count("\n")
    line.encode("utf-8")


@given(ANY_TEXT, ANY_TEXT)
def test_names_of_files(one: str, other: str) -> None:
    name = as_file_name(one)
    assert re.fullmatch(r"[^\W_][\w.-]*", name) and len(name) <= LONGEST_NAME and len(name.encode()) <= 255
    assert not re.match(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)", name) and not name.endswith(".")
    assert (name == as_file_name(other)) == (one == other)


def test_good_text_stays_as_it_is() -> None:
    for text in ("Ada Lovelace", "Ünsal Öz-Çelik", "走る人", "👩\u200d🚀", "क्\u200dष"):
        assert printable(text) == text
    assert as_file_name("UntkA4B5") == "UntkA4B5"
    assert as_file_name("NUL") != "NUL" and as_file_name("..").isalnum() and as_file_name("")
    assert printable("a" * 30, 10) == "aaaaaaa..."
