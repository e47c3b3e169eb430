"""Damage to valid input: fields at their limits, bytes changed, cut, repeated, swapped; deterministic by a Random."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

LIMITS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
TEXTS = ("", " ", "\n", "\x1b]52;c;aGk=\a", "[/x]", "../../EVIL", "\ud800", "é" * 300, "nan", "inf", "1e309", "\0")
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, -(2**63) - 1, 10**400, 1e300, -1e300, 1e-320, 0.1, "nan", "inf",
    float("nan"), float("inf"), [], {}, [[]], [None], {"": 0}, [[[[[[0]]]]]], ["a", 1], *TEXTS,
)  # fmt: skip


def integer(rng: random.Random, bits: int) -> int:
    """A number of so many bits: a limit, near one, or any."""
    kind = rng.randrange(3)
    value = rng.choice(LIMITS) if kind == 0 else rng.getrandbits(bits) if kind == 1 else -rng.randrange(1, 3)
    return value & (1 << bits) - 1


def damaged(rng: random.Random, data: bytes, most: int = 4) -> bytes:
    """Bytes with up to `most` damages."""
    made = bytearray(data)
    for _ in range(rng.randint(1, most)):
        if not made:
            break
        _damage(rng, made)
    return bytes(made)


def _damage(rng: random.Random, made: bytearray) -> None:
    at = rng.randrange(len(made))
    kind, size = rng.randrange(8), rng.choice((1, 2, 4, 8, 32, 300))
    if kind == 0:
        made[at] ^= 1 << rng.randrange(8)
    elif kind == 1:
        made[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
    elif kind == 2:
        width = rng.choice((2, 4))
        made[at : at + width] = integer(rng, 8 * width).to_bytes(width, rng.choice(("little", "big")))
    elif kind == 3:
        del made[at:]
    elif kind == 4:
        del made[at : at + size]
    elif kind == 5:
        made[at:at] = made[at : at + size]
    elif kind == 6:
        made[at:at] = rng.randbytes(size)
    else:
        other = rng.randrange(len(made))
        made[at : at + size], made[other : other + size] = made[other : other + size], made[at : at + size]


def damaged_text(rng: random.Random, text: str, words: tuple[str, ...]) -> str:
    """A text whose lines, words or characters are changed, cut, repeated or swapped; `words` are put in."""
    lines = text.split("\n")
    for _ in range(rng.randint(1, 3)):
        at, kind = rng.randrange(len(lines)), rng.randrange(7)
        line = lines[at]
        if kind == 0:
            lines.insert(rng.randrange(len(lines)), line)
        elif kind == 1 and len(lines) > 1:
            del lines[at]
        elif kind == 2:
            other = rng.randrange(len(lines))
            lines[at], lines[other] = lines[other], line
        elif kind == 3 and line:
            cut = rng.randrange(len(line))
            lines[at] = line[:cut] + rng.choice((*words, *TEXTS, "", '"', ",", "#")) + line[cut + rng.randrange(3) :]
        elif kind == 4:
            key, equals, _ = line.partition("=")
            lines[at] = f"{key}{equals} {rng.choice(words)}"
        elif kind == 5:
            lines[at] = rng.choice(words)
        else:
            lines[at] = line[: rng.randrange(len(line) + 1)]
    return "\n".join(lines)


def damaged_json(rng: random.Random, value: Any) -> Any:
    """A value of JSON with some of its parts replaced, removed or doubled."""
    made = json.loads(json.dumps(value))
    for _ in range(rng.randint(1, 3)):
        made = _damage_part(rng, made)
    return made


def _damage_part(rng: random.Random, value: Any) -> Any:
    """Go down at random, and change the part that is reached."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(sorted(value))
        kind = rng.randrange(8)
        if kind == 0:
            del value[key]
        elif kind == 1:
            value[rng.choice((*TEXTS, "extra"))] = copy.deepcopy(rng.choice(VALUES))
        else:
            value[key] = _damage_part(rng, value[key])
        return value
    if isinstance(value, list) and value and rng.random() < 0.9:
        at = rng.randrange(len(value))
        if rng.randrange(8) == 0:
            value.insert(at, copy.deepcopy(rng.choice((value[at], rng.choice(VALUES)))))
        else:
            value[at] = _damage_part(rng, value[at])
        return value
    if isinstance(value, str) and value[:1] in "{[" and rng.random() < 0.8:
        try:
            return json.dumps(_damage_part(rng, json.loads(value)))
        except (ValueError, RecursionError):
            return copy.deepcopy(rng.choice(VALUES))
    if isinstance(value, int | float) and abs(value) < 1e15 and rng.random() < 0.4:
        return rng.choice((-value, value * 1000, value + 1, value + 0.5))
    return copy.deepcopy(rng.choice(VALUES))
