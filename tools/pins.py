"""Writes requirements*.txt: exact versions for every system, with the hashes of all their files (`make pins`).

pip then installs only files with these hashes. Versions stay as they are unless --upgrade is given: edit a version and
run this again, or add a dependency to pyproject.toml and run it. Owns what each requirements file is for.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
_PIN = re.compile(r"^([\w.-]+)==[^\n]*(?:\n    --hash=[^\n]*)*", re.MULTILINE)


@dataclass(frozen=True)
class Pins:
    """A requirements file.

    base: the file it starts from; extras: of pyproject.toml; more: other packages; python: the lowest version.
    """

    name: str
    comment: str
    base: str = ""
    extras: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    python: str = "3.11"


FILES = (
    Pins(
        "requirements.txt",
        "What `untuck` needs to run, exactly as tested. pyproject.toml holds the ranges.",
        extras=("all",),
        more=("hatchling", "editables"),
    ),
    Pins(
        "requirements-dev.txt",
        "What `make test` needs on top: the virtual clip (real MicroPython, radio and sensor driver) and the checkers.",
        base="requirements.txt",
        extras=("test",),
    ),
    Pins(
        "requirements-bench.txt",
        "What `make bench` needs on top: the peers that are measured side by side.",
        base="requirements-dev.txt",
        extras=("bench",),
        more=("riann", "onnxruntime"),
    ),
    Pins(
        "requirements-docs.txt",
        "What `make docs` needs on top: the site's generator and the reader of the docstrings.",
        base="requirements-dev.txt",
        more=("mkdocs-material", "mkdocstrings[python]", "pymdown-extensions<13"),  # 13 needs more than Debian 12 has
        python="3.11.5",
    ),
    Pins(
        "requirements-audit.txt",
        "What `make pins` and `make audit` need, in an environment of their own.",
        more=("uv", "pip-audit"),
    ),
    Pins(
        "requirements-hardware.txt",
        "What `make hardware` needs, in an environment of its own: CAD kernel, renderer, drawings of the wiring.",
        more=("build123d", "manifold3d", "matplotlib", "pillow", "pytest", "schemdraw", "vtk", "wireviz"),
    ),
)


def pins_of(text: str) -> dict[str, str]:
    """The pins in a file by name, each with its hashes. Two versions of a name are an error: one would be lost."""
    found = [(pin[1], pin[0]) for pin in _PIN.finditer(text)]
    pins = dict(found)
    if len(pins) < len(found):
        names = [name for name, _ in found]
        twice = sorted({name for name in names if names.count(name) > 1})
        sys.exit(f"{', '.join(twice)}: one version for each system, or one for all; pin an older one in FILES.")
    return pins


def with_bases(name: str, texts: dict[str, str]) -> dict[str, str]:
    """The pins of a file and of the files that it starts from."""
    pins = pins_of(texts[name])
    base = next(file.base for file in FILES if file.name == name)
    return {**with_bases(base, texts), **pins} if base else pins


def resolved(file: Pins, constraints: dict[str, str]) -> dict[str, str]:
    """All pins that the packages of a file need on any system, by name."""
    with tempfile.TemporaryDirectory() as folder:
        kept, more = Path(folder) / "kept.txt", Path(folder) / "more.in"
        kept.write_text("".join(re.split(r" ;| \\", pin)[0] + "\n" for pin in constraints.values()))
        more.write_text("".join(f"{name}\n" for name in file.more))
        command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-config", "--universal"]
        command += ["--python-version", file.python, "--generate-hashes", "--no-header", "--no-annotate"]
        command += ["--fork-strategy", "fewest"]  # one version for all Pythons
        command += [word for extra in file.extras for word in ("--extra", extra)]
        command += ["-c", str(kept), str(more), *(["pyproject.toml"] if file.extras else [])]
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{file.name} cannot be resolved:\n{done.stderr}")
    return pins_of(done.stdout)


def main() -> None:
    """Write all files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--upgrade", action="store_true", help="newest versions that pyproject.toml allows")
    upgrade = parser.parse_args().upgrade
    texts: dict[str, str] = {}
    for file in FILES:
        path = CHECKOUT / file.name
        before = {} if upgrade or not path.exists() else pins_of(path.read_text("utf-8"))
        base = with_bases(file.base, texts) if file.base else {}
        new = {name: pin for name, pin in resolved(file, {**before, **base}).items() if name not in base}
        head = f"# {file.comment}\n" + (f"-r {file.base}\n" if file.base else "")
        texts[file.name] = head + "".join(f"{new[name]}\n" for name in sorted(new))
        path.write_text(texts[file.name], "utf-8")
        print(f"{file.name}: {len(new)} packages", file=sys.stderr)


if __name__ == "__main__":
    main()
