"""A short soak: an hour and a half of a session; memory is flat after the first hour, and every count is exact."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_memory_is_flat_and_counts_are_exact() -> None:
    """In a process of its own, whose memory is no other test's. Kept in memory, strides and contacts grow 1.2 MB."""
    pytest.importorskip("numba", reason="interpreted, this takes an hour")
    command = [sys.executable, "-m", "bench", "soak", "--hours", "1.5", "--json"]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=900, check=False)
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["exact"] and result["strides"] > 7000 and result["findings"] > 20, done.stderr
    assert result["growth_mb"] <= 0.6
