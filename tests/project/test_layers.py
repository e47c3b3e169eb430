"""The layers hold: each module imports only what lies before it on the line, and the core does no I/O.

Read from the source by AST, so that an import inside a function counts as well; what really gets loaded is asked of a
fresh interpreter.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import untuck
from untuck.cli.main import cli

PACKAGE = Path(__file__).resolve().parents[2] / "host" / "untuck"

BASE = {
    "vocabulary",
    "wire",
    "wire_runs",
    "errors",
    "extras",
    "outside_text",
    "session_commands",
    "model",
    "samples",
    "events",
    "run_results",
}
RUN_METHODS = {"plotting", "frames"}  # what methods of run_results.Run do: loaded when they are called, for nobody else
CORE = BASE | {"motion"}
EDGES = {"simulate", "sources", "store", "sound", "report"}
MAY_IMPORT = {
    "vocabulary": {"wire"},
    "errors": set(),
    "wire": set(),
    "wire_runs": set(),
    "extras": {"errors"},
    "outside_text": set(),
    "session_commands": {"errors", "outside_text", "vocabulary"},
    "model": {"vocabulary"},
    "samples": {"errors", "model"},
    "run_results": {"extras", "model", "session_commands", "vocabulary"} | RUN_METHODS,
    "events": {"model", "session_commands", "vocabulary"},
    "plotting": BASE,
    "frames": BASE,
    "kernel_cache": set(),
    "kernel_wasm": set(),
    "limits": set(),
    "motion": BASE | {"kernel_cache", "kernel_wasm"},
    "simulate": CORE,
    "sources": CORE | {"limits"},
    "store": CORE | {"limits"},
    "sound": CORE,
    "report": CORE | {"limits"},
    "flash": {"errors", "extras"},
    "phone": CORE | EDGES | {"session", "kernel_wasm", "limits", "phone"},
    "session": CORE | EDGES | {"kernel_cache", "limits"},
    "recordings": CORE | EDGES | {"session"},
    "coach": CORE | EDGES | {"session"},
    "cli": CORE | EDGES | {"session", "coach", "flash", "phone", "limits"},
    "__main__": {"cli", "extras"},
}
STAGES = ("orientation", "strides", "mount", "form")  # of motion/: each may import those before it
SHARED_STAGES = {"history", "jit", "params"}  # of motion/: what every stage may use
CORE_MAY_LOAD = {
    *(
        "__future__",
        "collections",
        "contextlib",
        "contextvars",
        "dataclasses",
        "enum",
        "functools",
        "gc",
        "itertools",
        "math",
        "operator",
    ),
    *("statistics", "types", "typing", "numba", "numpy", "scipy"),
}
WIRE_MAY_LOAD = {"array", "binascii", "micropython", "struct"}
HEAVY = (
    *("numba", "scipy", "miniaudio", "matplotlib", "PySide6", "pyqtgraph", "bleak", "rich"),
    *("pyarrow", "fit_tool", "joblib", "pylsl", "dask"),
)

SHARED_BY_COMMANDS = {  # of cli/: all others are commands
    *("__init__", "main", "options", "output", "logs", "group", "usage", "interrupt", "results", "systemd_unit"),
    *("doctor_clip", "doctor_store"),  # parts of a command
}

MODULES = sorted(PACKAGE.rglob("*.py"))


def layer_of(path: Path) -> str:
    """The first name below untuck: a package or a module."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(path: Path) -> Iterator[str]:
    """Full names of what a module imports, wherever it does so."""
    inside = path.is_relative_to(PACKAGE)
    package = ("untuck", *path.relative_to(PACKAGE).parent.parts) if inside else ()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            name = ".".join((*base, *((node.module,) if node.module else ())))
            yield from (f"{name}.{alias.name}" for alias in node.names) if name == "untuck" else (name,)


def test_every_layer_has_a_rule() -> None:
    assert {layer_of(path) for path in MODULES} - {"__init__"} <= set(MAY_IMPORT)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_follow_the_line(path: Path) -> None:
    layer = layer_of(path)
    if layer == "__init__":
        ours = {name for name in imported(path) if name.split(".")[0] == "untuck"}
        base = {"errors", "events", "extras", "model", "samples", "run_results"}
        assert ours == {f"untuck.{name}" for name in base} | set(untuck._LAZY.values())
        return
    ours = {name.split(".")[1] for name in imported(path) if name.startswith("untuck.")} - {layer, "__version__"}
    assert ours <= MAY_IMPORT[layer], f"{layer} may not import {sorted(ours - MAY_IMPORT[layer])}"


def test_the_model_loads_no_upper_module_by_itself() -> None:
    tree = ast.parse((PACKAGE / "model.py").read_text())
    at_once = {node.module for node in tree.body if isinstance(node, ast.ImportFrom)}
    assert not at_once & {f"untuck.{name}" for name in RUN_METHODS}


@pytest.mark.parametrize("stage", STAGES)
def test_stages_of_the_motion_core_follow_each_other(stage: str) -> None:
    allowed = {*STAGES[: STAGES.index(stage) + 1], *SHARED_STAGES}
    for path in (PACKAGE / "motion" / stage).glob("*.py"):
        ours = {name.split(".")[2] for name in imported(path) if name.startswith("untuck.motion.")}
        assert ours <= allowed, f"motion/{stage}/{path.name} may not import {sorted(ours - allowed)}"


@pytest.mark.parametrize(
    ("room", "forbidden"),
    [
        ("bench", {"tests"}),
        ("virtual_clip", {"tests", "bench"}),
        ("tools", {"tests", "bench"}),
        ("host", {"tests", "bench", "virtual_clip", "tools"}),
    ],
)
def test_rooms_outside_the_package_keep_apart(room: str, forbidden: set[str]) -> None:
    for path in (PACKAGE.parents[1] / room).rglob("*.py"):
        outside = {name.split(".")[0] for name in imported(path)} & forbidden
        assert not outside, f"{path.name} imports {sorted(outside)}"


def test_tests_use_only_the_library_of_the_benches() -> None:
    for path in (PACKAGE.parents[1] / "tests").rglob("*.py"):
        wrong = [name for name in imported(path) if name.split(".")[0] == "bench" and name.split(".")[1:2] != ["lib"]]
        assert not wrong, f"{path.name} imports {wrong}"


def test_every_module_of_the_command_line_is_one_command() -> None:
    modules = {path.stem for path in (PACKAGE / "cli").glob("*.py")} - SHARED_BY_COMMANDS
    assert modules == set(cli.commands)
    for name in modules:
        tree = ast.parse((PACKAGE / "cli" / f"{name}.py").read_text())
        made = [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and _is_command(node)]
        assert made[:1] == [name] and (len(made) == 1 or isinstance(cli.commands[name], click.Group)), f"{name}: {made}"


def _is_command(node: ast.FunctionDef) -> bool:
    """Whether a decorator makes a command or a group of it."""
    return any(re.search(r"\.(command|group)\(", ast.unparse(each)) for each in node.decorator_list)


def test_no_command_imports_another() -> None:
    commands = {f"untuck.cli.{name}" for name in cli.commands}
    for path in (PACKAGE / "cli").rglob("*.py"):
        if path.name != "main.py":
            ours = _with_members(path) & commands
            assert not ours, f"{path.name} imports {sorted(ours)}"


def _with_members(path: Path) -> set[str]:
    """Imported modules, and for `from a import b` also a.b, which may be a module."""
    names = set(imported(path))
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", sorted((PACKAGE / "motion").rglob("*.py")), ids=lambda path: path.name)
def test_the_core_does_no_io(path: Path) -> None:
    outside = {name.split(".")[0] for name in imported(path)} - {"untuck"}
    assert outside <= CORE_MAY_LOAD, f"motion/{path.name} imports {sorted(outside - CORE_MAY_LOAD)}"
    calls = {node.func.id for node in ast.walk(ast.parse(path.read_text()))
             if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}  # fmt: skip
    assert not calls & {"open", "print", "input", "__import__", "exec", "eval"}


def test_the_protocol_runs_on_the_board() -> None:
    for name in ("wire.py", "wire_runs.py"):
        assert set(imported(PACKAGE / name)) <= WIRE_MAY_LOAD


@pytest.mark.parametrize(
    "statement",
    [
        "import untuck",
        "import untuck; untuck.Params; untuck.load; untuck.sessions; untuck.example()",
        "from untuck.cli.main import cli; cli(['--help'], standalone_mode=False)",
        "from untuck.cli.main import cli; cli(['demo', '--help'], standalone_mode=False)",
        "from untuck.cli.main import cli; cli(['sessions'], standalone_mode=False)",
    ],
)
def test_heavy_imports_wait_until_they_are_needed(statement: str) -> None:
    program = f"import sys; {statement}; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=PACKAGE.parent, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1:] == ["[]"], f"{statement} loads {done.stdout.splitlines()[-1:]} {done.stderr}"
