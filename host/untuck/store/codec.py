"""Dataclasses to JSON text and back, exact to the bit: calibration, baseline, parameters, settings, summary.

Floats are written as Python's repr, which reads back as the same number. JSON has no infinities and NaN: they are
written as strings. Types come from the annotations, so that a new field needs no change here.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import math
import types
import typing
from functools import cache
from typing import Any

import numpy as np

from untuck.errors import StoreError
from untuck.store.values import checked, loads, shown

T = typing.TypeVar("T")
_log = logging.getLogger(__name__)
_RENAMED = {("Summary", "held"): "suppressed"}  # class and field of older versions, and the field's name now
# Of older versions: a cue refers to its finding by id since, and the reference follows pace and wandering.
_REPLACED = {
    ("Cue", "finding"),
    *(("Params", name) for name in ("baseline_match_pct", "baseline_contact_pct", "baseline_contact_strides")),
    *(("Params", name) for name in ("creep_strides", "creep_share")),
}
_NOT_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def to_json(value: Any) -> str:
    """JSON text of a dataclass of numbers, strings, None, arrays, tuples, dicts and dataclasses of these."""
    return json.dumps(_plain(value), allow_nan=False, separators=(",", ":"))


def from_json(kind: type[T], text: str) -> T:
    """The dataclass that `to_json` wrote in this version or another; unknown fields are ignored with a warning.

    Raises StoreError if the text cannot be read, or lacks a field without a default.
    """
    try:
        return typing.cast(T, _typed(kind, loads(text)))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        _log.info("%s cannot be read: %s", kind.__name__, error)
        raise StoreError(
            f"{kind.__name__} cannot be read: damaged, or of another version. "
            "`untuck doctor --store` checks the recorded sessions."
        ) from error


def from_plain(kind: type[T], plain: Any) -> T:
    """The dataclass in what `json` made of a text of `to_json`, as from_json.

    Raises ValueError, TypeError, KeyError, AttributeError or OverflowError, whose text says what is wrong.
    """
    return typing.cast(T, _typed(kind, plain))


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _typed(kind: Any, plain: Any) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        inner = [option for option in arguments if option is not types.NoneType]
        return None if plain is None and len(inner) < len(arguments) else _typed(inner[0], plain)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        renamed = {_RENAMED.get((kind.__name__, name), name): item for name, item in plain.items()}
        unknown = {name for name in renamed if name not in hints and (kind.__name__, name) not in _REPLACED}
        if unknown:
            _warn_of_unknown(kind.__name__, ", ".join(shown(name).strip("'") for name in sorted(unknown)[:10]))
        return kind(**{name: _typed(hints[name], item) for name, item in renamed.items() if name in hints})
    if origin is np.ndarray:
        return np.array([_floats(item) for item in plain], dtype=typing.get_args(arguments[1])[0])
    if origin is tuple:
        kinds = [arguments[0]] * len(plain) if len(arguments) == 2 and arguments[1] is ... else arguments
        return tuple(_typed(each, item) for each, item in zip(kinds, plain, strict=True))
    if origin is dict:
        return {key: _typed(arguments[1], item) for key, item in plain.items()}
    if kind is float:
        return _floats(plain) if isinstance(plain, str) else checked(float, plain)
    return checked(kind, plain)


@cache
def _warn_of_unknown(kind: str, names: str) -> None:
    """Once for each kind and set of fields: a summary has many cues, and a store many sessions."""
    _log.warning("%s: fields of another version are ignored: %s", kind, names)


def _floats(plain: Any) -> Any:
    if isinstance(plain, list):
        return [_floats(item) for item in plain]
    return _NOT_FINITE[plain] if isinstance(plain, str) else plain
