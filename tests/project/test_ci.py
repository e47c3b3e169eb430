"""Continuous integration is valid YAML and covers the systems and Pythons that the set-up pages name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

yaml = pytest.importorskip("yaml")
CHECKOUT = Path(__file__).resolve().parents[2]
JOBS: dict[str, Any] = yaml.safe_load((CHECKOUT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))["jobs"]
PYTHONS = {"3.11", "3.12", "3.13", "3.14"}


@pytest.mark.parametrize("name", JOBS)
def test_a_job_has_a_machine_a_limit_and_steps(name: str) -> None:
    job = JOBS[name]
    assert isinstance(job["runs-on"], str) and 0 < job["timeout-minutes"] <= 60
    assert all(("run" in step) != ("uses" in step) for step in job["steps"])
    assert any("checkout" in step.get("uses", "") for step in job["steps"])


def test_every_supported_python_is_tested_on_every_system() -> None:
    assert set(JOBS["make"]["strategy"]["matrix"]["python"]) == set(JOBS["windows"]["strategy"]["matrix"]["python"])
    assert set(JOBS["make"]["strategy"]["matrix"]["python"]) == PYTHONS
    assert {"ubuntu-latest", "macos-latest"} <= set(JOBS["make"]["strategy"]["matrix"]["os"])


def test_the_raspberry_pis_processor_fedora_and_the_intel_mac_are_covered() -> None:
    assert "arm" in JOBS["arm64"]["runs-on"] and "intel" in JOBS["intel-mac"]["runs-on"]
    assert JOBS["fedora"]["container"].startswith("fedora")
