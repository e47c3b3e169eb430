"""The schematic of the clip, drawn with schemdraw: `draw(board)` returns it as SVG.

Pins come from firmware/board.py, the breakout's names from breakouts.py, values from `PARTS`. Circuits are joined by
the names at their ends. Owns the drawing and the values of the parts.
"""

from __future__ import annotations

import re
from typing import Any

from hardware.breakouts import ADAFRUIT
from hardware.pins import NAMES, SPI_SIGNALS, gpio, printed

PARTS = {  # bom.csv has the same values
    "R1": "10 kΩ",
    "R2": "220 Ω",
    "R3": "220 kΩ",
    "R4": "220 kΩ",
    "C1": "100 nF",
    "D1": "1N4148",
    "Q1": "AO3400A",
}
FONT = "DejaVu Sans"
DIM = "#52606d"
TITLES_Y = -1.9


def draw(board: str = "xiao_esp32s3") -> str:
    """The schematic of a board with a BNO085 on SPI, as SVG text."""
    import schemdraw

    schemdraw.use("svg")
    schemdraw.svgconfig.text = "text"
    drawing = schemdraw.Drawing(show=False)
    drawing.config(font=FONT, fontsize=13, unit=2.2, lw=1.6, inches_per_unit=0.5)
    _boards(drawing, board)
    for part in (_motor, _buzzer, _button, _battery if board == "xiao_esp32s3" else _no_battery):
        part(drawing)
    return _self_contained(drawing.get_imagedata("svg").decode(), NAMES[board])


def _boards(drawing: Any, board: str) -> None:
    """Both boards, and the nine wires between them."""
    from schemdraw import elements as elm

    signals = ("3V3", "GND", *SPI_SIGNALS)
    left = [elm.IcPin(name=_name(board, signal), side="right", anchorname=f"r{n}") for n, signal in enumerate(signals)]
    used = ("button", "vibration", "battery", "buzzer")
    left += [elm.IcPin(name=_name(board, signal), side="left", anchorname=f"l{n}") for n, signal in enumerate(used)]
    right = [elm.IcPin(name=ADAFRUIT.spi[s], side="left", anchorname=f"b{n}") for n, s in enumerate(signals)]
    right.append(elm.IcPin(name="P1", side="right", anchorname="p1"))
    size = (3.6, 7.6)
    main = drawing.add(elm.Ic(pins=left[::-1], size=size, edgepadH=0.1, pinspacing=0.78).at((0, 0)))
    chip = drawing.add(elm.Ic(pins=right[::-1], size=size, edgepadH=0.1, pinspacing=0.78).at((10.6, 0)))
    _text(drawing, (1.8, 7.95), NAMES[board], 15)
    _text(drawing, (12.4, 7.95), f"BNO085 breakout ({ADAFRUIT.name})", 15)
    for n, signal in enumerate(signals):
        start, end = getattr(main, f"r{n}"), getattr(chip, f"b{n}")
        drawing.add(elm.Line().at(start).to(end))
        _text(drawing, ((start[0] + end[0]) / 2, start[1] + 0.1), _note(board, signal), 11, DIM)
    for n, signal in enumerate(used):
        drawing.add(elm.Line().at(getattr(main, f"l{n}")).left(0.7))
        at = getattr(main, f"l{n}")
        _text(drawing, (at[0] - 0.8, at[1]), signal.upper(), 12, align=("right", "center"))
    drawing.add(elm.Line().at(chip.p1).right(0.6))
    drawing.add(elm.Vdd().label("3V3"))
    for n, words in enumerate(("or jumper", "PS1")):
        _text(drawing, (chip.p1[0] + 0.15, chip.p1[1] - 0.5 - 0.42 * n), words, 11, DIM, align=("left", "center"))


def _motor(drawing: Any) -> None:
    """Transistor, pull-down of its gate, motor, and the diode that takes over its current."""
    from schemdraw import elements as elm

    _text(drawing, (1.0, TITLES_Y), "vibration motor", 14)
    fet = drawing.add(elm.NFet().theta(0).reverse().anchor("source").at((1.6, -6.6)))
    drawing.add(elm.Ground().theta(0).at(fet.source))
    drawing.add(elm.Line().at(fet.gate).left(0.9))
    knee = drawing.add(elm.Dot())
    drawing.add(elm.Line().at(knee.center).left(0.7))
    _text(drawing, (drawing.here[0] - 0.12, knee.center[1]), "VIBRATION", 12, align=("right", "center"))
    drawing.add(elm.Resistor().at(knee.center).down(1.7))
    drawing.add(elm.Ground().theta(0))
    _text(drawing, (knee.center[0] - 0.4, knee.center[1] - 0.95), f"R1  {PARTS['R1']}", 12, align=("right", "center"))
    _text(drawing, (fet.source[0] + 0.3, fet.gate[1] - 0.15), f"Q1  {PARTS['Q1']}", 12, align=("left", "center"))
    drain = drawing.add(elm.Dot().at(fet.drain))
    drawing.add(elm.Motor().at(drain.center).up(2.0))
    top = drawing.add(elm.Dot())
    _text(drawing, (drain.center[0] - 0.7, drain.center[1] + 1.0), "3 V", 12, align=("right", "center"))
    drawing.add(elm.Vdd().theta(0).at(top.center).label("3V3"))
    drawing.add(elm.Line().at(drain.center).right(1.3))
    diode = drawing.add(elm.Diode().up(2.0))
    drawing.add(elm.Line().to(top.center))
    _text(drawing, (diode.start[0] + 0.4, diode.start[1] + 1.0), f"D1  {PARTS['D1']}", 12, align=("left", "center"))


def _buzzer(drawing: Any) -> None:
    """A resistor that limits the charging current of the piezo."""
    from schemdraw import elements as elm

    _text(drawing, (7.6, TITLES_Y), "buzzer", 14)
    _text(drawing, (6.6, -4.9), "BUZZER", 12, align=("right", "center"))
    drawing.add(elm.Resistor().at((6.7, -4.9)).right(1.8))
    _text(drawing, (7.6, -4.55), f"R2  {PARTS['R2']}", 12)
    drawing.add(elm.Line().down(0.5))
    piezo = drawing.add(elm.Crystal().down(1.5))
    drawing.add(elm.Ground().theta(0))
    _text(drawing, (piezo.start[0] - 0.6, piezo.start[1] - 0.75), "piezo", 12, align=("right", "center"))


def _button(drawing: Any) -> None:
    """To ground; the pull-up is in the chip."""
    from schemdraw import elements as elm

    _text(drawing, (10.5, TITLES_Y), "button", 14)
    _text(drawing, (10.1, -4.9), "BUTTON", 12, align=("right", "center"))
    drawing.add(elm.Line().at((10.2, -4.9)).right(0.6))
    drawing.add(elm.Button().down(2.0))
    drawing.add(elm.Ground().theta(0))


def _battery(drawing: Any) -> None:
    """The cell, and half its voltage for the ADC."""
    from schemdraw import elements as elm

    _text(drawing, (14.2, TITLES_Y), "cell and its voltage", 14)
    drawing.add(elm.Dot(open=True).at((12.3, -5.2)))
    _text(drawing, (12.1, -5.2), "BAT-", 12, align=("right", "center"))
    drawing.add(elm.BatteryCell().at((12.3, -3.6)).down(1.6))
    _text(drawing, (11.8, -4.4), "3.7 V", 12, align=("right", "center"))
    drawing.add(elm.Dot().at((12.3, -3.6)))
    _text(drawing, (12.3, -3.4), "BAT+", 12)
    drawing.add(elm.Line().at((12.3, -3.6)).right(1.4))
    upper = drawing.add(elm.Resistor().down(1.7))
    middle = drawing.add(elm.Dot())
    drawing.add(elm.Resistor().down(1.7))
    drawing.add(elm.Ground().theta(0))
    for number, y in (("R3", upper.start[1] - 0.85), ("R4", upper.start[1] - 2.85)):
        side, x = (("left", upper.start[0] + 0.4), ("right", upper.start[0] - 0.4))[number == "R4"]
        _text(drawing, (x, y), f"{number}  {PARTS[number]}", 12, align=(side, "center"))
    drawing.add(elm.Line().at(middle.center).right(1.2))
    knee = drawing.add(elm.Dot())
    drawing.add(elm.Capacitor().down(1.7))
    drawing.add(elm.Ground().theta(0))
    _text(drawing, (knee.center[0] + 0.5, knee.center[1] - 0.85), f"C1  {PARTS['C1']}", 12, align=("left", "center"))
    drawing.add(elm.Line().at(knee.center).right(0.5))
    _text(drawing, (knee.center[0] + 0.6, knee.center[1]), "BATTERY", 12, align=("left", "center"))


def _no_battery(drawing: Any) -> None:
    """On the bench there is no cell: the pin is grounded, so that it does not float."""
    from schemdraw import elements as elm

    _text(drawing, (13.6, TITLES_Y), "no cell on the bench", 14)
    _text(drawing, (13.2, -4.9), "BATTERY", 12, align=("right", "center"))
    drawing.add(elm.Line().at((13.3, -4.9)).right(0.6))
    drawing.add(elm.Line().down(0.6))
    drawing.add(elm.Ground().theta(0))


def _name(board: str, signal: str) -> str:
    return signal if signal in ("3V3", "GND") else printed(board, signal)


def _note(board: str, signal: str) -> str:
    return {"3V3": "3.3 V", "GND": "ground"}.get(signal) or f"{signal}, GPIO {gpio(board, signal)}"


def _text(
    drawing: Any,
    at: tuple[float, float],
    text: str,
    size: int,
    colour: str = "black",
    align: tuple[str, str] = ("center", "bottom"),
) -> None:
    from schemdraw import elements as elm

    here = drawing.here
    x, y = at
    y -= {"center": 0.1, "bottom": 0.0}[align[1]]  # schemdraw centres the line's box, which is not the letters
    drawing.add(
        elm.Label().theta(0).at((x, y)).label(text, fontsize=size, color=colour, halign=align[0], valign=align[1])
    )
    drawing.here = here


def _self_contained(svg: str, name: str) -> str:
    """White ground, a name for readers without sight, and no more digits than the eye needs."""
    svg = re.sub(r"(\d+\.\d{2})\d+", r"\1", svg)
    label = f"Schematic: {name}, sensor, motor, buzzer, button and cell"
    return svg.replace("<svg ", f'<svg role="img" aria-label="{label}" style="background-color:#ffffff" ', 1)
