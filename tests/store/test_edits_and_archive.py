"""Recorded sessions: edit, filter and delete them; export one to a file and import it again."""

from __future__ import annotations

import json
import math
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.packets import packet

from untuck.cli.main import cli
from untuck.errors import StoreError
from untuck.model import Packet
from untuck.session_commands import from_text
from untuck.store import Settings, Store, archive, edits

PACKETS = [Packet(packet(k), 5.0 + 0.4 * k) for k in range(40)]


def untuck(*arguments: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(cli, arguments, input=answer)


@pytest.fixture
def store(own_home: Path) -> Store:
    """Two sessions with commands, the second of them Ada's."""
    store = Store()
    for runner in ("", "Ada"):
        with store.record("clip 0A1B", "run", Settings(rate_hz=100, runner=runner)) as recording:
            for packet in PACKETS:
                recording.append(packet)
            recording.command(from_text("lap", "first", -math.inf))
            recording.command(from_text("note", "grüß", 0.1 + 0.2))
            recording.end('{"strides":1}')
    return store


def everything(store: Store, number: int) -> tuple[object, ...]:
    s = store.open(number)
    facts = (s.source, s.mode, s.started_unix_s, s.ended_unix_s, s.settings_json, s.summary, s.runner, s.name, s.note)
    return (*facts, s.tags, s.commands(), tuple(s.packets()))


def test_name_note_and_tags_change_and_the_recording_does_not(store: Store) -> None:
    before = everything(store, 1)
    assert untuck("sessions", "rename", "1", "Long run").exit_code == 0
    assert untuck("sessions", "note", "1", "new shoes").exit_code == 0
    assert untuck("sessions", "tag", "1", "track", "hot", "hot").output == "hot track\n"
    assert untuck("sessions", "tag", "1", "--remove", "hot").output == "track\n"
    after = everything(store, 1)
    assert after[7:10] == ("Long run", "new shoes", ("track",)) and after[:7] + after[10:] == before[:7] + before[10:]
    assert "Long run (clip 0A1B) #track: new shoes" in untuck("sessions").output


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), [1, 2]),
        (("--runner", "Ada"), [2]),
        (("--tag", "hill"), [1]),
        (("--tag", "hill", "--tag", "x"), []),
        (("--text", "SHOES"), [2]),
        (("--since", "2100-01-01"), []),
        (("--since", "2000-01-01"), [1, 2]),
    ],
)
def test_the_list_is_filtered(store: Store, arguments: tuple[str, ...], expected: list[int]) -> None:
    edits.tag(store, 1, ["hill"])
    edits.note(store, 2, "new shoes")
    rows = json.loads(untuck("sessions", *arguments, "--json").output)["sessions"]
    assert [row["id"] for row in rows] == expected
    assert "2 sessions" in untuck("sessions", *arguments).output or expected == [1, 2]


def test_delete_asks_first_and_removes_packets_and_commands(store: Store) -> None:
    declined = untuck("sessions", "delete", "1", answer="n\n")
    assert declined.exit_code == 1 and "was not deleted" in declined.output and len(store.sessions()) == 2
    assert untuck("sessions", "delete", "1", answer="y\n").exit_code == 0
    assert [session.id for session in store.sessions()] == [2]
    assert untuck("sessions", "delete", "2", "--yes").exit_code == 0 and store.sessions() == []
    from contextlib import closing

    from untuck.store import schema

    with closing(schema.connect(store.path)) as database:
        for table in ("packets", "steer"):
            assert database.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def test_edits_of_a_missing_session_are_rejected(store: Store) -> None:
    for arguments in (("rename", "9", "x"), ("note", "9", "x"), ("tag", "9", "x"), ("delete", "9", "--yes")):
        done = untuck("sessions", *arguments)
        assert done.exit_code == 1 and "there is no session 9" in done.output


def test_an_exported_session_is_the_same_after_import(store: Store, tmp_path: Path) -> None:
    edits.rename(store, 2, "Long run")
    edits.tag(store, 2, ["hügel"])
    path = tmp_path / "run.untuck"
    assert untuck("sessions", "export", "2", "-o", str(path)).exit_code == 0
    again = untuck("sessions", "import", str(path))
    assert again.exit_code == 1 and "is already in the store, as session 2" in again.output
    other = Store(tmp_path / "other.db")
    number = archive.read_archive(other, path)
    assert everything(other, number) == everything(store, 2)


def rewritten(path: Path, change: object) -> Path:
    """The archive with session.json changed, or a member replaced."""
    other = path.with_suffix(".changed")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if callable(change):
                data = change(name, data)
            if data is not None:
                new.writestr(name, data)
    return other


BAD = {
    "newer": (lambda n, d: d.replace(b'"format": 1', b'"format": 9') if n == "session.json" else d, "newer Untuck"),
    "lacks": (lambda n, d: d.replace(b'"mode"', b'"mood"') if n == "session.json" else d, "lacks mode"),
    "no json": (lambda n, d: b"{" if n == "session.json" else d, "is damaged"),
    "no facts": (lambda n, d: None if n == "session.json" else d, "not a session archive"),
    "a list": (lambda n, d: b"[]" if n == "session.json" else d, "not a session archive"),
    "cut blob": (lambda n, d: d[:-1] if n.endswith("0.bin") else d, "damaged"),
    "settings": (
        lambda n, d: d.replace(b'\\"rate_hz\\"', b"rate_hz") if n == "session.json" else d,
        "Settings cannot be read",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_archive_is_rejected_as_a_whole(store: Store, tmp_path: Path, name: str) -> None:
    change, expected = BAD[name]
    archive.write_archive(store.open(2), tmp_path / "run.untuck")
    other = Store(tmp_path / "other.db")
    with pytest.raises(StoreError, match=expected):
        archive.read_archive(other, rewritten(tmp_path / "run.untuck", change))
    assert other.sessions() == []


def test_a_flipped_bit_never_changes_a_session(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "run.untuck"
    archive.write_archive(store.open(2), path)
    original, data, rejected = everything(store, 2), path.read_bytes(), 0
    positions = range(0, len(data), 23)
    for number, position in enumerate(positions):
        flipped = bytearray(data)
        flipped[position] ^= 1
        path.write_bytes(flipped)
        other = Store(tmp_path / f"other{number}.db")
        try:
            assert everything(other, archive.read_archive(other, path)) == original  # for example a date of the zip
        except StoreError:
            rejected += 1
            assert other.sessions() == []
    assert rejected > len(positions) / 2


def test_a_renamed_part_is_rejected(store: Store, tmp_path: Path) -> None:
    """Zip's checksums do not cover the names in its directory: one blob would be read twice, another never."""
    path = tmp_path / "run.untuck"
    archive.write_archive(store.open(2), path)
    data = bytearray(path.read_bytes())
    at = data.rindex(b"packets/000002.bin") + len("packets/00000")
    data[at : at + 1] = b"6"
    path.write_bytes(data)
    other = Store(tmp_path / "other.db")
    with pytest.raises(StoreError, match="not in sequence"):
        archive.read_archive(other, path)
    assert other.sessions() == []


def test_import_and_export_report_unusable_paths(store: Store, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    for path, expected in ((tmp_path / "text", "not a session archive"), (tmp_path / "none", "there is no such file")):
        done = untuck("sessions", "import", str(path))
        assert done.exit_code == 1 and expected in done.output
    done = untuck("sessions", "export", "1", "-o", str(tmp_path / "no" / "folder"))
    assert done.exit_code == 1 and "check the path" in done.output
