"""`python -m virtual_clip`: any command of the program, with the virtual clip in range."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import virtual_clip.clip  # noqa: F401  # it is what the command starts, in another process


def command(folder: Path, *words: str, speed: str = "4") -> subprocess.CompletedProcess[str]:
    checkout = Path(__file__).resolve().parents[2]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(checkout), str(checkout / "host")))}
    return subprocess.run(
        [sys.executable, "-m", "virtual_clip", "--speed", speed, *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_help_says_what_is_simulated_and_how_fast_and_starts_no_clip(tmp_path: Path) -> None:
    for words in (["--help"], ["-h"], []):
        done = command(tmp_path, *words)
        assert done.returncode == 0 and "doctor" in done.stdout.partition("The commands are those of `untuck`")[2]
        assert done.stdout.index("--speed N") < done.stdout.index("--clips 2 has") < done.stdout.index("Usage:")
    for speed in ("2.5", "0", "fast"):
        done = command(tmp_path, "run", speed=speed)
        assert done.returncode == 1
        assert done.stderr == f"virtual clip: --speed {speed}: give a whole number from 1 on.\n"
    done = command(tmp_path, "--clips", "3", "run")
    assert (done.returncode, done.stderr) == (1, "virtual clip: --clips 3: give 1 or 2.\n")
    assert not list(tmp_path.iterdir())


def test_a_stranger_tries_the_clip_without_hardware(tmp_path: Path) -> None:
    done = command(tmp_path, "doctor", "--clip", "--limit", "1", "--json", "--report", "clip.json")
    found = json.loads(done.stdout)
    outcomes = {step["name"]: step["outcome"] for step in found["steps"]}
    assert outcomes["found"] == outcomes["paired"] == outcomes["battery"] == outcomes["flash"] == "passed", done.stderr
    assert done.returncode == 1 and not found["passed"]  # a second is too short for the steps that are moved
    assert json.loads((tmp_path / "clip.json").read_text()) == found
    assert "Traceback" not in done.stderr and done.stderr.strip().splitlines()[-1].startswith("untuck: failed: ")
    assert (tmp_path / "build" / "virtual-clip" / "flash" / "bonds").exists()


def test_a_runners_second_clip_is_paired_beside_the_first(tmp_path: Path) -> None:
    paired = [
        json.loads(command(tmp_path, "--clips", "2", "pair", *words, "--json").stdout)
        for words in ((), ("--role", "trunk"))
    ]
    assert [each["role"] for each in paired] == ["pelvis", "trunk"]
    assert paired[0]["address"] != paired[1]["address"]
    assert all((tmp_path / "build" / "virtual-clip" / flash / "bonds").exists() for flash in ("flash", "flash-2"))
