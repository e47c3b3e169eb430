"""Lower limits of accuracy, on the quick part of `python -m bench accuracy` (4 runners, seed 0).

A floor was set slightly below the figure measured then; it is only raised. bench/lib/accuracy_*.py have the goals.
Constants were fitted on DEV runners; JUDGE runners are held out.
"""

from __future__ import annotations

import pytest
from bench.lib.accuracy_recordings import recording_sections
from bench.lib.accuracy_runs import run_sections
from bench.lib.figures import Figure

from conftest import data_dir

pytestmark = [pytest.mark.data, pytest.mark.slow]

# (section starts with, figure, group, sense, floor)
# The timing of contacts is fitted on these runners: 16 weights err more on them than 1,150 did, and less on others
# (tests/motion/test_contacts.py leaves people out).
FLOORS = [
    ("Contacts against", "contact, SD of error", "dev", "<=", 7.0),
    ("Contacts against", "contact, SD of error", "judge", "<=", 4.0),
    ("Contacts against", "contact duration RMSE", "dev", "<=", 11.0),
    ("Contacts against", "contact duration RMSE", "judge", "<=", 9.0),
    ("Contacts against", "contacts missed or extra", "dev", "<=", 0.0),
    ("Contacts against", "contacts missed or extra", "judge", "<=", 0.0),
    ("Contacts against", "side right", "dev", ">=", 100.0),
    ("Contacts against", "side right", "judge", ">=", 100.0),
    ("Contacts against", "strides miscounted", "dev", "<=", 0.0),
    ("Contacts against", "strides miscounted", "judge", "<=", 0.0),
    ("Contacts, real", "contact, SD of error", "all", "<=", 8.0),
    ("Contacts, real", "contact duration RMSE", "all", "<=", 10.5),
    ("Contacts, real", "contacts missed or extra", "all", "<=", 0.0),
    ("Walking", "running strides", "all", "<=", 0.0),
    ("Walking", "findings", "all", "<=", 0.0),
    ("Semi-synthetic", "tuck hits at 4 deg", "dev", ">=", 100.0),
    ("Semi-synthetic", "tuck hits at 4 deg", "judge", ">=", 100.0),
    ("Semi-synthetic", "tuck hits at 5 deg", "dev", ">=", 100.0),
    ("Semi-synthetic", "tuck hits at 5 deg", "judge", ">=", 100.0),
    ("Semi-synthetic", "tuck hits at 6 deg", "dev", ">=", 100.0),
    ("Semi-synthetic", "tuck hits at 6 deg", "judge", ">=", 100.0),
    ("Semi-synthetic", "tuck hits at 8 deg", "dev", ">=", 100.0),
    ("Semi-synthetic", "tuck hits at 8 deg", "judge", ">=", 100.0),
    ("Semi-synthetic", "tuck strides to decision, median", "dev", "<=", 6.5),
    ("Semi-synthetic", "tuck strides to decision, median", "judge", "<=", 6.5),
    ("Semi-synthetic", "pullback hits at 3 deg", "dev", ">=", 100.0),
    ("Semi-synthetic", "pullback hits at 3 deg", "judge", ">=", 100.0),
    ("Semi-synthetic", "pullback hits at 4 deg", "dev", ">=", 100.0),
    ("Semi-synthetic", "pullback hits at 4 deg", "judge", ">=", 100.0),
    ("Semi-synthetic", "pullback hits at 5 deg", "dev", ">=", 100.0),
    ("Semi-synthetic", "pullback hits at 5 deg", "judge", ">=", 100.0),
    ("Semi-synthetic", "pullback strides to decision, median", "dev", "<=", 11.0),
    ("Semi-synthetic", "pullback strides to decision, median", "judge", "<=", 11.0),
    ("Semi-synthetic", "pullback wrong side", "dev", "<=", 0.0),
    ("Semi-synthetic", "pullback wrong side", "judge", "<=", 0.0),
    ("False", "clean: tuck", "dev", "<=", 0.0),
    ("False", "clean: tuck", "judge", "<=", 0.0),
    ("False", "clean: pullback", "dev", "<=", 0.0),
    ("False", "clean: pullback", "judge", "<=", 0.0),
    ("False", "turns: tuck", "judge", "<=", 0.0),
    ("False", "turns: pullback", "judge", "<=", 0.0),
    ("False", "gaps: pullback", "judge", "<=", 0.0),
    ("False", "slopes: pullback", "judge", "<=", 0.0),
    ("False", "speed: tuck", "judge", "<=", 0.0),
    ("False", "speed: pullback", "judge", "<=", 0.0),
    ("False", "slip: tuck", "judge", "<=", 8.0),  # a slip without obliquity is the same motion as a quick tuck
    ("False", "gaps: tuck", "judge", "<=", 0.0),
    ("False", "slopes: tuck", "judge", "<=", 0.0),
    ("False", "breaks: tuck", "judge", "<=", 0.0),
    ("False", "breaks: pullback", "judge", "<=", 0.0),
    ("Stride tilt", "stride tilt RMSE", "dev", "<=", 0.2),
    ("Stride tilt", "stride tilt RMSE", "judge", "<=", 0.22),
    ("Stride tilt", "stride tilt change RMSE", "dev", "<=", 0.16),
    ("Stride tilt", "stride tilt change RMSE", "judge", "<=", 0.2),
    ("Runs", "runs without a baseline, not scored", "dev", "<=", 0.0),
    ("Runs", "runs without a baseline, not scored", "judge", "<=", 0.0),
    ("Runs", "runs that could not be analysed", "dev", "<=", 0.0),
    ("Runs", "runs that could not be analysed", "judge", "<=", 0.0),
]


@pytest.fixture(scope="module")
def figures() -> list[Figure]:
    """Every figure of the quick bench, made once."""
    data_dir("fukuchi", "fukuchi_T35.npz")

    def silent(_: str) -> None:
        pass

    return [*recording_sections(True, 0, silent), *run_sections(True, 0, silent, ("bad",))]


@pytest.mark.parametrize(("section", "name", "group", "sense", "floor"), FLOORS)
def test_floor(figures: list[Figure], section: str, name: str, group: str, sense: str, floor: float) -> None:
    reached = [f.values[group] for f in figures if f.section.startswith(section) and f.name == name]
    assert reached, f"no figure {section}: {name}"
    for value in reached:
        assert value >= floor if sense == ">=" else value <= floor, f"{name} ({group}): {value:.3g}, floor {floor:g}"


def test_every_figure_has_values_and_counts(figures: list[Figure]) -> None:
    """All figures have a value, and shares with a goal have the count that they are based on."""
    for figure in figures:
        assert figure.values, figure.name
        if figure.goal and figure.unit == "%":
            assert all(figure.counts.get(group, 0) > 0 for group in figure.values), figure.name
