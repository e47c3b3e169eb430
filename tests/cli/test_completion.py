"""Completion in the shells that docs/commands.md names: their scripts, and the words that they get."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.test_cli import untuck

from untuck.model import Calibration
from untuck.motion.mount.calibration import nominal
from untuck.store.profiles import Profiles

SHELLS = ("bash", "zsh", "fish")


def completed(*words: str) -> list[str]:
    """What bash gets for the last word."""
    env = {"_UNTUCK_COMPLETE": "bash_complete", "COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}
    done = untuck(env=env)
    assert done.returncode == 0, done.stderr
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


def test_commands_options_and_runners_are_completed(own_home: Path) -> None:
    mount: Calibration = nominal()
    Profiles().keep("Ada", mount)
    assert completed("untuck", "se") == ["sessions"]
    assert completed("untuck", "sessions", "re") == ["rename"]
    assert "--minutes" in completed("untuck", "run", "--m")
    assert completed("untuck", "run", "--rate", "2") == ["200"]
    assert completed("untuck", "run", "--runner", "A") == ["Ada"]


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_has_a_script_and_is_documented(shell: str, checkout: Path, tmp_path: Path) -> None:
    if shell == "bash" and not shutil.which("bash"):
        pytest.skip("no bash")
    done = untuck(env={"_UNTUCK_COMPLETE": f"{shell}_source"})
    assert done.returncode == 0 and "_UNTUCK_COMPLETE" in done.stdout and "untuck" in done.stdout
    page = (checkout / "docs" / "commands.md").read_text("utf-8")
    assert re.search(rf"_UNTUCK_COMPLETE={shell}_source untuck", page)
    if shutil.which(shell):
        script = tmp_path / "script"
        script.write_text(done.stdout)
        flag = "--no-execute" if shell == "fish" else "-n"
        assert subprocess.run([shell, flag, str(script)], capture_output=True).returncode == 0, sys.platform
