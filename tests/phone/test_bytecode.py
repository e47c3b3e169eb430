"""Compiled modules from an earlier start: used without their sources, valid whatever their date, checked when read."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from untuck.phone.app import bytecode


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Source of a package that can be imported, with Python's settings restored afterwards."""
    monkeypatch.setattr(bytecode, "FOLDER", str(tmp_path / "bytecode"))
    monkeypatch.setattr(sys, "pycache_prefix", None)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / "kept_package" / "__init__.py"
    path.parent.mkdir()
    path.write_text(f"ONE, LONG = 1, {'long' * 60_000!r}\n")  # longer than what is written at a time
    yield path
    sys.modules.pop("kept_package", None)


def one_after_a_start(kept: bytes | None) -> tuple[bool, int]:
    """Whether what was kept is usable, and what the package holds then."""
    shutil.rmtree(bytecode.FOLDER, ignore_errors=True)
    sys.modules.pop("kept_package", None)
    importlib.invalidate_caches()
    usable = bytecode.use(kept)
    return usable, importlib.import_module("kept_package").ONE


def test_the_next_start_needs_no_source(source: Path) -> None:
    assert one_after_a_start(None) == (False, 1)
    kept = bytecode.packed()
    source.write_text("this is not Python (")
    assert one_after_a_start(kept) == (True, 1)
    with pytest.raises(SyntaxError):
        one_after_a_start(None)


def test_no_damaged_module_is_used(source: Path) -> None:
    one_after_a_start(None)
    kept = bytecode.packed()
    source.write_text("ONE = 2\n")
    damages = 0
    for at in (*range(100), *range(100, len(kept), len(kept) // 50), *range(len(kept) - 200, len(kept))):
        damaged = kept[:at] + bytes((kept[at] ^ 16,)) + kept[at + 1 :]
        usable, one = one_after_a_start(damaged)
        damages += not usable
        assert one == (1 if usable else 2), at
    assert damages > 200  # the others hit what is not read, such as dates
    assert one_after_a_start(kept[:-30]) == (False, 2) and one_after_a_start(b"") == (False, 2)
