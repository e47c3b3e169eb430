"""The JSON of every command: a schema's name in each object, fields that are documented, and output that validates."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import jsonschema
import numpy as np
import pytest
from click.testing import CliRunner

from untuck.cli.main import cli
from untuck.cli.results import COMMANDS, RESULTS, json_value, to_line
from untuck.simulate.runner import simulate
from untuck.vocabulary import Role

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT / "tools"))
import json_schemas  # noqa: E402
import json_words  # noqa: E402


def untuck(*arguments: str) -> dict[str, Any]:
    """The last line of the command's stdout, which must validate; there is no NaN in it."""
    done = CliRunner().invoke(cli, arguments)
    line = done.stdout.splitlines()[-1]
    result: dict[str, Any] = json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    validate(result)
    assert result["schema"] in COMMANDS[arguments[0]]
    return result


def validate(result: dict[str, Any]) -> None:
    """Check a result with the schema that it names, in which unknown fields are wrong here."""
    schema = json.loads((CHECKOUT / "docs" / "schema" / json_schemas.file_name(result["schema"])).read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    for each in (schema, *schema.get("$defs", {}).values()):
        each["additionalProperties"] = False
    jsonschema.validate(result, schema)


def test_pages_and_schemas_are_up_to_date() -> None:
    assert json_schemas.PAGE.read_text("utf-8").endswith(json_schemas.page()), "run `make docs`"
    files = {path.name: path.read_text("utf-8") for path in json_schemas.SCHEMAS.glob("*.json")}
    assert files == {json_schemas.file_name(name): json_schemas.schema_text(name) for name in RESULTS}


def test_every_field_has_its_meaning_and_none_is_left_over() -> None:
    kinds = {each for kind in RESULTS.values() for each in (kind, *json_schemas.inner_classes(kind))}
    kinds |= {parent for kind in kinds for parent in kind.__mro__ if dataclasses.is_dataclass(parent)}
    names = {kind.__name__: {each.name for each in dataclasses.fields(kind)} for kind in kinds}
    assert set(json_words.WORDS) <= set(names)
    for kind in kinds:
        assert all(json_schemas.words_of(kind, name) for name in names[kind.__name__])
        assert set(json_words.WORDS.get(kind.__name__, {})) <= names[kind.__name__], kind.__name__


def test_every_command_with_json_has_a_schema() -> None:
    commands = {name for name, command in _commands(cli) if "--json" in _options(command)}
    assert commands == set(COMMANDS) and {each for names in COMMANDS.values() for each in names} == set(RESULTS)


def _commands(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    """All commands with the words that call them."""
    for name, command in group.commands.items():
        yield before + name, command
        if isinstance(command, click.Group):
            yield from _commands(command, f"{before}{name} ")


def _options(command: click.Command) -> set[str]:
    return {name for each in command.params for name in each.opts}


def test_what_is_not_finite_is_null() -> None:
    line = to_line(
        "pair", {"a": math.nan, "b": [np.float64(math.inf)], "c": np.array([1.0, math.nan]), "d": {"e": -math.inf}}
    )
    assert json.loads(line) == {"schema": "untuck.pair/1", "a": None, "b": [None], "c": [1.0, None], "d": {"e": None}}
    assert json_value(np.zeros(1, [("x", float)])[0]) == {"x": 0.0}


def test_real_output_validates(own_home: Path, tmp_path: Path) -> None:
    demo = untuck("demo", "--fast", "--json")
    assert demo["truth"]["faults"] and demo["session"] == 1
    assert untuck("summary", "--json") == {name: value for name, value in demo.items() if name != "truth"}
    assert untuck("replay", "--json")["strides"] == demo["strides"]
    assert untuck("sessions", "--json")["sessions"][0]["mode"] == "demo"
    assert untuck("trend", "--json")["sessions"][0]["session"] == 1
    assert untuck("config", "--json")["sound"]["volume_pct"] == 80
    assert {each["name"] for each in untuck("doctor", "--json")["checks"]} >= {"Python", "Bluetooth"}
    samples = simulate(seed=3).samples
    np.savez(tmp_path / "run.npz", time_s=samples.time_s, gyr_rad_s=samples.gyr_rad_s, acc_m_s2=samples.acc_m_s2)
    assert untuck("analyse", str(tmp_path / "run.npz"), "--json")["file"].endswith("run.npz")


def test_results_of_the_clip_validate() -> None:
    from untuck.cli.results import CalibrationResult, MergeResult
    from untuck.session.pairing import PairedClip

    row = {
        "role": "pelvis",
        "run": 1,
        "bytes": 9,
        "started_unix_s": 0,
        "recording": False,
        "fetched": False,
        "session": None,
    }
    stored = {"session": 4, "duration_s": 60.0, "packets": 1200, "damaged": 0, "fetched": True}
    for name, fields in (
        ("pair", PairedClip("Untk1", "AA", "1.0.0", None, -60, "", Role.TRUNK)),
        ("sync", {"runs": [row, row | stored]}),
        ("calibration", CalibrationResult("stand+hinges", math.nan)),
        ("merge", MergeResult(0.5, file="x", session=1, records=2, filled=2)),
        ("event", {"event": "note", "time_s": math.nan, "text": "stopped"}),
        ("audio_delay", {"audio_delay_ms": 180.0}),
    ):
        validate(json.loads(to_line(name, fields)))
