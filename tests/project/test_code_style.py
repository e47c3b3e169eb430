"""Habits of the code that no linter checks: calls that a reader can follow, and no tricks to please the formatter."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "host" / "untuck"
MODULES = sorted(PACKAGE.rglob("*.py"))
MOST_POSITIONAL = 5
ALLOWED = {"pack_into", "pack_header"}  # the fields of the wire have an order, not names
KERNELS = {
    "kernels",
    "contact_kernels",
    "edge_kernels",
    "stride_kernels",
    "kalman",
}  # numba takes no keywords without a cost


def from_kernels(tree: ast.Module) -> set[str]:
    """Names in a module that come from a kernel module."""
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    taken = [node for node in froms if str(node.module).split(".")[-1] in KERNELS]
    return {alias.asname or alias.name for node in taken for alias in node.names}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_calls_name_their_arguments(path: Path) -> None:
    if path.stem in KERNELS:
        return
    tree = ast.parse(path.read_text("utf-8"))
    allowed = ALLOWED | from_kernels(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and len(node.args) > MOST_POSITIONAL:
            name = ast.unparse(node.func)
            parts = set(name.split("."))
            assert parts & (allowed | KERNELS), f"{path.name}:{node.lineno}: {name} has {len(node.args)} positional"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_tricks_for_the_formatter(path: Path) -> None:
    text = path.read_text("utf-8")
    if path.stem != "contact_weights":  # written by bench/lib/fit_contacts.py
        assert "fmt: skip" not in text and "fmt: off" not in text
    for node in ast.walk(ast.parse(text)):
        packed = isinstance(node, ast.Starred) and isinstance(node.value, ast.Tuple | ast.List)
        assert not packed, f"{path.name}:{getattr(node, 'lineno', 0)}: write the items out"
