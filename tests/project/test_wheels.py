"""The table of wheels is of today's pins, and no system lacks a package that a run with the clip cannot do without."""

from __future__ import annotations

from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
BUILT = "miniaudio"  # from its source, with a C compiler: the page says how
PURE = "esptool"  # written in Python only: pip builds it without a compiler
TOO_NEW = {"pyside6-essentials", "shiboken6"}  # the coach's window, which needs a newer system


@pytest.fixture(autouse=True)
def tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(CHECKOUT / "tools"))


def test_the_table_is_of_todays_pins() -> None:
    import wheels

    key, rows = wheels.written(wheels.PAGE.read_text("utf-8"))
    assert key == wheels.pins_key(wheels.PINS.read_text("utf-8")), "run `make wheels`"
    assert [row[0] for row in rows] == list(wheels.SYSTEMS)
    assert all(len(row) == 1 + len(wheels.PYTHONS) for row in rows)


def test_no_system_lacks_more_than_the_page_says() -> None:
    import wheels

    _, rows = wheels.written(wheels.PAGE.read_text("utf-8"))
    for name, *cells in rows:
        allowed = {PURE, BUILT} if "Raspberry Pi" in name else {PURE}
        allowed |= TOO_NEW if "Debian 12" in name else set()
        for cell in cells:
            missing = set(cell.removeprefix("all but ").split(", ")) - {"all"}
            assert missing <= allowed, f"{name}: {cell}"


def test_the_key_changes_with_a_version_and_not_with_a_hash() -> None:
    import wheels

    text = wheels.PINS.read_text("utf-8")
    first = text.index("sha256:") + 7
    other = text[:first] + ("1" if text[first] != "1" else "2") + text[first + 1 :]
    assert wheels.pins_key(text) == wheels.pins_key(other) != wheels.pins_key(text.replace("numpy==2", "numpy==3"))
