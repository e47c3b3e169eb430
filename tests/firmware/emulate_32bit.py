"""Runs the firmware with the arithmetic of a 32-bit board, in MicroPython's 64-bit unix port.

The sources are rewritten: every arithmetic operation passes through on_board/arithmetic_checks.py. It rounds floats to
single precision, and reports integers that a board would allocate on the heap (from 2^30 on) and integers that overflow
in viper code (from 2^31 on). Places are reported as `module.function:line`.
"""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from pathlib import Path

from virtual_clip.micropython_script import run_script

_CHECKOUT = Path(__file__).resolve().parents[2]
_ON_BOARD = Path(__file__).resolve().parent / "on_board"
SOURCES = [
    *sorted((_CHECKOUT / "firmware").glob("*.py")),
    *(_CHECKOUT / "host" / "untuck" / name for name in ("wire.py", "wire_runs.py")),
]
HEAP = "1m"  # for sources, which the interpreter compiles into it
_CHECKED_CALLS = {"abs", "int", "max", "min", "pow", "round", "sum"}  # and all of `math`
_IMPORT = "import arithmetic_checks as _checks"


@dataclass
class Arithmetic:
    """What a script printed; the integers that were too large, by place; the places that computed with floats."""

    output: str
    too_large: dict[str, int]
    floats: set[str]


class _Checked(ast.NodeTransformer):
    """Passes every result of arithmetic in functions to `number`, in viper functions to `viper`."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._check = ""
        self._function = ""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        outside = self._check, self._function
        decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
        self._check = "viper" if "micropython.viper" in decorators else "number"
        self._function = node.name
        emitters = ("micropython.native", "micropython.viper")
        node.decorator_list = [each for each in node.decorator_list if ast.unparse(each) not in emitters]
        node.body = [self.visit(statement) for statement in node.body]
        self._check, self._function = outside
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AsyncFunctionDef:
        outside = self._check, self._function
        self._check, self._function = "number", node.name
        self.generic_visit(node)
        self._check, self._function = outside
        return node

    def _checked(self, node: ast.expr, line: int) -> ast.expr:
        if not self._check:
            return node  # at the top level: constants, computed once
        place = ast.Constant(f"{self._module}.{self._function}:{line}")
        check = ast.Attribute(ast.Name("_checks", ast.Load()), self._check, ast.Load())
        return ast.Call(check, [node, place], [])

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        return self._checked(node, node.lineno)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        self.generic_visit(node)
        return node if isinstance(node.op, ast.Not) else self._checked(node, node.lineno)

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return self._checked(node, node.lineno) if isinstance(node.value, float) else node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        name = ast.unparse(node.func)
        return self._checked(node, node.lineno) if name in _CHECKED_CALLS or name.startswith("math.") else node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        self.generic_visit(node)
        old = ast.parse(ast.unparse(node.target), mode="eval").body
        value = self._checked(ast.BinOp(old, node.op, node.value), node.lineno)
        return ast.Assign([node.target], value, lineno=node.lineno)


def rewrite(folder: Path) -> None:
    """Write the firmware with checked arithmetic into `folder`."""
    for source in SOURCES:
        tree = _Checked(source.stem).visit(ast.parse(source.read_text()))
        tree.body.insert(0, ast.parse(_IMPORT).body[0])
        (folder / source.name).write_text(ast.unparse(ast.fix_missing_locations(tree)) + "\n")


def run_32bit(folder: Path, script: str, *arguments: object, timeout_s: float = 90) -> Arithmetic:
    """Run a script of on_board with the firmware that `rewrite` put into `folder`."""
    runner = _ON_BOARD / "arithmetic_checks.py"
    output = run_script(runner, script, *arguments, first=folder, heap=HEAP, timeout_s=timeout_s)
    printed, _, report = output.rstrip("\n").rpartition("\n")
    found = json.loads(report)
    return Arithmetic(printed + "\n" if printed else "", found["too_large"], set(found["floats"]))
