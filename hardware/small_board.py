"""The small board with the motor's driver and the battery divider: which part lies on which holes.

A perforated board of 8 x 3 holes with a pad at each, seen from the side of the pads, where the parts lie. Parts of
size 1206 span two holes that are 2.54 mm apart. `nets()` follows pads and joints; a test compares it with the
schematic's circuit. SVG without libraries. Owns this layout.
"""

from __future__ import annotations

COLUMNS, ROWS = range(1, 9), "ABC"
JOINTS = (  # pads joined with solder or bare wire
    "B1 B2 B3",
    "A3 A4 A5",
    "B4 B5",
    "A7 A8",
    "B6 B7 B8",
    "C1 C2 C3 C4 C5 C6 C7 C8",
)
PARTS = {  # part -> its ends; Q1: gate, source, drain; D1: anode, cathode
    "Q1": ("B3", "C3", "B4"),
    "R1": ("B2", "C2"),
    "D1": ("B4", "A4"),
    "R3": ("A7", "B7"),
    "R4": ("B7", "C7"),
    "C1": ("B8", "C8"),
}
WIRES = {  # pad -> where its wire goes
    "A3": "3V3",
    "B1": "VIBRATION",
    "C1": "GND",
    "A5": "motor +",
    "B5": "motor -",
    "A8": "BAT+",
    "B6": "BATTERY",
}
CIRCUIT = {  # the schematic: part -> nets of its ends, in the order of PARTS
    "Q1": ("VIBRATION", "GND", "motor -"),
    "R1": ("VIBRATION", "GND"),
    "D1": ("motor -", "3V3"),
    "R3": ("BAT+", "BATTERY"),
    "R4": ("BATTERY", "GND"),
    "C1": ("BATTERY", "GND"),
}
SAME_NET = {"motor +": "3V3"}
INK, DIM, PAPER, BOARD, PAD, JOINT = "#1b2733", "#52606d", "#ffffff", "#e6d9b8", "#c98d3a", "#9aa5b1"
PART, LEFT, TOP, PITCH = "#33414e", 190, 96, 82
WIDTH, HEIGHT = 960, 360


def nets() -> dict[str, str]:
    """The net of every pad, by the name of the wire that is soldered to it or to a pad joined with it."""
    joined = [set(joint.split()) for joint in JOINTS]
    found: dict[str, str] = {}
    for pad in (f"{row}{column}" for row in ROWS for column in COLUMNS):
        group = next((each for each in joined if pad in each), {pad})
        names = {SAME_NET.get(WIRES[each], WIRES[each]) for each in group if each in WIRES}
        if len(names) > 1:
            raise ValueError(f"{sorted(names)} are joined at {pad}")
        found[pad] = names.pop() if names else ""
    return found


def draw() -> str:
    """The layout as SVG."""
    title = "Small board: places of transistor, diode, resistors and capacitor on 8 by 3 holes, and its wires"
    body = [_board(), *(_joint(joint) for joint in JOINTS), *_pads(), *(_part(name) for name in PARTS), *_wires()]
    inner = "\n".join(body)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'font-family="system-ui,\'DejaVu Sans\',sans-serif" role="img" aria-label="{title}">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="10" fill="{PAPER}"/>\n{inner}\n</svg>\n'
    )


def _at(pad: str) -> tuple[float, float]:
    return LEFT + (int(pad[1]) - 1) * PITCH, TOP + ROWS.index(pad[0]) * PITCH


def _board() -> str:
    wide, high = 7 * PITCH + 70, 2 * PITCH + 70
    names = [_text(LEFT + (n - 1) * PITCH, TOP + 2 * PITCH + 56, str(n), 13) for n in COLUMNS]
    names += [_text(LEFT + 7 * PITCH + 54, TOP + n * PITCH + 5, row, 13) for n, row in enumerate(ROWS)]
    board = (
        f'<rect x="{LEFT - 35}" y="{TOP - 35}" width="{wide}" height="{high}" rx="8" fill="{BOARD}" stroke="{INK}"/>'
    )
    return "".join([board, *names])


def _joint(joint: str) -> str:
    pads = joint.split()
    (x, y), (to_x, to_y) = _at(pads[0]), _at(pads[-1])
    return f'<path d="M{x} {y} L{to_x} {to_y}" stroke="{JOINT}" stroke-width="15" stroke-linecap="round"/>'


def _pads() -> list[str]:
    pads = [_at(f"{row}{column}") for row in ROWS for column in COLUMNS]
    return [f'<circle cx="{x}" cy="{y}" r="13" fill="none" stroke="{PAD}" stroke-width="6"/>' for x, y in pads]


def _part(name: str) -> str:
    """A part over its pads, with its name; the diode's ring is at its cathode."""
    if name == "Q1":
        (x, y), _, (drain_x, _) = (_at(pad) for pad in PARTS[name])
        middle = y + PITCH / 2
        legs = "".join(
            f'<path d="M{x + 26} {leg_y} H{x}" stroke="{DIM}" stroke-width="9"/>' for leg_y in (y + 8, y + PITCH - 8)
        )
        drain = f'<path d="M{x + 56} {middle} H{drain_x - 6} V{y + 8}" stroke="{DIM}" stroke-width="9" fill="none"/>'
        body = f'<rect x="{x + 20}" y="{y - 2}" width="38" height="{PITCH + 4}" rx="4" fill="{PART}"/>'
        label = _text(x + 39, middle + 5, name, 14, PAPER)
        return legs + drain + body + label
    (x, y), (_, to_y) = (_at(pad) for pad in PARTS[name])
    top, high = min(y, to_y) + 12, PITCH - 24
    ring = f'<rect x="{x - 16}" y="{top + 5}" width="32" height="6" fill="{PAPER}"/>' if name == "D1" else ""
    body = f'<rect x="{x - 16}" y="{top}" width="32" height="{high}" rx="4" fill="{PART}"/>'
    return body + ring + _text(x, top + high / 2 + 6, name, 14, PAPER)


def _wires() -> list[str]:
    """Each wire leaves its pad for the nearest edge."""
    drawn = []
    for pad, name in WIRES.items():
        x, y = _at(pad)
        if pad[1] == "1":
            drawn += [f'<path d="M{x} {y} H{x - 84}" stroke="{INK}" stroke-width="3.5"/>']
            drawn.append(_text(x - 92, y + 5, name, 14, INK, anchor="end"))
        elif pad[0] == "A":
            drawn += [f'<path d="M{x} {y} V{y - 62}" stroke="{INK}" stroke-width="3.5"/>']
            drawn.append(_text(x, y - 70, name, 14, INK))
        else:
            bottom = TOP + 2 * PITCH + 66
            drawn += [
                f'<path d="M{x} {y} C{x + 34} {y + 40} {x + 38} {bottom - 40} {x + 38} {bottom}" fill="none" '
                f'stroke="{INK}" stroke-width="3.5"/>'
            ]
            drawn.append(_text(x + 38, bottom + 20, name, 14, INK))
        drawn.append(f'<circle cx="{x}" cy="{y}" r="6" fill="{INK}"/>')
    return drawn


def _text(x: float, y: float, text: str, size: int, colour: str = DIM, anchor: str = "middle") -> str:
    place = f'x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}"'
    return f'<text {place} font-size="{size}" fill="{colour}">{text}</text>'
