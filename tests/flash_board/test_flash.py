"""`untuck flash` against a simulated board: real esptool, mpremote's library, a real MicroPython."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.flash_board.conftest import PROGRAM, Flash, assert_ok, files_of
from tests.project.test_json import validate
from virtual_clip.board_parts import BoardParts
from virtual_clip.usb_board import UsbBoard


@pytest.mark.slow
def test_an_empty_board_becomes_a_clip(tmp_path: Path, image: Path, flash: Flash) -> None:
    """Image, the real program, the self-test with sensor and radio; again: nothing is written."""
    with BoardParts() as parts:
        board = UsbBoard(tmp_path / "board", environment=parts.environment)
        board.plug(boot_button=True)
        try:
            first = flash("--image", str(image), "--yes", "--json")
            assert first.exit_code == 0, first.output
            result = json.loads(first.stdout.splitlines()[-1])
            validate(result)
            assert result["image"] == image.name and result["written"][-1] == "main.py"
            assert [check["ok"] for check in result["checks"]] == [True] * 6
            assert result["measured"]["sensor_version"] == [3, 2, 13]
            assert result["measured"]["up_m_s2"][1] == pytest.approx(9.8, abs=0.1)
            again = flash("--yes", "--json")
            result = json.loads(again.stdout.splitlines()[-1])
            assert again.exit_code == 0 and result["image"] is None and result["written"] == []
        finally:
            board.unplug()


def test_the_plan_is_shown_and_nothing_is_changed(board: UsbBoard, small_program: Path, flash: Flash) -> None:
    before = files_of(board)
    done = flash("--dry-run", "--json")
    result = json.loads(done.stdout.splitlines()[-1])
    validate(result)
    assert done.exit_code == 0 and result["dry_run"] and result["measured"] is None
    assert "copy 7 files" in done.stderr and "main.py" in result["written"]
    assert files_of(board) == before


def test_without_an_answer_nothing_is_changed(board: UsbBoard, small_program: Path, flash: Flash) -> None:
    done = flash()
    assert done.exit_code == 1 and "give --yes to continue" in done.stderr
    assert "main.py" not in files_of(board)


def test_a_second_call_copies_what_differs(board: UsbBoard, small_program: Path, flash: Flash) -> None:
    """And removes files of the earlier version, and sources that would be imported in place of compiled files."""
    assert_ok(flash("--yes"))
    (small_program / "one.py").write_text("ONE = 2\n")
    (small_program / "two.py").rename(small_program / "three.py")
    (small_program / "main.py").write_text(PROGRAM["main.py"].replace("two", "three"))
    done = flash("--yes", "--json")
    result = json.loads(done.stdout.splitlines()[-1])
    assert done.exit_code == 0, done.output
    assert set(result["written"]) == {"one.mpy", "three.mpy", "untuck.json", "main.py"}
    assert result["removed"] == ["two.mpy"] and result["kept"] == 2


def test_pairings_settings_and_runs_stay(board: UsbBoard, small_program: Path, flash: Flash) -> None:
    from untuck.flash.ports import Port
    from untuck.flash.repl import Repl

    with Repl(Port(board.url)) as repl:
        assert repl.enter(3.0)
        for name in ("bonds", "settings", "notes.txt"):
            repl.write(name, name.encode())
        repl.run("import os\nos.mkdir('runs')\nf = open('runs/00001.000', 'wb')\nf.write(b'run')\nf.close()\n")
    done = flash("--yes")
    assert "kept: pairings, settings, 1 recorded run" in done.stdout
    with Repl(Port(board.url)) as repl:
        assert repl.enter(3.0)
        assert repl.run("print(open('bonds').read(), open('runs/00001.000').read())").split() == ["bonds", "run"]


def test_board_and_bus_are_chosen_once(board: UsbBoard, small_program: Path, flash: Flash) -> None:
    from untuck.flash.ports import Port
    from untuck.flash.repl import Repl

    assert flash("--yes", "--bus", "i2c").exit_code == 0
    assert flash("--yes").exit_code == 0  # leaves the choice
    assert flash("--yes", "--sensor", "icm45686").exit_code == 0  # changes what is named, and no more
    with Repl(Port(board.url)) as repl:
        assert repl.enter(3.0)
        assert repl.run("import board_choice as c\nprint(c.BOARD, c.SENSOR, c.BUS)").split() == [
            "xiao_esp32s3",
            "icm45686",
            "i2c",
        ]


def test_the_check_changes_nothing(board: UsbBoard, small_program: Path, flash: Flash) -> None:
    assert flash("--check").stderr.count("run `untuck flash`") == 1  # no program yet
    assert_ok(flash("--yes"))
    before = files_of(board)
    done = flash("--check")
    assert done.exit_code == 0 and "ok      9.8.7 on MicroPython 1.28.0" in done.stdout
    assert files_of(board) == before


def test_what_fails_is_said_and_is_an_error(board: UsbBoard, small_program: Path, flash: Flash) -> None:
    (small_program / "self_test.py").write_text(PROGRAM["self_test.py"].replace('"rate_hz": 100.0', '"rate_hz": 0'))
    done = flash("--yes")
    assert done.exit_code == 1 and "Sensor   FAILED" in done.stdout and "PS0 and PS1" in done.stdout
    assert "not yet a clip: Sensor" in done.stderr
