"""The drawings of the pages that code makes: they are those of the present shapes, well formed, and said in words."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

pytest.importorskip("PySide6.QtGui", reason="the shapes are Qt's", exc_type=ImportError)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@pytest.mark.parametrize("tool", ["draw_pelvis.py", "draw_trunk.py"])
def test_drawings_are_those_of_the_present_shapes(checkout: Path, tool: str) -> None:
    for name, draw in runpy.run_path(str(checkout / "tools" / tool))["PICTURES"].items():
        late = f"{name} is out of date: run `python tools/{tool}`"
        saved, drawn = (checkout / "docs" / "images" / name).read_text("utf-8"), draw()
        assert NUMBER.sub("", saved) == NUMBER.sub("", drawn), late
        ours, theirs = (np.array(NUMBER.findall(text), float) for text in (saved, drawn))
        assert np.allclose(ours, theirs, atol=0.02), late
        root = ElementTree.fromstring(saved)
        assert root.get("role") == "img" and root.get("aria-label")
        assert len(saved) < 40_000


def test_words_stay_within_their_panels(checkout: Path) -> None:
    """A line of 13 px text is at most as wide as its panel: letters are about 0.53 of the size."""
    panels = {"hinge.svg": 3, "placement.svg": 3, "faults.svg": 4, "trunk.svg": 3}
    for name, count in panels.items():
        text = (checkout / "docs" / "images" / name).read_text("utf-8")
        for size, words in re.findall(r'font-size="(\d+)"[^>]*>([^<]+)</text>', text):
            assert len(words) * int(size) * 0.53 < 960 / count, f"{name}: {words}"
