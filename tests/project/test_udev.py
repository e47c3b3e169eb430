"""The rule for the boards' serial ports: accepted by udev, early enough, and for the chips that builders meet."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

RULES = Path(__file__).resolve().parents[2] / "hardware" / "udev" / "70-untuck-boards.rules"
BOARDS = {"303a:1001", "303a:4001", "10c4:ea60", "1a86:7523", "1a86:55d4"}


def test_all_boards_get_access() -> None:
    text = RULES.read_text("utf-8")
    found = re.findall(
        r'^ATTRS\{idVendor\}=="(\w{4})", ATTRS\{idProduct\}=="(\w{4})", ENV\{UNTUCK_BOARD\}="1"$', text, re.M
    )
    assert {":".join(each) for each in found} == BOARDS
    (last,) = (line for line in text.splitlines() if line.startswith("ENV{UNTUCK_BOARD}"))
    assert 'TAG+="uaccess"' in last and 'GROUP="dialout"' in last and 'ID_MM_DEVICE_IGNORE}="1"' in last
    assert int(RULES.name[:2]) < 73  # of seat-late.rules, which gives access to what is tagged


@pytest.mark.parametrize("damage", ["", 'ATTRS{idVendor}=="303a" MODE=0660 GROUP=\n'])
def test_udev_accepts_the_rule(damage: str, tmp_path: Path) -> None:
    udevadm = shutil.which("udevadm")
    if udevadm is None or subprocess.run([udevadm, "verify", "--help"], capture_output=True).returncode:
        pytest.skip("udevadm verify is of systemd 254 or newer")
    copy = tmp_path / RULES.name
    copy.write_text(RULES.read_text("utf-8") + damage)
    done = subprocess.run([udevadm, "verify", "--resolve-names=never", str(copy)], capture_output=True, text=True)
    assert bool(done.returncode) == bool(damage), done.stdout + done.stderr
