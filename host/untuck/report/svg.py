"""Figures as SVG inside a page: colours follow the page's theme, ids are unique, the size is set by the page.

Each role of the palette is drawn in a placeholder colour, which is then replaced by a CSS variable of the role's name.
"""

from __future__ import annotations

import io
import re
from dataclasses import fields

import matplotlib

from untuck.report.figure_style import Drawn, Palette

_ROLES = {field.name: f"#0100{number:02x}" for number, field in enumerate(fields(Palette), 0xA0)}
THEMED = Palette(**_ROLES)
_ID = re.compile(r'(\bid="|url\(#|xlink:href="#)')
_HEAD = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_META = re.compile(r"<metadata>.*?</metadata>\s*", re.DOTALL)
_SIZE = re.compile(r'(<svg[^>]*?) width="[\d.]+pt" height="[\d.]+pt"')
_TAG = re.compile(r"<[^>]+>")
_PLACES = re.compile(r"(?<=\.\d)\d+")


def svg(figure: Drawn, name: str, title: str) -> str:
    """Markup of a figure drawn with THEMED. name: unique in the page, letters only; title: for screen readers."""
    out = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": name}):
        figure.figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    text = _META.sub("", _HEAD.sub("", out.getvalue()))
    text = _SIZE.sub(rf'\1 role="img" aria-label="{title}"', text, count=1)
    text = _ID.sub(rf"\1{name}-", text)
    text = _TAG.sub(lambda tag: _PLACES.sub("", tag[0]), text)  # tenths of a point are enough; half the size
    for role, color in _ROLES.items():
        text = text.replace(color, f"var(--{role})")
    return text
