"""Draws how to wear the clip, how to hinge, and the faults: `python tools/draw_pelvis.py` writes them into docs/images.

The bones are those of the coach's window (host/untuck/coach/pelvis_outline.py); the body around them is drawn here, in
centimetres about the hip joints, with y up.
"""

from __future__ import annotations

import math
from pathlib import Path

from PySide6.QtGui import QPainterPath

from untuck.coach.pelvis_outline import Points, View, curve, from_above, from_behind, from_the_right

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
INK, DIM, PAPER, LINE, SKIN = "#1b2733", "#52606d", "#fbfcfd", "#d4dbe2", "#dde4ea"
GOOD, FAULT = "#1f6fb2", "#c25e00"
TONES = {  # of the bones, by colour
    GOOD: {"light": "#8db8dc", "bone": GOOD, "dim": "#195a91", "deep": "#123f66", "hint": "#c3ccd4"},
    FAULT: {"light": "#e6b083", "bone": FAULT, "dim": "#9e4d00", "deep": "#6e3600", "hint": "#c3ccd4"},
}
BELT_CM = 9.5
TRUNK = [(-3.0, 62.0), (-9.0, 55.0), (-12.0, 44.0), (-10.5, 30.0), (-9.0, 16.0), (-11.5, 6.0), (-13.5, -3.0)]
TRUNK += [(-10.5, -11.0), (0.0, -14.0), (8.5, -9.0), (9.0, 3.0), (9.5, 14.0), (9.5, 28.0), (11.0, 42.0), (8.0, 54.0)]
TRUNK += [(3.5, 61.0)]
HEAD = [(-5.0, 63.0), (-8.0, 74.0), (-3.0, 83.0), (5.0, 83.0), (9.5, 76.0), (10.5, 70.0), (8.0, 65.0), (3.0, 58.0)]
LEG = [(8.5, -2.0), (8.5, -16.0), (7.0, -32.0), (6.5, -44.0), (5.5, -58.0), (3.5, -74.0), (6.0, -83.0), (16.0, -88.0)]
LEG += [(16.0, -91.0), (-5.0, -91.0), (-4.5, -80.0), (-7.5, -62.0), (-5.0, -48.0), (-8.5, -32.0), (-11.5, -14.0)]
LEG += [(-11.0, -2.0)]
BACK = [(0.0, 35.0), (14.0, 34.0), (15.5, 26.0), (13.5, 14.0), (15.0, 6.0), (17.5, -4.0), (17.0, -18.0), (13.0, -32.0)]
BACK += [(4.0, -32.0), (2.0, -18.0), (0.0, -10.0)]


def bent(points: Points, base_deg: float, top_deg: float) -> Points:
    """Points of a trunk that leaves the pelvis at one angle from upright and is at another from 45 cm up on."""
    out = []
    for x, y in points:
        at_x = at_y = 0.0
        steps = max(1, int(abs(y)))
        for n in range(steps):
            turn = math.radians(_heading_deg((n + 0.5) * y / steps, base_deg, top_deg))
            at_x += math.sin(turn) * y / steps
            at_y += math.cos(turn) * y / steps
        turn = math.radians(_heading_deg(y, base_deg, top_deg))
        out.append((at_x + x * math.cos(turn), at_y - x * math.sin(turn)))
    return out


def _heading_deg(y: float, base_deg: float, top_deg: float) -> float:
    return base_deg + (top_deg - base_deg) * min(1.0, max(0.0, y - 8.0) / 37.0)


def turned(points: Points, degrees: float, x: float, y: float) -> Points:
    """Points rotated clockwise about a point."""
    turn = math.radians(degrees)
    across, along = math.cos(turn), math.sin(turn)
    return [(x + (a - x) * across + (b - y) * along, y - (a - x) * along + (b - y) * across) for a, b in points]


def data(path: QPainterPath) -> str:
    """A path as SVG writes it."""
    words, at = [], 0
    while at < path.elementCount():
        element = path.elementAt(at)
        if element.isCurveTo():
            ends = [path.elementAt(at + n) for n in range(3)]
            words.append("C" + " ".join(f"{end.x:.2f} {end.y:.2f}" for end in ends))
            at += 3
            continue
        words.append(f"{'M' if element.isMoveTo() else 'L'}{element.x:.2f} {element.y:.2f}")
        at += 1
    return " ".join(words)


def shape(points: Points, fill: str) -> str:
    """A filled curve."""
    return f'<path d="{data(curve(points))}" fill="{fill}"/>'


def bones(view: View, colour: str, turn_deg: float, hints: bool = False) -> str:
    """The parts of a view, rotated clockwise; hints: spine and thigh bones as well."""
    tones = TONES[colour]
    drawn = []
    for part in view.parts:
        if part.tone == "hint" and not hints:
            continue
        edge = ' stroke="#fbfcfd" stroke-width=".25"' if part.tone in ("bone", "deep") else ""
        turn = f' transform="rotate({turn_deg * part.share:.1f})"' if turn_deg else ""
        drawn.append(f'<path d="{data(part.path)}" fill="{tones[part.tone]}" fill-rule="evenodd"{edge}{turn}/>')
    return "".join(drawn)


def ghost(view: View, turn_deg: float) -> str:
    """The outline of a view, dashed."""
    style = f'fill="none" stroke="{INK}" stroke-width=".45" stroke-dasharray="1.6 1.1"'
    return f'<path d="{data(view.outline)}" {style} transform="rotate({turn_deg})"/>'


def belt(turn_deg: float, colour: str = INK, front_cm: float = 9.6, back_cm: float = -10.6) -> str:
    """The waistband from the side, with the clip at the back, rotated about the hip joints."""
    return (
        f'<g transform="rotate({turn_deg})"><path d="M{back_cm} {-BELT_CM} H{front_cm}" stroke="{colour}" '
        f'stroke-width="1"/>'
        f'<rect x="{back_cm - 2}" y="{-BELT_CM - 2.6}" width="2" height="5.2" rx=".8" fill="{INK}"/></g>'
    )


def label(x: float, y: float, text: str, size: int = 13, colour: str = DIM, anchor: str = "middle") -> str:
    """A line of text; 15 and more is bold."""
    weight = ' font-weight="600"' if size > 14 else ""
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-size="{size}"{weight} fill="{colour}">{text}</text>'


def placed(x: float, y: float, scale: float, content: str) -> str:
    """Content in centimetres about a point of the picture."""
    return f'<g transform="translate({x} {y}) scale({scale})">{content}</g>'


def picture(title: str, panels: list[str], height: int) -> str:
    """A picture of panels side by side, 960 wide."""
    wide = 960 / len(panels)
    rules = " ".join(f"M{n * wide} 20 V{height - 20}" for n in range(1, len(panels)))
    inner = "\n".join(f'<g transform="translate({n * wide} 0)">{panel}</g>' for n, panel in enumerate(panels))
    tips = "".join(
        f'<marker id="{name}" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="5" markerHeight="5" '
        f'orient="auto-start-reverse"><path d="M0 0 L8 4 L0 8 z" fill="{colour}"/></marker>'
        for name, colour in (("good", GOOD), ("fault", FAULT), ("dim", DIM))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 {height}" width="960" height="{height}" '
        f'font-family="system-ui,\'DejaVu Sans\',sans-serif" role="img" aria-label="{title}"><defs>{tips}</defs>'
        f'<rect width="960" height="{height}" rx="10" fill="{PAPER}"/>'
        f'<path d="{rules}" stroke="{LINE}"/>\n{inner}\n</svg>\n'
    )


def arrow(path: str, tip: str = "dim") -> str:
    """A curved arrow."""
    colour = {"good": GOOD, "fault": FAULT, "dim": DIM}[tip]
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2.5" marker-end="url(#{tip})"/>'


def runner(base_deg: float, top_deg: float, back_cm: float, colour: str) -> str:
    """A whole body from the right: the pelvis at one angle, the chest at another, hips moved backward."""
    lean_deg = -math.degrees(math.asin(back_cm / 88.0))
    body = shape(turned(LEG, lean_deg, 0.0, -88.0), SKIN)
    shoulder = bent([(-1.0, 52.0)], base_deg, top_deg)[0]
    x, y = shoulder
    stroke = 'stroke="#c3ccd4" stroke-width="6.5" stroke-linecap="round" stroke-linejoin="round"'
    arm = f'<path d="M{x:.1f} {-y:.1f} l2 27 l3 25" fill="none" {stroke}/>'
    spine = " L".join(
        f"{a:.1f} {-b:.1f}" for a, b in bent([(-5.5, 12.0 + 3 * n) for n in range(18)], base_deg, top_deg)
    )
    upper = "".join(shape(bent(points, base_deg, top_deg), SKIN) for points in (HEAD, TRUNK))
    line = f'<path d="M{spine}" fill="none" stroke="{colour}" stroke-width="1.6" stroke-dasharray="4 2.4"/>'
    pelvis = bones(from_the_right(), colour, base_deg) + belt(base_deg)
    return f'{body}<g transform="translate({-back_cm} 0)">{upper}{arm}{pelvis}{line}</g>'


def hinge() -> str:
    """Standing, a hip hinge, and how it does not count."""
    steps = (
        (0.0, 0.0, 0.0, GOOD, "1. stand still", "for 5 s, feet side by side"),
        (48.0, 48.0, 13.0, GOOD, "2. hinge three times", "belt forward, back straight, hips back"),
        (6.0, 84.0, 2.0, FAULT, "✗ does not count", "the back bends, the belt stays level"),
    )
    panels = []
    for number, (base_deg, top_deg, back_cm, colour, head, text) in enumerate(steps):
        body = placed(134, 212, 1.95, runner(base_deg, top_deg, back_cm, colour))
        ground = f'<path d="M40 390 H280" stroke="{LINE}" stroke-width="3"/>'
        down_and_up = arrow("M138 48 Q214 56 254 104", "good") + arrow("M274 94 Q232 34 158 30", "good")
        sign = down_and_up + label(262, 30, "and up again") if number == 1 else ""
        words = label(160, 420, head, 17, colour if colour == FAULT else INK) + label(160, 443, text)
        panels.append(ground + body + sign + words)
    return picture("A hip hinge: the pelvis tips forward with a straight back; a bent back does not count", panels, 462)


def placement() -> str:
    """The clip from behind and from the side, and the axes of the sensor."""
    back = shape([*BACK, *[(-x, y) for x, y in reversed(BACK[1:-1])]], SKIN)
    dip = f"M-14.6 {-BELT_CM - 0.6} Q0 {-BELT_CM + 1.6} 14.6 {-BELT_CM - 0.6}"
    band = f'<path d="{dip}" fill="none" stroke="{INK}" stroke-width="1.6"/>'
    lamp = f'<circle cy="{-BELT_CM - 1.7}" r=".6" fill="#f59b3d"/>'
    clip = f'<rect x="-2" y="{-BELT_CM - 3.4}" width="4" height="6.6" rx=".9" fill="{INK}"/>{lamp}'
    behind = placed(160, 152, 3.5, back + bones(from_behind(), GOOD, 0.0) + band + clip)
    side_body = [(-11.0, 34.0), (-10.5, 28.0), (-9.0, 16.0), (-11.5, 6.0), (-13.5, -3.0), (-11.5, -14.0), (-8.8, -32.0)]
    side_body += [(7.0, -32.0), (8.5, -16.0), (8.8, -4.0), (9.0, 6.0), (9.5, 16.0), (10.0, 34.0)]
    side = placed(160, 152, 3.5, shape(side_body, SKIN) + bones(from_the_right(), GOOD, 0.0) + belt(0.0))
    forward = arrow("M222 48 H278") + label(250, 38, "forward")
    axis = f'stroke="{GOOD}" stroke-width="4" marker-end="url(#good)"'
    sensor = (
        f'<rect x="118" y="96" width="64" height="88" rx="10" fill="{INK}"/>'
        '<circle cx="150" cy="116" r="4" fill="#f59b3d"/>'
        f'<path d="M188 140 H246" {axis}/><path d="M150 90 V42" {axis}/>'
        f'<circle cx="150" cy="144" r="11" fill="{PAPER}" stroke="{GOOD}" stroke-width="3"/>'
        f'<circle cx="150" cy="144" r="3.5" fill="{GOOD}"/>'
        + label(258, 145, "x", 16, GOOD, "start")
        + label(206, 164, "to the right", anchor="start")
        + label(164, 54, "y", 16, GOOD, "start")
        + label(180, 54, "up", anchor="start")
        + label(106, 148, "z", 16, GOOD, "end")
        + label(106, 168, "backward", anchor="end")
    )
    words = (
        ("middle of the back", "on the waistband: tight, upright"),
        ("flat side against you", "the belt is level when you stand"),
        ("axes of the sensor", "seen from behind"),
    )
    panels = [
        drawn + label(160, 290, head, 16, INK) + label(160, 312, text)
        for drawn, (head, text) in zip((behind, side + forward, sensor), words, strict=True)
    ]
    return picture("Where the clip sits: from behind, from the side, and the axes of its sensor", panels, 330)


def faults() -> str:
    """Good form, tuck, right pullback and rigid; the baseline is dashed."""
    from_side, above = from_the_right(), from_above()
    level = '<path d="M-17 0 H17" stroke="#8a97a5" stroke-width=".4"/>'
    good = level + bones(from_side, GOOD, 10.0, hints=True) + belt(10.0)
    tuck = level + bones(from_side, FAULT, -10.0, hints=True) + belt(-10.0) + ghost(from_side, 10.0)
    right = level + bones(above, FAULT, 14.0) + ghost(above, 0.0)
    rigid = ghost(above, 13.0) + ghost(above, -13.0) + bones(above, FAULT, 0.0)
    runs = arrow("M176 230 H222") + label(198, 222, "runs")
    up = arrow("M120 52 V24") + label(130, 38, "runs", anchor="start")
    sides = label(26, 222, "left") + label(212, 222, "right")
    drawn = (
        placed(116, 144, 4.6, good) + runs,
        placed(116, 144, 4.6, tuck) + runs + arrow("M182 76 Q160 40 122 42", "fault"),
        placed(120, 128, 5.0, right) + up + sides + arrow("M208 126 Q212 160 198 188", "fault"),
        placed(120, 128, 5.0, rigid) + up + sides,
    )
    words = (
        ("✓ good form", "as in your baseline", GOOD),
        ("▼ tuck", "the belt tips backward", FAULT),
        ("right pullback ▶", "seen from above: it stays back", FAULT),
        ("rigid", "seen from above: hardly turns", FAULT),
    )
    panels = [
        art + label(120, 268, head, 17, colour) + label(120, 290, text)
        for art, (head, text, colour) in zip(drawn, words, strict=True)
    ]
    return picture("Four sketches of the pelvis: good form, tuck, right pullback, rigid", panels, 308)


PICTURES = {"hinge.svg": hinge, "placement.svg": placement, "faults.svg": faults}


def main() -> None:
    """Write the pictures."""
    for name, draw in PICTURES.items():
        (IMAGES / name).write_text(draw(), "utf-8")


if __name__ == "__main__":
    main()
