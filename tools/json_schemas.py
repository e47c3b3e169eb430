"""Write docs/schema/*.json and the tables of docs/json.md from the dataclasses of what `--json` prints.

The meaning of each field stands in json_words.py; tests/project/test_json.py fails if one is missing or left over.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import types
import typing
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
from json_words import WORDS
from untuck.cli.results import COMMANDS, RESULTS

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE, SCHEMAS = DOCS / "json.md", DOCS / "schema"
BEGIN = "<!-- `make docs` writes what follows from the dataclasses; a test compares. -->"
_SIMPLE = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}


def schema_of(name: str) -> dict[str, Any]:
    """The JSON Schema of a result."""
    kind = RESULTS[name]
    inner = {each.__name__: _object(each) for each in inner_classes(kind)}
    top = _object(kind, {"schema": {"const": name, "description": "name and version of this format"}})
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": name, "description": _about(kind)}
    return head | top | ({"$defs": inner} if inner else {})


def inner_classes(kind: type) -> list[type]:
    """The dataclasses that a dataclass holds, in order, each once."""
    found: dict[type, None] = {}
    for hint in _hints(kind).values():
        for each in _dataclasses(hint):
            found |= dict.fromkeys([each, *inner_classes(each)])
    return list(found)


def words_of(kind: type, field: str) -> str:
    """The meaning of a field; a subclass has its parents' fields, and a setting says it itself."""
    own = next(each for each in dataclasses.fields(kind) if each.name == field).metadata.get("text")
    if own is not None:
        return str(own)
    return next(WORDS[each.__name__][field] for each in kind.__mro__ if field in WORDS.get(each.__name__, {}))


def page() -> str:
    """The tables of docs/json.md."""
    parts = [BEGIN]
    for name, kind in RESULTS.items():
        commands = ", ".join(f"`untuck {command} --json`" for command, names in COMMANDS.items() if name in names)
        parts += [f"## {name}", f"{_about(kind)} Printed by {commands}. [JSON Schema](schema/{file_name(name)})"]
        parts += ["\n".join(_rows(kind))]
        for each in inner_classes(kind):
            parts += [f"`{each.__name__}`:", "\n".join(_rows(each))]
    return "\n\n".join(parts) + "\n"


def file_name(name: str) -> str:
    """The file of a schema."""
    return f"{name.replace('/', '-')}.json"


def write() -> None:
    """Write the page's tables and all schemas."""
    PAGE.write_text(PAGE.read_text("utf-8").partition(BEGIN)[0] + page(), "utf-8")
    SCHEMAS.mkdir(exist_ok=True)
    for name in RESULTS:
        (SCHEMAS / file_name(name)).write_text(schema_text(name), "utf-8")


def schema_text(name: str) -> str:
    """The text of a schema's file."""
    return json.dumps(schema_of(name), indent=1) + "\n"


def _about(kind: type) -> str:
    return " ".join((kind.__doc__ or "").partition("\n\n")[0].split())


def _rows(kind: type) -> Iterator[str]:
    yield "| field | type | content |"
    yield "|---|---|---|"
    for name, hint in _hints(kind).items():
        yield f"| `{name}` | {_type_words(hint)} | {words_of(kind, name)} |"


def _hints(kind: type) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {each.name: hints[each.name] for each in dataclasses.fields(kind)}


def _object(kind: type, first: dict[str, Any] | None = None) -> dict[str, Any]:
    fields = {each.name: each for each in dataclasses.fields(kind)}
    properties = {name: _type(hint) | {"description": words_of(kind, name)} for name, hint in _hints(kind).items()}
    needed = [name for name, each in fields.items() if each.default is each.default_factory is dataclasses.MISSING]
    return {"type": "object", "properties": {**(first or {}), **properties}, "required": [*(first or {}), *needed]}


def _type(hint: Any) -> dict[str, Any]:
    """The schema of a type; a number may be null wherever it is a float, because JSON has no NaN."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return {}
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [_type(each) for each in arguments]}
    if origin is tuple:
        return {"type": "array", "items": _type(arguments[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": _type(arguments[1])}
    if dataclasses.is_dataclass(hint):
        return {"$ref": f"#/$defs/{hint.__name__}"}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"type": "string"}
    return {"type": ["number", "null"]} if hint is float else {"type": _SIMPLE[hint]}


def _type_words(hint: Any) -> str:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return " or ".join("null" if each is type(None) else _type_words(each) for each in arguments)
    if origin is tuple:
        return f"list of {_type_words(arguments[0])}"
    if origin is dict:
        return f"object of {_type_words(arguments[1])}"
    if dataclasses.is_dataclass(hint):
        return f"`{hint.__name__}`"
    return "any" if hint is Any else _SIMPLE.get(hint, "string")


def _dataclasses(hint: Any) -> Iterator[type]:
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        yield hint
    for each in typing.get_args(hint):
        yield from _dataclasses(each)


if __name__ == "__main__":
    write()
