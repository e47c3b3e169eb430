"""What `untuck` shows: these names and no others, loaded when they are used, with types that mypy sees."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import untuck

NAMES = {
    *("analyse", "Pipeline", "Samples", "Run", "Params", "Mount", "Noise", "estimate_orientation", "virtual_imu"),
    *("load", "sessions", "example", "Baseline", "Calibration", "Finding", "Cue", "Event", "UntuckError"),
}


def test_dir_shows_the_public_names() -> None:
    assert set(dir(untuck)) == NAMES | {"__version__"}
    assert set(untuck.__all__) == NAMES
    assert all(getattr(untuck, name) is not None for name in NAMES)
    with pytest.raises(AttributeError, match="no attribute 'analyze'"):
        _ = untuck.analyze  # type: ignore[attr-defined]


def test_what_is_lazy_is_known_to_type_checkers() -> None:
    source = Path(untuck.__file__)
    assert source.with_name("py.typed").exists()
    guarded = [node for node in ast.parse(source.read_text()).body if isinstance(node, ast.If)]
    typed = {
        (alias.name, node.module)
        for block in guarded
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert typed == set(untuck._LAZY.items())


def test_mypy_sees_types_through_the_door(tmp_path: Path, checkout: Path) -> None:
    program = """
import untuck
reveal_type(untuck.load("run.npz"))
reveal_type(untuck.load(1).calibration)
reveal_type(untuck.analyse(untuck.example()))
reveal_type(untuck.sessions())
"""
    path = tmp_path / "program.py"
    path.write_text(program)
    call = [sys.executable, "-m", "mypy", str(path)]  # with the project's settings, and so with its cache
    done = subprocess.run(call, cwd=checkout, capture_output=True, text=True)
    for kind in (
        "FileSamples",
        "Calibration | None",
        "run_results.Run",
        "list[untuck.store.session.StoredSession]",
    ):
        assert kind in done.stdout, done.stdout + done.stderr
