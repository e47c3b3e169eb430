"""Which modules of Untuck the page's worker needs: what its entry point imports, and what these import in turn.

Read from the source, imports inside functions as well, so that nothing is loaded to build the site. A module of
NOT_ON_PAGE is imported only where the page does not come by. tests/phone/test_closure.py loads what is listed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2]
ENTRY = "untuck.phone.app.main"
FIRST = "untuck.phone.app.bytecode"  # what the worker imports before
NOT_ON_PAGE = frozenset(
    {
        "untuck.frames",  # tables for researchers
        "untuck.kernel_cache",  # of numba
        "untuck.plotting",
        "untuck.sources.bluez",  # of Linux
        "untuck.store.sessions",  # SQLite; untuck.store loads it when Store is used
    }
)
THIRD_PARTY = frozenset({"bleak", "numpy", "typing_extensions"})  # brought by Pyodide or as wheels


def page_modules(*entries: str) -> tuple[str, ...]:
    """Full names of the modules that the page's worker can load, with the packages that hold them; sorted.

    entries: the modules to begin with; without one, those that the page's worker imports.
    """
    found: set[str] = set()
    waiting = list(entries or (FIRST, ENTRY))
    while waiting:
        module = waiting.pop()
        if module not in found | NOT_ON_PAGE:
            found.add(module)
            waiting += [module.rpartition(".")[0]] if "." in module else []
            waiting += _imports(module)
    return tuple(sorted(found))


def file_of(module: str) -> Path:
    """The source file of a module of Untuck. Raises FileNotFoundError if there is none."""
    base = PACKAGE.joinpath(*module.split(".")[1:])
    for path in (base / "__init__.py", base.with_suffix(".py")):
        if path.is_file():
            return path
    raise FileNotFoundError(f"Untuck has no module {module}")


def _imports(module: str) -> Iterator[str]:
    """The modules of Untuck that one imports, also inside functions, but not those for type checkers."""
    path = file_of(module)
    for node in _statements(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "untuck")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "untuck":
            yield str(node.module)
            members = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (member for member in members if _is_module(member))


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all below it, without what only type checkers read."""
    yield node
    for_types = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
    for child in node.orelse if for_types and isinstance(node, ast.If) else ast.iter_child_nodes(node):
        yield from _statements(child)


def _is_module(name: str) -> bool:
    try:
        return file_of(name).is_file()
    except FileNotFoundError:
        return False
