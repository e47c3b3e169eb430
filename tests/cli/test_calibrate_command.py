"""`untuck calibrate` with two clips: what it prints, and which clip it names when hinges are missing."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from untuck.cli.main import cli
from untuck.cli.views import live
from untuck.events import Calibrated, Event, TrunkCalibrated
from untuck.motion.mount.calibration import nominal
from untuck.session.request import SessionRequest
from untuck.store.profiles import Profiles
from untuck.vocabulary import Role

PELVIS = Calibrated(17.0, replace(nominal(), source="stand+hinges", error_deg=1.4))
TRUNK = TrunkCalibrated(17.1, replace(nominal(), source="stand+hinges", error_deg=1.24))
NO_HINGES = TrunkCalibrated(30.0, replace(nominal(), source="stand", error_deg=4.0))
WHY = "Upper back: no hip hinges were found."


def calibrated(monkeypatch: pytest.MonkeyPatch, events: list[Event], *options: str) -> Result:
    """The command after a session with these events, with the runner's clips of the profile."""

    async def run_clip(request: SessionRequest, as_json: bool) -> SimpleNamespace:
        assert request.until is not None
        for event in events:
            if request.until(event):
                break
        return SimpleNamespace(outcome=SimpleNamespace(failure=None, summary=SimpleNamespace(warnings=(WHY,))))

    monkeypatch.setattr(live, "run_clip", run_clip)
    return CliRunner().invoke(cli, ["calibrate", *options])


def test_one_clip_is_said_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    text = calibrated(monkeypatch, [PELVIS, NO_HINGES]).output
    assert text == (
        "Calibrated from standing and hinges, its direction within about 1.4 deg; saved for the next run.\n"
    )


def test_both_clips_are_said_with_their_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    Profiles().keep_clip("", "F0:F1:F2:F3:A4:B6", Role.TRUNK)
    assert "within about 1.4 deg (pelvis) and 1.2 deg (trunk);" in calibrated(monkeypatch, [PELVIS, TRUNK]).output
    line = json.loads(calibrated(monkeypatch, [PELVIS, TRUNK], "--json").output.splitlines()[-1])
    assert (line["calibration_error_deg"], line["trunk_error_deg"]) == (1.4, 1.24)


@pytest.mark.parametrize(
    ("events", "which"),
    [([PELVIS, NO_HINGES], "upper back"), ([TRUNK], "waistband"), ([], "waistband and upper back")],
)
def test_the_clip_without_hinges_is_named(monkeypatch: pytest.MonkeyPatch, events: list[Event], which: str) -> None:
    Profiles().keep_clip("", "F0:F1:F2:F3:A4:B6", Role.TRUNK)
    result = calibrated(monkeypatch, events)
    assert result.exit_code != 0
    assert f"Not calibrated ({which}): {WHY}" in " ".join(result.output.split())
