"""What a user reads when something is wrong: plain words, one line, and nothing of the system's or a library's."""

from __future__ import annotations

import ast
import errno
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from untuck.cli.main import cli
from untuck.errors import SettingsError, StoreError, reason
from untuck.store import Settings, Store, archive, edits
from untuck.store.config import Config, parse_config, to_toml

PACKAGE = Path(__file__).resolve().parents[2] / "host" / "untuck"
LINES = ("Ada\nLovelace", "Ada\r", "Ada\x1b[31m", "\u2028Ada", "Ada\x00")


def untuck(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def line_of(done: Result) -> str:
    assert done.exit_code in (1, 2), done.output
    (line,) = [each for each in done.stderr.splitlines() if "compiling" not in each]
    return line


def test_no_message_has_the_system_s_own_words() -> None:
    """A strerror or a whole OSError in an f-string is what `reason` replaces."""
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        used = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "strerror"]
        assert not used, f"{path.name}, line {used}: say `reason(error)`"


def test_every_likely_error_of_a_file_has_a_reason_and_a_remedy() -> None:
    for number in (errno.ENOENT, errno.EACCES, errno.EROFS, errno.ENOSPC, errno.EISDIR, errno.EIO, errno.EDQUOT, 9999):
        text = reason(OSError(number, "system's words"))
        assert ": " in text and "system's words" not in text and "Errno" not in text
        assert os.strerror(number) not in text


def test_files_that_are_not_there_or_not_writable(tmp_path: Path, own_home: Path) -> None:
    with Store().record("a", "run", Settings()):
        pass
    none = tmp_path / "none" / "x"
    for arguments in (
        ("sessions", "export", "1", "-o", str(none)),
        ("sessions", "import", str(none)),
        ("sessions", "--log", str(none)),
    ):
        line = line_of(untuck(*arguments))
        assert "there is no such file or folder: check the path." in line and "Errno" not in line


def test_a_settings_error_does_not_send_to_the_command_that_fails_for_it(own_home: Path) -> None:
    own_home.mkdir()
    (own_home / "untuck.toml").write_text("[sound\n")
    for arguments in (("config",), ("run",), ("pair",), ("config", "--json"), ("coach",)):
        line = line_of(untuck(*arguments))
        assert "is not valid TOML" in line and "`untuck config --defaults` prints a valid file" in line
    shown = untuck("config", "--defaults")
    assert shown.exit_code == 0 and shown.stdout == to_toml(Config())
    assert parse_config(shown.stdout, None, "it") == Config()


def test_settings_that_are_no_text(own_home: Path) -> None:
    own_home.mkdir()
    (own_home / "untuck.toml").write_bytes(b"name = '\xff'\n")
    assert "is not text in UTF-8: save it so with an editor" in line_of(untuck("config"))
    (own_home / "untuck.toml").unlink()
    (own_home / "untuck.toml").mkdir()
    assert "cannot be read: it is a folder" in line_of(untuck("config"))


@pytest.mark.parametrize("name", LINES, ids=repr)
@pytest.mark.parametrize(
    "arguments",
    [
        *(("run", "--runner"), ("pair", "--runner"), ("calibrate", "--runner"), ("coach", "--runner")),
        *(("config", "--runner"), ("trend", "--runner"), ("sessions", "--runner")),
        *(("sessions", "rename", "1"), ("sessions", "note", "1"), ("sessions", "tag", "1")),
    ],
    ids=" ".join,
)
def test_control_characters_in_a_name_are_one_line(own_home: Path, arguments: tuple[str, ...], name: str) -> None:
    with Store().record("a", "run", Settings()):
        pass
    line = line_of(untuck(*arguments, name))
    assert line.startswith("untuck: ") and line.isprintable() and ("not valid" in line or "control character" in line)
    session = Store().open(1)
    assert (session.name, session.note, session.tags) == ("", "", ())


def test_control_characters_in_the_settings_and_in_an_archive(own_home: Path, tmp_path: Path) -> None:
    for text in ('name = "a\\nb"', '[runner."a\\nb".sound]\nvolume_pct = 50', '[runner."\\u001b"]'):
        with pytest.raises(SettingsError, match="is not valid: use up to 40"):
            parse_config(text, None, "untuck.toml")
    for settings, note in ((Settings(runner="a\nb"), ""), (Settings(), "a\nb")):
        other = Store(tmp_path / f"{len(note)}.db")
        with other.record("a", "run", settings):
            pass
        if note:
            edits._set(other, 1, "note", note)  # as an older version allowed
        archive.write_archive(other.open(), tmp_path / "it.untuck")
        with pytest.raises(StoreError, match=r"is not a session archive, or is damaged: (the runner's name|its note)"):
            archive.read_archive(Store(), tmp_path / "it.untuck")
    assert Store().sessions() == []
