"""`untuck profile`: to a file or to QR codes, and back; nothing is overwritten unseen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import segno
from click.testing import CliRunner
from PIL import Image

import untuck
from untuck.cli.main import cli
from untuck.cli.profile import SIZES
from untuck.model import Baseline, Calibration
from untuck.store.profile_codes import CodeReader, to_codes
from untuck.store.profile_file import to_text
from untuck.store.profiles import Profiles


@pytest.fixture(scope="module")
def found() -> tuple[Calibration, Baseline]:
    run = untuck.analyse(untuck.example())
    assert run.baseline is not None
    return run.calibration, run.baseline


@pytest.fixture
def saved(found: tuple[Calibration, Baseline], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Ada's profile in the data folder, as its text; the folder of the command is an empty one."""
    for value in found:
        Profiles().keep("Ada", value)
    monkeypatch.chdir(tmp_path)
    return to_text(Profiles().open("Ada"))


def call(*words: str) -> tuple[int, str, str]:
    """Exit code, what is printed, and what is printed as a note."""
    done = CliRunner().invoke(cli, ["profile", *words])
    return done.exit_code, done.stdout, done.stderr


def test_a_profile_goes_to_a_file_and_back(saved: str, tmp_path: Path) -> None:
    code, _, notes = call("export", "--runner", "Ada")
    path = tmp_path / "profile-Ada.json"
    assert code == 0 and "wrote profile-Ada.json" in notes
    assert path.read_text("utf-8").strip() == saved
    code, _, notes = call("import", "--runner", "Ben", str(path))
    assert code == 0 and "imported the calibration and the baseline" in notes
    there = json.loads(to_text(Profiles().open("Ben")))
    assert {**there, "runner": "Ada"} == json.loads(saved)


def test_importing_twice_stores_nothing_twice(saved: str, tmp_path: Path) -> None:
    call("export", "--runner", "Ada", "one.json")
    assert "nothing is new" in call("import", "one.json")[2]


def test_a_file_says_whose_it_is(saved: str, tmp_path: Path) -> None:
    plain = {**json.loads(saved), "runner": "Cleo", "baseline": None}
    (tmp_path / "theirs.json").write_text(json.dumps(plain))
    assert "imported the calibration" in call("import", "theirs.json")[2]
    assert Profiles().open("Cleo").calibration is not None and Profiles().open("Cleo").baseline is None


def test_codes_are_read_by_another_reader(saved: str, tmp_path: Path) -> None:
    """A decoder that shares no code with what drew them; small and turned too, as a camera sees it."""
    zxingcpp = pytest.importorskip("zxingcpp", reason="zxing-cpp is not installed: make test installs it on Linux")
    call("export", "--runner", "Ada", "--qr", "code.png")
    reader, whole = CodeReader(), False
    for path in sorted(tmp_path.glob("code-*.png"), reverse=True):
        picture = Image.open(path).convert("L")
        small = picture.resize((picture.width // 3, picture.height // 3)).rotate(12, fillcolor=255)
        texts = {found.text for image in (picture, small) for found in zxingcpp.read_barcodes(image)}
        assert len(texts) == 1
        whole = reader.take(texts.pop())
    assert whole and reader.text() == saved


@pytest.mark.parametrize("suffix", [".svg", ".PNG"])
def test_codes_are_drawn_as_pictures(saved: str, tmp_path: Path, suffix: str) -> None:
    codes = to_codes(saved, SIZES[0][0])
    code, _, notes = call("export", "--runner", "Ada", "--qr", f"code{suffix}")
    assert code == 0 and f"QR code {len(codes)} of {len(codes)}" in notes
    for number, text in enumerate(codes, 1):
        expected = tmp_path / f"expected{suffix}"
        segno.make(text, error="m", boost_error=False).save(expected, scale=8, light="white", kind=suffix[1:].lower())
        assert (tmp_path / f"code-{number}{suffix}").read_bytes() == expected.read_bytes()


def test_codes_fit_into_a_small_terminal(saved: str) -> None:
    code, shown, notes = call("export", "--runner", "Ada", "--qr")
    lines = shown.splitlines()
    assert code == 0 and max(map(len, lines)) <= 80
    count = len(to_codes(saved))
    assert f"QR code {count} of {count}" in notes


@pytest.mark.parametrize(("characters", "columns"), SIZES)
def test_a_code_is_as_wide_as_its_size_says(saved: str, characters: int, columns: int) -> None:
    made = segno.make("A" * characters, error="m", micro=False, boost_error=False)
    assert made.symbol_size()[0] <= columns


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("export", "--runner", "Nobody"), "nothing is saved for Nobody yet"),
        (("export", "--runner", "Ada", "--qr", "code.gif"), "FILE.svg or FILE.png"),
        (("export", "--runner", "Ada", "no/such/folder.json"), "cannot be written"),
        (("export", "--runner", "Ada", "--qr", "no/such/folder.png"), "cannot be written"),
        (("import", "missing.json"), "cannot be read"),
        (("import", "hostile.json"), "hostile.json: this is no profile"),
        (("import", "large.json"), "more than"),
        (("import", "picture.png"), "picture.png: this is no profile"),
        (("import", "empty.json"), "empty.json: this is no profile"),
        (("import", "torn.json"), "torn.json: this profile is damaged"),
    ],
)
def test_what_fails_is_one_line(saved: str, tmp_path: Path, words: tuple[str, ...], line: str) -> None:
    (tmp_path / "hostile.json").write_text("[]")
    (tmp_path / "large.json").write_text(" " * (2 << 20))
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    (tmp_path / "empty.json").touch()
    (tmp_path / "torn.json").write_text(saved[: len(saved) // 2])
    done = CliRunner().invoke(cli, ["profile", *words])
    assert done.exit_code == 1 and line in done.stderr and done.stderr.count("\n") == 1


def test_a_profile_is_private(saved: str, tmp_path: Path) -> None:
    call("export", "--runner", "Ada", "--qr", "code.png")
    call("export", "--runner", "Ada")
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.glob("*-*"))
