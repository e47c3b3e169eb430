"""The drawings that pages show are those of today's sources, well formed, and named for readers without sight."""

from __future__ import annotations

import re
import shutil
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hardware.breakouts import ADAFRUIT, SPARKFUN

from hardware import axes, drawings, pins, small_board

NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
SHOWN = {name: drawings.IMAGES / name for name in drawings.SHOWN}
LATE = "out of date: run `python -m hardware.drawings --docs`"


def texts(svg: str) -> list[str]:
    """The words of a drawing, in order."""
    return [element.text for element in ElementTree.fromstring(svg).iter() if element.text and element.text.strip()]


@pytest.mark.parametrize("path", SHOWN.values(), ids=lambda path: path.stem)
def test_a_drawing_is_well_formed_named_and_small(path: Path) -> None:
    svg = path.read_text("utf-8")
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img" and len(root.get("aria-label") or "") > 10
    assert len(svg) < 60_000 and "http" not in svg.replace("http://www.w3.org/", "")


def test_the_axes_are_those_of_today() -> None:
    assert SHOWN["hardware-axes.svg"].read_text("utf-8") == axes.draw(), LATE


def test_the_small_board_is_that_of_today() -> None:
    assert SHOWN["hardware-small-board.svg"].read_text("utf-8") == small_board.draw(), LATE


def test_the_axes_name_every_pin_of_the_breakouts_and_fit_their_panels() -> None:
    svg = axes.draw()
    words = texts(svg)
    assert {*ADAFRUIT.top, *ADAFRUIT.bottom, *SPARKFUN.top, *SPARKFUN.bottom} <= set(words)
    for size, text in re.findall(r'font-size="(\d+)"[^>]*>([^<]+)</text>', svg):
        assert len(text) * int(size) * 0.53 < axes.WIDTH / 4, text


@pytest.mark.parametrize("picture", ["hardware-xiao-bno08x-spi.svg", "hardware-devkit-bno08x-spi.svg"])
def test_a_wiring_picture_names_the_pins_of_the_board(picture: str) -> None:
    name = "xiao_esp32s3" if "xiao" in picture else "esp32_devkit"
    words = " ".join(texts(SHOWN[picture].read_text("utf-8")))
    for signal in pins.SPI_SIGNALS:
        assert f":{pins.printed(name, signal)}" in words and f":{signal}" in words


def test_the_schematic_picture_names_the_pins_of_the_board() -> None:
    words = texts(SHOWN["hardware-schematic.svg"].read_text("utf-8"))
    for signal in pins.SPI_SIGNALS:
        assert f"{signal}, GPIO {pins.gpio('xiao_esp32s3', signal)}" in words
        assert pins.printed("xiao_esp32s3", signal) in words


@pytest.mark.skipif(find_spec("schemdraw") is None, reason="schemdraw draws the schematic: `make hardware` installs it")
def test_the_schematic_is_that_of_today() -> None:
    from hardware import schematic

    saved = SHOWN["hardware-schematic.svg"].read_text("utf-8")
    assert NUMBER.sub("", saved) == NUMBER.sub("", schematic.draw()), LATE


@pytest.mark.skipif(
    find_spec("wireviz") is None or shutil.which("dot") is None, reason="wireviz or Graphviz is missing"
)
@pytest.mark.parametrize("picture", [name for name in SHOWN if "spi" in name or "outputs" in name])
def test_a_wiring_picture_is_that_of_today(picture: str) -> None:
    """By its words: another Graphviz places them differently."""
    source = next(path for path in drawings.WIRING if path.stem == drawings.SHOWN[picture])
    assert texts(SHOWN[picture].read_text("utf-8")) == texts(drawings.wiring(source)), LATE


@pytest.mark.skipif(
    find_spec("wireviz") is None or shutil.which("dot") is None, reason="wireviz or Graphviz is missing"
)
@pytest.mark.skipif(find_spec("schemdraw") is None, reason="schemdraw is missing")
def test_everything_is_written_into_one_folder(tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in SHOWN.values()}
    assert drawings.main(["--out", str(tmp_path / "new" / "folder")]) == 0
    written = {path.name for path in (tmp_path / "new" / "folder").iterdir()}
    drawn = {"axes", "small-board", *(f"schematic-{board}" for board in pins.NAMES), *(p.stem for p in drawings.WIRING)}
    assert written == {f"{name}.svg" for name in drawn} | {"power.csv"}
    assert before == {path: path.stat().st_mtime_ns for path in SHOWN.values()}, "without --docs no page changes"


def test_what_is_missing_is_named_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing() -> dict[str, str]:
        raise ImportError("No module named 'wireviz'.")

    monkeypatch.setattr(drawings, "drawings", missing)
    assert drawings.main([]) == 2
    assert capsys.readouterr().err == "No module named 'wireviz'. Run `make hardware`, which installs it.\n"
