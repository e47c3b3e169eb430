"""Draws docs/images/architecture.svg from the imports in the source: rooms in layers, an arrow for each dependency.

A room is a folder of host/untuck; its row follows from what it imports. An arrow that other arrows imply is left out.
`make docs` runs this; tests/project/test_architecture.py fails when the committed picture is out of date.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
PACKAGE = CHECKOUT / "host" / "untuck"
PICTURE = CHECKOUT / "docs" / "images" / "architecture.svg"

PURPOSE = {
    "base": "values, words, errors, protocol",
    "motion": "the pure core: arrays in, values out",
    "simulate": "simulated runner",
    "sources": "packets come in",
    "sound": "cues as audio",
    "store": "sessions on disk",
    "report": "summaries, pages, exports",
    "flash": "the program onto a board",
    "session": "one live session: source, store, pipeline, sound, views",
    "coach": "the coach's window",
    "phone": "the page of a phone, around the same core",
    "cli": "one file per command",
    "recordings": "load, sessions, example",
}
OUTSIDE = {
    "firmware": "MicroPython, runs on the clip",
    "virtual_clip": "simulated board, sensor, radio",
    "tests": "one folder for each room",
    "bench": "accuracy and speed",
    "tools": "generators and set-up",
}

Graph = dict[str, set[str]]


def imported(path: Path, root: Path, package: str) -> Iterator[str]:
    """Full names of the modules that a file imports, inside functions as well."""
    own = (package, *path.relative_to(root).parent.parts)
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = own[: len(own) - node.level + 1] if node.level else ()
            name = ".".join((*base, *((node.module,) if node.module else ())))
            yield from (f"{name}.{alias.name}" for alias in node.names) if name == package else (name,)


def rooms() -> dict[str, list[Path]]:
    """The files of each room.

    Modules at the top of the package form the room "base"; one that imports a folder is a room of its own. Entry points
    (`__init__`, `__main__`) are left out.
    """
    folders = {
        path.name: sorted(path.rglob("*.py")) for path in sorted(PACKAGE.iterdir()) if (path / "__init__.py").exists()
    }
    top = sorted(path for path in PACKAGE.glob("*.py") if not path.name.startswith("__"))
    above = [path for path in top if {name.split(".")[1] for name in ours(path)} & folders.keys()]
    return {"base": [path for path in top if path not in above], **folders, **{path.stem: [path] for path in above}}


def ours(path: Path) -> Iterator[str]:
    """Full names of this package's modules that a file imports."""
    return (name for name in imported(path, PACKAGE, "untuck") if name.startswith("untuck."))


def graph_of(parts: Mapping[str, Iterable[Path]], prefix: str) -> Graph:
    """Which part imports which; prefix is the dotted name that the parts' names follow."""
    depth = prefix.count(".") + 1
    graph: Graph = {name: set() for name in parts}
    for name, paths in parts.items():
        for path in paths:
            for module in ours(path):
                words = module.split(".")
                if module.startswith(f"{prefix}.") and not words[depth].startswith("__"):
                    target = words[depth] if words[depth] in parts else "base"
                    graph[name] |= {target} & set(parts) - {name}
    return graph


def depths(graph: Graph) -> dict[str, int]:
    """The row of each part: one above the highest that it imports. Raises ValueError if imports run in a circle."""
    rows: dict[str, int] = {}
    while len(rows) < len(graph):
        ready = {name for name, needs in graph.items() if name not in rows and needs <= rows.keys()}
        if not ready:
            raise ValueError(f"imports run in a circle: {sorted(graph.keys() - rows.keys())}")
        rows |= {name: 1 + max((rows[need] for need in graph[name]), default=-1) for name in ready}
    return rows


def reduced(graph: Graph) -> Graph:
    """The graph without the arrows that a longer way implies."""

    def below(name: str) -> set[str]:
        return graph[name].union(*(below(need) for need in graph[name]))

    return {name: needs - set().union(*(below(need) for need in needs)) for name, needs in graph.items()}


# Drawing: sizes in pixels, text widths estimated, so that the same source gives the same bytes everywhere.
WIDTH, SIDE, MARGIN, GAP, ROW_GAP, LINE, HEAD, STAGE_HEAD = 980, 216, 20, 18, 38, 16, 44, 30
FILLS = ("#eceff4", "#dceaf7", "#e3f1e6", "#fdf0d5", "#f9e2d2", "#efe3f5", "#e8e8e8")
MONO = "ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace"
SANS = "system-ui,'DejaVu Sans',sans-serif"
INK, SOFT, ARROW = "#1b2733", "#52606d", "#3d5a80"


@dataclass
class Box:
    """A room as it is drawn: files in columns, and for motion its stages as boxes inside."""

    name: str
    files: list[str]
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0
    inner: list[Box] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The file names, wrapped to the width of the box."""
        lines: list[str] = []
        room = (self.width - 20) / 6.5
        for word in self.files:
            if lines and len(lines[-1]) + len(word) + 2 <= room:
                lines[-1] += f"  {word}"
            else:
                lines.append(word)
        return lines

    def fit(self) -> None:
        """Set the height to what the text and the inner boxes need."""
        for box in self.inner:
            box.fit()
        stages = max((box.height for box in self.inner), default=-GAP) + GAP
        head = HEAD if self.name in PURPOSE else STAGE_HEAD
        self.height = head + LINE * len(self.lines()) + stages + 8


def text(
    x: float, y: float, words: str, size: float, color: str = INK, weight: str = "normal", mono: bool = False
) -> str:
    """One line of text; its start is at (x, y)."""
    family = (
        "ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace" if mono else "system-ui,'DejaVu Sans',sans-serif"
    )
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" font-family="{family}" font-size="{size}" font-weight="{weight}" '
        f'fill="{color}" xml:space="preserve">{escape(words)}</text>'
    )


def rectangle(box: Box, fill: str, line: str = "#9aa5b1") -> str:
    """The outline of a box."""
    return (
        f'<rect x="{box.x:.0f}" y="{box.y:.0f}" width="{box.width:.0f}" height="{box.height:.0f}" rx="8" '
        f'fill="{fill}" stroke="{line}"/>'
    )


def drawn(box: Box, purpose: str, fill: str, title: str) -> Iterator[str]:
    """A box with its name, purpose and files."""
    yield rectangle(box, fill)
    yield text(box.x + 10, box.y + 20, title, 15 if purpose else 13, weight="bold")
    if purpose:
        yield text(box.x + 10, box.y + 36, purpose, 11.5, SOFT)
    y = box.y + (HEAD + 10 if purpose else STAGE_HEAD + 10)
    for line in box.lines():
        yield text(box.x + 10, y, line, 10.5, mono=True)
        y += LINE


def stages_of(paths: list[Path]) -> dict[str, list[Path]]:
    """The files of each folder inside a room."""
    found: dict[str, list[Path]] = {}
    for path in paths:
        if len(path.relative_to(PACKAGE).parts) == 3:
            found.setdefault(path.parent.name, []).append(path)
    return found


def names(paths: Iterable[Path]) -> list[str]:
    """Module names, without the package files."""
    return [path.stem for path in paths if path.stem != "__init__"]


def boxes_of(parts: Mapping[str, list[Path]]) -> dict[str, Box]:
    """A box for each room, with its stages where its folders depend on each other (motion)."""
    boxes = {}
    for name, paths in parts.items():
        if len(paths) == 1:
            boxes[name] = Box(name, [])
            continue
        stages = stages_of(paths)
        own = names(path for path in paths if path.parent.name not in stages)
        boxes[name] = Box(name, own)
        if name == "motion":
            order = depths(graph_of(stages, f"untuck.{name}"))
            boxes[name].inner = [
                Box(stage, names(stages[stage])) for stage in sorted(stages, key=lambda s: (order[s], s))
            ]
        else:
            for stage, inside in stages.items():
                boxes[name].files += [f"{stage}/{each}" for each in names(inside)]
    return boxes


def place(boxes: dict[str, Box], graph: Graph) -> float:
    """Set where each box is: rows from the bottom up, a room above what it imports. Returns the height of it all."""
    rows = depths(graph)
    by_row = [sorted(name for name in rows if rows[name] == row) for row in range(max(rows.values()) + 1)]
    for row, members in enumerate(by_row):
        left, right = float(MARGIN), float(MARGIN + WIDTH)
        if len(members) > 1 and row > 1:  # over what they import, so that other arrows pass beside them
            below = [boxes[need] for name in members for need in graph[name] if rows[need] == row - 1]
            left, right = min(box.x for box in below), max(box.x + box.width for box in below)
        members.sort(key=lambda name: (name != "motion", name))
        weights = {name: 1.0 + 0.72 * len(boxes[name].inner) for name in members}
        unit = (right - left - GAP * (len(members) - 1)) / sum(weights.values())
        for name in members:
            box = boxes[name]
            box.x, box.width = left, unit * weights[name]
            left += box.width + GAP
            inside = (box.width - 20 - GAP * (len(box.inner) - 1)) / max(len(box.inner), 1)
            for i, stage in enumerate(box.inner):
                stage.x, stage.width = box.x + 10 + i * (inside + GAP), inside
            box.fit()
    y = float(MARGIN + 34)
    for members in reversed(by_row):
        height = max(boxes[name].height for name in members)
        for name in members:
            box = boxes[name]
            box.y, box.height = y, height
            for stage in box.inner:
                stage.height = max(inner.height for inner in box.inner)
                stage.y = y + height - stage.height - 10
        y += height + ROW_GAP
    return y - ROW_GAP + MARGIN


def free_x(upper: Box, lower: Box, between: list[Box]) -> float:
    """Where a vertical line from upper to lower passes no other box: the middle of the widest free stretch."""
    left, right = max(upper.x, lower.x), min(upper.x + upper.width, lower.x + lower.width)
    spans = [(left, right)]
    for box in between:
        spans = [
            part
            for start, end in spans
            for part in ((start, min(end, box.x - 4)), (max(start, box.x + box.width + 4), end))
            if part[1] - part[0] > 6
        ]
    start, end = max(spans or [(left, right)], key=lambda span: span[1] - span[0])
    return (start + end) / 2


def arrow(x1: float, y1: float, x2: float, y2: float) -> str:
    """A straight arrow."""
    path = f"M{x1:.0f} {y1:.0f} L{x2:.0f} {y2:.0f}"
    return f'<path d="{path}" stroke="{ARROW}" stroke-width="2" fill="none" marker-end="url(#tip)"/>'


def arrows(boxes: dict[str, Box], graph: Graph) -> Iterator[str]:
    """An arrow from each room down to each that it imports."""
    for name, needs in sorted(reduced(graph).items()):
        for need in sorted(needs):
            upper, lower = boxes[name], boxes[need]
            between = [box for box in boxes.values() if upper.y < box.y < lower.y]
            x = free_x(upper, lower, between)
            yield arrow(x, upper.y + upper.height, x, lower.y - 3)


def stage_arrows(box: Box, graph: Graph) -> Iterator[str]:
    """Arrows between the stages inside a room: straight to a neighbour, over the top to one further away."""
    order = [stage.name for stage in box.inner]
    for i, stage in enumerate(box.inner):
        for need in sorted(reduced(graph)[stage.name]):
            other = box.inner[order.index(need)]
            if order.index(need) == i - 1:
                yield arrow(stage.x, stage.y + 22, other.x + other.width + 3, stage.y + 22)
            else:
                x1, x2, y = stage.x + stage.width / 2, other.x + other.width / 2, stage.y
                path = f"M{x1:.0f} {y:.0f} Q{(x1 + x2) / 2:.0f} {y - 26:.0f} {x2:.0f} {y - 3:.0f}"
                yield f'<path d="{path}" stroke="{ARROW}" stroke-width="2" fill="none" marker-end="url(#tip)"/>'


def outside_imports() -> dict[str, list[str]]:
    """What the folders beside the package import of ours."""
    found = {}
    for folder in OUTSIDE:
        paths = [path for path in (CHECKOUT / folder).rglob("*.py") if "__pycache__" not in path.parts]
        words = {module.split(".")[0] for path in paths for module in imported(path, CHECKOUT, "")}
        found[folder] = sorted(words & {"untuck", "wire", "wire_runs", *OUTSIDE} - {folder})
    return found


def outside(left: float, top: float, height: float) -> Iterator[str]:
    """The column of folders beside the package, each with what it imports."""
    y = top
    room = (height - GAP * (len(OUTSIDE) - 1)) / len(OUTSIDE)
    for folder, uses in outside_imports().items():
        box = Box(folder, [], left, y, SIDE, room)
        yield rectangle(box, "#ffffff", "#b8c2cc")
        yield text(left + 10, y + 22, f"{folder}/", 15, weight="bold")
        yield text(left + 10, y + 40, OUTSIDE[folder], 11.5, SOFT)
        yield text(left + 10, y + 62, "imports" if uses else "imports none of these", 11.5, SOFT)
        for i, used in enumerate(uses):
            yield text(left + 18, y + 79 + LINE * i, used, 10.5, mono=True)
        y += room + GAP


def picture() -> str:
    """The drawing as SVG."""
    parts = rooms()
    graph = graph_of(parts, "untuck")
    boxes = boxes_of(parts)
    height = place(boxes, graph)
    total = WIDTH + SIDE + 3 * MARGIN
    rows = depths(graph)
    body = [
        text(MARGIN, MARGIN + 14, "host/untuck: an arrow points to what a room imports", 14, weight="bold"),
        text(WIDTH + 2 * MARGIN, MARGIN + 14, "beside the package", 14, weight="bold"),
    ]
    for name, box in boxes.items():
        title = "top level" if name == "base" else f"{name}/" if len(parts[name]) > 1 else f"{name}.py"
        body += drawn(box, PURPOSE[name], FILLS[min(rows[name], len(FILLS) - 1)], title)
        for stage in box.inner:
            body += drawn(stage, "", "#ffffff", f"{stage.name}/")
    body += arrows(boxes, graph)
    body += stage_arrows(boxes["motion"], graph_of(stages_of(parts["motion"]), "untuck.motion"))
    body += outside(WIDTH + 2 * MARGIN, MARGIN + 34, height - 2 * MARGIN - 34)
    size = f'viewBox="0 0 {total} {height:.0f}" width="{total}" height="{height:.0f}"'
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} '
        'role="img" aria-label="Rooms of the package in layers, with an arrow from each to those it imports">'
    )
    tip = (
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto">'
        f'<path d="M0 0 L8 4 L0 8 z" fill="{ARROW}"/></marker></defs>'
    )
    back = f'<rect width="{total}" height="{height:.0f}" rx="10" fill="#fbfcfd"/>'
    return "\n".join([head, tip, back, *body, "</svg>", ""])


if __name__ == "__main__":
    PICTURE.write_text(picture(), "utf-8")
    sys.exit(0)
