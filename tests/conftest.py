"""What tests share: where the recordings are, and a data folder of their own for every test.

The recordings are no part of the repository: they lie in ../shared/data beside the checkout, or where UNTUCK_DATA says.
Fixtures that more than one test file uses live here.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.coach.scenes import SceneControl

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
try:  # without Qt's system libraries the tests of the window are skipped, and no others
    import PySide6.QtWidgets  # noqa: F401
except ImportError:
    pass
else:
    pytest_plugins = ["pytestqt.plugin"]

CHECKOUT = Path(__file__).resolve().parent.parent


def data_dir(*parts: str) -> Path:
    """Path of a recording, e.g. data_dir("fukuchi", "fukuchi_T25.npz"); skips the test where it is absent."""
    root = Path(os.environ.get("UNTUCK_DATA") or CHECKOUT.parent / "shared" / "data")
    path = root.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"no recording {path}: set UNTUCK_DATA to the folder that holds the recordings")
    return path


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The folder that holds pyproject.toml."""
    return CHECKOUT


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of the test's own: no test reads or writes the developer's sessions."""
    home = tmp_path / "untuck-home"
    monkeypatch.setenv("UNTUCK_HOME", str(home))
    return home


@pytest.fixture
def control() -> SceneControl:
    """A control for the coach's window whose runners stay where they are put."""
    from tests.coach.scenes import SceneControl

    return SceneControl()
