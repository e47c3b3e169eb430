"""What the command line says about files, as values: --column, --units, --axes, --format."""

from __future__ import annotations

from untuck.errors import SamplesError
from untuck.sources.files.formats import KEYS
from untuck.sources.files.match import COLUMNS, VECTORS
from untuck.sources.files.units import UNITS, canonical


def column_map(pairs: tuple[str, ...]) -> dict[str, str]:
    """{"acc_x_m_s2": "ax"} from ("acc_x_m_s2=ax",). Raises SamplesError for an unknown column."""
    found = {}
    for pair in pairs:
        ours, sign, theirs = pair.partition("=")
        if not sign or ours not in (*COLUMNS, *VECTORS):
            raise SamplesError(f"{pair!r}: write OURS=THEIRS, where OURS is one of {', '.join((*COLUMNS, *VECTORS))}.")
        found[ours] = theirs
    return found


def unit_map(text: str) -> dict[str, str]:
    """{"acc": "g", "time": "ms"} from "acc=g,time=ms". Raises SamplesError for an unknown unit."""
    found = {}
    for pair in filter(None, text.split(",")):
        what, sign, name = pair.partition("=")
        unit = canonical(name, what.strip()) if what.strip() in UNITS else ""
        if not sign or not unit:
            known = "; ".join(f"{key}={' or '.join(units)}" for key, units in UNITS.items())
            raise SamplesError(f"--units {pair!r} is not known: write for example acc=g,gyr=deg/s,time=ms ({known}).")
        found[what.strip()] = unit
    return found


def format_key(text: str) -> str:
    """The key of a format. Raises SamplesError for an unknown one."""
    if text and text not in KEYS:
        raise SamplesError(f"--format {text!r} is not known: it is one of {', '.join(KEYS)}.")
    return text
