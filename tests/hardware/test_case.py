"""The case of the clip: its page and its STL files are those of its source, and each check can fail.

What builds solids needs build123d, which `make hardware` installs in an environment of its own.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hardware.case import report, stl
from hardware.case.layout import Layout, place
from hardware.case.params import SENSOR_BOARDS, Limits, Params
from hardware.case.parts import PETG, PRINT_UP, TPU, masses

CASE = Path(__file__).resolve().parents[2] / "hardware" / "case"
PAGE = (CASE / "README.md").read_text("utf-8")


def corners_of(name: str) -> np.ndarray:
    return stl.read_stl(CASE / "stl" / f"{name}.stl")


# the page and the files beside it


def test_figures_on_the_page_are_those_of_the_parameters_and_the_stl() -> None:
    grams = masses({name: stl.volume(corners_of(name)) for name in (*PETG, *TPU)})
    count = int(re.findall(r"\| checks passed \| (\d+) \|", PAGE)[0])
    late = "run `python -m hardware.case --commit` in .venv-hardware"
    assert report.with_figures(PAGE, report.figures(Params(), grams, count)) == PAGE, late
    assert count > 70


def test_the_page_shows_every_picture_and_none_is_large() -> None:
    shown = set(re.findall(r"\]\(images/([\w.]+)\)", PAGE))
    assert shown == {path.name for path in (CASE / "images").iterdir()}
    for name in shown:
        data = (CASE / "images" / name).read_bytes()
        assert data[:4] == b"\x89PNG" and 5_000 < len(data) < 150_000, name
    assert len(re.findall(r"!\[[^\]]{12,}\]\(", PAGE)) == len(shown), "each picture says in words what it shows"


def test_the_page_names_every_file_to_print() -> None:
    names = {path.name for path in (CASE / "stl").iterdir()}
    assert names == {f"{name}.stl" for name in (*PETG, *TPU)}
    assert all(f"`{name}`" in PAGE for name in names)
    assert sum(path.stat().st_size for path in (CASE / "stl").iterdir()) < 1_000_000


@pytest.mark.parametrize("command", re.findall(r'ARGS="([^"]*)"', PAGE))
def test_settings_on_the_page_are_parameters(command: str) -> None:
    assert report.changed(re.findall(r"--set (\S+)", command)) != Params()


@pytest.mark.parametrize("name", [*PETG, *TPU])
def test_stl_files_are_closed_and_lie_on_the_bed(name: str) -> None:
    corners = corners_of(name)
    points, same = np.unique(corners.reshape(-1, 3), axis=0, return_inverse=True)
    edges = same.reshape(-1, 3)[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    forth, back = sorted(map(tuple, edges.tolist())), sorted(map(tuple, edges[:, ::-1].tolist()))
    assert forth == back and len(set(forth)) == len(forth)
    assert stl.volume(corners) > 50 and abs(points[:, 2].min()) < 1e-5 and np.ptp(points, axis=0).max() < 70


# the layout and the settings, without solids


@pytest.mark.parametrize("sensor", SENSOR_BOARDS)
@pytest.mark.parametrize("change", [{}, {"cell_y_mm": 41.0, "cell_z_mm": 6.0}, {"wall_mm": 3.0}, {"buzzer_d_mm": 14.0}])
def test_components_lie_inside_and_apart(sensor: str, change: dict[str, float]) -> None:
    layout = place(replace(Params(), sensor=sensor, **change))
    assert apart(layout) > 0.25
    for name, box in layout.parts.items():
        for axis in (0, 1):
            assert box.edge(axis, 1) < layout.inner[axis] / 2 and box.edge(axis, -1) > -layout.inner[axis] / 2, name
        assert box.top < layout.lid_z, name


def apart(layout: Layout) -> float:
    """The least distance of two components along the axis that separates them most."""
    boxes, gaps = list(layout.parts.values()), []
    for i, one in enumerate(boxes):
        for other in boxes[i + 1 :]:
            ways = [(axis, sign) for axis in range(3) for sign in (-1, 1)]
            gaps.append(max(sign * (one.edge(axis, -sign) - other.edge(axis, sign)) for axis, sign in ways))
    return min(gaps)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("cel_y_mm=40", "cel_y_mm is no parameter"),
        ("cell_y_mm=long", "cell_y_mm=35.5, for example"),
        ("belt_thick_mm=2", "belt_thick_mm=1.2,4, for example"),
        ("sensor=bmi270", "no known sensor board: adafruit_4754, sparkfun_22857"),
    ],
)
def test_a_wrong_setting_is_named(setting: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        report.changed([setting])


# with build123d


@pytest.fixture
def cad() -> None:
    pytest.importorskip("build123d", reason="build123d is not installed here: `make hardware` runs this")
    pytest.importorskip("manifold3d", reason="manifold3d is not installed here: `make hardware` runs this")


@cache
def model(**changes: Any) -> Any:
    from hardware.case.model import Model

    return Model(replace(Params(), **{"texts": not changes, **changes}))


def failures(found: Any) -> set[str]:
    return {f"{finding.check}: {finding.part}" for finding in found if not finding.ok}


def test_committed_stl_files_are_those_of_the_source(cad: None) -> None:
    for name, mesh in model().print_meshes.items():
        saved, built = corners_of(name), stl.on_bed(mesh.corners, PRINT_UP[name])
        assert stl.volume(saved) == pytest.approx(mesh.volume, rel=1e-4), name
        sides = [np.ptp(corners.reshape(-1, 3), axis=0) for corners in (saved, built)]
        assert np.allclose(*sides, atol=0.01), name


@pytest.mark.parametrize(
    "changes",
    [{}, {"sensor": "sparkfun_22857"}, {"cell_y_mm": 41.0, "cell_z_mm": 6.0}],
    ids=["default", "sparkfun", "larger cell"],
)
def test_every_check_passes(cad: None, changes: dict[str, Any]) -> None:
    from hardware.case.checks import all_checks

    assert failures(all_checks(model(**changes))) == set()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"wall_mm": 1.3}, "shell: base"),
        ({"window_mm": 0.2}, "window: lid: light"),
        ({"window_mm": 1.2}, "window: lid: light"),
        ({"skirt_thick_mm": 0.6}, "wall: lid"),
        ({"lid_mm": 1.5}, "shell: lid"),
    ],
)
def test_thin_and_thick_places_are_found(cad: None, changes: dict[str, Any], expected: str) -> None:
    from hardware.case.checks import walls

    assert expected in failures(walls(model(**changes), Limits()))


@pytest.mark.parametrize(
    ("part", "changes"),
    [("clip", {"pad_slope_deg": 85.0}), ("lid", {"snap_slope_deg": 80.0, "snap_undercut_mm": 1.3})],
)
def test_overhangs_are_found(cad: None, part: str, changes: dict[str, Any]) -> None:
    from hardware.case.checks import unsupported_mm2

    up, limits = PRINT_UP[part], Limits()
    assert unsupported_mm2(model(texts=False).print_meshes[part], up, limits) < 1.0
    assert unsupported_mm2(model(**changes).print_meshes[part], up, limits) > 2.0


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"snap_length_mm": 5.0}, "snap strain: lid's arm, across layers"),
        ({"belt_thick_mm": (1.2, 12.0)}, "clip strain: tongue, along layers"),
        ({"belt_thick_mm": (1.2, 4.5)}, "belt: room beside the pads"),
        ({"clip_gap_mm": 1.2}, "clamp: thinnest waistband"),
        ({"tongue_mm": 3.0}, "clamp: thickest waistband"),
        ({"clip_width_mm": 40.0}, "twist: about the vertical"),
    ],
)
def test_weak_and_strong_springs_are_found(cad: None, changes: dict[str, Any], expected: str) -> None:
    from hardware.case.checks import strength

    assert expected in failures(strength(model(**changes), Limits(), mass_g=60.0))


@pytest.mark.parametrize(
    ("group", "changes", "expected"),
    [
        ("room_checks", {"cell_gap_mm": -0.4}, "clearance: cell to sensor"),
        ("room_checks", {"foam_mm": -0.5}, "clearance: cell to lid"),
        ("room_checks", {"fit_mm": 0.0}, "clearance: board to base"),
        ("closing_checks", {"lid_fit_mm": 0.0}, "collision: lid on its way"),
        ("closing_checks", {"snap_undercut_mm": 0.1}, "holds: hook behind the wall"),
        ("closing_checks", {"snap_thick_mm": 2.6}, "collision: bent snap arms to cell"),
        ("clip_checks", {"clip_fit_mm": 0.0}, "collision: clip on base"),
        ("clip_checks", {"flange_mm": 0.2}, "holds: clip pulled back by 0.6 mm"),
        ("plug_checks", {"skirt_mm": 8.0}, "charging: cable's plug to lid"),
    ],
)
def test_parts_that_do_not_fit_are_found(cad: None, group: str, changes: dict[str, Any], expected: str) -> None:
    from hardware.case import fit

    assert expected in failures(getattr(fit, group)(model(**changes), Limits()))


def test_a_case_too_large_and_too_heavy_is_found(cad: None) -> None:
    from hardware.case.checks import size

    found = failures(size(model(cell_y_mm=60.0), Limits()))
    assert {"size: along y", "mass: all"} <= found


def test_a_hole_in_a_mesh_is_found(cad: None) -> None:
    from hardware.case.checks import watertight
    from hardware.case.mesh import Mesh

    whole = model()
    torn = {name: Mesh(mesh.points, mesh.triangles[1:]) for name, mesh in whole.print_meshes.items()}

    class Torn:
        print_meshes, printable = torn, whole.printable

    assert {"watertight: base: open edges", "watertight: clip: separate pieces"} <= failures(watertight(Torn()))


def test_nothing_is_written_when_a_check_fails(cad: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from hardware.case.__main__ import main

    arguments = ["--out", str(tmp_path / "out"), "--set", "clip_gap_mm=1.2", "--set", "texts=False"]
    assert main(arguments) == 1
    out = capsys.readouterr()
    assert "FAIL clamp" in out.out and "Nothing is written" in out.err and not (tmp_path / "out").exists()
