"""How the sensor lies on the body: skin side and upper edge, for each breakout. SVG without libraries.

Every panel is seen from behind the runner. Pins, sizes and turns come from breakouts.py. Owns this drawing.
"""

from __future__ import annotations

from hardware.breakouts import ADAFRUIT, SPARKFUN, Breakout

INK, DIM, PAPER, LINE, SKIN = "#1b2733", "#52606d", "#fbfcfd", "#d4dbe2", "#dde4ea"
BLUE, LAMP, BOARD, CHIP, PIN = "#1f6fb2", "#f59b3d", "#e8eef3", "#3b4a57", "#b98a2f"
PX_PER_MM = 5.2
WIDTH, HEIGHT = 960, 390


def draw() -> str:
    """The picture: the clip on the body from the side, two breakouts as they lie in it, and the rule for any other."""
    panels = [_side(), _breakout(ADAFRUIT), _breakout(SPARKFUN), _any_other()]
    wide = WIDTH / len(panels)
    inner = "\n".join(f'<g transform="translate({n * wide:.0f} 0)">{panel}</g>' for n, panel in enumerate(panels))
    rules = " ".join(f"M{n * wide:.0f} 20 V{HEIGHT - 20}" for n in range(1, len(panels)))
    title = "How the sensor lies on the body: skin side, upper edge and axes"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'font-family="system-ui,\'DejaVu Sans\',sans-serif" role="img" aria-label="{title}">'
        f'<defs><marker id="tip" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="4.5" markerHeight="4.5" '
        f'orient="auto">'
        f'<path d="M0 0 L8 4 L0 8 z" fill="{BLUE}"/></marker></defs>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="10" fill="{PAPER}"/>'
        f'<path d="{rules}" stroke="{LINE}"/>\n{inner}\n</svg>\n'
    )


def _side() -> str:
    """Waistband and clip from the runner's right: the runner faces right, the clip is at the back."""
    shapes = (
        f'<path d="M150 30 C132 90 134 150 142 190 C150 240 138 270 130 300 H240 V30 z" fill="{SKIN}"/>'
        f'<path d="M139 118 V206" stroke="{INK}" stroke-width="7" stroke-linecap="round"/>'
        f'<rect x="92" y="106" width="34" height="112" rx="8" fill="none" stroke="{INK}" stroke-width="3"/>'
        f'<rect x="110" y="124" width="6" height="76" fill="{BOARD}" stroke="{INK}" stroke-width="1.5"/>'
        f'<rect x="104" y="152" width="6" height="18" fill="{CHIP}"/>'
        f'<circle cx="97" cy="118" r="4" fill="{LAMP}"/>'
    )
    arrows = _arrow(107, 98, 107, 58) + _arrow(86, 161, 30, 161)
    words = (
        _text(119, 66, "y, up", 14, BLUE, anchor="start")
        + _text(8, 146, "z, backward", 13, BLUE, anchor="start")
        + _text(200, 100, "body", 13)
        + _text(152, 166, "waistband", 13, anchor="start")
        + _text(14, 248, "chip faces away", 13, anchor="start")
        + _text(14, 266, "from the skin", 13, anchor="start")
        + f'<path d="M64 232 L104 168" stroke="{DIM}" fill="none"/>'
        + _text(84, 122, "light", 13, anchor="end")
    )
    return shapes + arrows + words + _caption("on the body", "seen from the right", "x points to you")


def _breakout(breakout: Breakout) -> str:
    """A breakout from behind, with its printed pins, its chip and the axes."""
    wide, high = breakout.wide_mm * PX_PER_MM, breakout.high_mm * PX_PER_MM
    left, top = 120 - wide / 2, 178 - high / 2
    drawn = [
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{high:.1f}" rx="6" fill="{BOARD}" '
        f'stroke="{INK}" stroke-width="2"/>'
    ]
    for labels, y, inward in ((breakout.top, top + 9, 1), (breakout.bottom, top + high - 9, -1)):
        drawn += _row(labels, left, wide, y, inward)
    drawn += [
        _chip(120, 178, 1.0),
        _arrow(left + wide + 4, 178, left + wide + 34, 178),
        _arrow(120, top - 4, 120, top - 40),
    ]
    drawn += [_text(left + wide + 14, 168, "x", 15, BLUE), _text(132, top - 24, "y, up", 14, BLUE, anchor="start")]
    turn = {0: "print upright", 90: "print on its side"}[breakout.turn_deg]
    edge = breakout.up.removeprefix("the row with ")
    return "".join(drawn) + _caption(breakout.name, f"row {edge} up", turn)


def _any_other() -> str:
    """A chip, large: its writing and its dot say how it lies."""
    drawn = _chip(120, 178, 2.6) + _arrow(166, 178, 204, 178) + _arrow(120, 142, 120, 96)
    words = _text(184, 168, "x", 15, BLUE) + _text(132, 108, "y, up", 14, BLUE, anchor="start")
    dot = _text(22, 118, "dot", 13, anchor="start") + f'<path d="M48 118 L84 152" stroke="{DIM}" fill="none"/>'
    out = _text(120, 238, "z: out of the chip, to you", 13, BLUE)
    return (
        drawn
        + words
        + dot
        + out
        + _caption("any other breakout", "the chip's dot at the top left,", "its writing upright")
    )


def _row(labels: tuple[str, ...], left: float, wide: float, y: float, inward: int) -> list[str]:
    pitch = 2.54 * PX_PER_MM
    start = left + wide / 2 - pitch * (len(labels) - 1) / 2
    drawn = []
    for number, label in enumerate(labels):
        x = start + number * pitch
        drawn.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.6" fill="{PAPER}" stroke="{PIN}" stroke-width="2.4"/>')
        anchor = "end" if inward > 0 else "start"
        drawn.append(
            f'<text transform="translate({x + 3.5:.1f} {y + 8 * inward:.1f}) rotate(-90)" font-size="10" '
            f'text-anchor="{anchor}" fill="{INK}">{label}</text>'
        )
    return drawn


def _chip(x: float, y: float, scale: float) -> str:
    """The chip, its dot at the top left, and the axis that points at the viewer."""
    return (
        f'<g transform="translate({x} {y}) scale({scale})">'
        f'<rect x="-16" y="-11.5" width="32" height="23" rx="2" fill="{CHIP}"/>'
        f'<circle cx="-12" cy="-7.5" r="2" fill="{PAPER}"/>'
        f'<circle r="5.5" fill="none" stroke="{PAPER}" stroke-width="1.4"/><circle r="1.8" fill="{PAPER}"/></g>'
    )


def _arrow(x: float, y: float, to_x: float, to_y: float) -> str:
    path = f"M{x:.1f} {y:.1f} L{to_x:.1f} {to_y:.1f}"
    return f'<path d="{path}" stroke="{BLUE}" stroke-width="3.5" fill="none" marker-end="url(#tip)"/>'


def _text(x: float, y: float, text: str, size: int, colour: str = DIM, anchor: str = "middle") -> str:
    weight = ' font-weight="600"' if size > 14 else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}"{weight}>{text}</text>'
    )


def _caption(head: str, *lines: str) -> str:
    words = [_text(120, 332, head, 16, INK)]
    return "".join([*words, *(_text(120, 354 + 20 * n, line, 13) for n, line in enumerate(lines))])
