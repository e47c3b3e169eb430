"""Requirements files: exact, with hashes, complete on every system, without a host; the audit's verdict on answers."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.bluez.images import pins

CHECKOUT = Path(__file__).resolve().parents[2]
NAMES = sorted(path.name for path in CHECKOUT.glob("requirements*.txt"))
PIN = r"[\w.-]+==[\w.!]+( ; [^\\]+)?( \\\n    --hash=sha256:[0-9a-f]{64})+"


@pytest.fixture(autouse=True)
def tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(CHECKOUT / "tools"))


@pytest.mark.parametrize("name", NAMES)
def test_pins_are_exact_have_hashes_and_name_no_host(name: str) -> None:
    text = (CHECKOUT / name).read_text("utf-8")
    for line in text.replace(" \\\n", "\0").splitlines():
        line = line.replace("\0", " \\\n")
        assert re.fullmatch(rf"#.*|-r requirements[\w-]*\.txt|{PIN}", line), f"{name}: {line[:200]}"
    assert "://" not in text


def test_two_versions_of_a_package_are_an_error() -> None:
    """A universal resolution may pin one version for each Python: the file would silently keep the last."""
    from pins import pins_of

    one = "numpy==2.4.6 \\\n    --hash=sha256:" + "0" * 64
    assert pins_of(f"{one}\nclick==8.5.1") == {"numpy": one, "click": "click==8.5.1"}
    with pytest.raises(SystemExit, match="numpy: one version"):
        pins_of(f"{one}\nnumpy==2.5.5 ; python_full_version >= '3.12'")


def test_everything_the_package_asks_for_is_pinned() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    of_all = [need for name in ("cli", *re.findall(r"\w+", extras["all"][0])[1:]) for need in extras[name]]
    asked = {
        "requirements.txt": [*project["dependencies"], *of_all],
        "requirements-dev.txt": extras["test"],
        "requirements-bench.txt": extras["bench"],
    }
    for name, needs in asked.items():
        pinned = set(re.findall(r"^([\w-]+)==", (CHECKOUT / name).read_text(), re.MULTILINE))
        wanted = {re.split(r"[<>=;~! ]", need)[0].lower() for need in needs if not need.startswith("untuck[")}
        assert wanted <= pinned, f"{name} lacks {sorted(wanted - pinned)}"


def test_constraints_of_a_guest_are_the_pins_without_hashes() -> None:
    """A single hash makes pip refuse every package that is named without one."""
    from pins import pins_of

    constraints = pins()
    assert {line.split("==")[0] for line in constraints} == set(pins_of((CHECKOUT / "requirements.txt").read_text()))
    assert not any("hash" in line or line.endswith("\\") for line in constraints)


def test_what_an_installed_package_needs_is_pinned_too() -> None:
    """With hashes pip installs nothing that is not pinned: for each pin, the packages it names for any system."""
    from importlib.metadata import PackageNotFoundError, requires

    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    from pins import pins_of, with_bases

    texts = {name: (CHECKOUT / name).read_text("utf-8") for name in NAMES}
    pinned = with_bases("requirements-dev.txt", texts)
    systems = ({"sys_platform": "linux"}, {"sys_platform": "darwin"}, {"sys_platform": "win32"})
    missing, seen = set(), 0
    for name in pins_of(texts["requirements.txt"]):
        try:
            needs = map(Requirement, requires(name) or ())
        except PackageNotFoundError:  # of another system
            continue
        seen += 1
        for need in needs:
            names = {"darwin": "Darwin", "win32": "Windows", "linux": "Linux"}
            places = [{**system, "platform_system": names[system["sys_platform"]], "extra": ""} for system in systems]
            if need.marker is None or any(need.marker.evaluate(place) for place in places):
                missing |= {canonicalize_name(need.name)} - pinned.keys()
    assert seen > 40 and not missing


def test_every_file_is_made_by_the_tool() -> None:
    from pins import FILES

    assert sorted(file.name for file in FILES) == NAMES


VULNERABLE = [{"name": "jinja2", "version": "2.4.1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.7.3"]}]}]
CLEAN = [{"name": "rich", "version": "15.0.0", "vulns": []}]
SKIPPED = [{"name": "rich", "skip_reason": "not found"}]


@pytest.mark.parametrize(
    ("known_bad", "answers", "code", "words"),
    [
        (VULNERABLE, CLEAN, 0, "no vulnerability is known in 1 pinned packages"),
        (VULNERABLE, VULNERABLE, 1, "jinja2 2.4.1: PYSEC-1: update to 2.7.3"),
        (VULNERABLE, [*SKIPPED, *VULNERABLE], 1, "PYSEC-1"),
        (VULNERABLE, SKIPPED, 2, "rich was not audited"),
        (VULNERABLE, None, 2, "cannot be reached"),
        (CLEAN, CLEAN, 2, "cannot be reached"),  # an index without advisories
        (SKIPPED, SKIPPED, 2, "cannot be reached"),  # pip-audit calls this "No known vulnerabilities found"
        (None, None, 2, "cannot be reached"),
    ],
)
def test_the_audit_says_none_only_if_the_advisories_were_read(
    known_bad: list[dict[str, Any]] | None, answers: list[dict[str, Any]] | None, code: int, words: str
) -> None:
    from audit import verdict

    made, lines = verdict(known_bad, answers)
    assert made == code and words in "\n".join(lines)


def test_no_advisories_without_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """pip-audit that fails, or is absent, is no answer."""
    import audit

    monkeypatch.setattr(sys, "executable", "false" if sys.platform != "win32" else "where")
    assert audit.asked(["rich==15.0.0"]) is None
