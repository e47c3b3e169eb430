"""The list of parts, bom.csv, and the table of it in hardware/README.md."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

CSV = Path(__file__).with_name("bom.csv")
BUILDS = ("worn", "bench")


@dataclass(frozen=True)
class Part:
    """A line of bom.csv. `price_usd` is a band, `bought_from` two kinds of source, `ref` its names in the schematic."""

    build: str
    part: str
    maker: str
    number: str
    quantity: str
    price_usd: str
    price_source: str
    bought_from: str
    alternatives: str
    note: str
    ref: str

    def belongs_to(self, build: str) -> bool:
        """Whether a build of `BUILDS` needs it."""
        return build in self.build.split(" or ")


def parts(path: Path = CSV) -> list[Part]:
    """All parts, in the order of the file."""
    with path.open(newline="", encoding="utf-8") as lines:
        return [Part(**row) for row in csv.DictReader(lines)]


def table(build: str) -> str:
    """The parts of a build as Markdown."""
    head = ["| part | number | US$ | alternatives | note |", "|---|---|---|---|---|"]
    rows = []
    for each in parts():
        if each.belongs_to(build):
            maker = "" if each.maker in ("any", "printed") else f"{each.maker} "
            count = "" if each.quantity == "1" else f"{each.quantity} {'x' if each.quantity.isdigit() else 'of'} "
            name = f"{count}{each.part} ({each.ref})" if each.ref else f"{count}{each.part}"
            cells = (name, maker + each.number, each.price_usd, each.alternatives, each.note)
            rows.append(f"| {' | '.join(cells)} |")
    return "\n".join([*head, *rows])


def sum_usd(build: str) -> tuple[int, int]:
    """(lowest, highest) sum of a build's price bands in US dollars."""
    low = high = 0
    for each in parts():
        if each.belongs_to(build):
            words = each.price_usd.split()
            low += 0 if words[0] == "under" else int(words[0])
            high += int(words[-1])
    return low, high
