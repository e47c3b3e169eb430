"""Draws the badges of README.md from what they claim: `python tools/draw_badges.py`.

Python and systems come from the workflow of continuous integration, the licence from pyproject.toml. A test fails
when a badge is out of date. They are files here, so that they show the same without a network.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
IMAGES = CHECKOUT / "docs" / "images"
GREY, BLUE, ORANGE = "#4a4f55", "#0067a0", "#a84300"
LETTER_PX, PAD_PX, HEIGHT_PX = 6.4, 9, 22


def badges() -> dict[str, str]:
    """The text of each file, by its name."""
    workflow = (CHECKOUT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
    pythons = sorted(set(re.findall(r'"(3\.\d+)"', workflow)), key=lambda text: int(text[2:]))
    return {
        "badge-python.svg": badge("Python", f"{pythons[0]} to {pythons[-1]}", BLUE),
        "badge-licence.svg": badge("licence", project["license"], BLUE),
        "badge-clip.svg": badge("clip", "not built yet, simulated", ORANGE),
    }


def badge(name: str, value: str, colour: str) -> str:
    """An SVG of a name on grey and its value on a colour."""
    left, right = (round(LETTER_PX * len(text) + 2 * PAD_PX) for text in (name, value))
    texts = "".join(
        f'<text x="{middle}" y="15">{text}</text>' for text, middle in ((name, left / 2), (value, left + right / 2))
    )
    wide = left + right
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{HEIGHT_PX}" role="img" '
        f'aria-label="{name}: {value}"><clipPath id="r"><rect width="{wide}" height="{HEIGHT_PX}" rx="4"/></clipPath>'
        f'<g clip-path="url(#r)"><rect width="{left}" height="{HEIGHT_PX}" fill="{GREY}"/>'
        f'<rect x="{left}" width="{right}" height="{HEIGHT_PX}" fill="{colour}"/></g>'
        f'<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">{texts}</g>'
        "</svg>\n"
    )


def main() -> None:
    """Write the files."""
    for name, text in badges().items():
        (IMAGES / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
