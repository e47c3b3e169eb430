"""Asks the package index for known vulnerabilities of all pinned packages, of every system (`make audit`).

Exit code 0: none is known; 1: some are; 2: the advisories cannot be reached, so nothing is known. An index without
advisories answers "none" to everything: a release with known vulnerabilities is asked for too, and must be reported.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from pins import CHECKOUT, FILES, pins_of

NONE, SOME, UNKNOWN = 0, 1, 2
KNOWN_BAD = ("jinja2", "2.4.1")  # has had advisories since 2014
UNREACHED = "audit: the advisories cannot be reached, so nothing is known: try again with a connection to the index."


def pinned() -> list[str]:
    """All pins as name==version, without markers: a package of another system is audited here too."""
    return sorted(
        {
            re.split(r" ;| \\", pin)[0]
            for file in FILES
            for pin in pins_of((CHECKOUT / file.name).read_text("utf-8")).values()
        }
    )


def asked(pins: list[str]) -> list[dict[str, Any]] | None:
    """pip-audit's answer for each pin; None without one."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pins.txt"
        path.write_text("\n".join(pins) + "\n")
        command = [sys.executable, "-m", "pip_audit", "-r", str(path), "--no-deps", "--disable-pip"]
        command += ["--format", "json", "--desc", "off", "--progress-spinner", "off"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        answer: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return None
    return answer


def verdict(known_bad: list[dict[str, Any]] | None, answers: list[dict[str, Any]] | None) -> tuple[int, list[str]]:
    """Exit code and lines of text for the answers to the release with known vulnerabilities, and to the pins."""
    if not known_bad or not known_bad[0].get("vulns") or answers is None:
        return UNKNOWN, [UNREACHED]
    lines = [
        f"audit: {each['name']} was not audited: {each['skip_reason']}" for each in answers if "skip_reason" in each
    ]
    skipped = len(lines)
    for each in answers:
        for found in each.get("vulns", ()):
            update = (
                f"update to {', '.join(found['fix_versions'])}" if found["fix_versions"] else "no release corrects it"
            )
            lines.append(f"audit: {each['name']} {each['version']}: {found['id']}: {update}")
    if len(lines) > skipped:
        return SOME, lines
    if skipped:
        return UNKNOWN, lines
    return NONE, [f"audit: no vulnerability is known in {len(answers)} pinned packages."]


def main() -> int:
    """Print what is known; the exit code."""
    bad = asked(["==".join(KNOWN_BAD)])
    code, lines = verdict(bad, asked(pinned()) if bad else None)
    print("\n".join(lines))
    return code


if __name__ == "__main__":
    sys.exit(main())
